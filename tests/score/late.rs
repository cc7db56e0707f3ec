//! The last day of sending: what comes later scores nothing of the round and
//! counts in no quality of it, and still says who is dead or who a person is.

use std::collections::BTreeSet;

use khlang::score::late::late_rows;
use khlang::score::quality::of_round;

use super::*;

/// The shipped rulebook with some text replaced.
fn book_with(from: &str, to: &str) -> Rulebook {
    let text = include_str!("../../config/rulebooks/2557.toml");
    assert!(text.contains(from), "{from}");
    Rulebook::parse("2557.toml", &text.replacen(from, to, 1)).unwrap()
}

/// A deadline for the first quarter and the second tranche.
fn parts_with_deadlines() -> Rulebook {
    let text = include_str!("../../config/rulebooks/2557.toml");
    let quarter = "to = \"2013-09-30\"\n";
    let tranche = "number = 2\nfrom = \"2014-01-01\"\nto = \"2014-06-30\"\n";
    assert!(text.contains(quarter) && text.contains(tranche));
    let text = text
        .replacen(quarter, "to = \"2013-09-30\"\nsent_by = \"2013-10-31\"\n", 1)
        .replacen(tranche, &format!("{tranche}sent_by = \"2014-07-10\"\n"), 1);
    Rulebook::parse("2557.toml", &text).unwrap()
}

impl Scene {
    fn points_by(&self, book: &Rulebook) -> Points {
        let reader = self.0.reader();
        let as_of = AsOf::find(&reader, None).unwrap();
        points(&reader, book, &environment().units, as_of).unwrap()
    }

    /// Files with figures of accuracy, by tranche.
    fn files(&self, book: &Rulebook, unit: &str) -> Vec<(u32, String)> {
        let reader = self.0.reader();
        let as_of = AsOf::find(&reader, None).unwrap().submission;
        let quality = of_round(&reader, &environment().catalog, book, as_of).unwrap();
        let tranches = quality.get(unit).into_iter().flatten();
        let files = tranches.flat_map(|(tranche, quality)| {
            quality.dimensions["accuracy"].keys().map(|file| (*tranche, file.clone()))
        });
        files.collect()
    }

    /// Rows that came too late, by unit and part.
    fn late(&self, book: &Rulebook) -> BTreeMap<(String, String), u64> {
        let reader = self.0.reader();
        let as_of = AsOf::find(&reader, None).unwrap().submission;
        let late = late_rows(&reader, &environment().catalog, book, as_of).unwrap();
        let all = late.into_iter().map(|late| {
            let rows = late.files.values().map(|counts| counts.received).sum();
            ((late.hcode, late.part.to_string()), rows)
        });
        all.collect()
    }

    fn rows_by(&self, book: &Rulebook, item: &str) -> usize {
        let reader = self.0.reader();
        let as_of = AsOf::find(&reader, None).unwrap().submission;
        let item = book.item(item).unwrap();
        let figure = FigureRef { hcode: HOSPITAL, item, month: None, as_of };
        let environment = environment();
        contributing_rows(&reader, book, &environment.units, &environment.catalog, &figure)
            .unwrap()
            .len()
    }
}

/// A row of each file that goes by the event, about person 1 on a day; the
/// points that they come to [OPPP-2557 s. 32-35]: OP 1.00, REF 0.05, DRUG and PROC
/// 0.01 each, EPI 0.25, FP, ANC, LABFU and NCDSCREEN 0.10 each, CHRONICFU 0.05,
/// MCH 3.00, SURVEIL 1.00 or 0.50 by its delay.
fn everything(day: &str, seq: u32) -> Vec<(&'static str, Vec<String>)> {
    let one = |file: &'static str, text: String| (file, vec![row(HOSPITAL, &text)]);
    let at = format!("1|{seq}|{day}");
    vec![
        one("SERVICE", format!("{at}|100|0100|0|1|$")),
        one("DIAG", format!("{at}|1|J00|$|00100")),
        one("DRUG", format!("{at}|PARA|10|1.00|0.50|100000000000000000000001|$")),
        one("PROCED", format!("{at}|9007712|$|00100")),
        one("EPI", format!("{at}|106|10670|$|")),
        one("FP", format!("{at}|1|P|1|10670|$")),
        one("ANC", format!("{at}|10670|1|1|12|1|$")),
        one("LABFU", format!("{at}|01|100.00|$")),
        one("NCDSCREEN", format!("{at}|1|60.0|160|80|120|80|$")),
        one("CHRONICFU", format!("{at}|60.0|160|80|120|80|1|1|$")),
        one("SURVEIL", format!("{at}|A09|02|{day}|$")),
        one("MCH", format!("1|{seq}|{day}|O800|1|0|{day}|20140629|1|10670|$")),
    ]
}

