//! Numbers of columns, names of members and of their folders.

use khlang::submission::Status;

use super::{F43, PERSON, counts, diagnosis, load, load_one, person, service, told};
use crate::support::lab::Lab;
use crate::support::zipcraft::{Part, Zip};

#[test]
fn a_service_of_thirty_columns_has_the_citizen_number_last() {
    let mut lab = Lab::new();
    let members = [
        ("person.txt", person(1)),
        ("service.txt", format!("{}|1234567890121", service(1))),
        ("diagnosis_opd.txt", diagnosis(1)),
    ];
    let said = lab.load(F43, &crate::support::case::zipped(&members));
    assert!(said.problems.is_empty(), "{:?}", said.problems);
    assert_eq!(counts(&said), [("PERSON", 1, 1), ("SERVICE", 1, 1), ("DIAGNOSIS_OPD", 1, 1)]);
    let stored = lab.rows().into_iter().find(|row| row.starts_with("t_service")).unwrap();
    assert!(stored.contains("1234567890121"), "{stored}");
}

#[test]
fn a_number_of_columns_that_no_version_has_is_told_with_those_that_have() {
    for (file, fields, known, lacks) in [
        ("LABFU", 8, "7, 9, 10, 11", Some((9, "CID"))),
        ("CHRONICFU", 14, "13, 15, 16", Some((15, "CID"))),
        ("DRUGALLERGY", 12, "11, 13, 15", Some((13, "CID"))),
        ("PRENATAL", 13, "12, 14, 15, 16", Some((14, "CID"))),
        ("ADMISSION", 25, "24, 32, 35", Some((32, "RW"))),
        ("PERSON", 32, "31, 33, 34", Some((33, "MOBILE"))),
        ("PERSON", 40, "31, 33, 34", None),
        ("PERSON", 3, "31, 33, 34", Some((31, "HID"))),
        ("SERVICE", 32, "29, 30, 31, 36", Some((36, "HOSP9_MAIN"))),
    ] {
        let row = format!("10670|1{}", "|x".repeat(fields - 2));
        let said = load_one(F43, &format!("{file}.txt"), row);
        let lacks = lacks.map_or(String::new(), |(count, name)| {
            format!("; of {count} the first that is missing is {name}")
        });
        let detail = format!("{fields} columns; {file} has {known}{lacks}");
        let member = format!("{file}.txt");
        assert_eq!(told(&said.problems)[0], ("M01", member.as_str(), 1, detail.as_str()));
    }
}

#[test]
fn members_in_folders_by_backslash_are_read() {
    let text = format!("{PERSON}\r\n{}\r\n", person(1));
    let zip = Zip::new([
        Part::folder("F43_10670_20140131080000\\"),
        Part::deflated("F43_10670_20140131080000\\PERSON.txt", text.as_bytes()),
        Part::stored("__MACOSX\\F43_10670_20140131080000\\SERVICE.txt", b"x"),
    ]);
    let said = Lab::new().load(F43, &zip.bytes());
    assert_eq!(counts(&said), [("PERSON", 1, 1)], "{:?}", said.problems);
    assert_eq!(said.status, Status::Accepted);
    for name in ["..\\PERSON.txt", "\\PERSON.txt", "C:\\PERSON.txt", "\\\\host\\x\\PERSON.txt"] {
        let said = Lab::new().load(F43, &Zip::new([Part::stored(name, text.as_bytes())]).bytes());
        assert_eq!(said.problems[0].code, "A02", "{name}");
    }
}

#[test]
fn an_archive_of_unknown_members_names_each_with_its_nearest_file() {
    let row = person(1).into_bytes();
    let said = load(
        F43,
        &[
            ("PERSON_10670.txt", row.clone()),
            ("data/SERVISE.txt", row.clone()),
            ("DIAGNOSIS_OPD (1).txt", row.clone()),
            ("person.csv", row),
        ],
    );
    assert_eq!((said.status, said.problems.len()), (Status::Broken, 1));
    let detail = &said.problems[0].detail;
    assert_eq!(said.problems[0].code, "A07");
    for part in [
        "PERSON_10670.txt → PERSON.txt?",
        "data/SERVISE.txt → SERVICE.txt?",
        "DIAGNOSIS_OPD (1).txt → DIAGNOSIS_OPD.txt?",
        "person.csv → PERSON.txt?",
    ] {
        assert!(detail.contains(part), "{detail}");
    }
    let many: Vec<(String, Vec<u8>)> =
        (0..50).map(|n| (format!("X{n}.txt"), b"x".to_vec())).collect();
    let many: Vec<(&str, Vec<u8>)> = many.iter().map(|(n, b)| (n.as_str(), b.clone())).collect();
    let detail = load(F43, &many).problems.remove(0).detail;
    assert!(detail.contains("X0.txt") && detail.contains("… (50)") && detail.len() < 1500);
}
