//! MCH and PP: deliveries and newborns with a second care [OPPP-2557 s. 34], in both
//! standards.

use super::*;

#[test]
fn a_mother_and_a_child_score_with_the_date_of_the_second_care() {
    // [OPPP-2557 s. 34]: a second date of care, whether or not the first is there. Two
    // equal dates are no second care (local default).
    for (first, second, points) in [
        ("20131016", "20131020", "3.00"),
        ("20131016", "", "0.00"),
        ("", "20131020", "3.00"),
        ("20131020", "20131020", "0.00"),
        ("", "", "0.00"),
    ] {
        let mother = format!("1|1|20131015|O800|1|0|{first}|{second}|1|10670|$");
        let files = [("MCH", vec![row(HOSPITAL, &mother)])];
        let found = worth("MCH", "20131101", &Person::new(1), &files);
        assert_eq!(found, points, "MCH {first} {second}");
        let child = Person { birth: "20131015", ..Person::new(2) };
        let text = format!("2|1|1|20131015|3000|{first}|{second}|1|10670|$");
        let files = [("PP", vec![row(HOSPITAL, &text)])];
        let mut scene = Scene::new();
        let mut all = vec![("PERSON", vec![Person::new(1).row(), child.row()])];
        all.extend(files);
        scene.send("20131101", &all);
        assert_eq!(scene.item("PP"), points, "PP {first} {second}");
    }
}

/// The same delivery and newborn in the 43 files, with so many dates of care.
fn births43(cares: usize) -> Vec<(&'static str, Vec<String>)> {
    let unit = HOSPITAL;
    let mother = format!("{unit}|{}|1|003|ก|ข|2|19850520|099|9|1|{CHANGED}", cid(1));
    let child = format!("{unit}|{}|2|001|ค|ข|1|20131015|099|9|1|{CHANGED}", cid(2));
    let days = (16..).map(|day| format!("201310{day}")).take(cares);
    let mut files = vec![
        ("PERSON43", vec![mother, child]),
        ("LABOR", vec![row(unit, "1|1|20130110|20131015|O800|1|1|1|1|0|$")]),
        ("NEWBORN", vec![row(unit, "2|1|1|20131015|1|3000|10|1|1|$")]),
    ];
    if cares > 0 {
        let mothers = days.clone().map(|day| row(unit, &format!("1|1|20131015|{day}|1|$")));
        files.push(("POSTNATAL", mothers.collect()));
        let children = days.map(|day| row(unit, &format!("2|20131015|{day}|1|1|$")));
        files.push(("NEWBORNCARE", children.collect()));
    }
    files
}

#[test]
fn deliveries_and_newborns_of_the_43_files_score_with_two_dates_of_care() {
    for (cares, points) in [(0, "0.00"), (1, "0.00"), (2, "3.00"), (3, "3.00")] {
        let mut scene = Scene::new();
        scene.send_as(HOSPITAL, "F43", "20131101", &births43(cares));
        assert_eq!(scene.item("MCH"), points, "{cares} dates");
        assert_eq!(scene.item("PP"), points, "{cares} dates");
    }
}

#[test]
fn two_rows_of_one_date_are_one_care() {
    let mut scene = Scene::new();
    let mut files = births43(1);
    // The same visit again, under another spelling of the pregnancy's number.
    files[3].1.push(row(HOSPITAL, "1|01|20131015|20131016|1|$"));
    scene.send_as(HOSPITAL, "F43", "20131101", &files);
    assert_eq!(scene.item("MCH"), "0.00");
    let second = ("POSTNATAL", vec![row(HOSPITAL, "1|1|20131015|20131020|1|$")]);
    scene.send_as(HOSPITAL, "F43", "20131115", &[second]);
    assert_eq!(scene.item("MCH"), "3.00");
}

#[test]
fn a_birth_that_was_sent_in_both_standards_scores_once() {
    let mut scene = Scene::new();
    scene.send_as(HOSPITAL, "F43", "20131101", &births43(2));
    let files = [
        ("MCH", vec![row(HOSPITAL, "1|1|20131015|O800|1|0|20131016|20131020|1|10670|$")]),
        ("PP", vec![row(HOSPITAL, "2|1|1|20131015|3000|20131016|20131020|1|10670|$")]),
    ];
    scene.send("20131102", &files);
    assert_eq!((scene.item("MCH"), scene.item("PP")), ("3.00".to_owned(), "3.00".to_owned()));
    assert_eq!(scene.rows(HOSPITAL, "MCH").len(), 1);
}