#[test]
fn what_is_sent_after_the_last_day_scores_nothing_and_counts_in_no_quality() {
    // 2557: 31 July 2557 B.E., the whole day.
    for (sent, in_time) in [
        ("20140731000000", true),
        ("20140731235959", true),
        ("20140801000000", false),
        ("20141015090000", false),
    ] {
        let mut scene = Scene::new();
        scene.send("20130915", &[("PERSON", vec![Person::new(1).row()])]);
        scene.send(sent, &everything("20140625", 7));
        // SURVEIL after 36 days: half a point. All: 1 + 0.05 + 0.02 + 0.25 +
        // 4 x 0.10 + 0.05 + 3 + 0.50 = 5.27, and 0.10 for PERSON.
        let total = scene.points().total(HOSPITAL, None);
        let expected = if in_time { "5.37" } else { "0.10" };
        assert_eq!(format!("{total:.2}"), expected, "sent {sent}");
        let files: BTreeSet<u32> =
            scene.files(&book(), HOSPITAL).into_iter().map(|(tranche, _)| tranche).collect();
        let expected: &[u32] = if in_time { &[1, 2] } else { &[1] };
        assert_eq!(files.into_iter().collect::<Vec<_>>(), expected, "sent {sent}");
        for item in ["OP", "DRUG", "REF", "EPI", "MCH", "SURVEIL"] {
            assert_eq!(scene.rows(HOSPITAL, item).len(), usize::from(in_time), "{item} {sent}");
        }
        // And it is told: twelve files, a row each.
        let late = scene.late(&book());
        let rows = late.get(&(HOSPITAL.to_owned(), "round".to_owned())).copied();
        assert_eq!(rows, (!in_time).then_some(12), "sent {sent}");
    }
}

#[test]
fn what_would_complete_a_row_must_be_in_time_as_well() {
    // The visit was sent in time, its diagnosis was not.
    let mut scene = Scene::new();
    let files = everything("20140625", 7);
    scene.send("20140701", &[("PERSON", vec![Person::new(1).row()])]);
    let mut both = files[..2].to_vec();
    let id = scene.send("20140702", &both);
    assert_eq!(scene.item("OP"), "1.00");
    scene.0.store().void(id, "somebody", "test", NOW).unwrap();
    // Another visit of that day has no diagnosis of its own; sent alone, a pair
    // must be there, so each archive has a pair of some day.
    both[1].1 = vec![row(HOSPITAL, "1|8|20140601|1|J00|$|00100")];
    scene.send("20140703", &both);
    assert_eq!(scene.item("OP"), "0.00");
    let late = vec![
        ("SERVICE", vec![row(HOSPITAL, "1|8|20140601|100|0100|0|0|$")]),
        ("DIAG", vec![row(HOSPITAL, "1|7|20140625|1|J00|$|00100")]),
    ];
    scene.send("20140801", &late);
    // 25 June: SERVICE in time, DIAG late. 1 June: DIAG in time, SERVICE late.
    assert_eq!(scene.item("OP"), "0.00");
    assert!(scene.rows(HOSPITAL, "OP").is_empty());
    let open = book_with("sent_by = \"2014-07-31\"", "sent_by = \"2014-08-01\"");
    assert_eq!(of_item(&scene.points_by(&open), HOSPITAL, "OP"), "2.00");
    assert_eq!(scene.rows_by(&open, "OP"), 2);
}

#[test]
fn a_second_care_of_the_43_files_must_be_in_time_as_well() {
    let mother = format!("{HOSPITAL}|{}|1|003|ก|ข|2|19850520|099|9|1|{CHANGED}", cid(1));
    for (sent, points) in [("20140731", "3.00"), ("20140801", "0.00")] {
        let mut scene = Scene::new();
        let files = [
            ("PERSON43", vec![mother.clone()]),
            ("LABOR", vec![row(HOSPITAL, "1|1|20130910|20140615|O800|1|1|1|1|0|$")]),
            ("POSTNATAL", vec![row(HOSPITAL, "1|1|20140615|20140618|1|$")]),
        ];
        scene.send_as(HOSPITAL, "F43", "20140701", &files);
        let second = ("POSTNATAL", vec![row(HOSPITAL, "1|1|20140615|20140629|1|$")]);
        scene.send_as(HOSPITAL, "F43", sent, &[second]);
        assert_eq!(scene.item("MCH"), points, "second care sent {sent}");
        assert_eq!(scene.rows(HOSPITAL, "MCH").len(), usize::from(points == "3.00"));
    }
}

