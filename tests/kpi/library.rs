//! The definitions as a whole.

use khlang::kpi::{Level, Library, Period, Session};

use super::{Loaded, cases, expand, expectations};

#[test]
fn every_query_can_be_asked_of_an_empty_store_and_says_what_it_lacks() {
    let loaded = Loaded::of("empty");
    let reader = loaded.reader();
    let library = Library::load(None).unwrap();
    let mut session = Session::new(&loaded.world, &reader).unwrap();
    let period: Period = "2557".parse().unwrap();
    for definition in library.kpis.values() {
        let result = session.run(definition, &period, Level::Province).unwrap();
        let lacking = result.not_computable.is_some();
        assert_eq!(
            lacking,
            !definition.needs.is_empty() || definition.query.is_none(),
            "{}",
            definition.id
        );
        assert!(!lacking || result.rows.is_empty(), "{}", definition.id);
    }
}

#[test]
fn queries_use_no_engine_of_their_own() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/kpi");
    let mut looked = 0;
    for folder in [folder.clone(), folder.join("blocks"), folder.join("explain")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let code: String = text
                .lines()
                .map(|line| line.split("--").next().unwrap())
                .collect::<Vec<_>>()
                .join("\n");
            looked += 1;
            for word in [
                "julianday",
                "strftime",
                "date(",
                "iif(",
                "ifnull",
                "glob",
                "group_concat",
                "rowid",
                "pragma",
            ] {
                assert!(!code.to_lowercase().contains(word), "{} uses {word}", path.display());
            }
        }
    }
    assert!(looked > 20, "{looked}");
}

#[test]
fn every_reason_and_condition_has_its_words() {
    let loaded = Loaded::of("empty");
    let reader = loaded.reader();
    let library = Library::load(None).unwrap();
    let mut session = Session::new(&loaded.world, &reader).unwrap();
    let period: Period = "2557".parse().unwrap();
    for definition in library.kpis.values() {
        let Some(query) = &definition.query else { continue };
        for name in session.conditions(definition, &period).unwrap() {
            assert!(definition.conditions.contains_key(&name), "{}: {name}", definition.id);
        }
        // A reason stands between THEN (or ELSE) and the end of its column.
        let text = query.text.split(" AS reason").next().unwrap();
        let cases = text.rsplit("AS num,").next().unwrap();
        for (at, word) in cases.split('\'').enumerate() {
            if at % 2 == 1 && definition.counts == khlang::kpi::Counts::Persons {
                assert!(definition.exclusions.contains_key(word), "{}: {word}", definition.id);
            }
        }
        for text in definition.exclusions.values().chain(definition.conditions.values()) {
            assert!(!text.th.is_empty() && !text.en.is_empty(), "{}", definition.id);
        }
    }
}

#[test]
fn no_unit_is_explained_with_citizen_ids_unless_they_are_asked_for() {
    let library = Library::load(None).unwrap();
    let mut listed = 0;
    for case in cases() {
        let loaded = Loaded::of(&case);
        let reader = loaded.reader();
        let mut session = Session::new(&loaded.world, &reader).unwrap();
        for [kpi, period, _] in expectations(&case).into_keys() {
            let period: Period = period.parse().unwrap();
            for unit in loaded.world.units.by_code.keys() {
                let definition = &library.kpis[&kpi];
                let explained = session.explain_unit(definition, &period, unit, false).unwrap();
                listed += explained.missing.len();
                // Every citizen ID of a case begins so (see `cid`).
                let text = serde_json::to_string(&explained).unwrap();
                assert!(!text.contains("100000000"), "{case} {kpi} {unit}: {text}");
            }
        }
    }
    assert!(listed > 100, "{listed}");
}

#[test]
fn the_conditions_of_a_person_agree_with_how_the_person_counts() {
    let library = Library::load(None).unwrap();
    let mut looked = 0;
    for case in cases() {
        let loaded = Loaded::of(&case);
        let reader = loaded.reader();
        let mut session = Session::new(&loaded.world, &reader).unwrap();
        for ([kpi, period, level], lines) in expectations(&case) {
            let period: Period = period.parse().unwrap();
            for line in lines.iter().filter(|_| level == "person") {
                let (_, person) = line.split(',').next().unwrap().split_once(':').unwrap();
                let definition = &library.kpis[&kpi];
                let explained =
                    session.explain_person(definition, &period, &expand(person), true).unwrap();
                for outcome in explained.outcomes {
                    looked += 1;
                    let unmet: Vec<&str> = outcome
                        .checks
                        .iter()
                        .filter(|check| check.met == Some(false))
                        .map(|check| &*check.name)
                        .collect();
                    assert_eq!(
                        outcome.in_numerator,
                        unmet.is_empty(),
                        "{kpi} {period} {person} at {}: {unmet:?}",
                        outcome.hcode
                    );
                }
            }
        }
    }
    assert!(looked > 400, "{looked}");
}
