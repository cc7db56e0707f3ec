//! The definitions as a whole.

use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::kpi::{Calculator, Level, Library, Period};
use khlang::store::Store;

use super::{Loaded, cases, expand, expectations};

#[test]
fn every_query_can_be_asked_of_an_empty_store_and_says_what_it_lacks() {
    let loaded = Loaded::of("empty");
    let reader = loaded.reader();
    let library = Library::load(None).unwrap();
    let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
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
    let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
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
            if at % 2 == 1 && definition.counts == khlang::kpi::CountingUnit::Persons {
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
        let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
        for [kpi, period, _] in expectations(&case).into_keys() {
            let period: Period = period.parse().unwrap();
            for unit in loaded.environment.units.by_code.keys() {
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
        let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
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

/// A target holds for the years that its source names, and for no other.
#[test]
fn a_target_holds_for_the_years_of_its_source() {
    let library = Library::load(None).unwrap();
    let of =
        |id: &str, year: i32| library.kpis[id].target_of(year).map(|target| target.to_string());
    for (id, year, target) in [
        ("ttm", 2561, None),
        ("ttm", 2562, Some("18.50")),
        ("ttm", 2563, Some("19.50")),
        ("ttm", 2564, None),
        ("ttm", 2566, None),
        ("ttm_massage", 2563, None),
        ("anc12", 2557, Some("60.00")),
        ("anc12", 2558, None),
        ("anc12", 2562, Some("75.00")),
        ("anc12", 2563, None),
        ("anc5", 2557, Some("60.00")),
        ("anc5", 2566, None),
        ("ht_control", 2557, Some("40.00")),
        ("ht_control", 2562, None),
        ("ht_control", 2563, Some("60.00")),
        ("ht_control", 2565, Some("60.00")),
        ("ht_control", 2566, None),
        ("dm_screen_qof", 2559, None),
        ("dm_screen_qof", 2560, Some("75.00")),
        ("dm_screen_qof", 2561, None),
        ("dm_screen", 2560, None),
        ("ht_screen_qof", 2560, Some("75.00")),
        ("ht_screen_qof", 2561, None),
        ("antibiotic_uri", 2560, Some("20.00")),
        ("antibiotic_uri", 2561, None),
        ("antibiotic_diarrhoea", 2560, Some("20.00")),
        ("cmi_change", 2563, Some("0.25")),
        ("cmi_change", 2564, None),
        ("ha", 2563, Some("98.00")),
        ("ha", 2564, None),
        ("thai_refer", 2563, Some("100.00")),
        ("thai_refer", 2562, None),
        ("thai_refer_quality", 2563, None),
        ("evaluation_reports", 2563, Some("100.00")),
        ("evaluation_reports", 2565, None),
    ] {
        assert_eq!(of(id, year).as_deref(), target, "{id} {year}");
    }
    // No definition has a target that runs on.
    let last = library.kpis.values().filter_map(|kpi| kpi.target.keys().max());
    assert!(last.max() <= Some(&2565), "a target without an end");
}

/// The days beside a result are those that were looked at.
#[test]
fn nutrition_says_where_its_quarter_begins() {
    let loaded = Loaded::of("nutrition");
    let reader = loaded.reader();
    let library = Library::load(None).unwrap();
    let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
    for (kpi, period, start, end) in [
        ("nutrition", "2557-08", "2014-07-01", "2014-08-31"),
        ("nutrition", "2557-07", "2014-07-01", "2014-07-31"),
        ("nutrition", "2557", "2014-07-01", "2014-09-30"),
        ("nutrition", "2557Q2", "2014-01-01", "2014-03-31"),
        ("epi1", "2557-08", "2014-08-01", "2014-08-31"),
    ] {
        let definition = &library.kpis[kpi];
        let period: Period = period.parse().unwrap();
        let span = session.run(definition, &period, Level::Unit).unwrap().period;
        let days = (span.start.to_string(), span.end.to_string());
        assert_eq!(days, (start.to_owned(), end.to_owned()), "{kpi} {period}");
        let explained = session.explain_unit(definition, &period, "10670", false).unwrap();
        assert_eq!(explained.period, span, "{kpi} {period}");
    }
}

/// A group of units of which the list says nothing has a name all the same.
#[test]
fn a_group_without_a_code_has_a_name() {
    let loaded = Loaded::of("refer_out");
    let mut units = loaded.environment.units.clone();
    for unit in units.by_code.values_mut() {
        unit.network.clear();
        unit.level.clear();
        unit.district.clear();
        unit.province.clear();
    }
    let environment =
        Environment::new(Catalog::builtin().unwrap(), units, Config::default()).unwrap();
    let reader = loaded.reader();
    let library = Library::load(None).unwrap();
    let mut session = Calculator::new(&environment, &reader).unwrap();
    let period: Period = "2557".parse().unwrap();
    for (level, th, en) in [
        (Level::Network, "ไม่มีเครือข่าย", "no network"),
        (Level::Class, "ไม่ระบุระดับ", "no level"),
        (Level::District, "ไม่ระบุอำเภอ", "no district"),
        (Level::Province, "ไม่ระบุจังหวัด", "no province"),
    ] {
        let result = session.run(&library.kpis["refer_out"], &period, level).unwrap();
        assert_eq!(result.rows.len(), 1, "{level}");
        let row = &result.rows[0];
        assert!(row.code.is_empty() && row.name.contains(th) && row.name.contains(en), "{row:?}");
    }
}

/// What was taken back was not sent.
#[test]
fn a_period_of_which_all_was_taken_back_is_not_computable() {
    let loaded = Loaded::of("silent");
    let library = Library::load(None).unwrap();
    let period: Period = "2557".parse().unwrap();
    let database = loaded.folder.path().join("khlang.db");
    let needs = || {
        let reader = loaded.reader();
        let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
        let result = session.run(&library.kpis["dm_screen"], &period, Level::Unit).unwrap();
        result.not_computable.map(|why| why.needs)
    };
    assert_eq!(needs(), None);
    let mut store = Store::open(&database, &loaded.environment.catalog, 8).unwrap();
    let mut take_back = |unit: &str| {
        for id in 1..=store.last_submission().unwrap() {
            let submission = store.submission(id, &loaded.environment.catalog).unwrap().unwrap();
            if submission.hcode.as_deref() == Some(unit) {
                store.void(id, "somebody", "test", "2014-12-01T12:00:00+07:00").unwrap();
            }
        }
    };
    take_back("10670");
    assert_eq!(needs(), None, "another unit sent, too");
    take_back("10671");
    assert_eq!(needs().as_deref(), Some("NCDSCREEN"));
}

/// Stores of earlier versions have text where a number of weeks belongs.
#[test]
fn text_in_place_of_a_week_is_no_week() {
    let library = Library::load(None).unwrap();
    for (text, early) in
        [("12", true), ("abc", false), ("12w", false), ("-", false), ("NULL", false)]
    {
        let loaded = Loaded::of("anc12");
        let database = rusqlite::Connection::open(loaded.folder.path().join("khlang.db")).unwrap();
        // Late by the last menstruation.
        let sql = "UPDATE t_anc SET \"GA\" = ?1 WHERE \"PID\" = '27' OR \"PID\" = 27";
        assert_eq!(database.execute(sql, [text]).unwrap(), 1);
        drop(database);
        let reader = loaded.reader();
        let mut session = Calculator::new(&loaded.environment, &reader).unwrap();
        let period: Period = "2557".parse().unwrap();
        let kpi = &library.kpis["anc12"];
        let explained = session.explain_person(kpi, &period, &expand("@27"), true).unwrap();
        assert_eq!(explained.outcomes[0].in_numerator, early, "{text}");
    }
}
