//! How much of an item's money a case holds once what it rests on has changed.

use super::case::Case;

/// What becomes of what a case holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareChange {
    /// It goes on as before.
    AsBefore,
    /// This share from now on, in hundredths of a percent.
    FromNow(u32),
    /// More than the unit was told of: this share from its next letter on.
    FromLetter(u32),
}

/// What a case holds with rows that come to a share. Who was told of a case is
/// not held to more than the letter said; less is held at once, and what nobody
/// was told of yet follows its rows. A case that is `raised` was told as a
/// warning only, of which no letter spoke of money.
pub fn held_with(case: &Case, raised: bool, share: u32) -> ShareChange {
    let held = case.in_force().map(|hold| hold.share).max();
    let told = case.appeal_by().is_some() && !raised;
    match held {
        Some(held) if share == held => ShareChange::AsBefore,
        Some(held) if share > held && told => ShareChange::FromLetter(share),
        _ => ShareChange::FromNow(share),
    }
}
