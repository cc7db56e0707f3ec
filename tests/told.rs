//! What senders are told: in words for them, and with the severity that their
//! rows had, wherever it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use khlang::archive::Standard;
use khlang::catalog::{Catalog, Severity};
use serde_json::Value;

use crate::support::case::{Khlang, zipped};

/// Words of whoever wrote a text, which say nothing to who reads it.
const NOTES_EN: &[&str] = &[
    "slip",
    "workbook",
    "sheet",
    "sheets",
    "slide",
    "slides",
    "readme",
    "source",
    "sources",
    "we",
    "our",
    "ours",
    "us",
    "assume",
    "assumed",
    "guess",
    "guessed",
    "probably",
    "presumably",
    "todo",
    "fixme",
    "typo",
    "misspelt",
    "misspelled",
    "twin",
    "hospitalos",
    "prototype",
    "seed",
    "derived",
    "dictionary",
    "ext",
    "lookup",
    "xxx",
];

/// The same in Thai, which has no spaces between words: parts of texts.
const NOTES_TH: &[&str] = &[
    "ชีต",
    "ชีท",
    "สไลด์",
    "เวิร์กบุ๊ก",
    "เวิร์กบุค",
    "พิมพ์ผิด",
    "สะกดผิด",
    "คาดว่า",
    "น่าจะ",
    "สมมติ",
    "สมมุติ",
    "เดาว่า",
    "ต้นฉบับ",
    "ผู้เขียน",
    "เราคิดว่า",
];

/// Notes in a text.
fn notes(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '.').collect();
    let said: Vec<&str> = words.iter().map(|word| word.trim_matches('.')).collect();
    let said = format!(" {} ", said.join(" "));
    let english = NOTES_EN.iter().filter(|word| said.contains(&format!(" {word} ")));
    let thai = NOTES_TH.iter().filter(|part| text.contains(**part));
    english.chain(thai).copied().collect()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn a_note_of_research_is_told_from_a_sentence() {
    for (text, found) in [
        ("HOSPCODE is blank. Slip in the workbook: printed VI9201.", 2),
        ("A remark in the sheet.", 1),
        ("We assume two digits.", 2),
        ("ตามสไลด์ 45", 1),
        ("WEIGHT is blank or not a number of at most 1 decimal place.", 0),
        ("Send the PERSON row of this person too, and send this row again.", 0),
        ("รหัสหน่วยบริการ (HOSPCODE) ต้องยาว 5 ตัวพอดี", 0),
    ] {
        assert_eq!(notes(text).len(), found, "{text}: {:?}", notes(text));
    }
}

#[test]
fn findings_are_told_in_sentences_for_senders() {
    let catalog = Catalog::builtin().unwrap();
    for f in catalog.findings.iter() {
        for text in [&f.th, &f.en, &f.fix_th, &f.fix_en] {
            let (code, standard) = (&f.code, &f.standard);
            assert_eq!(notes(text), [""; 0], "{code} {standard}: {text}");
            let slips = ["..", ",.", " .", " ,", ";.", "  ", ";;"];
            assert!(!slips.iter().any(|slip| text.contains(slip)), "{code} {standard}: {text}");
        }
        for text in [&f.en, &f.fix_en].into_iter().filter(|text| !text.is_empty()) {
            assert!(text.ends_with('.'), "{} {}: {text}", f.code, f.standard);
            assert!(!text.contains(|c| ('\u{e00}'..='\u{e7f}').contains(&c)), "{}: {text}", f.code);
        }
    }
}

/// What is said again and again makes duplicates, and they cost quality: a
/// stored row is never asked for again, a rejected one always.
#[test]
fn only_who_was_rejected_is_asked_to_send_again() {
    let catalog = Catalog::builtin().unwrap();
    let both = |f: &khlang::catalog::FindingText| f.code.ends_with("9511");
    let duplicate = |f: &khlang::catalog::FindingText| f.code.ends_with("9299");
    for f in catalog.findings.iter() {
        let (en, th) = (&f.fix_en, &f.fix_th);
        let no_need = (en.contains("needs no sending again"), th.contains("ไม่ต้องส่งซ้ำ"));
        let asked = (en.contains("again"), th.contains("อีกครั้ง"));
        let what = format!("{} {} {:?}: {en} {th}", f.code, f.standard, f.severity);
        match f.severity {
            Severity::Warning => {
                assert_eq!(no_need, (true, true), "{what}");
                assert!(!asked.1, "{what}");
            }
            Severity::Error if duplicate(f) => assert_eq!(asked, (false, false), "{what}"),
            // It may be either; its text says what holds for which.
            Severity::Error if both(f) => {
                assert_eq!((no_need, asked), ((true, true), (true, true)), "{what}");
            }
            Severity::Error => {
                assert_eq!((no_need, asked), ((false, false), (true, true)), "{what}");
            }
            Severity::Note | Severity::Member | Severity::Archive => {}
        }
    }
}

