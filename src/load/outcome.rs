//! Combines findings of the validator and counts of the writer into the submission,
//! and proves that the counts add up before anything is committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::member::problem;
use super::members::ArchiveContents;
use super::writer::{InsertTally, ValidatedAndStored};
use crate::archive::Standard;
use crate::environment::Environment;
use crate::problem_code::ProblemCode;
use crate::row::{CodeAt, ValidationOutcome};
use crate::submission::{Counts, FindingLine, MonthCounts, Status, Submission, Texts};

/// A submission of which nothing is known but the archive.
pub fn empty(
    id: Option<i64>,
    archive: &str,
    sha256: String,
    bytes: u64,
    received_at: &str,
) -> Submission {
    Submission {
        id,
        archive: archive.to_owned(),
        sha256,
        bytes,
        standard: None,
        hcode: None,
        sent_at: None,
        received_at: received_at.to_owned(),
        round: None,
        status: Status::Accepted,
        problems: Vec::new(),
        files: Vec::new(),
        findings: Vec::new(),
        findings_total: BTreeMap::new(),
        severities: BTreeMap::new(),
        findings_cut: false,
        notes: Vec::new(),
        void: None,
        freed: Vec::new(),
        stored: None,
        months: Vec::new(),
    }
}

/// Completes a submission. An `Err` is a bug: counts that do not add up.
pub(super) fn complete(
    environment: &Environment,
    standard: Standard,
    submission: &mut Submission,
    contents: ArchiveContents,
    (outcomes, written): ValidatedAndStored,
) -> Result<(), String> {
    // A member without data is nothing that could be left of a broken archive.
    let left = contents
        .members
        .iter()
        .any(|member| !member.broken && (member.has_data || contents.problems.is_empty()));
    submission.status = match (left, contents.problems.is_empty()) {
        (false, _) => Status::Broken,
        (true, true) => Status::Accepted,
        (true, false) => Status::Partial,
    };
    let mut not_checked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut links_unchecked = 0;
    for ((member, said), counted) in contents.members.iter().zip(outcomes).zip(written) {
        if member.broken || !member.has_data {
            continue;
        }
        let compiled = environment.compiled_layout(member.record, standard);
        let months = months_of(&member.file, &said, &counted);
        let sum = Submission::sum_files(&months).first().map_or(0, |file| file.counts.received);
        if sum != said.rows {
            return Err(format!("{}: {} rows validated, {sum} counted", member.file, said.rows));
        }
        submission.months.extend(months);
        links_unchecked += said.links_unchecked;
        findings_of(environment, standard, submission, member, said, counted);
        let sent = |field: &str| {
            let at = compiled.columns.iter().position(|column| column.name == field);
            at.is_some_and(|at| member.orders.iter().any(|order| order.field_of[at].is_some()))
        };
        for (list, field) in compiled.not_checked.iter().filter(|(_, field)| sent(field)) {
            not_checked.entry(list.clone()).or_default().push(format!("{}.{field}", member.file));
        }
    }
    submission.files = Submission::sum_files(&submission.months);
    let note = |code: ProblemCode, detail: String| {
        problem(environment, Some(standard), code, None, None, detail)
    };
    submission.problems = contents.problems;
    submission.notes = contents.notes;
    for (list, fields) in not_checked {
        submission
            .notes
            .push(note(ProblemCode::ListNotInstalled, format!("{list}: {}", fields.join(", "))));
    }
    if links_unchecked > 0 {
        submission.notes.push(note(ProblemCode::LinksUnchecked, format!("{links_unchecked}")));
    }
    Ok(())
}

fn months_of(file: &str, said: &ValidationOutcome, counted: &InsertTally) -> Vec<MonthCounts> {
    let mut months: BTreeMap<u32, Counts> =
        counted.months.iter().map(|(month, counts)| (*month, *counts)).collect();
    for (month, rejected) in &said.rejected {
        months.entry(*month).or_default().rejected += rejected;
    }
    if months.is_empty() {
        // A file that was sent with a shape but no row left, e.g. blank lines only.
        months.insert(0, Counts::default());
    }
    months
        .into_iter()
        .map(|(month, mut counts)| {
            counts.received = counts.accepted + counts.duplicate + counts.rejected;
            MonthCounts { file: file.to_owned(), month, counts }
        })
        .collect()
}

fn findings_of(
    environment: &Environment,
    standard: Standard,
    submission: &mut Submission,
    member: &super::member::Member,
    said: ValidationOutcome,
    counted: InsertTally,
) {
    let compiled = environment.compiled_layout(member.record, standard);
    let duplicates: u64 = counted.months.values().map(|counts| counts.duplicate).sum();
    let duplicate = &compiled.codes[usize::from(compiled.common.duplicate)];
    // What many findings share is made once.
    let file: Arc<str> = member.file.as_str().into();
    let names: Vec<Arc<str>> = compiled.columns.iter().map(|c| c.name.as_str().into()).collect();
    let mut shared: Vec<Option<(Arc<str>, Arc<Texts>)>> = vec![None; compiled.codes.len()];
    let mut line = |at: CodeAt, number: u32, column: Option<usize>, value: String, key: String| {
        let code = &compiled.codes[usize::from(at)];
        let (name, texts) = shared[usize::from(at)].get_or_insert_with(|| {
            let texts = Texts::find(&environment.catalog, &code.code, standard.into());
            (code.code.as_str().into(), texts.into())
        });
        FindingLine {
            code: Arc::clone(name),
            severity: code.severity,
            file: Arc::clone(&file),
            line: number,
            field: column.map(|column| Arc::clone(&names[column])),
            value,
            key,
            texts: Arc::clone(texts),
        }
    };
    let mut lines: Vec<FindingLine> = Vec::new();
    for f in said.findings {
        lines.push(line(f.code, f.line, f.column, f.value, f.key));
    }
    for (number, key) in counted.duplicates {
        lines.push(line(compiled.common.duplicate, number, None, String::new(), key));
    }
    // Rows were validated in the order of their lines, so that little is to sort.
    lines.sort_by(|a, b| (a.line, &a.code, &a.field).cmp(&(b.line, &b.code, &b.field)));
    for (code, total) in compiled.codes.iter().zip(&said.totals) {
        submission.count(&code.code, code.severity, *total);
    }
    submission.count(&duplicate.code, duplicate.severity, duplicates);
    let total: u64 = said.totals.iter().sum::<u64>() + duplicates;
    submission.findings_cut |= (lines.len() as u64) < total;
    submission.findings.append(&mut lines);
}
