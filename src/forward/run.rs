//! Sends on what is waiting for a destination.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::context::ForwardContext;
use super::destination::Destination;
use super::folder::{self, Home};
use super::manifest::{self, Failed, ForwardManifest, SourceLine, Waiting};
use super::name::time_of;
use super::original::Originals;
use super::unit::{Lines, PlannedChunk, UnitPlan};
use super::{ForwardError, Result, compose};
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

/// What was forwarded, or would be.
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
}

/// Sends on all that is waiting for a destination; with `dry` it only says
/// what that would be.
///
/// # Errors
/// Trouble with the store or the disk. An original that cannot be read is told
/// in the outcome; what else waits is sent.
pub fn run(place: &ForwardContext<'_>, to: &Destination, dry: bool) -> Result<ForwardOutcome> {
    let _turn = folder::turn(place.data)?;
    let reader = Reader::open(place.database, None)?;
    let home = settled(place, &reader, &to.name)?;
    if let Some(folder) = home.unknown(&ledger_of(&reader, &to.name)?)?.first() {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("folder", folder), ("destination", &to.name)];
        return Err(ForwardError::Refused(message_with("forward.unknown_folder", &values).both()));
    }
    let mut outcome = ForwardOutcome { destination: to.name.clone(), ..ForwardOutcome::default() };
    let mut after = 0;
    loop {
        let chunk = Chunk::next(place, &reader, to, after)?;
        let Some(last) = chunk.last else { break };
        after = last;
        let planned = chunk.plan(place, &reader, to)?;
        outcome.waiting.clone_from(&planned.waiting);
        let known = |failed: &Failed| outcome.failed.contains(failed);
        let failed: Vec<Failed> = planned.failed.iter().filter(|f| !known(f)).cloned().collect();
        outcome.failed.extend(failed);
        if dry {
            // What was looked at before is there still, for nothing was sent.
            outcome.would = planned.archives.into_iter().map(|(_, archive, _)| archive).collect();
            continue;
        }
        if !planned.archives.is_empty() {
            outcome.batches.push(write(place, &reader, (&home, to), &planned)?);
        }
    }
    // What was sent is sent, whatever an old folder does.
    if let Err(error) = keep(&reader, &home, to) {
        log::warn!("forward {}: {error}", to.name);
    }
    Ok(outcome)
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
fn ledger_of(reader: &Reader, destination: &str) -> Result<BTreeSet<String>> {
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
    /// [`ROWS_AT_ONCE`] rows.
    fn next(
        place: &ForwardContext<'_>,
        reader: &Reader,
        to: &Destination,
        after: i64,
    ) -> Result<Self> {
        let units = &place.environment.units.by_code;
        let (mut candidates, mut last, mut rows) = (Vec::new(), None, 0);
        for candidate in reader.forward_candidates(&to.name)? {
            if !to.takes(&candidate.standard, units.get(&candidate.hcode)) {
                continue;
            }
            if candidate.id > after {
                if rows > ROWS_AT_ONCE {
                    break;
                }
                last = Some(candidate.id);
                rows += candidate.files.values().sum::<u64>();
            }
            candidates.push(candidate);
        }
        Ok(Self { candidates, last })
    }

    /// Sorts the rows into archives.
    fn plan(
        &self,
        place: &ForwardContext<'_>,
        reader: &Reader,
        to: &Destination,
    ) -> Result<PlannedChunk<'_>> {
        let _state = reader.snapshot()?;
        let mut by_unit: BTreeMap<&str, Vec<&ForwardCandidate>> = BTreeMap::new();
        for candidate in &self.candidates {
            by_unit.entry(&candidate.hcode).or_default().push(candidate);
        }
        let lines = Lines::read(place.environment, reader, &self.candidates)?;
        let mut all = PlannedChunk {
            archives: Vec::new(),
            waiting: Vec::new(),
            failed: Vec::new(),
            candidates: &self.candidates,
        };
        for (hcode, candidates) in by_unit {
            let taken = reader.forward_names(&to.name, hcode)?;
            let taken = taken.iter().filter_map(|name| time_of(name)).collect();
            UnitPlan { place, to, hcode, lines: &lines }.add(&candidates, taken, &mut all);
        }
        Ok(all)
    }
}

/// Writes a folder: whole under a hidden name, then the ledger, then its name.
fn write(
    place: &ForwardContext<'_>,
    reader: &Reader,
    (home, to): (&Home, &Destination),
    planned: &PlannedChunk<'_>,
) -> Result<SentBatch> {
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
        (place.store)()?.record_forward(&new, &archives)?;
        Ok((folder, archives))
    });
    let (folder, archives) = made.inspect_err(|_| Home::give_up(&making))?;
    crash_point("forward_recorded");
    home.name(&name)?;
    let rows = archives.iter().map(|archive| archive.rows).sum();
    Ok(SentBatch { batch, folder, archives, rows })
}

/// Fills a hidden folder; everything in it is durable then.
fn fill(
    place: &ForwardContext<'_>,
    (making, to, batch): (&Path, &Destination, i64),
    planned: &PlannedChunk<'_>,
) -> Result<Vec<ForwardArchive>> {
    let mut archives = Vec::new();
    let mut used = BTreeSet::new();
    let mut originals: Option<(String, Standard, Originals<'_>)> = None;
    for (plan, record, time) in &planned.archives {
        let Ok(standard) = record.standard.parse::<Standard>() else { continue };
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
        let written = compose::write(making, &record.name, *time, plan, originals);
        let (bytes, sha256) = written.map_err(ForwardError::Refused)?;
        used.extend(record.parts.iter().map(|part| part.submission));
        archives.push(ForwardArchive { bytes, sha256, ..record.clone() });
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
