//! Line ends, and lines that are no rows.

use super::{
    F21, F43, PERSON, SERVICE, counts, diagnosis, load, load_one, notes, person, service, told,
    visits,
};
use crate::support::case::zipped;
use crate::support::lab::Lab;

#[test]
fn any_run_of_crs_before_or_after_the_line_feed_is_one_line_end() {
    let ended = |end: &str| -> Vec<(&str, Vec<u8>)> {
        let text = |lines: Vec<String>| lines.iter().map(|line| line.to_owned() + end).collect();
        visits().map(|(name, lines)| (name, String::into_bytes(text(lines)))).to_vec()
    };
    let load = |end: &str| {
        let mut lab = Lab::new();
        let said = lab.load(F43, &zipped(&ended(end)));
        (said, lab.rows())
    };
    let (plain, rows) = load("\n");
    assert_eq!(counts(&plain), [("PERSON", 1, 1), ("SERVICE", 2, 2), ("DIAGNOSIS_OPD", 2, 2)]);
    for end in ["\r\n", "\r\r\n", "\r\r\r\n", "\n\r", "\r\n\r", "\r\r\n\r\r"] {
        let (said, same) = load(end);
        assert_eq!(counts(&said), counts(&plain), "{end:?} {:?}", said.problems);
        assert_eq!((said.findings_total, &same), (plain.findings_total.clone(), &rows), "{end:?}");
        assert!(told(&said.problems).is_empty() && notes(&load(end).0).is_empty(), "{end:?}");
    }
}

#[test]
fn cr_alone_as_line_end_is_told_in_both_languages() {
    let header = |ends: &str, last: &str| format!("{PERSON}{ends}{}{last}", person(1));
    let rows = |count: u32| (1..=count).map(person).collect::<Vec<_>>().join("\r");
    for text in [
        header("\r", ""),
        header("\r", "\r"),
        header("\r\r", "\r"),
        header("\r", "\n"),
        format!("\u{feff}{}", header("\r", "")),
        rows(2),
        rows(2) + "\r\n",
        rows(2000),
        format!("{PERSON}\r{}", rows(2000)),
        "nothing|that\rfits|any\rversion|of it".to_owned(),
    ] {
        let start: String = text.chars().take(40).collect();
        let tis = encoding_rs::WINDOWS_874.encode(&text).0.into_owned();
        for bytes in [text.into_bytes(), tis] {
            let said = load_one(F43, "PERSON.txt", bytes);
            let told = told(&said.problems);
            let (code, member, line, detail) = told[0];
            assert_eq!((code, member, line), ("M05", "PERSON.txt", 1), "{start:?} {told:?}");
            assert!(detail.contains("CR อย่างเดียว") && detail.contains("CR alone"), "{detail}");
        }
    }
    // From somewhere on, or with a header as it should be.
    for (text, line) in [
        (format!("{PERSON}\r\n{}", rows(3)), 2),
        (format!("{}\r\n{}\r\n{}\r\n", rows(1), rows(1), rows(3)), 3),
    ] {
        let said = load_one(F43, "PERSON.txt", text);
        let (code, _, at, detail) = told(&said.problems)[0];
        assert_eq!((code, at), ("M05", line), "{detail}");
        assert!(detail.contains("CR alone"));
    }
    let stray = format!("{}\n{}\n", PERSON.replace("|PID|", "|PID\r|"), person(1));
    assert!(load_one(F43, "PERSON.txt", stray).problems.is_empty());
    // One within a text is a fault of its row and of nothing else.
    let stray = format!("{PERSON}\n{}\n{}\n", person(1), person(2).replace("สมมติ", "ส\rมติ"));
    let said = load_one(F43, "PERSON.txt", stray);
    assert!(said.problems.is_empty(), "{:?}", said.problems);
    assert!(said.findings_total.contains_key("PE9502"), "{:?}", said.findings_total);
    let said = load_one(F43, "PERSON.txt", person(2).replace("สมมติ", "ส\rมติ"));
    assert!(said.problems.is_empty(), "{:?}", said.problems);
}

/// A member's text, the lines that it is told with, and the rows in it.
type Member = (String, Vec<(&'static str, u64, &'static str)>, u64);

