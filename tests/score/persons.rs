//! Whose rows score: windows of sending, residence, life, nationality.

use super::*;

fn register(item: &str) -> Vec<(&'static str, Vec<String>)> {
    match item {
        "PERSON" => vec![],
        _ => vec![("CHRONIC", vec![row(HOSPITAL, "1|20100101|E119|3|$")])],
    }
}

const REGISTERS: [(&str, &str); 2] = [("PERSON", "0.10"), ("CHRONIC", "0.05")];

#[test]
fn registers_score_by_when_they_were_sent() {
    // [OPPP-2557 s. 32 and 33]: sent 1 Aug to 31 Oct 2556.
    for (item, points) in REGISTERS {
        for (sent, scores) in [
            ("20130731235959", false),
            ("20130801000000", true),
            ("20131031235959", true),
            ("20131101000000", false),
            // The same days of the year before are of another round.
            ("20120815090000", false),
        ] {
            let expected = if scores { points } else { "0.00" };
            let found = worth(item, sent, &Person::new(1), &register(item));
            assert_eq!(found, expected, "{item} sent {sent}");
        }
    }
}

#[test]
fn registers_score_for_those_who_live_in_the_area() {
    for (item, points) in REGISTERS {
        for (area, scores) in [("1", true), ("2", false), ("3", true), ("4", false), ("5", false)] {
            let person = Person { area, ..Person::new(1) };
            let expected = if scores { points } else { "0.00" };
            let found = worth(item, "20130915", &person, &register(item));
            assert_eq!(found, expected, "{item} of TYPEAREA {area}");
        }
    }
}

#[test]
fn a_register_counts_in_the_month_of_its_sending() {
    let mut scene = Scene::new();
    scene.send("20130915", &[("PERSON", vec![Person::new(1).row()])]);
    let months: Vec<u32> = scene.points().units[HOSPITAL]["PERSON"].keys().copied().collect();
    assert_eq!(months, [201_309]);
}

#[test]
fn the_chronic_score_while_they_live() {
    let death = |day: &str| vec![("DEATH", vec![row(HOSPITAL, &format!("1|{day}|I219|$"))])];
    for (discharge, more, points) in [
        ("9|", vec![], "0.05"),
        ("2|20130601", vec![], "0.05"),
        ("1|20130601", vec![], "0.00"),
        ("1|", vec![], "0.00"),
        ("9|", death("20130914"), "0.00"),
        ("9|", death("20130915"), "0.00"),
    ] {
        let person = Person { discharge, ..Person::new(1) };
        let mut files = register("CHRONIC");
        files.extend(more.clone());
        let found = worth("CHRONIC", "20130915", &person, &files);
        assert_eq!(found, points, "DISCHAR {discharge}, {more:?}");
    }
}

#[test]
fn a_death_after_the_sending_takes_nothing_back() {
    let mut scene = Scene::new();
    let mut files = register("CHRONIC");
    files.push(("PERSON", vec![Person::new(1).row()]));
    scene.send("20130915", &files);
    scene.send("20131101", &[("DEATH", vec![row(HOSPITAL, "1|20131020|I219|$")])]);
    assert_eq!(scene.item("CHRONIC"), "0.05");
    // A death before it that is told later does.
    let mut scene = Scene::new();
    scene.send("20130915", &files);
    scene.send("20131101", &[("DEATH", vec![row(HOSPITAL, "1|20130820|I219|$")])]);
    assert_eq!(scene.item("CHRONIC"), "0.00");
}

#[test]
fn a_death_that_another_unit_knows_is_a_death() {
    let mut scene = Scene::new();
    let mut files = register("CHRONIC");
    files.push(("PERSON", vec![Person::new(1).row()]));
    scene.send("20130915", &files);
    let there = Person { unit: CENTRE, pid: 77, ..Person::new(1) };
    let files = [("PERSON", vec![there.row()]), ("DEATH", vec![row(CENTRE, "77|20130820|I219|$")])];
    scene.send_as(CENTRE, "F21", "20130916", &files);
    assert_eq!(scene.item("CHRONIC"), "0.00");
}

#[test]
fn a_register_that_calls_its_patient_dead_does_not_score() {
    for (outcome, points) in [("3", "0.05"), ("03", "0.05"), ("2", "0.00"), ("02", "0.00")] {
        let files = [("CHRONIC", vec![row(HOSPITAL, &format!("1|20100101|E119|{outcome}|$"))])];
        assert_eq!(worth("CHRONIC", "20130915", &Person::new(1), &files), points, "{outcome}");
    }
}

#[test]
fn a_death_stays_known_when_only_its_person_was_taken_back() {
    let files = |unit| {
        let chronic = ("CHRONIC", vec![row(unit, "1|20100101|E119|3|$")]);
        vec![("PERSON", vec![Person { unit, ..Person::new(1) }.row()]), chronic]
    };
    // The centre's DEATH names the citizen ID; its PERSON comes alone.
    let mut scene = Scene::new();
    scene.send("20130915", &files(HOSPITAL));
    let there = Person { unit: CENTRE, pid: 77, ..Person::new(1) };
    let person = scene.send_as(CENTRE, "F21", "20130916", &[("PERSON", vec![there.row()])]);
    let header = "PCUCODE|CID|PID|DDEATH|CDEATH|D_UPDATE";
    let text = format!("{CENTRE}|{}|77|20130820|I219|{CHANGED}", cid(1));
    let zip = zipped(&[("DEATH.txt".to_owned(), format!("{header}\n{text}\n"))]);
    let death = scene.0.load("F21_04001_20130917090000.zip", &zip);
    assert_eq!(total(&death).accepted, 1, "{:?}", death.findings);
    assert_eq!(scene.item("CHRONIC"), "0.00");
    scene.0.store().void(person, "somebody", "test", NOW).unwrap();
    assert_eq!(scene.item("CHRONIC"), "0.00", "only PERSON was taken back");
    scene.0.store().void(death.id.unwrap(), "somebody", "test", NOW).unwrap();
    assert_eq!(scene.item("CHRONIC"), "0.05", "now the death, too");
}