/// Texts in `th` and `en` of a configuration file, with those of lists that
/// are shown.
fn shown(value: &toml::Value, key: &str, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                shown(value, key, found);
            }
        }
        toml::Value::Array(list) => list.iter().for_each(|value| shown(value, key, found)),
        toml::Value::String(text) => {
            let texts = ["th", "en", "local_defaults", "local_default"];
            let ends = ["_th", "_en"];
            if texts.contains(&key) || ends.iter().any(|end| key.ends_with(end)) {
                found.push(text.clone());
            }
        }
        _ => {}
    }
}

#[test]
fn what_reports_and_indicators_say_is_for_their_readers() {
    let mut seen = 0;
    for folder in ["config/kpi", "config/reports", "config/rulebooks"] {
        for entry in std::fs::read_dir(root(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut found = Vec::new();
            shown(&toml::Value::Table(toml::from_str(&text).unwrap()), "", &mut found);
            for text in &found {
                assert_eq!(notes(text), [""; 0], "{}: {text}", path.display());
            }
            seen += found.len();
        }
    }
    assert!(seen > 300, "{seen} texts");
}

#[test]
fn pages_speak_to_who_reads_them() {
    let mut texts = csv::Reader::from_path(root("src/http/page/texts.csv")).unwrap();
    for row in texts.records().map(Result::unwrap) {
        // The one word that pages have for it: a figure names its source.
        let of_figures = &row[0] == "source";
        for text in [&row[1], &row[2]] {
            assert!(of_figures || notes(text).is_empty(), "{}: {text}", &row[0]);
        }
    }
    for entry in std::fs::read_dir(root("src/http/page/templates")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "html") {
            continue;
        }
        // What stands between tags and outside the language of templates.
        let html = std::fs::read_to_string(&path).unwrap();
        let mut said = String::new();
        let mut depth = 0_i32;
        for c in html.chars() {
            depth += i32::from("<{".contains(c)) - i32::from(">}".contains(c));
            said.push(if depth > 0 || ">}".contains(c) { ' ' } else { c });
        }
        assert_eq!(notes(&said), [""; 0], "{}", path.display());
    }
}

/// Every Thai text of a source file, and the text behind a comma after it: its
/// English.
fn pairs_of(source: &str) -> Vec<String> {
    let thai = |text: &str| text.contains(|c| ('\u{e00}'..='\u{e7f}').contains(&c));
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let parts: Vec<&str> = code.split('"').collect();
    let mut found = Vec::new();
    for at in (0..parts.len()).filter(|&at| thai(parts[at])) {
        found.push(parts[at].to_owned());
        if parts.get(at + 1).is_some_and(|between| between.trim() == ",") {
            found.extend(parts.get(at + 2).map(ToString::to_string));
        }
    }
    found
}

#[test]
fn tables_speak_to_who_reads_them() {
    // Figures name their sources, and say when there is none.
    let of_readers = |text: &str| notes(text).into_iter().all(|note| note.starts_with("source"));
    let mut texts = csv::Reader::from_path(root("src/text/texts.csv")).unwrap();
    let mut seen = 0;
    for row in texts.records().map(Result::unwrap) {
        for (lang, text) in [("th", &row[1]), ("en", &row[2])] {
            // Routes are described in English to those who write programs.
            let of_programs = lang == "en" && row[0].starts_with("route.");
            assert!(of_programs || of_readers(text), "{}: {text}", &row[0]);
            seen += 1;
        }
    }
    // What is not in the catalogue yet.
    let mut folders = vec![root("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let words = pairs_of(&source);
                for text in &words {
                    assert!(of_readers(text), "{}: {text}", path.display());
                }
                seen += words.len();
            }
        }
    }
    assert!(seen > 300, "{seen} texts");
}

/// A code that is a warning in one standard and an error in the other, with
/// the rows that are told it.
struct Told {
    code: &'static str,
    f21: (&'static str, &'static str),
    f43: (&'static str, &'static str),
}

