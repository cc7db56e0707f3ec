//! A way in for the fuzzer (`fuzz/`): an archive validated as it always is, with
//! a set of keys instead of the store. No other build has it.

use std::collections::HashSet;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::{
    ArchiveOutcome, Message, NoStore, ValidatedArchive, ValidatorContext, examine, outcome,
};
use crate::load::writer::InsertTally;
use crate::load::{LoadError, LoadRequest};
use crate::submission::{Status, Submission};

/// Validates an archive on this thread; nothing of it is stored anywhere.
pub fn validate(request: &LoadRequest) -> Result<Submission, LoadError> {
    for guarded in [false, true] {
        let (sender, messages) = unbounded();
        let ((_, spares), (facts_tx, _facts)) = (bounded(1), bounded(1));
        let context =
            ValidatorContext { request: request.clone(), sender, spares, facts_tx, guarded };
        let validated = examine(&context, &mut NoStore)?;
        drop(context);
        match validated {
            ArchiveOutcome::Again => {}
            ArchiveOutcome::Broken(said) => {
                let (mut submission, problem) = *said;
                submission.status = Status::Broken;
                submission.problems = vec![problem];
                return Ok(submission);
            }
            ArchiveOutcome::Members(archive) => {
                let ValidatedArchive { mut submission, name, contents, outcomes } = *archive;
                let both = (outcomes, written(&messages));
                outcome::complete(
                    &request.environment,
                    name.standard,
                    &mut submission,
                    contents,
                    both,
                )
                .map_err(LoadError::Bug)?;
                return Ok(submission);
            }
        }
    }
    Err(LoadError::Bug("validated again though it was guarded".to_owned()))
}

/// Counts rows as the writer does: the first of a key is stored.
fn written(messages: &Receiver<Message>) -> Vec<InsertTally> {
    let Ok(Message::Opened(shape)) = messages.recv() else { return Vec::new() };
    let mut written: Vec<InsertTally> =
        shape.tables.iter().map(|_| InsertTally::default()).collect();
    let mut keys: Vec<HashSet<String>> = vec![HashSet::new(); written.len()];
    let mut left = shape.kept_in_all;
    for message in messages {
        match message {
            Message::Rows { member, batch } => {
                for row in 0..batch.rows.len() {
                    let values = batch.row(row);
                    let key = shape.keys[member].iter().map(|at| batch.display(values[*at]));
                    let stored = keys[member].insert(key.collect::<Vec<_>>().join("|"));
                    let kept = (shape.kept, &mut left);
                    written[member].count(&batch, row, stored, &shape.keys[member], kept);
                }
                written[member].end_run(0);
            }
            Message::Drop(members) => {
                for member in members {
                    written[member] = InsertTally::default();
                    keys[member].clear();
                }
            }
            Message::Opened(_) | Message::Begin | Message::Keep => {}
        }
    }
    written
}
