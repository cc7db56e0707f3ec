//! Where an original goes when its outcome is known.

use std::path::Path;

use super::claim::Claimed;
use super::receipts::beginning;
use crate::submission::Status;

/// Longest name of a file, in bytes.
const NAME_BYTES: usize = 255;

/// Places below the data folder that nothing lies in, the best first: by
/// outcome and month of receipt, under its own name, else with its number. It
/// is for the store to tell which of them are promised to another submission.
pub(super) fn archive_paths<'a>(
    data: &'a Path,
    claimed: &'a Claimed,
    status: Status,
) -> impl Iterator<Item = String> + 'a {
    let root = if status == Status::Broken { "rejected" } else { "accepted" };
    let folder = format!("{root}/{}", claimed.received_at.format("%Y/%m"));
    names(&claimed.name, claimed.id)
        .map(move |name| format!("{folder}/{name}"))
        // Names never end: a folder that cannot be looked at must not be
        // searched for ever. The rename replaces nothing, and fails there.
        .filter(|place| data.join(place).symlink_metadata().is_err())
}

/// The name, then the name with the number, then with more numbers.
fn names(name: &str, id: i64) -> impl Iterator<Item = String> + '_ {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() < 10 => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let marks = std::iter::once(String::new())
        .chain(std::iter::once(format!(".{id}")))
        .chain((2..).map(move |n| format!(".{id}-{n}")));
    marks.map(move |mark| {
        let end = format!("{mark}{extension}");
        format!("{}{end}", beginning(stem, NAME_BYTES - end.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(name: &str) -> Vec<String> {
        names(name, 12).take(3).collect()
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        assert_eq!(three("F43_1.zip"), ["F43_1.zip", "F43_1.12.zip", "F43_1.12-2.zip"]);
        assert_eq!(three("no ending"), ["no ending", "no ending.12", "no ending.12-2"]);
    }

    #[test]
    fn no_name_is_longer_than_the_file_system_takes() {
        for name in [format!("{}.zip", "x".repeat(251)), "\u{fffd}".repeat(255), "ก.".repeat(90)]
        {
            assert!(three(&name).iter().all(|name| name.len() <= 255), "{name}");
        }
    }
}
