//! The rows that wait for a destination, by unit and file, since when and why:
//! from the ledger, without reading an original. What only an original tells is
//! as the last run found it.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use schemars::JsonSchema;
use serde::Serialize;

use super::last_run::LastRun;
use super::plan::{Forms, RowsOfFile, WaitReason, plan};
use crate::archive::Standard;
use crate::catalog::Catalog;
use crate::store::ForwardCandidate;

/// Why rows wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyWaiting {
    /// For the next run, with which they go.
    Next,
    /// For rows of another file, with which they have to go.
    Partner,
    /// For rows of the other file in the same form; they go alone after some
    /// days.
    Form,
    /// For rows of a year with the same checks.
    Year,
    /// Their original cannot be read.
    Original,
    /// For an original of an earlier submission of the unit, which cannot be
    /// read.
    HeldUp,
}

/// Rows of a unit and file that wait for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaitingFile {
    /// HCODE of the unit.
    pub hcode: String,
    /// The file, as the standard of the submission calls it.
    pub file: String,
    /// Why they wait.
    pub why: WhyWaiting,
    /// The file that has to go with them.
    pub needs: Option<String>,
    /// Since when the oldest of them waits: when it was received, RFC 3339.
    pub since: String,
    /// Submissions that they are of.
    pub submissions: u64,
    /// How many rows.
    pub rows: u64,
}

/// What the catalogue says of files, where no original was read: any rows may
/// stand in one member.
struct OfCatalog(BTreeMap<String, Vec<String>>);

impl Forms for OfCatalog {
    type Error = Infallible;

    fn needs(&self, file: &str) -> &[String] {
        self.0.get(file).map_or(&[], Vec::as_slice)
    }

    fn alike(&mut self, _: &RowsOfFile, _: &RowsOfFile) -> Result<bool, Infallible> {
        Ok(true)
    }

    fn same_rules(&self, _: &RowsOfFile, _: i64) -> bool {
        true
    }

    fn has_waited(&self, _: &RowsOfFile, _: i64) -> bool {
        false
    }
}

/// Part of a submission.
type PartKey = (i64, String);

/// Sums up what waits, in the order of units and files.
pub(super) fn waiting(
    catalog: &Catalog,
    candidates: &[ForwardCandidate],
    last: &LastRun,
) -> Vec<WaitingFile> {
    let partner = without_partner(catalog, candidates);
    let mut failed: BTreeMap<&str, i64> = BTreeMap::new();
    let ids: BTreeSet<i64> = candidates.iter().map(|candidate| candidate.id).collect();
    for one in last.failed.iter().filter(|failed| ids.contains(&failed.submission)) {
        let first = failed.entry(&one.hcode).or_insert(one.submission);
        *first = (*first).min(one.submission);
    }
    let left: BTreeMap<PartKey, (WaitReason, &String)> = last
        .waiting
        .iter()
        .map(|one| ((one.submission, one.file.clone()), (one.why, &one.needs)))
        .collect();
    let mut found: BTreeMap<(&str, &String, WhyWaiting, Option<String>), WaitingFile> =
        BTreeMap::new();
    for candidate in candidates {
        let held = failed.get(candidate.hcode.as_str());
        for (file, rows) in &candidate.files {
            let part = (candidate.id, file.clone());
            let (why, needs) = match (held, partner.get(&part), left.get(&part)) {
                (Some(first), _, _) if *first == candidate.id => (WhyWaiting::Original, None),
                (Some(first), _, _) if *first < candidate.id => (WhyWaiting::HeldUp, None),
                // Their partner was there.
                (_, _, Some((WaitReason::Form, needs))) => {
                    (WhyWaiting::Form, Some((*needs).clone()))
                }
                (_, _, Some((WaitReason::Year, needs))) => {
                    (WhyWaiting::Year, Some((*needs).clone()))
                }
                (_, Some(needs), _) => (WhyWaiting::Partner, Some(needs.clone())),
                _ => (WhyWaiting::Next, None),
            };
            let new = || WaitingFile {
                hcode: candidate.hcode.clone(),
                file: file.clone(),
                why,
                needs: needs.clone(),
                since: candidate.received_at.clone(),
                submissions: 0,
                rows: 0,
            };
            let key = (candidate.hcode.as_str(), file, why, needs.clone());
            let line = found.entry(key).or_insert_with(new);
            line.submissions += 1;
            line.rows += rows;
            if candidate.received_at < line.since {
                line.since.clone_from(&candidate.received_at);
            }
        }
    }
    found.into_values().collect()
}

/// Parts whose partner is not there, with the name of that.
fn without_partner(
    catalog: &Catalog,
    candidates: &[ForwardCandidate],
) -> BTreeMap<PartKey, String> {
    let mut found = BTreeMap::new();
    for standard in [Standard::F21, Standard::F43] {
        let needs = catalog.records.iter().filter_map(|record| {
            let layout = record.layout(standard)?;
            Some((layout.file.clone(), layout.needs.clone()))
        });
        let mut forms = OfCatalog(needs.collect());
        let mut units: BTreeMap<&str, Vec<(i64, Vec<RowsOfFile>)>> = BTreeMap::new();
        for candidate in candidates.iter().filter(|c| c.standard == standard.as_str()) {
            let part = |file: &String| RowsOfFile {
                submission: candidate.id,
                record: 0,
                file: file.clone(),
                lines: Vec::new(),
            };
            let parts = candidate.files.keys().map(part).collect();
            units.entry(&candidate.hcode).or_default().push((candidate.id, parts));
        }
        for submissions in units.into_values() {
            let Ok((_, waiting)) = plan(submissions, &mut forms);
            found.extend(waiting.into_iter().map(|w| ((w.part.submission, w.part.file), w.needs)));
        }
    }
    found
}
