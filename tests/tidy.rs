//! House style as tests: what a review would otherwise have to look for.

mod circles;
mod names;
mod pauses;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file of the program, in lines.
const LONGEST: usize = 500;

/// Layers from the outside in. A file may use its own layer and those after
/// it, never one before it (docs/architecture.md).
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["daemon"],
    &["http"],
    &["app"],
    &["inbox", "sample", "schedule", "forward", "rep"],
    &["load", "export"],
    &["audit"],
    &["money", "kpi"],
    &["score"],
    &["registry", "access", "sql"],
    &["report", "store"],
    &["submission", "environment"],
    &["row", "units"],
    &[
        "credentials",
        "catalog",
        "config",
        "archive",
        "build",
        "clock",
        "files",
        "lib",
        "overlay",
        "printable",
        "priority",
        "privacy",
        "problem_code",
        "spelling",
        "text",
        "version",
    ],
];

/// Uses that the layers would allow but the design forbids.
const FORBIDDEN: &[(&str, &str)] =
    &[("http", "load"), ("app", "load"), ("sample", "load"), ("sample", "row")];

/// Every crate the program itself may use; adding one is a decision.
const CRATES: &[&str] = &[
    "ammonia",
    "anyhow",
    "base64",
    "calamine",
    "chrono",
    "clap",
    "clap_complete",
    "clap_mangen",
    "croner",
    "crossbeam-channel",
    "csv",
    "encoding_rs",
    "env_logger",
    "flate2",
    "form_urlencoded",
    "futures",
    "getrandom",
    "hashbrown",
    "httparse",
    "include_dir",
    "indexmap",
    "indicatif",
    "log",
    "matchit",
    "memchr",
    "minijinja",
    "multer",
    "notify",
    "percent-encoding",
    "pulldown-cmark",
    "rusqlite",
    "rusqlite_migration",
    "rust_decimal",
    "rust_xlsxwriter",
    "rustc-hash",
    "rustix",
    "schemars",
    "sd-notify",
    "serde",
    "serde_json",
    "sha2",
    "signal-hook",
    "socket2",
    "strsim",
    "subtle",
    "tempfile",
    "thiserror",
    "tiny_http",
    "toml",
    "unicode-width",
    "zip",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The module at the top of the crate that a source file belongs to.
fn module(name: &str) -> String {
    let inner = name.strip_prefix("src/").unwrap();
    inner.split(['/', '.']).next().unwrap().to_owned()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The code without its unit tests, which may reach further.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = ["src", "tests", "benches", "fuzz/src", "fuzz/targets"]
        .iter()
        .filter(|folder| root().join(folder).exists())
        .flat_map(|folder| sources(folder))
        .filter(|(_, text)| text.lines().count() > LONGEST)
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        let own = module(&name);
        let Some(own_layer) = layer(&own) else { panic!("{name}: {own} has no layer in tidy.rs") };
        let is_test = name.contains("test") || name.contains("attacks");
        for used in without_tests(&text).split("crate::").skip(1) {
            // A kind of check says how a sample breaks it; that is no validating.
            if own == "sample" && used.starts_with("row::checks::") {
                continue;
            }
            let used: String =
                used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let Some(used_layer) = layer(&used) else { continue };
            let forbidden = FORBIDDEN.iter().any(|(a, b)| *a == own && *b == used);
            if !is_test && (used_layer < own_layer || forbidden) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn validating_rows_does_no_io() {
    for (name, text) in sources("src").into_iter().filter(|(name, _)| name.starts_with("src/row/"))
    {
        for word in ["std::fs", "std::io", "std::net", "rusqlite", "std::thread"] {
            assert!(!text.contains(word), "{name} names {word}");
        }
    }
}

#[test]
fn only_the_store_knows_sqlite() {
    for (name, text) in sources("src") {
        let knows = without_tests(&text).contains("rusqlite");
        assert!(!knows || name.starts_with("src/store/"), "{name} names rusqlite");
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (name, text) in sources("src") {
        if !name.ends_with("tests.rs") && !name.contains("/tests/") {
            assert!(text.starts_with("//! "), "{name} has no module docs");
        }
    }
}

#[test]
fn nothing_is_left_open() {
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "XX".to_owned() + "X:"];
    for (name, text) in sources("src").into_iter().chain(sources("tests")) {
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{name} has a {mark}");
        }
        assert!(!text.contains(&("#[ig".to_owned() + "nore")), "{name} leaves a test out");
    }
}

#[test]
fn the_crates_in_use_are_the_ones_decided_on() {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let used: BTreeSet<&str> =
        manifest["dependencies"].as_table().unwrap().keys().map(String::as_str).collect();
    let decided: BTreeSet<&str> = CRATES.iter().copied().collect();
    assert_eq!(used, decided);
}

/// Versions by name, and the dependencies of the program, of a lock file.
fn locked(file: &str) -> (BTreeMap<String, BTreeSet<String>>, BTreeSet<String>) {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let lock: toml::Table = text.parse().unwrap();
    let (mut versions, mut own) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeSet::new());
    for package in lock["package"].as_array().unwrap() {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        if text("name") == "khlang" {
            let names = package["dependencies"].as_array().unwrap().iter();
            own = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        }
        versions.entry(text("name")).or_default().insert(text("version"));
    }
    (versions, own)
}

#[test]
fn what_is_fuzzed_is_locked_as_the_program_is() {
    let ((ours, own), (fuzz, fuzzed)) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    let mut wrong: Vec<String> = fuzz
        .iter()
        .filter(|(name, versions)| ours.get(*name).is_some_and(|own| !versions.is_subset(own)))
        .map(|(name, versions)| format!("{name} {versions:?}, but {:?}", ours[name]))
        .collect();
    let names = |all: BTreeSet<String>| -> BTreeSet<String> {
        all.iter().filter_map(|name| name.split(' ').next()).map(str::to_owned).collect()
    };
    let (own, fuzzed) = (names(own), names(fuzzed));
    // What only tests need is not built there.
    wrong.extend(fuzzed.difference(&own).map(|name| format!("{name} is not used any more")));
    let lacks = CRATES.iter().filter(|name| !fuzzed.contains(**name));
    wrong.extend(lacks.map(|name| format!("{name} is lacking")));
    assert!(
        wrong.is_empty(),
        "renew it: cp Cargo.lock fuzz/ && (cd fuzz && cargo metadata --format-version 1 \
         >/dev/null)\n{wrong:#?}"
    );
}

/// Where code may name a record, a column or a code of the catalogue, and why:
/// file or folder, what (blank: anything), reason.
const FACTS: &[(&str, &str, &str)] = &[
    ("src/catalog/record.rs", "", "the key of a visit, named once"),
    ("src/problem_code.rs", "", "the list of problem codes, proven against findings.csv"),
    ("src/store/row_filter.rs", "PID", "a column of our own SQL"),
    ("src/cli/audit/step.rs", "REASON", "the name of an argument"),
    ("src/cli/kpi.rs", "CID", "the name of an argument"),
    ("src/sample/", "", "the sample writes each kind of record by hand"),
];

/// Every name of a record, file and column, and every code, of `schema/`.
fn facts_of_the_catalogue() -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for entry in fs::read_dir(root().join("schema/records")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let record: toml::Table = text.parse().unwrap();
        facts.insert(record["name"].as_str().unwrap().to_owned());
        for layout in ["f43", "f21"].iter().filter_map(|name| record.get(*name)) {
            facts.insert(layout["file"].as_str().unwrap().to_owned());
            for column in layout["columns"].as_array().unwrap() {
                let names = ["name", "as"].iter().filter_map(|key| column.get(*key));
                facts.extend(names.map(|name| name.as_str().unwrap().to_owned()));
                let checks = column.get("checks").and_then(toml::Value::as_array);
                let codes = checks.into_iter().flatten().map(|check| &check["code"]);
                facts.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
            }
        }
    }
    let findings = fs::read_to_string(root().join("schema/findings.csv")).unwrap();
    let mut findings = csv::Reader::from_reader(findings.as_bytes());
    facts.extend(findings.records().map(|line| line.unwrap()[0].to_owned()));
    facts
}