const SERVICE_21: &str = "PCUCODE|PID|SEQ|DATE_SERV|PRICE|INSTYPE|PAY|SERVPLACE|D_UPDATE\n\
    10670|1|1|20140115|100|0100|0|7|20140116120000\n";
const SERVICE_43: &str = "HOSPCODE|PID|SEQ|DATE_SERV|INSTYPE|TYPEIN|SERVPLACE|TYPEOUT|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE\n\
    10670|1|2|20140116|0100|1|7|1|100|0|0|20140116120000\n";

const TOLD: &[Told] = &[
    Told {
        code: "CH1141",
        f21: (
            "CHRONIC",
            "PCUCODE|PID|DATEDX|CHRONIC|TYPEDIS|D_UPDATE\n10670|1|20130101|E119|0|20140116120000\n",
        ),
        f43: (
            "CHRONIC",
            "HOSPCODE|PID|DATE_DIAG|CHRONIC|TYPEDISCH|D_UPDATE\n10670|1|20130102|I10|77|20140116120000\n",
        ),
    },
    Told {
        code: "FP1104",
        f21: (
            "FP",
            "PCUCODE|PID|SEQ|DATE_SERV|FPTYPE|FPPLACE|D_UPDATE\n10670|1||20140115|1|10670|20140116120000\n",
        ),
        f43: (
            "FP",
            "HOSPCODE|PID|SEQ|DATE_SERV|FPTYPE|FPPLACE|D_UPDATE\n10670|1||20140116|1|10670|20140116120000\n",
        ),
    },
    Told { code: "SE1110", f21: ("SERVICE", SERVICE_21), f43: ("SERVICE", SERVICE_43) },
];

const PERSON_21: &str = "PCUCODE|CID|PID|SEX|BIRTH|TYPEAREA|D_UPDATE\n\
    10670|1234567890121|1|2|19800101|1|20130115120000\n";
const DIAG_21: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE|CLINIC\n\
    10670|1|1|20140115|1|A099|20140116120000|00100\n";
const DIAG_43: &str = "HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|D_UPDATE\n\
    10670|1|2|20140116|1|A099|00100|20140116120000\n";

const NAMES: [&str; 2] = ["F21_10670_20140131080000.zip", "F43_10670_20140131090000.zip"];

/// Severity of each code in a standard, as the catalogue has it.
fn severities(standard: Standard) -> BTreeMap<&'static str, String> {
    let catalog = Catalog::builtin().unwrap();
    let of = |code| catalog.findings.get(code, standard).unwrap().severity.as_str().to_owned();
    TOLD.iter().map(|told| (told.code, of(told.code))).collect()
}

#[test]
fn every_code_that_differs_by_standard_is_in_the_table() {
    let catalog = Catalog::builtin().unwrap();
    let mut by_code: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for f in catalog.findings.iter() {
        by_code.entry(&f.code).or_default().insert(f.severity.as_str());
    }
    let differ: Vec<&str> =
        by_code.iter().filter(|(_, of)| of.len() > 1).map(|(code, _)| *code).collect();
    let told: Vec<&str> = TOLD.iter().map(|told| told.code).collect();
    assert_eq!(differ, told, "a code that differs needs rows that are told it");
}

/// Both archives, loaded into one data folder.
fn both() -> (Khlang, [Value; 2]) {
    let khlang = Khlang::new();
    let member = |(file, text): (&str, &str)| (format!("{file}.txt"), text.to_owned());
    let mut f21: Vec<_> = TOLD.iter().map(|told| member(told.f21)).collect();
    f21.extend([member(("PERSON", PERSON_21)), member(("DIAG", DIAG_21))]);
    let mut f43: Vec<_> = TOLD.iter().map(|told| member(told.f43)).collect();
    f43.push(member(("DIAGNOSIS_OPD", DIAG_43)));
    let said = [khlang.import(NAMES[0], &zipped(&f21)), khlang.import(NAMES[1], &zipped(&f43))];
    (khlang, said)
}

/// The severity that a JSON list of findings gives each code of the table.
fn told(findings: &Value) -> BTreeMap<&'static str, String> {
    let of = |code: &str| {
        let mut lines = findings.as_array().unwrap().iter().filter(|f| f["code"] == code);
        let severity = lines.next().unwrap_or_else(|| panic!("{code}: {findings:#}"))["severity"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(lines.next().is_none(), "{code}: {findings:#}");
        severity
    };
    TOLD.iter().map(|told| (told.code, of(told.code))).collect()
}

