//! Who a person is: the register of the round scored, the nearest earlier one,
//! the nearest later one (docs/rules.md#points).

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::support::case::Khlang;

/// A vaccination and a weighing of person 1, and the chronic register with it.
fn rows_of_one() -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")]),
        ("NUTRI", vec![row(HOSPITAL, "1|7|20131015|40|15.00|90.00|$")]),
        ("CHRONIC", vec![row(HOSPITAL, "1|20100101|E119|3|$")]),
    ]
}

/// A child of the hospital's area.
fn child() -> Person {
    Person { birth: "20100115", ..Person::new(1) }
}

/// EPI 0.25, NUTRI 0.05 (three years old in October), CHRONIC 0.05 (sent in
/// September, living in the area), PERSON 0.10 (the same).
const ALL_OF_ONE: &str = "CHRONIC 0.05 EPI 0.25 NUTRI 0.05 PERSON 0.10";

fn points_of(scene: &Scene) -> String {
    let of = scene.of(HOSPITAL);
    let some = of.iter().filter(|(_, points)| *points != "0.00");
    some.map(|(item, points)| format!("{item} {points}")).collect::<Vec<_>>().join(" ")
}

/// What a later register may say otherwise.
fn others() -> [(&'static str, Person); 5] {
    [
        ("another citizen ID", Person { cid: cid(900), ..child() }),
        ("another birth", Person { birth: "19500115", ..child() }),
        ("another area", Person { area: "4", ..child() }),
        ("dead since before", Person { discharge: "1|20130801", ..child() }),
        ("another nation", Person { nation: "048", ..child() }),
    ]
}

#[test]
fn a_later_register_moves_no_finished_round() {
    for (what, other) in others() {
        for registry in [true, false] {
            let mut scene = Scene::new();
            let mut files = rows_of_one();
            files.push(("PERSON", vec![child().row()]));
            scene.send("20130915", &files[2..]);
            scene.send("20131101", &files[..2]);
            if registry {
                scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
            }
            let heads = scene.heads();
            assert_eq!(points_of(&scene), ALL_OF_ONE, "before");
            scene.send("20140715", &[("PERSON", vec![other.row()])]);
            assert_eq!(points_of(&scene), ALL_OF_ONE, "{what}, registry {registry}");
            assert_eq!(scene.rows(HOSPITAL, "EPI").len(), 1, "{what}");
            assert_eq!(scene.heads(), heads, "{what}, registry {registry}");
        }
    }
}

#[test]
fn the_register_of_the_round_goes_before_an_earlier_one() {
    // Sent in June 2013 (round 2556) with the wrong number, in September (2557)
    // with the right one: EPI of October is that of a registered person.
    let mut scene = Scene::new();
    scene.send("20130615", &[("PERSON", vec![Person { cid: cid(900), ..child() }.row()])]);
    scene.send("20131101", &[("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")])]);
    scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
    assert_eq!(scene.item("EPI"), "0.00");
    scene.send("20131102", &[("PERSON", vec![child().row()])]);
    assert_eq!(scene.item("EPI"), "0.25");
}

#[test]
fn without_one_of_the_round_the_nearest_earlier_counts_then_the_nearest_later() {
    // Rounds with a register, of which exactly one has the registered number.
    for (sent, right, points) in [
        (vec!["20120615", "20130615"], "20130615", "0.25"),
        (vec!["20120615", "20130615"], "20120615", "0.00"),
        (vec!["20130615", "20140715"], "20130615", "0.25"),
        (vec!["20130615", "20140715"], "20140715", "0.00"),
        (vec!["20120615", "20140715"], "20120615", "0.25"),
        (vec!["20140715", "20150715"], "20140715", "0.25"),
        (vec!["20140715", "20150715"], "20150715", "0.00"),
    ] {
        let mut scene = Scene(Lab::new().at("2015-12-31T12:00:00+07:00"));
        // A register of the round lets the vaccination in, and is taken back.
        let files = [
            ("PERSON", vec![child().row()]),
            ("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")]),
        ];
        let first = scene.send("20131101", &files[..1]);
        scene.send("20131102", &files[1..]);
        scene.0.store().void(first, "somebody", "test", NOW).unwrap();
        for day in &sent {
            let cid = if *day == right { cid(1) } else { cid(900) };
            // Changed before any of them was sent.
            let row = Person { cid, ..child() }.row().replace(CHANGED, "20100201120000");
            scene.send(day, &[("PERSON", vec![row])]);
        }
        scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
        assert_eq!(scene.item("EPI"), points, "{sent:?}, right {right}");
    }
}

