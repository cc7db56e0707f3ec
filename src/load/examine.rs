//! Validates one archive: name, structure, members, rows. What is the sender's
//! fault is an outcome; an error is ours.

#[cfg(fuzzing)]
pub mod fuzzing;

use std::path::Path;

use crossbeam_channel::{Receiver, Sender};

use super::error::LoadError;
use super::handoff::{PersonLookup, Predecessor};
use super::lines::{Buffers, MemberEncoding};
use super::member::problem;
use super::members::{self, ArchiveContents, ArchiveFailure};
use super::outcome;
use super::request::{LoadRequest, Prepare};
use super::validator::ArchiveValidator;
use super::visits::Visits;
use super::writer::{LoadLayout, Message};
use crate::archive::{Archive, ArchiveName, NameError};
use crate::clock::{at_bangkok, day_number, fiscal_year_of, round_of};
use crate::priority::go_ahead_when_idle;
use crate::row::{
    Batch, Context, NoStore, PersonChanges, PersonContext, PersonIndex, ValidationOutcome,
};
use crate::store::Reader;
use crate::submission::{Problem, Submission};

/// Outcome of validating an archive.
pub(super) enum ArchiveOutcome {
    /// The archive is broken as a whole.
    Broken(Box<(Submission, Problem)>),
    /// Findings by member.
    Members(Box<ValidatedArchive>),
    /// A member broke after rows of it were handed over, and the writer cannot take
    /// them back: validate again, guarded.
    Again,
}

/// What was found in an archive that is not broken as a whole.
pub(super) struct ValidatedArchive {
    /// As far as it is known before rows are written.
    pub submission: Submission,
    pub name: ArchiveName,
    pub contents: ArchiveContents,
    /// By member.
    pub outcomes: Vec<ValidationOutcome>,
}

/// Result of the validator's thread: the outcome, and the reader to give back.
pub(super) type ValidatorResult = (Result<ArchiveOutcome, LoadError>, Option<Reader>);

/// What the validator's thread works with.
pub(super) struct ValidatorContext {
    pub request: LoadRequest,
    /// Rows, to the writer.
    pub sender: Sender<Message>,
    /// Batches that the writer is done with.
    pub spares: Receiver<Batch>,
    /// Where the archive's changes of persons go, once all are known.
    pub facts_tx: Sender<PersonChanges>,
    /// Whether the writer can take members back.
    pub guarded: bool,
}

/// The validator's thread.
pub(super) fn validate(
    context: &ValidatorContext,
    reader: Option<Reader>,
    before: Option<Predecessor>,
    prepare: Option<Prepare>,
) -> ValidatorResult {
    go_ahead_when_idle();
    if let Some(Err(error)) = prepare.map(|prepare| prepare()) {
        return (Err(error.into()), reader);
    }
    let Some(reader) = reader else {
        return (examine(context, &mut NoStore), None);
    };
    let mut index = PersonLookup::new(reader, before);
    let outcome = examine(context, &mut index);
    match index.end() {
        Ok(reader) => (outcome, Some(reader)),
        Err(trouble) => (outcome.and(Err(trouble.into())), None),
    }
}

/// Name, structure, members, rows.
fn examine(
    context: &ValidatorContext,
    index: &mut dyn PersonIndex,
) -> Result<ArchiveOutcome, LoadError> {
    let ValidatorContext { request, facts_tx, .. } = context;
    let environment = &request.environment;
    let before = state_of(&request.path)?;
    let mut submission = new_submission(request)?;
    let name = match validate_name(request) {
        Ok(name) => name,
        Err(trouble) => {
            let (problem, name) = *trouble;
            if let Some(name) = name {
                name_into(&mut submission, &name);
            }
            return Ok(refused(submission, problem, facts_tx));
        }
    };
    name_into(&mut submission, &name);
    let (standard, year) = (name.standard, fiscal_year_of(name.sent_at.date()));
    let opened = Archive::open(&request.path, &environment.config.limits)
        .map_err(|trouble| members::refusal(environment, standard, trouble))
        .and_then(|archive| {
            Ok((ArchiveContents::read(environment, &archive, (standard, year))?, archive))
        });
    let validated = opened.and_then(|(mut contents, archive)| {
        let outcomes = rows(context, &name, index, (&archive, &mut contents))?;
        Ok(outcomes.map(|outcomes| (contents, outcomes)))
    });
    let (contents, outcomes) = match validated {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(ArchiveOutcome::Again),
        Err(ArchiveFailure::Io(error)) => return Err(error.into()),
        Err(ArchiveFailure::Broken(problem)) => return Ok(refused(submission, *problem, facts_tx)),
    };
    if state_of(&request.path)? != before {
        let what = "the archive changed while it was read";
        return Err(std::io::Error::other(what).into());
    }
    Ok(ArchiveOutcome::Members(Box::new(ValidatedArchive { submission, name, contents, outcomes })))
}

