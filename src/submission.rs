//! A submission: one archive as received, with its outcome. This is the one
//! shape that receipts, `check`, `import` and the API give (docs/rules.md#json).

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::archive::Standard;
use crate::catalog::{Catalog, Severity};

/// What became of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "SubmissionStatus")]
pub enum Status {
    /// No problem; rows may still have findings.
    Accepted,
    /// Some members broken.
    Partial,
    /// The archive broken, or no member left. Nothing is stored.
    Broken,
    /// Taken back after it was stored.
    Void,
}

impl Status {
    /// As written in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Broken => "broken",
            Self::Void => "void",
        }
    }

    /// From the written form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Accepted, Self::Partial, Self::Broken, Self::Void]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// What is wrong, and how to fix it, in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Texts {
    /// What is wrong, in Thai.
    pub th: String,
    /// What is wrong, in English.
    pub en: String,
    /// How to fix it, in Thai.
    #[serde(rename = "mend_th", default, skip_serializing_if = "String::is_empty")]
    pub fix_th: String,
    /// How to fix it, in English.
    #[serde(rename = "mend_en", default, skip_serializing_if = "String::is_empty")]
    pub fix_en: String,
}

impl Texts {
    /// The texts of a code.
    pub fn find(catalog: &Catalog, code: &str, standard: Option<Standard>) -> Self {
        let text = match standard {
            Some(standard) => catalog.findings.get(code, standard),
            None => catalog.findings.of_both(code),
        };
        text.map_or_else(Self::default, |text| Self {
            th: text.th.clone(),
            en: text.en.clone(),
            fix_th: text.fix_th.clone(),
            fix_en: text.fix_en.clone(),
        })
    }
}

/// One thing said about an archive or a member; also a note about either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SubmissionProblem")]
pub struct Problem {
    /// `A…`, `M…`, or `N…` for a note.
    pub code: String,
    /// The member as named in the archive; null when it is about the archive.
    pub member: Option<String>,
    /// Line in the member, where there is one.
    pub line: Option<u64>,
    /// What it is about: a column, a name, a limit.
    pub detail: String,
    /// The known name that is nearest to an unknown one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Texts.
    #[serde(flatten)]
    pub texts: Texts,
}

/// Exact counts of rows: `received = accepted + duplicate + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Rows in the member.
    pub received: u64,
    /// Stored.
    pub accepted: u64,
    /// Key taken before.
    pub duplicate: u64,
    /// Not stored, because of an error.
    pub rejected: u64,
    /// Stored, with at least one warning.
    pub warned: u64,
    /// Stored, and sent within the days that count as on time.
    pub on_time: u64,
}

impl Counts {
    /// Adds other counts.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.warned += other.warned;
        self.on_time += other.on_time;
    }
}

/// Counts of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileCounts {
    /// The file, e.g. `SERVICE`.
    pub file: String,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Counts of a file by month of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthCounts {
    /// The file.
    pub file: String,
    /// `YYYYMM`; 0 for rows without a readable event date.
    pub month: u32,
    /// Its counts.
    pub counts: Counts,
}

/// One thing said about a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingLine {
    /// E.g. `SE1105`.
    pub code: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: Arc<str>,
    /// Line in the member as sent, from 1.
    pub line: u32,
    /// The field, when it is about one.
    pub field: Option<Arc<str>>,
    /// The offending value, as sent.
    pub value: String,
    /// The key of the row, its parts joined by `|`.
    pub key: String,
    /// Texts; many findings share them.
    #[serde(flatten)]
    pub texts: Arc<Texts>,
}

/// Why and when a submission was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidRecord {
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Rows taken back.
    pub rows: u64,
}

/// Rows of a file that were freed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreedRecord {
    /// The file.
    pub file: String,
    /// How many rows.
    pub rows: u64,
    /// The answer of a destination that said that they were refused.
    pub rep: i64,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// One archive as received, with its outcome. Its findings are another form
/// of themselves where they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Submission")]
pub struct Submission<Findings = Vec<FindingLine>> {
    /// Its number; none when it was only checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Name as sent.
    pub archive: String,
    /// SHA-256 of the archive, hex.
    pub sha256: String,
    /// Size of the archive.
    pub bytes: u64,
    /// The standard its name says.
    pub standard: Option<Standard>,
    /// The unit its name says.
    pub hcode: Option<String>,
    /// The time its name says, Asia/Bangkok.
    #[schemars(extend("format" = "date-time"))]
    pub sent_at: Option<String>,
    /// When it was received, Asia/Bangkok.
    #[schemars(extend("format" = "date-time"))]
    pub received_at: String,
    /// The round of `sent_at`, B.E.
    pub round: Option<i32>,
    /// What became of it.
    pub status: Status,
    /// What is wrong with the archive and its members.
    pub problems: Vec<Problem>,
    /// Counts by file.
    pub files: Vec<FileCounts>,
    /// Findings kept.
    pub findings: Findings,
    /// How often each code was given, exactly.
    pub findings_total: BTreeMap<String, u64>,
    /// The same by code and severity: what its rows were told decides, not
    /// what a catalogue says of the code.
    #[serde(skip)]
    pub severities: BTreeMap<(String, Severity), u64>,
    /// Whether a cap cut the list of findings.
    pub findings_cut: bool,
    /// What else its sender should know: what was skipped, what could not be
    /// checked.
    pub notes: Vec<Problem>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<VoidRecord>,
    /// Rows of it that were freed because a destination refused them: accepted
    /// rows are stored, voided or freed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freed: Vec<FreedRecord>,
    /// Where the original lies, below the data folder.
    #[serde(skip)]
    pub stored: Option<String>,
    /// Counts by file and month.
    #[serde(skip)]
    pub months: Vec<MonthCounts>,
}

impl Submission {
    /// Counts a code given with a severity.
    pub fn count(&mut self, code: &str, severity: Severity, times: u64) {
        if times > 0 {
            *self.findings_total.entry(code.to_owned()).or_default() += times;
            *self.severities.entry((code.to_owned(), severity)).or_default() += times;
        }
    }

    /// The same with its findings in another form.
    #[must_use]
    pub fn with_findings<Other>(&self, findings: Other) -> Submission<Other> {
        Submission {
            id: self.id,
            archive: self.archive.clone(),
            sha256: self.sha256.clone(),
            bytes: self.bytes,
            standard: self.standard,
            hcode: self.hcode.clone(),
            sent_at: self.sent_at.clone(),
            received_at: self.received_at.clone(),
            round: self.round,
            status: self.status,
            problems: self.problems.clone(),
            files: self.files.clone(),
            findings,
            findings_total: self.findings_total.clone(),
            severities: self.severities.clone(),
            findings_cut: self.findings_cut,
            notes: self.notes.clone(),
            void: self.void.clone(),
            freed: self.freed.clone(),
            stored: self.stored.clone(),
            months: self.months.clone(),
        }
    }

    /// Sums the months into the counts of files, in order of first mention.
    pub fn sum_files(months: &[MonthCounts]) -> Vec<FileCounts> {
        let mut files: Vec<FileCounts> = Vec::new();
        for month in months {
            match files.iter_mut().find(|file| file.file == month.file) {
                Some(file) => file.counts.add(&month.counts),
                None => files.push(FileCounts { file: month.file.clone(), counts: month.counts }),
            }
        }
        files
    }
}