#[test]
fn of_a_round_whose_register_was_taken_back_the_one_sent_again_counts() {
    let mut scene = Scene::new();
    let wrong =
        scene.send("20130915", &[("PERSON", vec![Person { cid: cid(9), ..child() }.row()])]);
    scene.send("20131101", &[("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")])]);
    scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
    // The same key in the same round is a duplicate: the stored row stays.
    let name = "F21_10670_20131102090000.zip";
    let again = scene.0.load(name, &archive(&[("PERSON", vec![child().row()])]));
    assert_eq!(total(&again).duplicate, 1);
    assert_eq!(scene.item("EPI"), "0.00");
    scene.0.store().void(wrong, "somebody", "test", NOW).unwrap();
    scene.send("20131103", &[("PERSON", vec![child().row()])]);
    assert_eq!(scene.item("EPI"), "0.25");
}

#[test]
fn the_next_rounds_stand_in_heads_are_its_own() {
    // No registry. Person 1 lives at the hospital in 2557, person 2 came in 2558.
    let mut scene = Scene::new();
    scene.send("20130915", &[("PERSON", vec![child().row()])]);
    let one = |unit: &str, heads| vec![(unit.to_owned(), heads)];
    assert_eq!(scene.heads().0, one(HOSPITAL, 1));
    let moved = Person { area: "4", ..child() };
    scene.send("20140715", &[("PERSON", vec![moved.row(), Person::new(2).row()])]);
    assert_eq!(scene.heads().0, one(HOSPITAL, 1), "2557 is as it was");
    // A unit whose first register is a later one has no other.
    let there = Person { unit: CENTRE, ..Person::new(3) };
    scene.send_as(CENTRE, "F21", "20140715", &[("PERSON", vec![there.row()])]);
    assert_eq!(scene.heads().0, [one(CENTRE, 1), one(HOSPITAL, 1)].concat());
}

#[test]
fn a_discharge_that_only_a_later_register_knows_is_news_of_that_round() {
    // Another unit's later register says that the person died before September.
    let mut scene = Scene::new();
    let mut files = rows_of_one();
    files.push(("PERSON", vec![child().row()]));
    scene.send("20130915", &files[2..]);
    let there = Person { unit: CENTRE, pid: 77, discharge: "1|20130801", ..child() };
    scene.send_as(CENTRE, "F21", "20140715", &[("PERSON", vec![there.row()])]);
    assert_eq!(scene.item("CHRONIC"), "0.05");
    // Its DEATH says so whenever it comes.
    let death = ("DEATH", vec![row(CENTRE, "77|20130801|I219|$")]);
    scene.send_as(CENTRE, "F21", "20140716", &[death]);
    assert_eq!(scene.item("CHRONIC"), "0.00");
}