/// The facts that the string literals of a source are.
fn facts_in<'t>(text: &'t str, facts: &BTreeSet<String>) -> Vec<&'t str> {
    let literals = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let literals = literals.flat_map(|line| line.split('"').skip(1).step_by(2));
    literals.filter(|literal| facts.contains(*literal)).collect()
}

#[test]
fn facts_of_the_catalogue_are_not_in_code() {
    let facts = facts_of_the_catalogue();
    for known in ["PERSON", "DIAG", "DATE_SERV", "PCUCODE", "SE1105", "M06", "XX9510"] {
        assert!(facts.contains(known), "{known}");
    }
    assert_eq!(facts_in("match x { \"DEATH\" | \"deaths\" => y }", &facts), ["DEATH"]);
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, text) in sources("src").into_iter().filter(|(name, _)| !name.contains("test")) {
        for fact in facts_in(without_tests(&text), &facts) {
            let allowed = |(place, what, _): &(&str, &str, &str)| {
                name.starts_with(place) && (what.is_empty() || *what == fact)
            };
            match FACTS.iter().position(allowed) {
                Some(at) => {
                    used.insert(at);
                }
                None => wrong.push(format!("{name} names {fact}")),
            }
        }
    }
    assert!(wrong.is_empty(), "they belong into schema/ or config/: {wrong:#?}");
    assert_eq!(used.len(), FACTS.len(), "an exception is not needed any more");
}