#[test]
fn a_late_death_is_a_death_and_a_late_person_is_who_it_is() {
    let mut scene = Scene::new();
    let chronic = ("CHRONIC", vec![row(HOSPITAL, "1|20100101|E119|3|$")]);
    scene.send("20130915", &[("PERSON", vec![Person::new(1).row()]), chronic]);
    assert_eq!(scene.item("CHRONIC"), "0.05");
    scene.send("20140901", &[("DEATH", vec![row(HOSPITAL, "1|20130820|I219|$")])]);
    assert_eq!(scene.item("CHRONIC"), "0.00");
    // The death itself scores nothing: it came too late.
    assert_eq!(scene.item("DEATH"), "0.00");

    // Of a person without another register the late one tells who it is.
    let mut scene = Scene::new();
    let person = ("PERSON", vec![Person::new(1).row()]);
    let first = scene.send("20130915", std::slice::from_ref(&person));
    scene.send("20131101", &[("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")])]);
    scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
    scene.0.store().void(first, "somebody", "test", NOW).unwrap();
    assert_eq!(scene.item("EPI"), "0.00");
    scene.send("20140901", &[person]);
    assert_eq!(scene.item("EPI"), "0.25");
}

#[test]
fn a_rulebook_without_a_last_day_of_sending_is_refused_by_its_name() {
    let text = include_str!("../../config/rulebooks/2557.toml");
    let without = text.replacen("sent_by = \"2014-07-31\"\n", "", 1);
    let error = Rulebook::parse("2557.toml", &without).unwrap_err().to_string();
    assert!(error.contains("sent_by"), "{error}");
    // Of its parts none has one: no source gives any.
    let book = book();
    assert_eq!(book.sent_by.to_string(), "2014-07-31");
    let mut parts = book.tranches.iter().chain(&book.money.quarters);
    assert!(parts.all(|part| part.sent_by.is_none()));
}

#[test]
fn a_deadline_of_one_part_binds_that_part_alone() {
    // Quarter 1 by 31 October: points. Tranche 2 by 10 July: quality.
    let book = parts_with_deadlines();
    for (day, sent, scores, counts) in [
        ("20130925", "20131031", true, true),
        ("20130925", "20131101", false, true),
        ("20131001", "20131101", true, true),
        ("20140625", "20140710", true, true),
        ("20140625", "20140711", true, false),
        ("20140625", "20140801", false, false),
    ] {
        let mut scene = Scene::new();
        // A register of the round before: it has no part in this one.
        scene.send("20130615", &[("PERSON", vec![Person::new(1).row()])]);
        let mut files = everything(day, 7);
        // The validator wants the second care after the first.
        files.retain(|(file, _)| *file != "MCH");
        scene.send(sent, &files);
        let points = scene.points_by(&book);
        for (item, worth) in [("OP", "1.00"), ("DRUG", "0.01"), ("EPI", "0.25"), ("REF", "0.05")] {
            let expected = if scores { worth } else { "0.00" };
            assert_eq!(of_item(&points, HOSPITAL, item), expected, "{item} {day} sent {sent}");
            assert_eq!(scene.rows_by(&book, item), usize::from(scores), "{item} {day} {sent}");
        }
        let files = scene.files(&book, HOSPITAL);
        assert_eq!(!files.is_empty(), counts, "{day} sent {sent}: {files:?}");
    }
}

#[test]
fn rows_that_came_too_late_are_told_by_the_part_that_they_are_late_for() {
    let book = parts_with_deadlines();
    let mut scene = Scene::new();
    scene.send("20130615", &[("PERSON", vec![Person::new(1).row()])]);
    let vaccination = |seq: u32, day: &str| row(HOSPITAL, &format!("1|{seq}|{day}|106|10670|$|"));
    // Late for quarter 1; late for tranche 2; late for the round; in time; of
    // the next round, which this one has nothing to do with.
    scene
        .send("20131115", &[("EPI", vec![vaccination(1, "20130901"), vaccination(2, "20130902")])]);
    scene.send("20140720", &[("EPI", vec![vaccination(3, "20140601")])]);
    let late =
        vec![vaccination(4, "20140602"), vaccination(5, "20130903"), vaccination(6, "20140702")];
    scene.send("20140805", &[("EPI", late)]);
    scene.send("20131201", &[("EPI", vec![vaccination(7, "20131110")])]);
    let told: Vec<(String, u64)> =
        scene.late(&book).into_iter().map(|((_, part), rows)| (part, rows)).collect();
    let expected = [("quarter 1", 2), ("round", 2), ("tranche 2", 1)];
    assert_eq!(told, expected.map(|(part, rows)| (part.to_owned(), rows)));
}
