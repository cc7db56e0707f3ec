//! Rules as a whole: each can be run, says what it shows, and is about an item
//! of the rulebook.

use std::path::Path;

use khlang::audit::run::{RunScope, find};
use khlang::audit::{RuleLibrary, UnitRows};
use khlang::catalog::Catalog;
use khlang::overlay::{self, Overlay};

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

#[test]
fn the_hundred_percent_of_a_rule_is_by_its_own_parameters() {
    // Two rules count by one block, each with a value of its own.
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("config/audit");
    let put = |name: &str, text: &str| {
        let path = own.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let shipped = |name: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
    };
    put(
        "blocks/screened.sql",
        "-- columns: hcode TEXT, pid TEXT, day INTEGER, sub INTEGER, line INTEGER\n\
         SELECT HOSPCODE, PID, DATE_SERV, SUBMISSION, LINE FROM NCDSCREEN\n\
         WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of AND LINE % 100 >= :least\n",
    );
    let sql = "-- use: screened\n-- alone: unit\n\
        SELECT 'NCDSCREEN' AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day,\n  \
        1 AS v_number FROM screened\n";
    let toml = shipped("config/audit/ncd_repeat.toml");
    for (id, least) in [("own_all", 0), ("own_few", 4)] {
        put(&format!("{id}.sql"), sql);
        let toml = toml.replace("\"ncd_repeat\"", &format!("\"{id}\""));
        let toml = toml.replace("[\"NCDSCREEN\"]", "[\"screened\"]");
        put(&format!("{id}.toml"), &format!("{toml}\n[parameters]\nleast = {least}\n"));
    }
    let overlay = Overlay::new(folder.path(), overlay::AUDIT);
    let library = RuleLibrary::load(Some(&overlay)).unwrap();
    let loaded = Loaded::load("ncd_repeat");
    over(&loaded, &library, |session| {
        for tranche in session.basis.book.tranches.clone() {
            let mut sums = Vec::new();
            for id in ["own_all", "own_few", "own_all"] {
                let rule = library.get(id).unwrap();
                let rows = session.rows(rule, &tranche).unwrap();
                for (unit, rows) in &rows {
                    let of = session.denominator(rule, &tranche, unit).unwrap();
                    assert_eq!(of, rows.len() as u64, "{id} {unit}");
                }
                sums.push(rows.values().map(UnitRows::len).sum::<usize>());
            }
            assert!(tranche.number > 1 || sums[0] > sums[1], "{sums:?}");
        }
    });
}

#[test]
fn rows_of_one_day_come_in_one_order() {
    // Which of two rows of a day is the later one must not rest on how they lie
    // in the store: it is the later line of the later submission.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/audit");
    let mut windows = 0;
    for folder in ["", "blocks"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "sql") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let text = text.replace(" WINDOW w AS (", " OVER (");
            for part in text.split(" OVER (").skip(1) {
                let Some((_, order)) = part.split_once("ORDER BY ") else { continue };
                // The order ends with its bracket.
                let mut depth = 1;
                let end = order.find(|c: char| {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    depth == 0
                });
                let order = &order[..end.unwrap()];
                windows += 1;
                // Medians and registers of rounds have no ties that tell.
                let whole = order.to_ascii_lowercase().ends_with("line")
                    || ["persons", "CASE WHEN ROUND <= :round THEN -ROUND ELSE ROUND END"]
                        .contains(&order.trim());
                assert!(whole, "{}: ORDER BY {order}", path.display());
            }
        }
    }
    assert!(windows > 8, "{windows}");
}

#[test]
fn a_rule_without_its_item_or_its_hundred_percent_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("config/audit");
    std::fs::create_dir_all(&own).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let toml = shipped("config/audit/ncd_repeat.toml");
    let sql = shipped("schema/audit/ncd_repeat.sql");
    for (id, from, to) in [
        ("own_item", "item = \"NCDSCREEN\"", "item = \"NOTHING\""),
        ("own_base", "denominator = [\"NCDSCREEN\"]", "denominator = [\"NEWBORN\"]"),
    ] {
        let text = toml.replace("\"ncd_repeat\"", &format!("\"{id}\"")).replacen(from, to, 1);
        assert!(text.contains(to), "{text}");
        std::fs::write(own.join(format!("{id}.toml")), text).unwrap();
        std::fs::write(own.join(format!("{id}.sql")), &sql).unwrap();
    }
    let library = RuleLibrary::load(Some(&Overlay::new(folder.path(), overlay::AUDIT))).unwrap();
    let loaded = Loaded::load("ncd_repeat");
    let found = over(&loaded, &library, |session| find(session, &RunScope::default()).unwrap());
    let of = |rule: &str| -> Vec<(&str, &str)> {
        let lines = found.not_applicable.iter().filter(|line| line.rule == rule);
        lines.map(|line| (line.unit.as_str(), line.why.en.as_str())).collect()
    };
    let item = ("*", "the rulebook of the round has no such item");
    assert_eq!(of("own_item"), [item, item], "{:?}", found.not_applicable);
    assert!(!found.ran.iter().any(|(rule, _)| rule == "own_item"));
    let units: Vec<&str> =
        found.findings.keys().filter(|(id, ..)| id == "ncd_repeat").map(|at| &*at.2).collect();
    assert!(!units.is_empty());
    let none = "no rows that its percentage could be of";
    assert_eq!(of("own_base"), units.iter().map(|unit| (*unit, none)).collect::<Vec<_>>());
    assert!(!found.findings.keys().any(|(id, ..)| id == "own_base"), "of nothing none is judged");
}