#[test]
fn what_is_kept_holds_when_a_later_register_comes_and_not_when_a_death_does() {
    let khlang = Khlang::new().now(NOW);
    let mut files = rows_of_one();
    files.retain(|(file, _)| *file == "CHRONIC");
    files.push(("PERSON", vec![child().row()]));
    khlang.import("F21_10670_20130915090000.zip", &archive(&files));
    let sheet = |more: &[&str]| {
        let ran = khlang.run(&[&["score", "--round", "2557", "--json"], more].concat());
        let mut sheet = ran.json();
        sheet["as_of_submission"].take();
        sheet
    };
    let chronic = |sheet: &serde_json::Value| {
        let mut units = sheet["units"].as_array().unwrap().iter();
        units.find(|unit| unit["hcode"] == HOSPITAL).unwrap()["points"]["CHRONIC"].clone()
    };
    let before = sheet(&[]);
    assert_eq!(chronic(&before), "0.05");
    let other = Person { cid: cid(900), area: "4", ..child() };
    let there = Person { unit: CENTRE, pid: 77, ..child() };
    let register = |person: &Person| archive(&[("PERSON", vec![person.row()])]);
    khlang.import("F21_10670_20140715090000.zip", &register(&other));
    khlang.import("F21_04001_20140715090000.zip", &register(&there));
    assert_eq!(sheet(&[]), before);
    assert_eq!(sheet(&["--fresh"]), before);
    let death = archive(&[("DEATH", vec![row(CENTRE, "77|20130801|I219|$")])]);
    khlang.import("F21_04001_20140801090000.zip", &death);
    let after = sheet(&[]);
    assert_eq!(chronic(&after), "0.00");
    assert_eq!(sheet(&["--fresh"]), after);
}

/// A person of a later register, known or new, at one unit or another.
fn later() -> impl Strategy<Value = (&'static str, u32, u32, &'static str, &'static str)> {
    (
        select(vec![HOSPITAL, CENTRE]),
        1_u32..6,
        1_u32..6,
        select(vec!["1", "3", "4"]),
        select(vec!["9|", "1|20130710", "1|"]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_register_of_a_later_round_changes_a_point_of_an_earlier_one(
        known in proptest::collection::vec((1_u32..4, select(vec!["1", "4"])), 1..4),
        with_registry in any::<bool>(),
        registers in proptest::collection::vec(later(), 1..6),
    ) {
        let mut scene = Scene(Lab::new().at("2015-12-31T12:00:00+07:00"));
        let mut pids = BTreeMap::new();
        pids.extend(known);
        let rows = |text: &dyn Fn(u32) -> String| {
            pids.keys().map(|pid| row(HOSPITAL, &text(*pid))).collect::<Vec<_>>()
        };
        let people = pids.iter().map(|(pid, area)| {
            Person { area, birth: "20100115", ..Person::new(*pid) }.row()
        });
        scene.send("20130915", &[
            ("PERSON", people.collect()),
            ("CHRONIC", rows(&|pid| format!("{pid}|20100101|E119|3|$"))),
            ("NUTRI", rows(&|pid| format!("{pid}|7|20130715|40|15.00|90.00|$"))),
            ("EPI", rows(&|pid| format!("{pid}|7|20130715|106|10670|$|"))),
            ("SERVICE", rows(&|pid| format!("{pid}|{pid}|20130715|100|0100|0|1|$"))),
            ("DIAG", rows(&|pid| format!("{pid}|{pid}|20130715|1|J00|$|00100"))),
        ]);
        if with_registry {
            scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS"), (3, CENTRE, HOSPITAL, "UCS")]);
        }
        let before = (scene.points().units, scene.heads().0);
        // 2558 and 2559, each with a register of its own; the centre's are the
        // first that it sends, and only its own heads may come of them.
        for (at, (unit, pid, number, area, discharge)) in registers.into_iter().enumerate() {
            let person = Person { unit, pid, cid: cid(number), area, discharge, ..Person::new(pid) };
            let sent = format!("201{}08{:02}090000", 4 + at % 2, at + 1);
            scene.0.load(
                &format!("F21_{unit}_{sent}.zip"),
                &archive(&[("PERSON", vec![person.row()])]),
            );
        }
        prop_assert_eq!(&scene.points().units, &before.0);
        let heads = scene.heads().0;
        let of_hospital = |heads: &[(String, u64)]| {
            heads.iter().find(|(unit, _)| unit == HOSPITAL).map(|(_, heads)| *heads)
        };
        prop_assert_eq!(of_hospital(&heads), of_hospital(&before.1));
    }
}
