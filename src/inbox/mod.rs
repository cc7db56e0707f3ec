//! The inbox: from a dropped file to a claim, from a claim to a receipt and
//! the original in its last place.
//!
//! An archive is in exactly one of inbox, work, accepted, rejected at every
//! instant (invariant 3). It moves by rename only, in this order:
//!
//! 1. `made_folder`: `work/ID/` is made; ID is the submission's number.
//! 2. `claimed`: the archive is renamed into it.
//! 3. `copying`, `copied`, `copy_named`, `owned`: a copy that is ours takes the place of what
//!    was dropped, within `work/ID/`.
//! 4. `validated`, `recorded`, `committed`: rows, counts, findings and ID are one
//!    transaction.
//! 5. `receipted`: the receipt is in the outbox. (`receipt_aside_begun`,
//!    `receipt_aside` and `receipt_begun` are steps on the way there.)
//! 6. `moved`: the archive is in accepted or rejected.
//! 7. `work/ID/` is removed.
//!
//! What comes by HTTP has its number before it is in the inbox; see
//! [`Uploads`].
//!
//! `import` copies (`copying`) instead of renaming: its original stays where
//! it was given.
//!
//! Whatever the last step was, [`recover`] finishes it: at the next start, and
//! beside a process that was killed as soon as the daemon looks.

mod archive_paths;
mod claim;
mod finish;
mod folders;
mod index;
mod numbers;
mod obstacle;
mod pipeline;
mod private_copy;
mod receipts;
mod scan;
mod under_way;
mod uploads;
mod verify;
mod work;

pub use claim::{Claimed, abandon_copy, claim, claim_copy, is_held};
pub use finish::finish;
pub use folders::{DATA, Folders, KEPT, KeptFolder};
pub use index::{
    BlockedArchive, FileStamp, Index, Moment, QueuePlace, QueuedArchive, unit_and_time,
};
pub use numbers::LastNumber;
pub use obstacle::{Obstacle, Reason};
pub use pipeline::{Jobs, LoadJob, LoadOutcome, NotLoaded, Outcomes, Pipeline};
pub use receipts::write_receipt;
pub use scan::{IgnoredNames, Listing, depth_of};
pub use under_way::under_way;
pub use uploads::{Placed, Upload, Uploads};
pub use verify::verify_folders;
pub use work::{RecoveredWork, Standing, earlier_claims, recover};
