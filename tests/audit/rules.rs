//! Rules as a whole: each can be run, says what it shows, and is about an item
//! of the rulebook.

use std::path::Path;

use khlang::audit::RuleLibrary;
use khlang::catalog::Catalog;

use super::{Loaded, book, over};

#[test]
fn every_query_runs_and_gives_what_the_rule_shows() {
    let library = RuleLibrary::load(None).unwrap();
    // A case with rows of many kinds: what is proven is that the queries run.
    let loaded = Loaded::load("mch_dates");
    over(&loaded, &library, |session| {
        for tranche in session.basis.book.tranches.clone() {
            for rule in library.rules.values() {
                session.prove(rule, &tranche).unwrap();
            }
        }
    });
}

#[test]
fn every_rule_is_about_an_item_of_the_rulebook() {
    let (library, book) = (RuleLibrary::load(None).unwrap(), book());
    for rule in library.rules.values() {
        assert!(book.item(&rule.item).is_some(), "{}", rule.id);
        assert!(rule.source.len() > 5, "{}", rule.id);
    }
}

#[test]
fn no_block_hides_a_record() {
    // Temporary tables go before views, in any case of letters.
    let catalog = Catalog::load(None).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/audit");
    for folder in ["blocks", "tables"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().to_ascii_uppercase();
            assert!(catalog.record(&name).is_none(), "{}", path.display());
        }
    }
}
