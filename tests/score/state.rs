//! Past states, voided submissions, and what the command prints.

use super::*;
use crate::support::case::Khlang;

fn vaccination(day: &str) -> (&'static str, Vec<String>) {
    ("EPI", vec![row(HOSPITAL, &format!("1|7|{day}|106|10670|$|"))])
}

#[test]
fn voided_rows_never_count_and_count_again_when_they_are_sent_again() {
    let mut scene = Scene::new();
    scene.send("20131101", &[("PERSON", vec![Person::new(1).row()])]);
    let id = scene.send("20131102", &[vaccination("20131015")]);
    let before = scene.of(HOSPITAL);
    assert_eq!(scene.item("EPI"), "0.25");
    scene.0.store().void(id, "somebody", "test", NOW).unwrap();
    assert_eq!(scene.item("EPI"), "0.00");
    scene.send("20131102", &[vaccination("20131015")]);
    assert_eq!(scene.of(HOSPITAL), before);
}

#[test]
fn a_past_state_can_be_had_and_says_when_it_is_not_exact() {
    let mut scene = Scene::new();
    let first = scene.send("20131101", &[("PERSON", vec![Person::new(1).row()])]);
    let second = scene.send("20131102", &[vaccination("20131015")]);
    let third = scene.send("20131103", &[vaccination("20131016")]);
    let epi = |scene: &Scene, as_of| {
        let points = scene.points_as_of(Some(as_of));
        (of_item(&points, HOSPITAL, "EPI"), points.as_of.voided_since)
    };
    assert_eq!(epi(&scene, first), ("0.00".to_owned(), vec![]));
    assert_eq!(epi(&scene, second), ("0.25".to_owned(), vec![]));
    assert_eq!(epi(&scene, third), ("0.50".to_owned(), vec![]));
    scene.0.store().void(second, "somebody", "test", "2015-01-05T09:00:00+07:00").unwrap();
    assert_eq!(epi(&scene, first), ("0.00".to_owned(), vec![]));
    assert_eq!(epi(&scene, second), ("0.00".to_owned(), vec![second]));
    assert_eq!(epi(&scene, third), ("0.25".to_owned(), vec![second]));
    // The present is what it is.
    assert!(scene.points().as_of.exact());
    assert!(AsOf::find(&scene.0.reader(), Some(99)).is_err());
}

/// Loads and voids that a clock tells apart by nothing, or in the wrong order: it
/// stood still, was set back, or a void waited for a load to end.
#[test]
fn what_was_taken_back_since_does_not_depend_on_the_clock() {
    let mut scene = Scene::new();
    let early = "2014-12-31T11:00:00+07:00";
    let first = scene.send("20131101", &[("PERSON", vec![Person::new(1).row()])]);
    scene.0.store().void(first, "somebody", "test", NOW).unwrap();
    let second = scene.send("20131102", &[("PERSON", vec![Person::new(2).row()])]);
    scene.0.store().void(second, "somebody", "test", early).unwrap();
    let third = scene.send("20131103", &[("PERSON", vec![Person::new(3).row()])]);
    for (as_of, since) in [(first, vec![first]), (second, vec![second]), (third, vec![])] {
        let found = AsOf::find(&scene.0.reader(), Some(as_of)).unwrap();
        assert_eq!(found.voided_since, since, "after submission {as_of}");
    }
}

#[test]
fn the_command_prints_the_contracts_shape() {
    let khlang = Khlang::new().now(NOW);
    let files = [("PERSON", vec![Person::new(1).row()]), vaccination("20131015")];
    khlang.import("F21_10670_20131101090000.zip", &archive(&files));
    let ran = khlang.run(&["score", "--round", "2557", "--by-month", "--json"]);
    let sheet = ran.json();
    assert_eq!(sheet["round"], 2557);
    assert_eq!(sheet["rulebook"], book().sha256);
    assert_eq!(sheet["as_of_submission"], 1);
    let units = sheet["units"].as_array().unwrap();
    assert_eq!(units.len(), environment().units.by_code.len(), "every unit of the list");
    let unit = units.iter().find(|unit| unit["hcode"] == HOSPITAL).unwrap();
    let items: Vec<&String> = unit["points"].as_object().unwrap().keys().collect();
    let expected = "OP PROC DRUG REF PERSON DEATH CHRONIC CHRONICFU LABFU EPI FP ANC MCH PP \
                    SURVEIL NCDSCREEN NUTRI";
    assert_eq!(items, expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!((&unit["points"]["EPI"], &unit["total"]), (&"0.25".into(), &"0.25".into()));
    assert_eq!(unit["points"]["OP"], "0.00");
    assert_eq!(unit["months"]["2013-10"]["EPI"], "0.25");
    assert_eq!(unit["quality"]["1"]["accuracy"]["EPI"]["score"], "1.00");
    let one = khlang.run(&["score", "--round", "2557", "--unit", CENTRE, "--json"]).json();
    assert_eq!(one["units"].as_array().unwrap().len(), 1);
    // The same state, the same bytes.
    let again = khlang.run(&["score", "--round", "2557", "--by-month", "--json"]);
    assert_eq!(again.out(), ran.out());
    let table = khlang.run(&["score", "--round", "2557"]).out();
    assert!(table.contains("EPI") && table.contains("ทะเบียนประชากร"), "{table}");
    assert_eq!(khlang.run(&["score", "--round", "2499"]).status(), 1);
}

#[test]
fn a_unit_can_follow_a_figure_to_its_rows() {
    let khlang = Khlang::new().now(NOW);
    let files = [("PERSON", vec![Person::new(1).row()]), vaccination("20131015")];
    khlang.import("F21_10670_20131101090000.zip", &archive(&files));
    let rows = |more: &[&str]| {
        let base =
            ["score", "rows", "--round", "2557", "--unit", HOSPITAL, "--item", "EPI", "--json"];
        khlang.run(&[&base[..], more].concat())
    };
    let ran = rows(&[]);
    assert_eq!(ran.json()[0]["file"], "EPI");
    assert_eq!(ran.json()[0]["line"], 2);
    assert_eq!(ran.json()[0]["date"], "2013-10-15");
    assert!(!ran.out().contains(&cid(1)) && ran.out().contains("1-xxxx-xxxxx-"));
    assert_eq!(rows(&["--month", "2013-10"]).json().as_array().unwrap().len(), 1);
    assert_eq!(rows(&["--month", "2013-11"]).json().as_array().unwrap().len(), 0);
}
