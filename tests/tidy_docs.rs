//! The documents name only what is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every document in Markdown, by its path from the root.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs", "schema", "schema/score", "benches", "packaging"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "md") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The anchor that GitHub gives a heading: Thai tone marks stay.
fn anchor(heading: &str) -> String {
    let stays =
        |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '\u{e47}'..='\u{e4e}');
    let kept = heading.trim().chars().filter(stays);
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// What is written in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let link = link.0;
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let here = document.parent().unwrap_or(Path::new(""));
            let target = if file.is_empty() { document.clone() } else { here.join(file) };
            let path = root().join(&target);
            if !path.exists() {
                wrong.push(format!("{}: {link}", document.display()));
            } else if !section.is_empty() {
                let there = fs::read_to_string(&path).unwrap_or_default();
                if !anchors(&there).contains(section) {
                    wrong.push(format!("{}: no section {link}", document.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn paths_that_the_architecture_and_the_guide_for_changes_name_exist() {
    let mut wrong = Vec::new();
    for document in ["docs/architecture.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let mut seen = 0;
        for path in quoted(&text) {
            let first = path.split('/').next().unwrap();
            let is_path = ["src", "tests", "schema", "config", "docs"].contains(&first)
                && path.contains('/')
                && !path.contains(['*', ' ', '…', '<'])
                && !path.chars().any(|c| c.is_ascii_uppercase() && !path.contains("README"));
            if is_path {
                seen += 1;
                if !root().join(path).exists() {
                    wrong.push(format!("{document}: {path}"));
                }
            }
        }
        assert!(seen > 10, "{document} names no paths");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_invariant_is_held_by_files_that_have_tests() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let table = text.split("## Invariants").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> =
        table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let files: Vec<&str> = quoted(row).filter(|path| path.starts_with("tests/")).collect();
        assert!(!files.is_empty(), "no test: {row}");
        for file in files {
            let path = root().join(file);
            let path = if path.is_dir() { path.join("mod.rs") } else { path };
            let text = fs::read_to_string(&path).unwrap();
            let tests = text.contains("#[test]") || text.contains("proptest!");
            assert!(tests, "{file} has no test");
        }
    }
}

#[test]
fn the_readme_is_short_and_shows_a_small_picture() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(text.lines().count() < 100, "what is long goes to docs/guide.md");
    let picture = root().join("docs/images/today.png");
    assert!(text.contains("docs/images/today.png"));
    assert!(fs::metadata(picture).unwrap().len() < 150_000);
}

#[test]
fn every_kind_of_check_in_use_is_described() {
    let readme = fs::read_to_string(root().join("schema/README.md")).unwrap();
    let mut kinds = BTreeSet::new();
    for entry in fs::read_dir(root().join("schema/records")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for rest in text.split("kind = \"").skip(1) {
            kinds.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    assert!(kinds.len() > 10);
    let lacks: Vec<&String> =
        kinds.iter().filter(|kind| !readme.contains(&format!("| `{kind}` |"))).collect();
    assert!(lacks.is_empty(), "schema/README.md does not describe {lacks:?}");
}

#[test]
fn every_folder_of_the_schema_is_described() {
    let readme = fs::read_to_string(root().join("schema/README.md")).unwrap();
    for entry in fs::read_dir(root().join("schema")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || readme.contains(&format!("`{name}")), "{name}");
    }
}

#[test]
fn the_contract_of_a_query_names_every_given_parameter_and_head_line() {
    let readme = fs::read_to_string(root().join("schema/README.md")).unwrap();
    let mut heads = BTreeSet::new();
    for folder in ["schema/kpi", "schema/kpi/blocks"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for line in text.lines().filter_map(|line| line.strip_prefix("-- ")) {
                if let Some((word, _)) = line.split_once(": ")
                    && word.bytes().all(|b| b.is_ascii_lowercase())
                {
                    heads.insert(word.to_owned());
                }
            }
        }
    }
    for known in ["use", "table", "columns", "alone"] {
        assert!(heads.contains(known), "{heads:?}");
    }
    let read = ["use", "list", "table", "columns", "key", "index", "alone", "whole"];
    for word in heads.iter().map(String::as_str).filter(|word| read.contains(word)) {
        assert!(readme.contains(&format!("`-- {word}: ")), "{word}");
    }
}
