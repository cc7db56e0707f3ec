//! TOML that people of the province write: rulebooks, configuration,
//! definitions of KPIs, layouts of reports. The first byte chooses which. A
//! rulebook is also made of the shipped one with single values replaced by
//! those of the input, so that it gets past its reader.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use chrono::NaiveDate;
use khlang::config::Config;
use khlang::export::fuzzing::layout;
use khlang::kpi::fuzzing::{Queries, parameters};
use khlang::kpi::{Library, Period, YearKind};
use khlang::money::Satang;
use khlang::money::allocate::allocate;
use khlang::money::from_rulebook::terms;
use khlang::money::holds::ActiveHolds;
use khlang::money::terms::{MoneyRules, QualityMark, UnitFacts};
use khlang::schedule::Schedule;
use khlang::score::Rulebook;
use khlang::score::quality::percent;
use khlang::score::rulebook::check::check;
use khlang_fuzz::{folder, environment};
use libfuzzer_sys::fuzz_target;
use toml::{Table, Value};

const SHIPPED: &str = include_str!("../../config/rulebooks/2557.toml");

static LIBRARY: LazyLock<Library> =
    LazyLock::new(|| Library::load(None).expect("the definitions are right"));
static QUERIES: LazyLock<Queries> =
    LazyLock::new(|| Queries::builtin().expect("the queries are right"));
static BOOK: LazyLock<Table> = LazyLock::new(|| SHIPPED.parse().expect("the rulebook is TOML"));

/// Whether it is right by its check.
fn rulebook(text: &str) -> bool {
    let book = match Rulebook::parse("fuzz.toml", text) {
        Ok(book) => book,
        Err(mistake) => {
            assert!(!mistake.what.is_empty(), "a mistake without words");
            return false;
        }
    };
    let written = toml::to_string(&book).expect("what was read can be written");
    let mut again = Rulebook::parse("fuzz.toml", &written).expect("what was written can be read");
    again.sha256.clone_from(&book.sha256);
    again.text.clone_from(&book.text);
    assert!(again == book, "written otherwise than read:\n{written}");
    let mistakes = check(&book, &environment().catalog);
    for mistake in &mistakes {
        assert!(mistake.what.contains(": ") && mistake.file == "fuzz.toml", "{mistake}");
    }
    if mistakes.is_empty() {
        // Every percentage there can be has a score.
        for dimension in &book.quality.dimensions {
            for (part, whole) in
                [(0, 1), (1, 3), (1, 2), (2, 3), (9_999, 10_000), (u64::MAX, u64::MAX)]
            {
                let percent = percent(part, whole, book.quality.decimals);
                assert!(dimension.score(percent).is_some(), "{percent} has no score");
            }
        }
    }
    if mistakes.is_empty()
        && let Ok(terms) = terms(&book)
    {
        adds_up(&terms);
    }
    mistakes.is_empty()
}

/// Every satang of a pool is somebody's, or told to be nobody's.
fn adds_up(terms: &MoneyRules) {
    let unit = |heads: u64, points: u64, score: u64| UnitFacts {
        heads,
        points: terms
            .quarters()
            .map(|quarter| (quarter.id.clone(), BTreeMap::from([("OP".to_owned(), points)])))
            .collect(),
        quality: terms
            .tranches
            .iter()
            .map(|tranche| (tranche.period.id.clone(), QualityMark { score, max: 700 }))
            .collect(),
    };
    let units = [("a", unit(3, 200, 0)), ("b", unit(7, 100, 100)), ("c", unit(70_000_000, 7, 700))];
    let facts = units.map(|(hcode, unit)| (hcode.to_owned(), unit)).into();
    let done = allocate(terms, &facts, &ActiveHolds::default());
    let mut own = Satang::ZERO;
    for (id, pool) in &done.pools.quarters {
        assert!(pool.own + pool.joined == pool.pool, "quarter {id}: {pool:?}");
        assert!(pool.shared + pool.unallocated == pool.pool, "quarter {id}: {pool:?}");
        own += pool.own;
    }
    assert!(own == done.pools.volume, "{:?}", done.pools);
    for (id, pool) in &done.pools.tranches {
        assert!(pool.earned + pool.unearned == pool.pool, "tranche {id}: {pool:?}");
    }
    let shared: Satang = done.pools.quarters.values().map(|pool| pool.shared).sum();
    let paid: Satang = done.units.values().map(|unit| unit.sums.volume).sum();
    assert!(shared == paid, "{shared:?} shared, {paid:?} paid");
}

