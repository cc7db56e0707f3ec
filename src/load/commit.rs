//! The end of a load: the submission is written, and the transaction ends.

use super::error::LoadError;
use super::request::{LoadRequest, PlaceOf};
use crate::store::{Store, SubmissionWriter};
use crate::submission::{Problem, Status, Submission};

/// An archive that is broken as a whole.
pub(super) fn broken(submission: Submission, problem: Problem) -> Submission {
    Submission { status: Status::Broken, problems: vec![problem], ..submission }
}

/// Puts a broken archive on record.
pub(super) fn refuse(
    store: &Store,
    request: &LoadRequest,
    place: PlaceOf,
    submission: Submission,
    problem: Problem,
) -> Result<Submission, LoadError> {
    let mut submission = broken(submission, problem);
    if let Some(id) = request.id {
        let loading = store.load(id, submission.round.unwrap_or(0), false)?;
        commit(request, place, loading, &mut submission)?;
    }
    Ok(submission)
}

/// Finds the original its place, writes the submission, and ends the
/// transaction.
pub(super) fn commit(
    request: &LoadRequest,
    place: PlaceOf,
    mut loading: SubmissionWriter,
    submission: &mut Submission,
) -> Result<(), LoadError> {
    // Inside the transaction, so that no other process is promised it too.
    for place in place(submission.status).into_iter().flatten() {
        if !loading.is_promised(&place)? {
            submission.stored = Some(place);
            break;
        }
    }
    // Nothing is stored of an archive that is not the one that was validated.
    if std::fs::metadata(&request.path)?.len() != submission.bytes
        || (!submission.sha256.is_empty()
            && !request.seal.holds(&request.path, &submission.sha256)?)
    {
        return Err(std::io::Error::other("the archive changed while it was loaded").into());
    }
    loading.record(submission, &request.now.to_rfc3339())?;
    crate::crash_point("recorded");
    loading.commit()?;
    crate::crash_point("committed");
    Ok(())
}
