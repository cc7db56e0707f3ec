//! Golden cases of audit rules: `ID/in/*.txt` go through the real loader, and
//! `ID/expect.csv` says which rows (or rates) the rule finds, nothing more.
//!
//! The texts are written as those of KPIs are (`tests/kpi`): a header names the
//! columns, `@7` is a citizen ID, what follows `#` says why the row is there.

mod alarms;
mod clean;
mod docs;
pub mod flow;
mod grown;
mod increments;
mod letters;
mod nightly;
mod notice;
mod rules;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use khlang::archive::Standard;
use khlang::audit::{AuditInput, AuditRule, RuleKind, RuleLibrary, RuleRunner};
use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::score::rulebook::Rulebooks;
use khlang::score::{AsOf, Rulebook};
use khlang::store::{Reader, Store};
use khlang::units::Units;

use super::kpi::{SENT, earlier, golden_cases, put, read, register, text_of};
use super::support::case::{UNITS, zipped};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit")
}

/// Names of the cases.
fn cases() -> Vec<String> {
    golden_cases(&root())
}

/// A case, loaded.
struct Loaded {
    environment: Arc<Environment>,
    folder: tempfile::TempDir,
}

impl Loaded {
    fn load(case: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = root().join(case);
        let units = folder.path().join("units.csv");
        std::fs::write(
            &units,
            std::fs::read_to_string(own.join("units.csv")).unwrap_or_else(|_| UNITS.to_owned()),
        )
        .unwrap();
        let environment = Environment::new(
            Catalog::load(None).unwrap(),
            Units::load(&units).unwrap(),
            Config::default(),
        );
        let environment = Arc::new(environment.unwrap());
        let mut store =
            Store::open(&folder.path().join("khlang.db"), &environment.catalog, 8).unwrap();
        let said = std::fs::read_to_string(own.join("sent"));
        let sent_on: u64 = said.map_or(SENT, |day| day.trim().parse().unwrap());
        let mut number = 0_i64;
        let mut folders = earlier(&own.join("in"));
        folders.extend(["", "F21"].map(|below| (below.to_owned(), sent_on)));
        for (below, sent_on) in folders {
            let standard = if below == "F21" { Standard::F21 } else { Standard::F43 };
            for (hcode, files) in read(&environment.catalog, standard, &own.join("in").join(&below))
            {
                number += 1;
                let members: Vec<(String, String)> = files
                    .iter()
                    .map(|(name, file)| {
                        (format!("{name}.txt"), written(&text_of(file), sent_on * 1_000_000))
                    })
                    .collect();
                let name = format!(
                    "{standard}_{hcode}_{}.zip",
                    sent_on * 1_000_000 + 80_000 + number.unsigned_abs()
                );
                let path = folder.path().join("archive");
                std::fs::write(&path, zipped(&members)).unwrap();
                put(&environment, &store, &path, &name, number, sent_on);
            }
        }
        register(&mut store, &own, folder.path(), "2014-07-15T12:00:00+07:00");
        drop(store);
        Self { environment, folder }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.folder.path().join("khlang.db"), None).unwrap()
    }
}

/// Rows are written on the day of sending (`YYYYMMDDhhmmss` of B.E.), unless a
/// case says another.
pub fn written(text: &str, sent: u64) -> String {
    let day = sent / 1_000_000 - 5_430_000;
    text.replace("20141001080000", &format!("{day}000000"))
}

fn book() -> Rulebook {
    Rulebooks::open(Path::new("no such folder")).rulebook(2557).unwrap()
}

/// What a rule finds in every tranche, as lines of an expectation.
fn found(session: &mut RuleRunner<'_>, rule: &AuditRule) -> Vec<String> {
    let mut lines = Vec::new();
    for tranche in session.basis.book.tranches.clone() {
        let number = tranche.number;
        match rule.kind {
            RuleKind::Rows => {
                for (unit, rows) in session.rows(rule, &tranche).unwrap() {
                    assert!(
                        session.denominator(rule, &tranche, &unit).unwrap() >= rows.len() as u64,
                        "{}",
                        rule.id
                    );
                    assert!(rows.rest.is_empty(), "{}: all are shown", rule.id);
                    lines.extend(rows.rows.iter().map(|row| {
                        format!("{number},{unit},{},{},{}", row.pid, row.key.file, row.day)
                    }));
                }
            }
            RuleKind::Rate => {
                let rates = session.rates(rule, &tranche).unwrap();
                lines.extend(rates.iter().map(|rate| {
                    format!(
                        "{number},{},{},{},{}",
                        rate.hcode, rate.part, rate.numerator, rate.denominator
                    )
                }));
            }
        }
    }
    lines.sort();
    lines
}

fn expected(case: &str, kind: RuleKind) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(case).join("expect.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split('#').next().unwrap().trim().to_owned());
    let header = match kind {
        RuleKind::Rows => "tranche,unit,pid,file,day",
        RuleKind::Rate => "tranche,unit,part,numerator,denominator",
    };
    assert_eq!(lines.next().as_deref(), Some(header), "{case}");
    let mut lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.sort();
    lines
}

/// Does something with a session over a case.
fn over<T>(
    loaded: &Loaded,
    library: &RuleLibrary,
    with: impl FnOnce(&mut RuleRunner<'_>) -> T,
) -> T {
    let (reader, book) = (loaded.reader(), book());
    let _held = reader.snapshot().unwrap();
    let as_of = AsOf::find(&reader, None).unwrap();
    let basis = AuditInput {
        environment: &loaded.environment,
        reader: &reader,
        book: &book,
        library,
        as_of: &as_of,
        kept: None,
    };
    with(&mut RuleRunner::new(basis).unwrap())
}

#[test]
fn golden_cases_come_out_as_their_sources_say() {
    let library = RuleLibrary::load(None).unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        let rule = library.get(&case).unwrap_or_else(|| panic!("no audit rule {case}"));
        let loaded = Loaded::load(&case);
        let (seen, wanted) =
            (over(&loaded, &library, |session| found(session, rule)), expected(&case, rule.kind));
        if seen != wanted {
            wrong.push(format!("{case}:\n  expected {wanted:?}\n  but got  {seen:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_audit_rule_has_a_golden_case() {
    let library = RuleLibrary::load(None).unwrap();
    let shown = cases();
    let bare: Vec<&String> = library.rules.keys().filter(|id| !shown.contains(id)).collect();
    assert!(bare.is_empty(), "no golden case: {bare:?}");
}
