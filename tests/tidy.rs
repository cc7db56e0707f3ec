//! House style as tests: what a review would otherwise have to look for.

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
    &["inbox", "http", "sample", "schedule"],
    &["load", "export"],
    &["audit"],
    &["money", "kpi"],
    &["score"],
    &["registry"],
    &["report", "store"],
    &["submission", "world"],
    &["row", "units"],
    &[
        "access",
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
        "spelling",
        "version",
    ],
];

/// Uses that the layers would allow but the design forbids.
const FORBIDDEN: &[(&str, &str)] = &[("http", "load"), ("sample", "load"), ("sample", "row")];

/// Every crate the program itself may use; adding one is a decision.
const CRATES: &[&str] = &[
    "ammonia",
    "anyhow",
    "base64",
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
fn judging_rows_does_no_io() {
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

#[test]
fn facts_of_the_domain_are_not_in_match_arms() {
    // Names of files of the standards stand in schema/, and in code only where
    // a file has a part that no other has (PERSON and DEATH know persons).
    let names =
        ["\"SERVICE\"", "\"DIAG\"", "\"DRUG\"", "\"DIAGNOSIS_OPD\"", "\"EPI\"", "\"CHRONIC\""];
    for (name, text) in sources("src") {
        if name.starts_with("src/sample/") || name.contains("test") {
            continue;
        }
        for fact in names {
            assert!(!without_tests(&text).contains(fact), "{name} names {fact}");
        }
    }
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_gone() {
    // These say "no" also to a disk that fails and a folder that is closed.
    let hides = [".exists()", "metadata().is_ok()", "metadata().is_err()"];
    for (name, text) in sources("src") {
        // Its names never end, and the rename that follows replaces nothing.
        if name.contains("test") || name == "src/inbox/archive_paths.rs" {
            continue;
        }
        for call in hides {
            let found = without_tests(&text).contains(call);
            assert!(!found, "{name} has {call}: use files::is_there");
        }
    }
}