/// A broken archive says nothing of persons.
fn refused(
    submission: Submission,
    problem: Problem,
    facts_tx: &Sender<PersonChanges>,
) -> ArchiveOutcome {
    // Nobody may be listening.
    let _ = facts_tx.try_send(PersonChanges::default());
    ArchiveOutcome::Broken(Box::new((submission, problem)))
}

fn rows(
    context: &ValidatorContext,
    name: &ArchiveName,
    index: &mut dyn PersonIndex,
    (archive, contents): (&Archive, &mut ArchiveContents),
) -> Result<Option<Vec<ValidationOutcome>>, ArchiveFailure> {
    let ValidatorContext { request, sender, spares, facts_tx, guarded } = context;
    let environment = &request.environment;
    let limits = &environment.config.limits;
    let may_send = environment.units.may_send(&name.hcode);
    let context = Context {
        sent_day: day_number(name.sent_at.date()),
        on_time_days: i64::from(environment.config.timeliness.days),
        blanks: &environment.blanks,
        units: environment.units.codes(),
        may_send: &may_send,
        store_answers: request.id.is_some(),
        kept: limits.findings,
        warnings_kept: limits.warnings,
        left: limits.findings_in_all,
        persons: PersonContext::new(index),
    };
    let records = contents.members.iter().map(|member| member.record);
    let shape = LoadLayout {
        round: round_of(name.sent_at.date()),
        tables: records.clone().collect(),
        keys: records.map(|record| environment.catalog.records[record].key.clone()).collect(),
        sent: contents
            .members
            .iter()
            .map(|m| m.sent(environment.compiled_layout(m.record, name.standard)))
            .collect(),
        kept: limits.findings,
        kept_in_all: limits.findings_in_all,
    };
    // A writer that is gone is noticed at the first row.
    let _ = sender.send(Message::Opened(shape));
    let mut side = ArchiveValidator {
        environment,
        archive,
        standard: name.standard,
        year: fiscal_year_of(name.sent_at.date()),
        context,
        sender: sender.clone(),
        pool: spares.clone(),
        progress: request.progress.as_ref(),
        visits: Visits::default(),
        buffers: Buffers::default(),
        readings: vec![MemberEncoding::Utf8; contents.members.len()],
        guarded: *guarded,
    };
    let Some(outcomes) = side.run(contents)? else { return Ok(None) };
    let _ = facts_tx.try_send(side.context.persons.take_facts());
    Ok(Some(outcomes))
}

/// Size and time of a file: a sender that stalled for longer than the settling
/// time may go on writing after the archive was claimed.
fn state_of(path: &Path) -> std::io::Result<(u64, Option<std::time::SystemTime>)> {
    let meta = path.metadata()?;
    Ok((meta.len(), meta.modified().ok()))
}

fn new_submission(request: &LoadRequest) -> Result<Submission, LoadError> {
    let bytes = std::fs::metadata(&request.path)?.len();
    // What is over the limit is refused unread; its hash would cost as much
    // as reading it.
    let (sha256, bytes) = if bytes > request.environment.config.limits.archive_bytes {
        (String::new(), bytes)
    } else {
        request.seal.hash(&request.path)?
    };
    Ok(outcome::empty(request.id, &request.name, sha256, bytes, &request.received_at.to_rfc3339()))
}

/// What the name says, or what is wrong with it (A04, A05, A06).
fn validate_name(
    request: &LoadRequest,
) -> Result<ArchiveName, Box<(Problem, Option<ArchiveName>)>> {
    let environment = &request.environment;
    let known = |hcode: &str| environment.units.knows(hcode);
    let now = request.now.naive_local();
    ArchiveName::validate(&request.name, known, now).map_err(|(error, name)| {
        let detail = match (error, &name) {
            (NameError::UnknownUnit, Some(name)) => name.hcode.clone(),
            (NameError::Future, Some(name)) => {
                format!("{} (now {})", name.sent_at, request.now.format("%Y-%m-%d %H:%M"))
            }
            _ => request.name.clone(),
        };
        Box::new((problem(environment, None, error.code(), None, None, detail), name))
    })
}

fn name_into(submission: &mut Submission, name: &ArchiveName) {
    submission.standard = Some(name.standard);
    submission.hcode = Some(name.hcode.clone());
    submission.sent_at = Some(at_bangkok(name.sent_at).to_rfc3339());
    submission.round = Some(round_of(name.sent_at.date()));
}
