//! What was put in: for every archive the outcome that a right validator must
//! reach. It is worked out from what the generator did and knows nothing of
//! the validator; that is its worth.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Rows of one file of one archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedCounts {
    /// Rows sent.
    pub received: u64,
    /// Rows to be stored.
    pub accepted: u64,
    /// Rows whose key is taken.
    pub duplicate: u64,
    /// Rows with an error.
    pub rejected: u64,
    /// Stored rows with a warning.
    pub warned: u64,
    /// Stored rows sent within 30 days of their event.
    pub on_time: u64,
}

impl ExpectedCounts {
    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.warned += other.warned;
        self.on_time += other.on_time;
    }
}

/// A fault of an archive or a member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExpectedProblem {
    /// A or M code.
    pub code: String,
    /// The member's file name without folders; blank for the archive.
    pub member: String,
}

/// One archive.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ArchiveEntry {
    /// File name.
    pub archive: String,
    /// `F21` or `F43`.
    pub standard: String,
    /// Sender.
    pub hcode: String,
    /// Time in its name, Bangkok.
    pub sent_at: String,
    /// Round of that time.
    pub round: i32,
    /// `accepted`, `partial` or `broken`.
    pub status: String,
    /// Expected problems.
    pub problems: Vec<ExpectedProblem>,
    /// Expected counts of the files that are validated.
    pub files: BTreeMap<String, ExpectedCounts>,
    /// Expected findings (errors, warnings, duplicates) by code.
    pub codes: BTreeMap<String, u64>,
}

impl ArchiveEntry {
    /// Counts a finding.
    pub fn code(&mut self, code: &str) {
        if let Some(count) = self.codes.get_mut(code) {
            *count += 1;
        } else {
            self.codes.insert(code.to_owned(), 1);
        }
    }

    /// Adds a problem, once.
    pub fn problem(&mut self, code: &str, member: &str) {
        let problem = ExpectedProblem { code: code.to_owned(), member: member.to_owned() };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Sums over all archives.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Archives by status.
    pub archives: BTreeMap<String, u64>,
    /// Problems by code.
    pub problems: BTreeMap<String, u64>,
    /// Rows by file.
    pub files: BTreeMap<String, ExpectedCounts>,
    /// Rows of all files.
    pub rows: ExpectedCounts,
    /// Findings by code.
    pub codes: BTreeMap<String, u64>,
}

/// What was put where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Planted {
    /// The rule that has to find it.
    pub rule: String,
    /// At which unit.
    pub hcode: String,
    /// In which tranche.
    pub tranche: String,
    /// `hold` or `warn`.
    pub severity: String,
}

/// The whole ledger.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Every archive, unit by unit, each unit's in the order of sending.
    pub archives: Vec<ArchiveEntry>,
    /// Sums.
    pub totals: Totals,
    /// What audits have to find.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit: Vec<Planted>,
}

impl Ledger {
    /// Adds the archives of one sender.
    pub fn add(&mut self, mut entries: Vec<ArchiveEntry>) {
        entries.sort_by(|a, b| (&a.sent_at, &a.archive).cmp(&(&b.sent_at, &b.archive)));
        for entry in &entries {
            *self.totals.archives.entry(entry.status.clone()).or_default() += 1;
            for problem in &entry.problems {
                *self.totals.problems.entry(problem.code.clone()).or_default() += 1;
            }
            for (file, counts) in &entry.files {
                self.totals.files.entry(file.clone()).or_default().add(counts);
                self.totals.rows.add(counts);
            }
            for (code, count) in &entry.codes {
                *self.totals.codes.entry(code.clone()).or_default() += count;
            }
        }
        self.archives.append(&mut entries);
    }
}