/// Files and folders where Thai still stands in code; none is added to them. The
/// sample's are values of made-up rows, which nobody reads as a message.
const THAI: &[&str] = &["src/sample/"];

fn is_thai(c: char) -> bool {
    ('\u{e00}'..='\u{e7f}').contains(&c)
}

#[test]
fn thai_texts_stand_in_texts_csv_and_not_in_code() {
    let has_thai = |text: &str| {
        without_tests(text)
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && line.chars().any(is_thai))
    };
    let files = sources("src").into_iter().filter(|(name, _)| !name.contains("test"));
    let found: Vec<String> =
        files.filter(|(_, text)| has_thai(text)).map(|(name, _)| name).collect();
    let is_new = |name: &&String| !THAI.iter().any(|place| name.starts_with(place));
    let new: Vec<&String> = found.iter().filter(is_new).collect();
    assert!(new.is_empty(), "move the texts to src/text/texts.csv: {new:#?}");
    let done = |place: &&&str| !found.iter().any(|name| name.starts_with(**place));
    let done: Vec<&&str> = THAI.iter().filter(done).collect();
    assert!(done.is_empty(), "they have none any more: {done:#?}");
}

#[test]
fn every_key_of_a_text_is_used_and_every_key_used_has_a_text() {
    let texts = fs::read_to_string(root().join("src/text/texts.csv")).unwrap();
    let mut texts = csv::Reader::from_reader(texts.as_bytes());
    let keys: BTreeSet<String> = texts.records().map(|row| row.unwrap()[0].to_owned()).collect();
    let areas: BTreeSet<&str> = keys.iter().filter_map(|key| key.split('.').next()).collect();
    let mut used = BTreeSet::new();
    for (_, text) in sources("src") {
        for literal in without_tests(&text).split('"') {
            let (area, rest) = literal.split_once('.').unwrap_or_default();
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if areas.contains(area) && !rest.is_empty() && rest.chars().all(word) {
                used.insert(literal.to_owned());
            }
        }
    }
    // Names of files are no keys.
    let is_file = |name: &str| ["csv", "html", "xlsx", "zip"].iter().any(|end| name.ends_with(end));
    used.retain(|name| !is_file(name));
    assert_eq!(used, keys);
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_gone() {
    // These say "no" also to a disk that fails and a folder that is closed.
    let hides = [".exists()", "metadata().is_ok()", "metadata().is_err()", "entries.flatten()"];
    for (name, text) in sources("src") {
        // Its names never end, and the rename that follows replaces nothing.
        if name.contains("test") || name == "src/inbox/archive_paths.rs" {
            continue;
        }
        let hidden = without_tests(&text).lines().find(|line| {
            let rest = line.split_once("read_dir(").map_or("", |(_, rest)| rest);
            [".into_iter()", ".flatten()", ".ok()", "unwrap_or"].iter().any(|c| rest.contains(c))
        });
        assert_eq!(hidden, None, "{name} takes a folder that cannot be read for an empty one");
        for call in hides {
            let found = without_tests(&text).contains(call);
            assert!(!found, "{name} has {call}: use files::is_there");
        }
    }
}
