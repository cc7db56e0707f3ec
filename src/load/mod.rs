//! One archive from its name to its commit.
//!
//! | step | file | |
//! |---|---|---|
//! | name, structure, members | `examine`, `members` | what the archive is |
//! | rows | `lines`, `odd`, `validator` | lines to records and findings |
//! | store | `writer` | records into the one transaction of the archive |
//! | outcome | `outcome` | counts proven to add up |
//! | commit | `commit` | the submission, and the end of the transaction |
//!
//! Validation runs on a thread of its own ([`PendingLoad`]), so that an archive is
//! validated while the one before it is written; `handoff` makes the outcome
//! that of one after the other. What is the sender's fault becomes the outcome;
//! only our own trouble is an error.

mod commit;
mod error;
mod examine;
mod handoff;
mod keys;
mod lines;
mod member;
mod members;
mod odd;
mod outcome;
mod pending;
pub mod receipt;
mod request;
mod validator;
mod visits;
mod writer;

pub use error::LoadError;
#[cfg(fuzzing)]
pub use examine::fuzzing;
pub use handoff::Predecessor;
pub use member::Member;
pub use members::{ArchiveContents, ArchiveFailure};
pub use pending::PendingLoad;
pub use request::{CandidatePaths, LoadRequest, PlaceOf, Prepare};

use crate::store::Store;
use crate::submission::Submission;

/// Validates an archive and stores its rows, counts and findings in one
/// transaction. Without a number it is validated only, against a store that is
/// thrown away.
///
/// # Errors
/// Trouble of ours with the store or the disk, and bugs; never what is wrong
/// with the archive.
pub fn load(store: &Store, request: LoadRequest, place: PlaceOf) -> Result<Submission, LoadError> {
    PendingLoad::begin(store, request, None)?.write(store, place, &mut |_| ())
}
