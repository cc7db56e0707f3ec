//! Every reference to a source can be opened: it names an entry of
//! `docs/sources.md` or a section of `docs/rules.md`, and no entry is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where references stand.
const PLACES: &[&str] = &[
    "src",
    "schema",
    "config",
    "tests",
    "docs",
    "benches",
    "packaging",
    "fuzz/src",
    "fuzz/targets",
    "README.md",
    "README.th.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
];

/// Files whose text may not change or is about references, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("schema/migrations/", "the text of a migration is in databases"),
    ("tests/tidy_sources.rs", "it names what it looks for"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file in the places, by its path from the root.
fn texts() -> Vec<(String, String)> {
    fn walk(path: &Path, out: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), out);
            }
        } else if path.exists() {
            out.push(path.to_owned());
        }
    }
    let mut paths = Vec::new();
    for place in PLACES {
        walk(&root().join(place), &mut paths);
    }
    paths.sort();
    let named = paths.into_iter().filter_map(|path| {
        let name = path.strip_prefix(root()).unwrap().to_str()?.to_owned();
        let text = String::from_utf8(fs::read(&path).unwrap()).ok()?;
        Some((name, text))
    });
    named.filter(|(name, _)| !LEFT_OUT.iter().any(|(left, _)| name.starts_with(left))).collect()
}

/// Whether a word is written as the id of an entry: `OPPP-2557`, `F43-SHEET`.
fn is_id(word: &str) -> bool {
    let part = |part: &str| {
        part.len() > 1 && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let mut parts = word.split('-');
    let first = parts
        .next()
        .is_some_and(|first| part(first) && first.starts_with(|c: char| c.is_ascii_uppercase()));
    first && word.contains('-') && parts.all(part)
}

/// The ids that a text cites: `[ID]`, `[ID s. 3]`, `[ID p. 4; ID]`. Patterns
/// such as `[A-Z0-9]` are none.
fn cited(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for inside in text.split('[').skip(1).filter_map(|rest| rest.split_once(']')) {
        let entries: Vec<&str> =
            inside.0.split(';').map(|one| one.split_whitespace().next().unwrap_or("")).collect();
        if entries.iter().all(|id| is_id(id)) {
            found.extend(entries);
        }
    }
    found
}

/// References to what is in no public place, in a line.
fn dead(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    for words in [
        "contract §",
        "contract.md",
        "kpi.md",
        "audit.md §",
        "slides.md",
        "peers.md",
        "readme source",
        "project seed",
        "research/",
        "dictionary readme",
        "dictionary's readme",
        "(design:",
        "kpi_missing",
    ] {
        if lower.contains(words) {
            return Some(words.to_owned());
        }
    }
    for word in ["slide ", "slides ", "issue "] {
        for (at, _) in lower.match_indices(word) {
            let number = lower[at + word.len()..].starts_with(|c: char| c.is_ascii_digit());
            // A title may name slides where its entry follows.
            let titled = lower[at..].contains("[oppp-2557 s. ");
            let whole = !lower[..at].ends_with(char::is_alphanumeric);
            if number && whole && !titled {
                return Some(format!("{word}N"));
            }
        }
    }
    None
}

/// Entries of `docs/sources.md` with their texts.
fn entries() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs/sources.md")).unwrap();
    let mut entries = BTreeMap::new();
    for part in text.split("\n### ").skip(1) {
        let (id, body) = part.split_once('\n').unwrap();
        let body = body.split("\n## ").next().unwrap();
        assert!(is_id(id), "{id} is no id");
        assert!(entries.insert(id.to_owned(), body.to_owned()).is_none(), "{id} stands twice");
    }
    entries
}

#[test]
fn ids_and_citations_are_told_from_other_text() {
    assert_eq!(
        cited("x [OPPP-2557 s. 3 and 4; F43-SHEET], [SUB-HDC]"),
        ["OPPP-2557", "F43-SHEET", "SUB-HDC"]
    );
    for none in ["[A-Z0-9]", "[a-z]", "[0-9A-F]", "[NULL]", "a[i - 1]", "[RFC 9110]", "[]"] {
        assert!(cited(none).is_empty(), "{none}");
    }
    for line in ["(slide 30)", "contract §5", "kpi.md 2.4", "README source 4", "issue 14"] {
        assert!(dead(line).is_some(), "{line}");
    }
    for line in ["[OPPP-2557 s. 30]", "deck 2557, slide 3 [OPPP-2557 s. 3]", "tissue 3", "slides"] {
        assert!(dead(line).is_none(), "{line}");
    }
}

#[test]
fn no_reference_is_to_what_nobody_can_open() {
    let mut wrong = Vec::new();
    for (name, text) in texts().iter().filter(|(name, _)| name != "docs/sources.md") {
        for (at, line) in text.lines().enumerate() {
            if let Some(what) = dead(line) {
                wrong.push(format!("{name}:{}: {what}", at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "cite an entry of docs/sources.md instead:\n{}", wrong.join("\n"));
}

#[test]
fn every_source_that_is_cited_has_an_entry_and_every_entry_is_cited() {
    let entries = entries();
    let (mut unknown, mut used) = (BTreeSet::new(), BTreeSet::new());
    let texts = texts();
    let others = || texts.iter().filter(|(name, _)| name != "docs/sources.md");
    for (name, text) in others() {
        for id in cited(text) {
            if !entries.contains_key(id) {
                unknown.insert(format!("{name}: {id}"));
            }
            used.insert(id.to_owned());
        }
    }
    assert!(unknown.is_empty(), "not in docs/sources.md: {unknown:#?}");
    for (id, body) in &entries {
        let reason = body.contains("\nNot cited: ");
        let as_text = body.split_once("Cited as: `").and_then(|(_, rest)| rest.split_once('`'));
        let by_text = as_text.is_some_and(|(words, _)| others().any(|(_, t)| t.contains(words)));
        let is_used = used.contains(id) || by_text;
        assert!(is_used || reason, "{id} is cited nowhere: take it out, or say `Not cited: why`");
        assert!(body.contains("Taken: ") || reason, "{id} does not say what was taken from it");
    }
}

#[test]
fn sections_of_the_rules_that_are_cited_are_there() {
    let rules = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let mut wrong = Vec::new();
    for (name, text) in texts() {
        for rest in text.split("docs/rules.md#").skip(1) {
            let section: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            if !rules.contains(&format!("\n## {section}\n")) {
                wrong.push(format!("{name}: {section}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
