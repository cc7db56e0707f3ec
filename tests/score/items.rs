//! [OPPP-2557 s. 32-35], item by item.

use super::*;

/// Rows about person 1 of a unit that score on a day, for every item that goes
/// by the event's date, and what they are worth together.
fn sample(item: &str, unit: &str, day: &str) -> (Vec<(&'static str, Vec<String>)>, &'static str) {
    let visit = || {
        vec![
            ("SERVICE", vec![row(unit, &format!("1|7|{day}|100|0100|0|0|$"))]),
            ("DIAG", vec![row(unit, &format!("1|7|{day}|1|J00|$|00100"))]),
        ]
    };
    let with = |file: &'static str, text: &str| {
        let mut files = visit();
        files.push((file, vec![row(unit, text)]));
        files
    };
    let one = |file: &'static str, text: &str| vec![(file, vec![row(unit, text)])];
    match item {
        "OP" => (visit(), "1.00"),
        "PROC" => (with("PROCED", &format!("1|7|{day}|9007712|$|00100")), "0.01"),
        "DRUG" => {
            let drug = format!("1|7|{day}|PARA|10|1.00|0.50|100000000000000000000001|$");
            (with("DRUG", &drug), "0.01")
        }
        "REF" => {
            let mut files = visit();
            files[0].1[0] = row(unit, &format!("1|7|{day}|100|0100|0|1|$"));
            (files, "0.05")
        }
        "DEATH" => (one("DEATH", &format!("1|{day}|I219|$")), "0.10"),
        "CHRONICFU" => (one("CHRONICFU", &format!("1|7|{day}|60.0|160|80|120|80|1|1|$")), "0.05"),
        "LABFU" => (one("LABFU", &format!("1|7|{day}|01|100.00|$")), "0.10"),
        "EPI" => (one("EPI", &format!("1|7|{day}|106|10670|$|")), "0.25"),
        "FP" => (one("FP", &format!("1|7|{day}|1|P|1|10670|$")), "0.10"),
        "ANC" => (one("ANC", &format!("1|7|{day}|10670|1|1|12|1|$")), "0.10"),
        "MCH" => {
            (one("MCH", &format!("1|1|{day}|O800|1|0|{day}|{}|1|10670|$", after(day))), "3.00")
        }
        "PP" => (one("PP", &format!("1|2|1|{day}|3000|{day}|{}|1|10670|$", after(day))), "3.00"),
        "NCDSCREEN" => (one("NCDSCREEN", &format!("1|7|{day}|1|60.0|160|80|120|80|$")), "0.10"),
        other => panic!("no sample of {other}"),
    }
}

/// The next day.
fn after(day: &str) -> String {
    let day = chrono::NaiveDate::parse_from_str(day, "%Y%m%d").unwrap();
    day.succ_opt().unwrap().format("%Y%m%d").to_string()
}

const BY_EVENT: [&str; 13] = [
    "OP",
    "PROC",
    "DRUG",
    "REF",
    "DEATH",
    "CHRONICFU",
    "LABFU",
    "EPI",
    "FP",
    "ANC",
    "MCH",
    "PP",
    "NCDSCREEN",
];

fn person_for(item: &str, day: &str) -> Person {
    let mut person = Person::new(1);
    if item == "PP" {
        // A newborn is born on the day.
        person.birth = Box::leak(day.to_owned().into_boxed_str());
    }
    person
}

#[test]
fn what_goes_by_the_event_scores_from_the_first_to_the_last_day_of_the_round() {
    // [OPPP-2557 s. 31]: service from 1 Jul 2556 to 30 Jun 2557.
    for item in BY_EVENT {
        for (day, scores) in
            [("20130630", false), ("20130701", true), ("20140630", true), ("20140701", false)]
        {
            let (mut files, points) = sample(item, HOSPITAL, day);
            let mut person = person_for(item, day);
            if item == "PP" {
                // The mother is a person of the unit as well.
                let mother = Person::new(2);
                person.sex = 1;
                files.push(("PERSON", vec![person.row(), mother.row()]));
                let mut scene = Scene::new();
                scene.send("20140731", &files);
                assert_eq!(scene.item(item), if scores { points } else { "0.00" }, "{item} {day}");
                continue;
            }
            let expected = if scores { points } else { "0.00" };
            assert_eq!(worth(item, "20140731", &person, &files), expected, "{item} {day}");
        }
    }
}

