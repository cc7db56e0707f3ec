//! What waits for a destination, and what is lost by waiting.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::Serialize;

use super::Result;
use super::destination::Destination;
use super::guard::{NotBegun, not_begun};
use super::last_run::LastRun;
use super::waiting::WaitingFile;
use crate::clock::bangkok;
use crate::environment::Environment;
use crate::score::Rulebooks;
use crate::score::unsent::{UnsentRows, unsent_rows};
use crate::store::{ForwardBatch, ForwardedVoid, Reader};

/// The state of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardStatus {
    /// The destination.
    pub destination: String,
    /// Submissions that wait.
    pub submissions: u64,
    /// Rows in them.
    pub rows: u64,
    /// When the oldest of them was received, RFC 3339.
    pub oldest: Option<String>,
    /// The rows that wait, by unit and file.
    pub waiting: Vec<WaitingFile>,
    /// Nothing is sent by schedule before somebody begins.
    pub not_begun: Option<NotBegun>,
    /// Submissions that this destination does not get, by kind of unit, by
    /// standard, or by the day from which on it gets what is received.
    pub not_for: u64,
    /// The last batch.
    pub last: Option<ForwardBatch>,
    /// Batches that nobody has said to be uploaded (`sent = "confirmed"`).
    pub unconfirmed: Vec<i64>,
    /// Rows that lose points unless they are sent by a day.
    pub clock: Vec<UnsentRows>,
    /// Submissions that were taken back after they were sent.
    pub taken_back: Vec<ForwardedVoid>,
}

/// What is needed to tell how destinations stand.
///
/// # Errors
/// Errors of the database, and rulebooks or a schedule's record that cannot be read.
#[derive(Clone, Copy)]
pub struct StatusContext<'a> {
    /// All that validating rests on.
    pub environment: &'a Environment,
    /// The data folder.
    pub data: &'a Path,
    /// The store.
    pub reader: &'a Reader,
    /// What rows are worth.
    pub books: &'a Rulebooks,
    /// As of when.
    pub now: DateTime<FixedOffset>,
}

/// Tells how a destination stands.
///
/// # Errors
/// Errors of the database, rulebooks that do not load, and a record of sending or a
/// schedule that cannot be read.
pub fn status(place: &StatusContext<'_>, to: &Destination) -> Result<ForwardStatus> {
    let StatusContext { environment, data, reader, books, now } = *place;
    let units = &environment.units;
    let _state = if reader.is_held() { None } else { Some(reader.snapshot()?) };
    let candidates = reader.forward_candidates(&to.name)?;
    let (waiting, not_for): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| to.awaits(candidate, units));
    let batches = reader.forward_batches(Some(&to.name))?;
    let by_hand = to.sent == crate::config::SentWhen::Confirmed;
    let confirmed: BTreeSet<i64> = batches
        .iter()
        .filter(|batch| batch.sent_at.is_some())
        .map(|batch| batch.again_of.unwrap_or(batch.batch))
        .collect();
    let open = |batch: &&ForwardBatch| {
        by_hand && !confirmed.contains(&batch.again_of.unwrap_or(batch.batch))
    };
    let unconfirmed: Vec<i64> = batches.iter().filter(open).map(|batch| batch.batch).collect();
    // What was written and not confirmed is not sent either.
    let mut unsent: BTreeSet<i64> = waiting.iter().map(|candidate| candidate.id).collect();
    for batch in batches.iter().filter(open).filter(|batch| batch.again_of.is_none()) {
        for archive in reader.forward_archives(batch.batch)? {
            unsent.extend(archive.parts.iter().map(|part| part.submission));
        }
    }
    let today = now.with_timezone(&bangkok()).date_naive();
    let mut clock = Vec::new();
    for book in books.all().map_err(|error| super::ForwardError::Refused(error.to_string()))? {
        clock.extend(unsent_rows(reader, &book, units, (&to.name, &unsent), today)?);
    }
    clock.sort_by(|a, b| (a.by, &a.hcode, &a.item).cmp(&(b.by, &b.hcode, &b.item)));
    Ok(ForwardStatus {
        destination: to.name.clone(),
        submissions: waiting.len() as u64,
        rows: waiting.iter().flat_map(|candidate| candidate.files.values()).sum(),
        oldest: waiting.iter().map(|candidate| candidate.received_at.clone()).min(),
        waiting: super::waiting::waiting(
            &environment.catalog,
            &waiting,
            &LastRun::read(data, &to.name),
        ),
        not_begun: match to.schedule {
            Some(_) => not_begun(data, reader, to, &environment.config.forward)?,
            None => None,
        },
        not_for: not_for.len() as u64,
        last: batches.last().cloned(),
        unconfirmed,
        clock,
        taken_back: reader.forwarded_voids(Some(&to.name))?,
    })
}
