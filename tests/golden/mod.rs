//! Golden archives: `tests/cases/NAME/in/*.txt`, zipped at test time, given to
//! the real program, and compared with `expect.json`, which was written from
//! the contract and the dictionary.

mod hostile;
mod named;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::case::{Case, zipped};

fn zip(case: &Case) -> Vec<u8> {
    let members = case.members();
    match &case.recipe.hostile {
        Some(recipe) => hostile::bytes(recipe, &members),
        None => zipped(&members),
    }
}

/// Sorted, so that only what is said counts, and not in which order.
fn sorted(mut lines: Vec<Value>) -> Value {
    lines.sort_by_key(Value::to_string);
    Value::Array(lines)
}

fn list(said: &Value, key: &str, shape: impl Fn(&Value) -> Value) -> Value {
    sorted(said[key].as_array().unwrap().iter().map(shape).collect())
}

/// The parts of a submission that a case may speak of, in the short form of
/// `expect.json`.
fn digest(said: &Value) -> Value {
    let notes: Vec<Value> = said["notes"].as_array().unwrap().clone();
    let of = |code: &str, key: &str| {
        sorted(notes.iter().filter(|n| n["code"] == code).map(|n| n[key].clone()).collect())
    };
    let lists = notes.iter().filter(|n| n["code"] == "N02");
    let lists = lists.map(|n| {
        let detail = n["detail"].as_str().unwrap();
        Value::from(detail.rsplit_once(':').map_or(detail, |(list, _)| list))
    });
    json!({
        "status": said["status"],
        "standard": said["standard"],
        "hcode": said["hcode"],
        "sent_at": said["sent_at"],
        "round": said["round"],
        "problems": list(said, "problems", problem),
        "details": list(said, "problems", |p| p["detail"].clone()),
        "files": list(said, "files", |f| json!([
            f["file"], f["received"], f["accepted"], f["duplicate"], f["rejected"], f["warned"],
            f["on_time"],
        ])),
        "findings": list(said, "findings", |f| json!([
            f["code"], f["severity"], f["file"], f["line"], f["field"], value_of(f), f["key"],
        ])),
        "findings_total": said["findings_total"],
        "findings_cut": said["findings_cut"],
        "skipped": of("N01", "member"),
        "not_checked": sorted(lists.collect()),
        "links_unchecked": of("N03", "detail"),
        "no_data": of("N04", "member"),
        "noted": sorted(notes.iter().filter(|n| n["code"].as_str() > Some("N10")).map(|n| json!([
            n["code"], n["member"], n["line"], n["detail"],
        ])).collect()),
    })
}

/// What a row of the wrong length is reported with is free text.
fn value_of(finding: &Value) -> Value {
    let ragged = finding["code"].as_str().unwrap().ends_with("9500");
    if ragged { Value::from("") } else { finding["value"].clone() }
}

/// Which entry of a refused archive is named is free.
fn problem(problem: &Value) -> Value {
    if problem["code"].as_str().unwrap().starts_with('A') {
        return json!([problem["code"]]);
    }
    json!([problem["code"], problem["member"], problem["line"]])
}

/// Runs a case and gives every difference in words.
fn differences(case: &Case) -> Vec<String> {
    let khlang = case.prepare(&zip);
    let archive = khlang.write(&case.recipe.name, zip(case));
    let mut arguments = vec![case.recipe.command.as_str(), "--json", archive.to_str().unwrap()];
    arguments.extend(case.recipe.arguments.iter().map(String::as_str));
    let ran = khlang.run(&arguments);
    let mut out = Vec::new();
    if ran.status() != case.recipe.exit {
        let expected = case.recipe.exit;
        out.push(format!(
            "{}: exit {}, expected {expected}: {}",
            case.name,
            ran.status(),
            ran.err()
        ));
    }
    let said = ran.json();
    let digest = digest(&said[0]);
    let expect = case.expect.as_object().unwrap();
    for key in ["status", "problems", "files", "findings", "findings_total", "findings_cut"] {
        assert!(expect.contains_key(key), "{}: expect.json lacks {key}", case.name);
    }
    for (key, expected) in expect {
        let expected = match expected {
            Value::Array(lines) => sorted(lines.clone()),
            other => other.clone(),
        };
        if digest[key] != expected {
            out.push(format!(
                "{} {key}\n  expected {expected}\n  got      {}",
                case.name, digest[key]
            ));
        }
    }
    out.extend(texts_missing(&case.name, &said[0]));
    if case.recipe.command == "import" {
        let verified = khlang.run(&["verify", "--json"]);
        if verified.status() != 0 {
            out.push(format!("{}: verify: {}", case.name, verified.out()));
        }
    }
    out
}

/// Whatever is said is said in both languages.
fn texts_missing(case: &str, said: &Value) -> Vec<String> {
    let lists = ["problems", "findings", "notes"].into_iter();
    lists
        .flat_map(|key| said[key].as_array().unwrap())
        .filter(|line| {
            ["th", "en"].iter().any(|lang| line[lang].as_str().is_none_or(str::is_empty))
        })
        .map(|line| format!("{case}: no text: {line}"))
        .collect()
}

/// Codes that golden cases expect: of problems, of findings, of notes.
fn expected_codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for case in Case::all() {
        let lists = ["problems", "findings"].into_iter();
        for line in lists.flat_map(|key| case.expect[key].as_array().unwrap()) {
            codes.insert(line[0].as_str().unwrap().to_owned());
        }
        for line in case.expect["noted"].as_array().into_iter().flatten() {
            codes.insert(line[0].as_str().unwrap().to_owned());
        }
        for (code, key) in [
            ("N01", "skipped"),
            ("N02", "not_checked"),
            ("N03", "links_unchecked"),
            ("N04", "no_data"),
        ] {
            if case.expect[key].as_array().is_some_and(|lines| !lines.is_empty()) {
                codes.insert(code.to_owned());
            }
        }
    }
    codes
}

#[test]
fn the_vocabulary_is_closed() {
    let cases = expected_codes();
    let rows = crate::rows::expected_codes();
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/findings.csv"),
    )
    .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut missing = Vec::new();
    for line in reader.records() {
        let line = line.unwrap();
        let (code, standard) = (&line[0], &line[1]);
        let shown = match standard {
            "*" if code.starts_with("XX") => {
                ["F21", "F43"].iter().all(|standard| files_show(&rows, standard, &code[2..]))
            }
            "*" => cases.contains(code),
            _ => rows.contains(&(standard.to_owned(), code.to_owned())),
        };
        if !shown {
            missing.push(format!("{standard} {code}"));
        }
    }
    assert!(missing.is_empty(), "no golden case gives {}", missing.join(", "));
}

/// Whether at least five files of a standard show a code that all files have.
fn files_show(rows: &BTreeSet<(String, String)>, standard: &str, tail: &str) -> bool {
    rows.iter().filter(|(of, code)| of == standard && code.ends_with(tail)).count() >= 5
}