#[test]
fn a_row_of_somebody_outside_the_area_scores_too_unless_the_item_says_otherwise() {
    for item in ["OP", "DRUG", "EPI", "FP", "NCDSCREEN"] {
        let (files, points) = sample(item, HOSPITAL, "20131015");
        let person = Person { area: "4", ..Person::new(1) };
        assert_eq!(worth(item, "20131101", &person, &files), points, "{item}");
    }
}

#[test]
fn a_person_scores_once_a_day_however_often_it_came() {
    let mut scene = Scene::new();
    // Another number of the same person (same citizen ID) is the same person.
    let twin = Person { pid: 5, ..Person::new(1) };
    let visits = [
        ("1", "1", "20131015"),
        ("1", "2", "20131015"),
        ("5", "3", "20131015"),
        ("1", "4", "20131016"),
    ];
    let service =
        visits.map(|(pid, seq, day)| row(HOSPITAL, &format!("{pid}|{seq}|{day}|100|0100|0|0|$")));
    let diag =
        visits.map(|(pid, seq, day)| row(HOSPITAL, &format!("{pid}|{seq}|{day}|1|J00|$|00100")));
    scene.send(
        "20131101",
        &[
            ("PERSON", vec![Person::new(1).row(), twin.row()]),
            ("SERVICE", service.to_vec()),
            ("DIAG", diag.to_vec()),
        ],
    );
    assert_eq!(scene.item("OP"), "2.00");
    let rows = scene.rows(HOSPITAL, "OP");
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].line, rows[0].date.as_str()), (2, "2013-10-15"));
}

#[test]
fn a_visit_without_a_diagnosis_does_not_score() {
    let mut scene = Scene::new();
    let service = [1, 2].map(|seq| row(HOSPITAL, &format!("1|{seq}|2013101{seq}|100|0100|0|0|$")));
    let diag = vec![
        row(HOSPITAL, "1|1|20131011|1|J00|$|00100"),
        row(HOSPITAL, "1|1|20131011|2|R51|$|00100"),
    ];
    let files =
        [("PERSON", vec![Person::new(1).row()]), ("SERVICE", service.to_vec()), ("DIAG", diag)];
    scene.send("20131101", &files);
    assert_eq!(scene.item("OP"), "1.00");
}

