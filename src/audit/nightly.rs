//! The run that nobody has to start: the rules over every round that is open,
//! for the daemon. Finding holds one state of the store and no writer; what
//! becomes of the cases is prepared, and written in one short turn a round.

use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::prepare::Prepared;
use super::run::{CasePlace, RunBy, RunOutcome, RunScope, RunTerms, find, write};
use super::view::suspicious_share;
use super::{AuditError, AuditInput, RuleLibrary, RuleRunner};
use crate::environment::Environment;
use crate::money::closing::parts::parts;
use crate::overlay::{AUDIT, Overlay};
use crate::score::AsOf;
use crate::score::rulebook::{Rulebook, Rulebooks};
use crate::store::{AuditFact, Closing, Opening, PartialResults, Reader, Store};

/// Who a run on schedule is by.
pub const BY: &str = "khlang serve";

/// Where and when.
pub struct NightlyInput<'a> {
    /// Catalogue, units, configuration.
    pub environment: &'a Environment,
    /// The data folder.
    pub data: &'a Path,
    /// The database.
    pub database: &'a Path,
    /// Now.
    pub now: DateTime<FixedOffset>,
}

/// What a run did in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundRun {
    /// The round, B.E.
    pub round: i32,
    /// What became of the cases.
    pub done: RunOutcome,
}

/// Whether a round is to be run: it has begun, and not all of it is paid.
pub fn is_open(book: &Rulebook, closings: &[Closing], today: NaiveDate) -> bool {
    let begun = book.tranches.iter().any(|tranche| tranche.from <= today);
    begun && parts(book, closings).iter().any(|part| part.closed.is_none())
}

/// Runs every round that is open.
///
/// # Errors
/// The error of the first round that could not be run, after the others were; before
/// that, rules or rulebooks that cannot be read.
pub fn run_open_rounds(input: &NightlyInput<'_>) -> Result<Vec<RoundRun>, AuditError> {
    let library = RuleLibrary::load(Some(&Overlay::new(input.data, AUDIT)))?;
    let books = Rulebooks::open(input.data).all();
    let books = books.map_err(|error| AuditError::Refused(error.to_string()))?;
    let (mut ran, mut failed) = (Vec::new(), None);
    for book in books {
        let reader = Reader::open(input.database, None)?;
        let _held = reader.snapshot()?;
        let closings = reader.closings(i64::from(book.round), i64::MAX)?;
        if is_open(&book, &closings, input.now.date_naive()) {
            match run(input, &library, &book, &reader) {
                Ok(done) => ran.push(RoundRun { round: book.round, done }),
                // One rulebook does not stop the rounds of the others.
                Err(error) => {
                    log::error!("audit of round {}: {error}", book.round);
                    failed.get_or_insert(error);
                }
            }
        }
    }
    failed.map_or(Ok(ran), Err)
}

fn run(
    input: &NightlyInput<'_>,
    library: &RuleLibrary,
    book: &Rulebook,
    reader: &Reader,
) -> Result<RunOutcome, AuditError> {
    let (environment, as_of) = (input.environment, AsOf::find(reader, None)?);
    let kept = PartialResults::open(input.data, environment.config.limits.figures_kept_mib);
    let basis = AuditInput { environment, reader, book, library, as_of: &as_of, kept: Some(&kept) };
    let mut session = RuleRunner::new(basis)?;
    let scope = RunScope::default();
    let found = find(&mut session, &scope)?;
    let terms = RunTerms {
        most_rows: environment.config.limits.audit_rows,
        holding: environment.config.audit.hold,
    };
    let at = input.now.to_rfc3339();
    let session = &session;
    let mut share = |place: &CasePlace, facts: &[AuditFact]| {
        let finding = found.findings.get(place);
        let counted = finding.map_or((1, 1), |finding| (facts.len() as u64, finding.denominator));
        share_of(session, place, facts, counted)
    };
    let prepared = {
        let cases = Reader::open(input.database, None)?;
        let _held = cases.snapshot()?;
        Prepared::read(&cases, session, &found, &scope)?.with_shares(terms.holding, &mut share)?
    };
    let store = &environment.config.store;
    let opening = Opening { cache_mib: store.cache_mib, copy_first: store.copy_before_migration };
    let mut store = Store::open_with(input.database, &environment.catalog, opening)?;
    store.leave_free(environment.config.limits.free_bytes)?;
    let turn = store.audit_turn()?;
    let by = RunBy { at: &at, by: BY };
    let done = write(&turn, session, (&found, prepared), &scope, terms, by, &mut share)?;
    turn.commit()?;
    Ok(done)
}

/// The suspicious share of a case's money, in hundredths of a percent.
///
/// # Errors
/// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one that
/// does not give what its rule shows.
pub fn share_of(
    session: &RuleRunner<'_>,
    (rule, tranche, unit): &CasePlace,
    facts: &[AuditFact],
    counted: (u64, u64),
) -> Result<u32, AuditError> {
    session.allow()?;
    let AuditInput { environment, reader, book, library, as_of, .. } = session.basis;
    let item = library.get(rule).map_or_else(String::new, |rule| rule.item.clone());
    let of = (reader, book, &environment.units, &environment.catalog);
    Ok(suspicious_share(of, (unit, tranche, &item), facts, counted, as_of.submission)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_run_from_its_first_day_on_until_all_of_it_is_paid() {
        let book = Rulebooks::open(Path::new("no such folder")).rulebook(2557).unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(!is_open(&book, &[], day("2013-06-30")));
        assert!(is_open(&book, &[], day("2013-07-01")));
        assert!(is_open(&book, &[], day("2020-01-01")));
    }
}