/// Puts the values of `own` in the place of those of `into`; members of a list
/// go by their number.
fn patch(into: &mut Value, own: Value) {
    match (into, own) {
        (Value::Table(into), Value::Table(own)) => {
            for (key, value) in own {
                match into.get_mut(&key) {
                    Some(old) => patch(old, value),
                    None => drop(into.insert(key, value)),
                }
            }
        }
        (Value::Array(into), Value::Table(own)) => {
            for (key, value) in own {
                let at = key.parse::<usize>().unwrap_or(0);
                if let Some(old) = into.get_mut(at) {
                    patch(old, value);
                }
            }
        }
        (into, own) => *into = own,
    }
}

fn patched(text: &str) {
    let Ok(own) = text.parse::<Table>() else { return };
    let mut book = Value::Table(BOOK.clone());
    patch(&mut book, Value::Table(own));
    let text = toml::to_string(&book).expect("TOML can be written");
    rulebook(&text);
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day")
}

fn configuration(text: &str) {
    let path = folder().join("khlang.toml");
    std::fs::write(&path, text).expect("the folder can be written to");
    let config = match Config::load(Some(&path), std::iter::empty()) {
        Ok(config) => config,
        Err(mistake) => {
            assert!(!mistake.what.is_empty(), "a mistake without words");
            return;
        }
    };
    std::fs::write(&path, config.show()).expect("the folder can be written to");
    let again = Config::load(Some(&path), std::iter::empty()).expect("what is shown can be read");
    assert!(again == config, "shown otherwise than read:\n{}", config.show());
    let none = Path::new("/nonexistent");
    match khlang::export::plans(&config.export, &LIBRARY, none) {
        Ok(plans) => assert_eq!(plans.len(), config.export.len()),
        Err(mistakes) => {
            assert!(!mistakes.is_empty() && mistakes.iter().all(|what| !what.is_empty()));
        }
    }
    for export in &config.export {
        let now = khlang::clock::at_bangkok(day(2014, 2, 11).and_hms_opt(9, 0, 0).expect("a time"));
        if let Ok(schedule) = export.schedule.parse::<Schedule>()
            && let Some(next) = schedule.next(now)
        {
            assert!(next > now, "{:?} was due before", export.schedule);
        }
    }
}

fn definitions(text: &str) {
    let definitions = match QUERIES.definitions("fuzz.toml", text) {
        Ok(definitions) => definitions,
        Err(mistake) => {
            assert!(!mistake.what.is_empty(), "a mistake without words");
            return;
        }
    };
    for definition in definitions {
        for name in ["2500", "2557Q3", "2557-02", "2700-12", "2700"] {
            let period: Period = name.parse().expect("a period");
            for kind in [YearKind::Fiscal, YearKind::Nhso, YearKind::Qof] {
                let values = parameters(&definition, &period.days(kind));
                assert_eq!(values.len(), definition.parameters.len());
            }
        }
        let one = khlang::kpi::Amount::new(i64::MAX, definition.places);
        assert!(!one.is_zero() || definition.places > 18, "{one}");
        for (year, target) in &definition.target {
            assert_eq!(definition.target_of(*year), Some(*target));
            assert!(definition.meets(*target, *target));
        }
    }
}

fn report(text: &str) {
    match layout(text, &LIBRARY, 2557) {
        Ok((layout, targets)) => {
            assert_eq!(targets.len(), layout.indicators.row.len());
            let _ = layout.needs_region();
        }
        Err(mistake) => assert!(mistake.contains("fuzz.toml: ") && mistake.len() > 30, "{mistake}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let [kind, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match kind % 5 {
        0 => drop(rulebook(text)),
        1 => patched(text),
        2 => configuration(text),
        3 => definitions(text),
        _ => report(text),
    }
});