#[test]
fn a_person_day_has_service_and_diagnosis_whatever_their_visits() {
    // SERVICE and DIAG of one person (the same citizen ID under two numbers),
    // each with its number, visit and day: points are the days that have both.
    type Part = (&'static str, &'static str, &'static str);
    let table: [(&[Part], &[Part], &str); 6] = [
        // One visit.
        (&[("1", "1", "20131011")], &[("1", "1", "20131011")], "1.00"),
        // Another visit number on the same day.
        (&[("1", "1", "20131011")], &[("1", "2", "20131011")], "1.00"),
        // The other number of the same person.
        (&[("1", "1", "20131011")], &[("5", "2", "20131011")], "1.00"),
        // Two days, each with one of the two.
        (&[("1", "1", "20131011")], &[("1", "1", "20131012")], "0.00"),
        // Somebody else's diagnosis.
        (&[("1", "1", "20131011")], &[("2", "1", "20131011")], "0.00"),
        // A pair of a visit, and a day that is made up of two.
        (
            &[("1", "1", "20131011"), ("1", "2", "20131012")],
            &[("1", "1", "20131011"), ("1", "1", "20131011"), ("5", "3", "20131012")],
            "2.00",
        ),
    ];
    for (services, diagnoses, points) in table {
        let mut scene = Scene::new();
        let twin = Person { pid: 5, ..Person::new(1) };
        let people = [Person::new(1), twin, Person::new(2)].map(|person| person.row());
        let service = services
            .iter()
            .map(|(pid, seq, day)| row(HOSPITAL, &format!("{pid}|{seq}|{day}|100|0100|0|0|$")));
        let codes = ["J00", "R51", "A09"];
        let diag = diagnoses.iter().zip(codes).map(|((pid, seq, day), code)| {
            row(HOSPITAL, &format!("{pid}|{seq}|{day}|1|{code}|$|00100"))
        });
        let files = [
            ("PERSON", people.to_vec()),
            ("SERVICE", service.collect::<Vec<_>>()),
            ("DIAG", diag.collect::<Vec<_>>()),
        ];
        scene.send("20131101", &files);
        assert_eq!(scene.item("OP"), points, "{services:?} {diagnoses:?}");
        let rows = scene.rows(HOSPITAL, "OP");
        assert_eq!(format!("{}.00", rows.len()), points);
        assert!(rows.iter().all(|row| row.file == "SERVICE"), "{rows:?}");
    }
}

#[test]
fn a_person_day_of_two_units_is_none() {
    let mut scene = Scene::new();
    let person = |unit| Person { unit, ..Person::new(1) };
    for (unit, service, diag) in
        [(HOSPITAL, "20131011", "20131012"), (CENTRE, "20131012", "20131011")]
    {
        let files = [
            ("PERSON", vec![person(unit).row()]),
            ("SERVICE", vec![row(unit, &format!("1|1|{service}|100|0100|0|0|$"))]),
            ("DIAG", vec![row(unit, &format!("1|2|{diag}|1|J00|$|00100"))]),
        ];
        scene.send_as(unit, "F21", "20131101", &files);
    }
    assert_eq!(scene.item("OP"), "0.00");
    assert_eq!(of_item(&scene.points(), CENTRE, "OP"), "0.00");
}

#[test]
fn items_of_a_visit_score_each() {
    let mut scene = Scene::new();
    let drugs = (1..=3).map(|n| {
        row(HOSPITAL, &format!("1|7|20131015|D{n}|10|1.00|0.50|10000000000000000000000{n}|$"))
    });
    let done = ["9007712", "8607", "23"]
        .map(|code| row(HOSPITAL, &format!("1|7|20131015|{code}|$|00100")));
    let (mut files, _) = sample("OP", HOSPITAL, "20131015");
    files.push(("PERSON", vec![Person::new(1).row()]));
    files.push(("DRUG", drugs.collect()));
    files.push(("PROCED", done.to_vec()));
    scene.send("20131101", &files);
    assert_eq!((scene.item("DRUG"), scene.item("PROC")), ("0.03".to_owned(), "0.03".to_owned()));
    assert_eq!(scene.rows(HOSPITAL, "DRUG").len(), 3);
}

#[test]
fn a_drug_without_a_24_digit_code_does_not_score() {
    let mut lab = Lab::new().at(NOW);
    for code in
        ["10000000000000000000000", "1000000000000000000000011", "10000000000000000000000A", "PARA"]
    {
        let (mut files, _) = sample("OP", HOSPITAL, "20131015");
        files.push(("PERSON", vec![Person::new(1).row()]));
        files.push(("DRUG", vec![row(HOSPITAL, &format!("1|7|20131015|D|10|1.00|0.50|{code}|$"))]));
        // Whether such a row is stored at all is the validator's to say.
        lab.load("F21_10670_20131101090000.zip", &archive(&files));
    }
    assert_eq!(Scene(lab).item("DRUG"), "0.00");
}

#[test]
fn a_referral_of_the_43_files_is_told_by_its_outcome() {
    for (typeout, points) in [("3", "0.05"), ("1", "0.00"), ("2", "0.00")] {
        let mut scene = Scene::new();
        let person = format!("{HOSPITAL}|{}|1|003|ก|ข|1|19850520|099|9|1|{CHANGED}", cid(1));
        let files = [
            ("PERSON43", vec![person]),
            (
                "SERVICE43",
                vec![row(HOSPITAL, &format!("1|7|20131015|0100|1|1|{typeout}|1.00|0.00|0.00|$"))],
            ),
            ("DIAGNOSIS_OPD", vec![row(HOSPITAL, "1|7|20131015|1|J00|00100|$")]),
        ];
        scene.send_as(HOSPITAL, "F43", "20131101", &files);
        assert_eq!(scene.item("REF"), points, "TYPEOUT {typeout}");
        assert_eq!(scene.item("OP"), "1.00");
    }
}

#[test]
fn surveillance_scores_in_two_steps() {
    // [OPPP-2557 s. 34]: within 7 days one point, after that within 60 days half of it.
    for (sent, points) in [
        ("20140101", "1.00"),
        ("20140108", "1.00"),
        ("20140109", "0.50"),
        ("20140302", "0.50"),
        ("20140303", "0.00"),
    ] {
        let files = [("SURVEIL", vec![row(HOSPITAL, "1|7|20140101|A09|02|20131230|$")])];
        assert_eq!(worth("SURVEIL", sent, &Person::new(1), &files), points, "sent {sent}");
    }
    // The window is that of the event.
    for (day, points) in [("20130630", "0.00"), ("20130701", "1.00")] {
        let files = [("SURVEIL", vec![row(HOSPITAL, &format!("1|7|{day}|A09|02|{day}|$"))])];
        assert_eq!(worth("SURVEIL", "20130703", &Person::new(1), &files), points, "{day}");
    }
}

#[test]
fn a_health_promotion_hospital_is_timed_by_the_provinces_sending() {
    // Sent by the unit after 2 days, by the province after so many.
    for (unit, forwarded, points) in [
        (CENTRE, Some("2014-01-08T23:59:59+07:00"), "1.00"),
        (CENTRE, Some("2014-01-09T00:00:00+07:00"), "0.50"),
        (CENTRE, Some("2014-03-02T12:00:00+07:00"), "0.50"),
        (CENTRE, Some("2014-03-03T00:00:00+07:00"), "0.00"),
        (CENTRE, None, "1.00"),
        (HOSPITAL, Some("2014-03-03T00:00:00+07:00"), "1.00"),
    ] {
        let mut scene = Scene::new();
        let person = Person { unit, ..Person::new(1) };
        let files = [
            ("PERSON", vec![person.row()]),
            ("SURVEIL", vec![row(unit, "1|7|20140101|A09|02|20131230|$")]),
        ];
        let id = scene.send_as(unit, "F21", "20140103", &files);
        if let Some(at) = forwarded {
            let lines =
                [("nhso".to_owned(), id, at.to_owned()), ("other".to_owned(), id, NOW.to_owned())];
            scene.0.store().record_forwarded(&lines).unwrap();
        }
        let scored = scene.points();
        assert_eq!(of_item(&scored, unit, "SURVEIL"), points, "{unit} {forwarded:?}");
        // Where the own clock was used instead of the province's, it is told.
        let told = scored.timed_by_own_submission.get("SURVEIL").copied();
        assert_eq!(told, (unit == CENTRE && forwarded.is_none()).then_some(1));
    }
}

#[test]
fn every_type_of_health_centre_is_timed_by_forwarding() {
    // [OPPP-2557 s. 28 and 29]: one box. 05 and 07 are hospitals.
    for (kind, points) in [
        ("03", "0.50"),
        ("08", "0.50"),
        ("18", "0.50"),
        ("21", "0.50"),
        ("05", "1.00"),
        ("07", "1.00"),
    ] {
        let mut units = environment().units.clone();
        units.by_code.get_mut(CENTRE).unwrap().kind = kind.to_owned();
        let mut scene = Scene::new();
        let files = [
            ("PERSON", vec![Person { unit: CENTRE, ..Person::new(1) }.row()]),
            ("SURVEIL", vec![row(CENTRE, "1|7|20140101|A09|02|20131230|$")]),
        ];
        let id = scene.send_as(CENTRE, "F21", "20140103", &files);
        let line = ("nhso".to_owned(), id, "2014-01-20T08:00:00+07:00".to_owned());
        scene.0.store().record_forwarded(&[line]).unwrap();
        let reader = scene.0.reader();
        let as_of = AsOf::find(&reader, None).unwrap();
        let scored = points_of_all(&reader, &units, as_of);
        assert_eq!(of_item(&scored, CENTRE, "SURVEIL"), points, "type {kind}");
    }
}

fn points_of_all(
    reader: &khlang::store::Reader,
    units: &khlang::units::Units,
    as_of: AsOf,
) -> Points {
    points(reader, &book(), units, as_of).unwrap()
}

#[test]
fn weighing_scores_in_the_survey_of_the_age() {
    // [OPPP-2557 s. 35]: age 0–5 in Jul, Oct, Jan, Apr; age 6–18 in Nov–Dec and May–Jun.
    let young = "20100115";
    let older = "20000115";
    for (birth, day, points) in [
        (young, "20130630", "0.00"),
        (young, "20130701", "0.05"),
        (young, "20130731", "0.05"),
        (young, "20130801", "0.00"),
        (young, "20130930", "0.00"),
        (young, "20131001", "0.05"),
        (young, "20131031", "0.05"),
        (young, "20131101", "0.00"),
        (young, "20131231", "0.00"),
        (young, "20140101", "0.05"),
        (young, "20140131", "0.05"),
        (young, "20140201", "0.00"),
        (young, "20140331", "0.00"),
        (young, "20140401", "0.05"),
        (young, "20140430", "0.05"),
        (young, "20140501", "0.00"),
        (older, "20130701", "0.00"),
        (older, "20131031", "0.00"),
        (older, "20131101", "0.05"),
        (older, "20131231", "0.05"),
        (older, "20140101", "0.00"),
        (older, "20140430", "0.00"),
        (older, "20140501", "0.05"),
        (older, "20140630", "0.05"),
        (older, "20140701", "0.00"),
        // Born 31 Oct 2007, the child is 6 on 31 Oct 2013; a day later it is not.
        ("20071031", "20131031", "0.00"),
        ("20071101", "20131031", "0.05"),
        ("20071101", "20131101", "0.05"),
        ("20071102", "20131101", "0.00"),
        // 18 until the day before the nineteenth birthday.
        ("19941102", "20131101", "0.05"),
        ("19941101", "20131101", "0.00"),
        // A newborn counts from its first day.
        ("20130701", "20130701", "0.05"),
    ] {
        let person = Person { birth, ..Person::new(1) };
        let files = [("NUTRI", vec![row(HOSPITAL, &format!("1|7|{day}|10|15.00|90.00|$"))])];
        assert_eq!(worth("NUTRI", "20140731", &person, &files), points, "born {birth}, {day}");
    }
}

#[test]
fn rows_behind_a_figure_add_up_to_it() {
    for item in BY_EVENT.into_iter().filter(|item| *item != "PP") {
        let (mut files, points) = sample(item, HOSPITAL, "20131015");
        files.push(("PERSON", vec![Person::new(1).row()]));
        let mut scene = Scene::new();
        let id = scene.send("20131101", &files);
        let rows = scene.rows(HOSPITAL, item);
        assert_eq!(rows.len(), 1, "{item}");
        assert_eq!((rows[0].submission, rows[0].line), (id, 2), "{item}");
        assert_eq!(format!("{:.2}", rows[0].points), points, "{item}");
        assert_eq!(rows[0].date, "2013-10-15");
        let number = cid(1);
        let masked = format!("1-xxxx-xxxxx-{}-{}", &number[10..12], &number[12..]);
        assert_eq!(rows[0].cid.as_deref(), Some(masked.as_str()));
        assert!(scene.rows(CENTRE, item).is_empty());
        let month = scene.points().units[HOSPITAL][item].keys().copied().collect::<Vec<_>>();
        assert_eq!(month, [201_310]);
    }
    // The name of the file is that of the standard it came in.
    let mut scene = Scene::new();
    let (mut files, _) = sample("DRUG", HOSPITAL, "20131015");
    files.push(("PERSON", vec![Person::new(1).row()]));
    scene.send("20131101", &files);
    assert_eq!(scene.rows(HOSPITAL, "DRUG")[0].file, "DRUG");
}