#[test]
fn a_code_is_told_with_the_severity_of_its_standard_everywhere() {
    let (khlang, said) = both();
    let catalog = khlang.run(&["catalog", "--format", "json"]).json();
    for (at, standard) in [Standard::F21, Standard::F43].into_iter().enumerate() {
        let expected = severities(standard);
        let texts =
            |code: &str| Catalog::builtin().unwrap().findings.get(code, standard).unwrap().clone();
        assert_eq!(told(&said[at]["findings"]), expected, "import");
        let id = (at + 1).to_string();
        let shown = khlang.run(&["submissions", "show", &id, "--json"]).json();
        assert_eq!(told(&shown["findings"]), expected, "submissions show");
        let outbox = format!("data/outbox/10670/{}", NAMES[at]);
        let receipt = std::fs::read(khlang.path(&format!("{outbox}.receipt.json"))).unwrap();
        let receipt: Value = serde_json::from_slice(&receipt).unwrap();
        assert_eq!(told(&receipt["findings"]), expected, "receipt");
        let table =
            std::fs::read_to_string(khlang.path(&format!("{outbox}.findings.csv"))).unwrap();
        let text = std::fs::read_to_string(khlang.path(&format!("{outbox}.receipt.txt"))).unwrap();
        let english = khlang.run(&["--lang", "en", "submissions", "show", &id]).out();
        for (code, severity) in &expected {
            assert!(table.contains(&format!("\n{code},{severity},")), "{code}: {table}");
            let own = texts(code);
            let line = format!("{code} ({severity}) × 1: {} {}", own.en, own.fix_en);
            assert!(text.contains(&line) && english.contains(&line), "{line}\n{text}");
            let word = if severity == "warning" {
                "คำเตือน"
            } else {
                "ไม่ผ่าน"
            };
            let line = format!("{code} ({word}) × 1: {} {}", own.th, own.fix_th);
            assert!(text.contains(&line), "{line}\n{text}");
            assert!(text.contains(&format!("  {code} ({word}) ")), "{text}");
            let listed: Vec<&Value> = catalog
                .as_array()
                .unwrap()
                .iter()
                .filter(|f| f["code"] == *code && f["standard"] == standard.as_str())
                .collect();
            assert_eq!(listed.len(), 1, "{code}: {listed:?}");
            assert_eq!(listed[0]["severity"], severity.as_str(), "{code}");
        }
    }
}

#[test]
fn a_statement_says_of_a_code_what_it_meant_for_each_standard() {
    let (khlang, _) = both();
    let ran = khlang.run(&[
        "--lang",
        "en",
        "statement",
        "--cup",
        "10670",
        "--round",
        "2557",
        "--format",
        "html",
        "--out",
        "s.html",
    ]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    let html = std::fs::read_to_string(khlang.path("s.html")).unwrap();
    for told in TOLD {
        let mut effects = Vec::new();
        for row in html.split("<tr").filter(|row| row.contains(&format!(">{}<", told.code))) {
            let effect =
                ["warning", "rejected"].into_iter().find(|word| row.contains(&format!(">{word}<")));
            effects.push(effect.unwrap_or_else(|| panic!("{}: {row}", told.code)));
        }
        effects.sort_unstable();
        assert_eq!(effects, ["rejected", "warning"], "{}", told.code);
    }
}

/// The catalogue names a code once for each file and standard, with the text
/// that its rows are told.
#[test]
fn the_catalogue_tells_each_code_once() {
    let khlang = Khlang::new();
    let all = khlang.run(&["catalog", "--format", "json"]).json();
    let mut seen = BTreeSet::new();
    let catalog = Catalog::builtin().unwrap();
    for f in all.as_array().unwrap() {
        let (code, standard) = (f["code"].as_str().unwrap(), f["standard"].as_str().unwrap());
        assert!(seen.insert((code.to_owned(), standard.to_owned())), "{code} {standard}");
        if let Ok(standard) = standard.parse() {
            let told = catalog.findings.get(code, standard).unwrap();
            assert_eq!(
                (f["severity"].as_str(), f["en"].as_str()),
                (Some(told.severity.as_str()), Some(told.en.as_str())),
                "{code}"
            );
        }
    }
}
