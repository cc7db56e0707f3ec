//! Sends on what is waiting for a destination.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::NaiveDateTime;
use serde::Serialize;

use super::compose;
use super::context::ForwardContext;
use super::destination::Destination;
use super::folder::{self, Home};
use super::guard::{NotBegun, not_begun};
use super::last_run::LastRun;
use super::manifest::{self, Failed, ForwardManifest, SourceLine, Waiting};
use super::original::{Originals, Trouble};
use super::unit::{PlannedChunk, StoredLines, plan_chunk};
use super::{ForwardError, Result};
use crate::archive::Standard;
use crate::clock::{bangkok, stamp};
use crate::config::SentWhen;
use crate::crash_point;
use crate::files::{FileError, sync_folder, write_together};
use crate::store::{ForwardArchive, ForwardBatch, ForwardCandidate, NewForwardBatch, Reader};
use crate::text::message_with;

/// Approximate number of rows in one folder; what is planned at once is in memory.
const ROWS_AT_ONCE: u64 = 2_000_000;

/// A folder that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentBatch {
    /// Number of the batch.
    pub batch: i64,
    /// Its folder, below the data folder.
    pub folder: String,
    /// Archives in it.
    pub archives: Vec<ForwardArchive>,
    /// Rows in them.
    pub rows: u64,
}

/// Who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Somebody.
    ByHand,
    /// The schedule: a destination to which nothing was ever sent waits for
    /// somebody to begin.
    BySchedule,
    /// Somebody who only wants to know what would be sent.
    DryRun,
}

/// What was sent on, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ForwardOutcome {
    /// The destination.
    pub destination: String,
    /// The folders that were made; with nothing to send there is none.
    pub batches: Vec<SentBatch>,
    /// Archives that would be written; only of a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would: Vec<ForwardArchive>,
    /// Rows that wait for others.
    pub waiting: Vec<Waiting>,
    /// Submissions that cannot be read.
    pub failed: Vec<Failed>,
    /// Nothing is sent by schedule before somebody begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_begun: Option<NotBegun>,
    /// What ended it after the folders above were made; what is left waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Sends on all that is waiting for a destination, or says what that would be.
///
/// # Errors
/// Trouble with the store or the disk, as long as nothing was sent; after that
/// it is told in the outcome, with what was sent. An original that cannot be
/// read is told there, too; what else waits is sent.
pub fn run(place: &ForwardContext<'_>, to: &Destination, asked: Asked) -> Result<ForwardOutcome> {
    run_with(place, to, asked, ROWS_AT_ONCE)
}

/// The same, with about so many rows in a folder.
pub(super) fn run_with(
    place: &ForwardContext<'_>,
    to: &Destination,
    asked: Asked,
    rows_at_once: u64,
) -> Result<ForwardOutcome> {
    let _turn = folder::turn(place.data)?;
    let reader = Reader::open(place.database, None)?;
    let mut home = settled(place, &reader, &to.name)?;
    if let Some(folder) = home.unknown(&ledger_of(&reader, &to.name)?)?.first() {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("folder", folder), ("destination", &to.name)];
        return Err(ForwardError::Refused(message_with("forward.unknown_folder", &values).both()));
    }
    let mut outcome = ForwardOutcome { destination: to.name.clone(), ..ForwardOutcome::default() };
    if asked == Asked::BySchedule {
        let configured = &place.environment.config.forward;
        outcome.not_begun = not_begun(place.data, &reader, to, configured)?;
        if outcome.not_begun.is_some() {
            return Ok(outcome);
        }
    }
    if asked == Asked::DryRun {
        dry_run(place, &reader, to, rows_at_once, &mut outcome)?;
        return Ok(outcome);
    }
    match send(place, &reader, (&mut home, to), rows_at_once, &mut outcome) {
        Ok(()) => home.record.add_begun(&stamp(place.now))?,
        Err(error) if outcome.batches.is_empty() => return Err(error),
        // What was made stays made, whatever came then.
        Err(error) => outcome.trouble = Some(error.to_string()),
    }
    LastRun::new(&outcome.destination, place.now, &outcome.waiting, &outcome.failed)
        .write(place.data);
    // What was sent is sent, whatever an old folder does.
    if let Err(error) = keep(&reader, &home, to) {
        log::warn!("forward {}: {error}", to.name);
    }
    Ok(outcome)
}

