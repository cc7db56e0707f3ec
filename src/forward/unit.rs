//! What one unit sent, sorted into archives with their names.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime};

use super::Result;
use super::compose;
use super::context::ForwardContext;
use super::destination::Destination;
use super::manifest::{Failed, Waiting};
use super::name::{name, time_for, time_of};
use super::original::{LinesOfFiles, Originals, parts_of, wanted};
use super::plan::{PlannedArchive, RowsOfFile, plan};
use crate::archive::Standard;
use crate::clock::bangkok;
use crate::environment::Environment;
use crate::store::{ForwardArchive, ForwardCandidate, Reader};

/// What is to be written of a chunk: the plan, what is put on record, and the
/// time of its name.
pub(super) struct PlannedChunk<'c> {
    pub(super) archives: Vec<(PlannedArchive, ForwardArchive, NaiveDateTime)>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) failed: Vec<Failed>,
    pub(super) candidates: &'c [ForwardCandidate],
}

/// Lines of accepted rows, by standard, file and submission.
struct Lines(BTreeMap<Standard, LinesOfFiles>);

impl Lines {
    /// Reads them in one pass over each kind of record.
    fn read(
        environment: &Environment,
        reader: &Reader,
        candidates: &[ForwardCandidate],
    ) -> Result<Self> {
        let mut all = BTreeMap::new();
        for standard in [Standard::F21, Standard::F43] {
            let of: Vec<&ForwardCandidate> =
                candidates.iter().filter(|c| c.standard == standard.as_str()).collect();
            let mut files = BTreeMap::new();
            for (file, submissions) in wanted(&of) {
                let Some((record, _)) = environment.record_of(standard, &file) else { continue };
                let name = &environment.catalog.records[record].name;
                files.insert(file, (record, reader.accepted_lines(name, &submissions)?));
            }
            all.insert(standard, files);
        }
        Ok(Self(all))
    }
}

/// What the store says about submissions that are planned together, read at
/// once: planning takes as long as reading their originals does, and no state of
/// the store is held for so long.
pub(super) struct StoredLines {
    lines: Lines,
    /// By HCODE: the times of names that were given.
    taken: BTreeMap<String, BTreeSet<NaiveDateTime>>,
}

impl StoredLines {
    /// Reads them. `given` are names that would have been given by now.
    pub(super) fn read(
        environment: &Environment,
        reader: &Reader,
        to: &Destination,
        candidates: &[ForwardCandidate],
        given: &BTreeMap<String, BTreeSet<NaiveDateTime>>,
    ) -> Result<Self> {
        let _state = reader.snapshot()?;
        let lines = Lines::read(environment, reader, candidates)?;
        let mut taken = given.clone();
        let units: BTreeSet<&String> =
            candidates.iter().map(|candidate| &candidate.hcode).collect();
        for hcode in units {
            let names = reader.forward_names(&to.name, hcode)?;
            let times = names.iter().filter_map(|name| time_of(name));
            taken.entry(hcode.clone()).or_default().extend(times);
        }
        Ok(Self { lines, taken })
    }
}

/// Sorts the rows of submissions into archives, unit by unit.
pub(super) fn plan_chunk<'c>(
    place: &ForwardContext<'_>,
    to: &Destination,
    candidates: &'c [ForwardCandidate],
    mut facts: StoredLines,
) -> PlannedChunk<'c> {
    let mut by_unit: BTreeMap<&str, Vec<&ForwardCandidate>> = BTreeMap::new();
    for candidate in candidates {
        by_unit.entry(&candidate.hcode).or_default().push(candidate);
    }
    let mut all =
        PlannedChunk { archives: Vec::new(), waiting: Vec::new(), failed: Vec::new(), candidates };
    for (hcode, candidates) in by_unit {
        let taken = facts.taken.remove(hcode).unwrap_or_default();
        UnitPlan { place, to, hcode, lines: &facts.lines }.add(&candidates, taken, &mut all);
    }
    all
}