fn leftovers(header: &str, row: impl Fn(u32) -> String) -> Vec<Member> {
    let width = header.matches('|').count();
    let (bars, spaced) = ("|".repeat(width), " | ".repeat(width));
    let quoted = header.split('|').map(|name| format!("\"{}\"", name.to_lowercase()));
    let quoted = quoted.collect::<Vec<_>>().join("|");
    let (a, b) = (row(1), row(2));
    vec![
        (format!("{header}\r\n{a}\r\n\x1a"), vec![("N12", 3, "1")], 1),
        (format!("{header}\r\n{a}\x1a"), vec![("N12", 2, "1")], 1),
        (format!("{header}\r\n{a}\r\n\x1a\r\n"), vec![("N12", 3, "1")], 1),
        (format!("{header}\r\n{a}\r\n\x1a\x1a\x1a"), vec![("N12", 3, "1")], 1),
        (format!("{a}\r\n{b}\r\n\x1a"), vec![("N12", 3, "1")], 2),
        (format!("{header}\r\n{bars}\r\n{a}\r\n{spaced}\r\n"), vec![("N11", 2, "2")], 1),
        (format!("{header}\n\n{a}\n \t \n{bars}|\n{b}\n"), vec![("N11", 2, "3")], 2),
        (format!("{header}\r\n{a}\r\n{header}\r\n{b}\r\n"), vec![("N13", 3, "1")], 2),
        (format!("{header}\r\n{a}\r\n{quoted}|\r\n{b}\r\n{header}\r\n"), vec![("N13", 3, "2")], 2),
        (format!("{a}\r\n{header}\r\n{b}\r\n"), vec![("N13", 2, "1")], 2),
        (
            format!("\u{feff}{header}\r\n{a}\r\n\u{feff}{header}\r\n{b}\r\n"),
            vec![("N13", 3, "1"), ("N14", 3, "1")],
            2,
        ),
        (format!("{a}\r\n\u{feff}{b}\r\n"), vec![("N14", 2, "1")], 2),
        (
            format!("{header}\r\n{a}\r\n\x1a\u{feff}{header}\r\n{b}\r\n\x1a"),
            vec![("N12", 3, "2"), ("N13", 3, "1"), ("N14", 3, "1")],
            2,
        ),
        (format!("{header}\r\n{a}\r\n\x1a{b}\r\n"), vec![("N12", 3, "1")], 2),
        (format!("\u{feff}\u{feff}{header}\r\n{a}\r\n"), vec![], 1),
    ]
}

#[test]
fn leftovers_of_programs_are_notes_and_no_rows() {
    let f21 = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE";
    let row = |pid: u32| format!("10670|1234567890121|{pid}|ก|1|19800101|1|20130115120000");
    // By position F21 has other columns than this header.
    let with_header = leftovers(f21, row).into_iter().filter(|(text, ..)| !text.starts_with("10"));
    let all = leftovers(PERSON, person).into_iter().map(|member| (F43, member));
    for (archive, (text, noted, rows)) in all.chain(with_header.map(|member| (F21, member))) {
        for old in [false, true] {
            if old && text.contains('\u{feff}') {
                continue;
            }
            let bytes = if old {
                encoding_rs::WINDOWS_874.encode(&text).0.into_owned()
            } else {
                text.clone().into_bytes()
            };
            let said = load_one(archive, "PERSON.txt", bytes);
            assert_eq!(counts(&said), [("PERSON", rows, rows)], "{text:?} {:?}", said.findings);
            let got = notes(&said);
            let got: Vec<_> =
                got.iter().map(|(code, _, line, count)| (*code, *line, *count)).collect();
            assert_eq!(got, noted, "{text:?}");
            assert!(said.notes.iter().all(|n| !n.texts.th.is_empty() && !n.texts.en.is_empty()));
        }
    }
}

#[test]
fn lines_after_a_leftover_keep_their_numbers() {
    let bad = person(2).replace("19700102", "19701302");
    let text =
        format!("{PERSON}\r\r\n\r\r\n{}\r\r\n{PERSON}\r\r\n||||\r\r\n{bad}\r\r\n\x1a", person(1));
    let said = load_one(F43, "PERSON.txt", text);
    assert_eq!(counts(&said), [("PERSON", 2, 1)]);
    assert_eq!(said.findings.iter().map(|f| f.line).collect::<Vec<_>>(), [6]);
}

#[test]
fn a_member_of_leftovers_only_has_no_data() {
    for text in [
        format!("{SERVICE}\r\n\x1a"),
        format!("{SERVICE}\r\n{SERVICE}\r\n"),
        format!("{SERVICE}\r\n||||\r\n"),
        "\x1a".to_owned(),
        "||||\r\n".to_owned(),
        "test\r\n\x1a".to_owned(),
        "\u{feff}".to_owned(),
    ] {
        let said = load(
            F43,
            &[
                ("PERSON.txt", format!("{PERSON}\n{}\n", person(1)).into_bytes()),
                ("SERVICE.txt", text.clone().into_bytes()),
            ],
        );
        assert!(said.problems.is_empty(), "{text:?} {:?}", said.problems);
        assert_eq!(counts(&said), [("PERSON", 1, 1)], "{text:?}");
        assert!(said.notes.iter().any(|note| note.code == "N04"), "{text:?}");
    }
}

#[test]
fn a_header_that_says_another_order_is_no_repetition() {
    let other = SERVICE.replace("HN|SEQ", "SEQ|HN");
    let service = format!("{SERVICE}\n{}\n{other}\n", service(1));
    let diagnosis = format!("{}\n{}\n", super::DIAGNOSIS, diagnosis(1));
    let person = format!("{PERSON}\n{}\n", person(1));
    let said = load(
        F43,
        &[
            ("PERSON.txt", person.into_bytes()),
            ("SERVICE.txt", service.into_bytes()),
            ("DIAGNOSIS_OPD.txt", diagnosis.into_bytes()),
        ],
    );
    assert_eq!(counts(&said)[1], ("SERVICE", 2, 1));
}