fn send(
    place: &ForwardContext<'_>,
    reader: &Reader,
    (home, to): (&mut Home, &Destination),
    rows_at_once: u64,
    outcome: &mut ForwardOutcome,
) -> Result<()> {
    let mut after = 0;
    loop {
        let chunk = Chunk::next(place, reader, to, (after, rows_at_once), None)?;
        let Some(last) = chunk.last else { return Ok(()) };
        after = last;
        let facts =
            StoredLines::read(place.environment, reader, to, &chunk.candidates, &BTreeMap::new())?;
        let mut planned = plan_chunk(place, to, &chunk.candidates, facts);
        let written = if planned.archives.is_empty() {
            None
        } else {
            write(place, reader, (home, to), &mut planned)?
        };
        outcome.add(&planned);
        if let Some((name, batch)) = written {
            // The ledger has it: it is told, whatever becomes of its name.
            outcome.batches.push(batch);
            home.name(&name)?;
        }
    }
}

/// Says what would be sent. What would be gone by then is not looked at again.
fn dry_run(
    place: &ForwardContext<'_>,
    reader: &Reader,
    to: &Destination,
    rows_at_once: u64,
    outcome: &mut ForwardOutcome,
) -> Result<()> {
    let (mut after, mut left) = (0, BTreeMap::new());
    let mut given: BTreeMap<String, BTreeSet<NaiveDateTime>> = BTreeMap::new();
    loop {
        let chunk = Chunk::next(place, reader, to, (after, rows_at_once), Some(&left))?;
        let Some(last) = chunk.last else { return Ok(()) };
        after = last;
        let facts = StoredLines::read(place.environment, reader, to, &chunk.candidates, &given)?;
        let planned = plan_chunk(place, to, &chunk.candidates, facts);
        outcome.add(&planned);
        left = chunk.candidates.iter().map(|c| (c.id, c.files.keys().cloned().collect())).collect();
        for (_, archive, time) in planned.archives {
            given.entry(archive.hcode.clone()).or_default().insert(time);
            for part in &archive.parts {
                left.entry(part.submission).and_modify(|files: &mut BTreeSet<String>| {
                    files.remove(&part.file);
                });
            }
            outcome.would.push(archive);
        }
        left.retain(|_, files| !files.is_empty());
    }
}

impl ForwardOutcome {
    /// Takes over what waits now, and what could not be read.
    fn add(&mut self, planned: &PlannedChunk<'_>) {
        self.waiting.clone_from(&planned.waiting);
        for failed in &planned.failed {
            if !self.failed.contains(failed) {
                self.failed.push(failed.clone());
            }
        }
    }
}

/// The home of a destination, put right after a kill.
pub(super) fn settled(
    place: &ForwardContext<'_>,
    reader: &Reader,
    destination: &str,
) -> Result<Home> {
    Home::settle(place.data, destination, &ledger_of(reader, destination)?)
}

/// The folders of a destination that are on record.
pub(super) fn ledger_of(reader: &Reader, destination: &str) -> Result<BTreeSet<String>> {
    let batches = reader.forward_batches(Some(destination))?;
    Ok(batches.into_iter().map(|batch| batch.folder).collect())
}

/// Submissions that are looked at together.
struct Chunk {
    candidates: Vec<ForwardCandidate>,
    /// The last one that was not looked at before.
    last: Option<i64>,
}

impl Chunk {
    /// What waited before, and so many submissions after `after` as have about
    /// so many rows. Of what waited before only what is `left`, if that is
    /// given: files by submission.
    fn next(
        place: &ForwardContext<'_>,
        reader: &Reader,
        to: &Destination,
        (after, rows_at_once): (i64, u64),
        left: Option<&BTreeMap<i64, BTreeSet<String>>>,
    ) -> Result<Self> {
        let units = &place.environment.units;
        let (mut candidates, mut last, mut rows) = (Vec::new(), None, 0);
        for mut candidate in reader.forward_candidates(&to.name)? {
            if !to.awaits(&candidate, units) {
                continue;
            }
            if candidate.id > after {
                if rows > rows_at_once {
                    break;
                }
                last = Some(candidate.id);
                rows += candidate.files.values().sum::<u64>();
            } else if let Some(left) = left {
                let Some(files) = left.get(&candidate.id) else { continue };
                candidate.files.retain(|file, _| files.contains(file));
            }
            candidates.push(candidate);
        }
        Ok(Self { candidates, last })
    }
}