/// What is needed to plan for a unit.
struct UnitPlan<'a> {
    place: &'a ForwardContext<'a>,
    to: &'a Destination,
    hcode: &'a str,
    lines: &'a Lines,
}

/// Submissions of one standard with what is to be sent of each.
type Submissions = Vec<(i64, Vec<RowsOfFile>)>;

impl UnitPlan<'_> {
    /// Adds the archives of the unit, in the order of its submissions, whatever
    /// their standard: one may rest on the persons of the one before. `taken`
    /// are the times of names that were given before.
    fn add(
        &self,
        candidates: &[&ForwardCandidate],
        mut taken: BTreeSet<NaiveDateTime>,
        all: &mut PlannedChunk<'_>,
    ) {
        let mut originals: BTreeMap<Standard, Originals<'_>> = BTreeMap::new();
        let mut submissions: BTreeMap<Standard, Submissions> = BTreeMap::new();
        for candidate in candidates {
            let Ok(standard) = candidate.standard.parse::<Standard>() else { continue };
            let parts = parts_of(candidate, &self.lines.0[&standard]);
            if parts.is_empty() {
                continue;
            }
            let new =
                || Originals::new(self.place.environment, self.place.data, standard, candidates);
            match originals.entry(standard).or_insert_with(new).prove(candidate.id) {
                Ok(()) => submissions.entry(standard).or_default().push((candidate.id, parts)),
                // What the unit sent later may rest on it, and would be refused
                // without: all of it waits until the original is there.
                Err(why) => {
                    all.failed.push(self.failed(candidate, why));
                    break;
                }
            }
        }
        let mut archives: Vec<(Standard, PlannedArchive)> = Vec::new();
        for (standard, submissions) in submissions {
            let Some(originals) = originals.get_mut(&standard) else { continue };
            let first = submissions.first().map(|(id, _)| *id);
            match plan(submissions, originals) {
                Ok((planned, waiting)) => {
                    archives.extend(planned.into_iter().map(|archive| (standard, archive)));
                    all.waiting.extend(waiting.into_iter().map(|waiting| Waiting {
                        hcode: self.hcode.to_owned(),
                        submission: waiting.part.submission,
                        file: waiting.part.file,
                        rows: waiting.part.lines.len() as u64,
                        needs: waiting.needs,
                        why: waiting.why,
                    }));
                }
                Err(why) => {
                    let of = candidates.iter().find(|candidate| Some(candidate.id) == first);
                    all.failed.extend(of.map(|candidate| self.failed(candidate, why)));
                    return;
                }
            }
        }
        archives.sort_by_key(|(_, archive)| archive.of);
        for (standard, archive) in archives {
            let time = self.time(candidates, &archive, &taken);
            taken.insert(time);
            let parts = compose::parts_of(&archive);
            let record = ForwardArchive {
                name: name(standard, self.hcode, time, self.to.era),
                standard: standard.to_string(),
                hcode: self.hcode.to_owned(),
                bytes: 0,
                sha256: String::new(),
                rows: parts.iter().map(|part| part.rows).sum(),
                parts,
            };
            all.archives.push((archive, record, time));
        }
    }

    /// The time for the name of an archive.
    fn time(
        &self,
        candidates: &[&ForwardCandidate],
        archive: &PlannedArchive,
        taken: &BTreeSet<NaiveDateTime>,
    ) -> NaiveDateTime {
        let now = self.place.now.with_timezone(&bangkok()).naive_local();
        let of = candidates.iter().find(|candidate| candidate.id == archive.of);
        let sent = of.and_then(|of| DateTime::parse_from_rfc3339(&of.sent_at).ok());
        let sent = sent.map_or(now, |at| at.with_timezone(&bangkok()).naive_local());
        time_for(sent, now, taken)
    }

    fn failed(&self, candidate: &ForwardCandidate, why: String) -> Failed {
        let (submission, archive) = (candidate.id, candidate.archive.clone());
        Failed { hcode: self.hcode.to_owned(), submission, archive, why }
    }
}