/// Writes a folder, whole under a hidden name, and then the ledger; gives the
/// name that it is to get. There is none when no original of it can be read.
fn write(
    place: &ForwardContext<'_>,
    reader: &Reader,
    (home, to): (&Home, &Destination),
    planned: &mut PlannedChunk<'_>,
) -> Result<Option<(String, SentBatch)>> {
    let name = home.free_name(place.now.with_timezone(&bangkok()).naive_local())?;
    let batch = reader.next_forward_batch()?;
    let making = home.begin(&name)?;
    let made = fill(place, (&making, to, batch), planned).and_then(|archives| {
        crash_point("forward_written");
        let (at, folder) = (stamp(place.now), folder::place(&to.name, &name));
        let new = NewForwardBatch {
            id: batch,
            destination: &to.name,
            made_at: &at,
            by: place.by,
            folder: &folder,
            sent: to.sent == SentWhen::Made,
        };
        if !archives.is_empty() {
            (place.store)()?.record_forward(&new, &archives)?;
        }
        Ok((folder, archives))
    });
    let (folder, archives) = made.inspect_err(|_| Home::give_up(&making))?;
    if archives.is_empty() {
        Home::give_up(&making);
        return Ok(None);
    }
    crash_point("forward_recorded");
    let rows = archives.iter().map(|archive| archive.rows).sum();
    Ok(Some((name, SentBatch { batch, folder, archives, rows })))
}

/// Fills a hidden folder; everything in it is durable then. An original that
/// can no longer be read holds up its unit alone.
pub(super) fn fill(
    place: &ForwardContext<'_>,
    (making, to, batch): (&Path, &Destination, i64),
    planned: &mut PlannedChunk<'_>,
) -> Result<Vec<ForwardArchive>> {
    let mut archives = Vec::new();
    let (mut used, mut held_up) = (BTreeSet::new(), BTreeSet::new());
    let mut originals: Option<(String, Standard, Originals<'_>)> = None;
    for (plan, record, time) in &planned.archives {
        let Ok(standard) = record.standard.parse::<Standard>() else { continue };
        if held_up.contains(&record.hcode) {
            continue;
        }
        // Those of one unit lie together.
        let same = |(hcode, of, _): &(String, Standard, Originals<'_>)| {
            *hcode == record.hcode && *of == standard
        };
        if !originals.as_ref().is_some_and(same) {
            let of: Vec<&ForwardCandidate> =
                planned.candidates.iter().filter(|c| c.hcode == record.hcode).collect();
            let opened = Originals::new(place.environment, place.data, standard, &of);
            originals = Some((record.hcode.clone(), standard, opened));
        }
        let Some((_, _, originals)) = &mut originals else { continue };
        let path = making.join(&record.name);
        match compose::write(making, &record.name, *time, plan, originals) {
            Ok((bytes, sha256)) => {
                used.extend(record.parts.iter().map(|part| part.submission));
                archives.push(ForwardArchive { bytes, sha256, ..record.clone() });
            }
            Err(Trouble::Ours(error)) => return Err(FileError::about(path.display())(error).into()),
            Err(Trouble::Original(why)) => {
                fs::remove_file(&path).map_err(FileError::about(path.display()))?;
                held_up.insert(record.hcode.clone());
                let (hcode, submission) = (record.hcode.clone(), plan.of);
                let of = planned.candidates.iter().find(|candidate| candidate.id == submission);
                let archive = of.map_or_else(String::new, |of| of.archive.clone());
                planned.failed.push(Failed { hcode, submission, archive, why });
            }
        }
    }
    let sources = planned.candidates.iter().filter(|candidate| used.contains(&candidate.id));
    let manifest = ForwardManifest {
        destination: &to.name,
        batch,
        again_of: None,
        made_at: place.now,
        khlang: env!("CARGO_PKG_VERSION"),
        archives: &archives,
        submissions: sources.map(SourceLine::from).collect(),
        waiting: &planned.waiting,
        failed: &planned.failed,
    };
    write_manifest(place, making, &manifest)?;
    Ok(archives)
}

pub(super) fn write_manifest(
    place: &ForwardContext<'_>,
    making: &Path,
    manifest: &ForwardManifest<'_>,
) -> Result<()> {
    let (csv, json) = (manifest.csv(&place.environment.units), manifest.json());
    let files = [(manifest::CSV.to_owned(), &csv[..]), (manifest::JSON.to_owned(), &json[..])];
    let write = || {
        write_together(making, &files, || ())?;
        sync_folder(making)
    };
    Ok(write().map_err(FileError::about(making.display()))?)
}

/// Removes the oldest folders beyond so many; one that nobody confirmed stays.
fn keep(reader: &Reader, home: &Home, to: &Destination) -> Result<()> {
    let batches = reader.forward_batches(Some(&to.name))?;
    let settled = |batch: &&ForwardBatch| to.sent == SentWhen::Made || batch.sent_at.is_some();
    let waiting = batches.iter().filter(|batch| !settled(batch)).count();
    let names: Vec<String> = batches
        .iter()
        .filter(settled)
        .filter_map(|batch| batch.folder.rsplit('/').next().map(str::to_owned))
        .collect();
    home.keep(&names, to.keep.saturating_sub(waiting))
}
