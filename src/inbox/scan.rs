//! Lists the inbox: what may be an archive, and what never is. Change
//! notification is only a hint to look sooner, so network shares work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Endings of files that something is still writing.
const UNFINISHED: [&str; 4] = [".tmp", ".part", ".crdownload", ".filepart"];

/// What lies in the inbox, by name alone.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Listing {
    /// What may be archives.
    pub files: Vec<PathBuf>,
    /// What is never taken, with the reason.
    pub ignored: Vec<(PathBuf, &'static str)>,
    /// Folders that cannot be read.
    pub closed: Vec<PathBuf>,
}

impl Listing {
    /// Lists the inbox and one level of folders in it.
    pub fn of(inbox: &Path) -> io::Result<Self> {
        let mut listing = Self::default();
        listing.folder(inbox, 0)?;
        listing.ignored.sort();
        listing.closed.sort();
        Ok(listing)
    }

    /// Lists one folder of the inbox.
    pub fn of_folder(folder: &Path) -> io::Result<Self> {
        let mut listing = Self::default();
        listing.folder(folder, 1)?;
        Ok(listing)
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if is_unfinished(&entry.file_name().to_string_lossy()) {
                continue;
            }
            let path = entry.path();
            // What vanishes while we look was taken back by its sender.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if depth == 0 {
                    // One folder that cannot be read holds up no other.
                    if self.folder(&path, 1).is_err() && path.is_dir() {
                        self.closed.push(path);
                    }
                } else {
                    self.ignored.push((path, "a folder within a folder"));
                }
            } else if kind.is_file() {
                self.files.push(path);
            } else {
                self.ignored.push((path, "not a plain file"));
            }
        }
        Ok(())
    }
}

/// Whether something with this path may be an archive, or a folder with some:
/// how deep it lies, and no part of its name says that it is unfinished.
pub fn depth_of(inbox: &Path, path: &Path) -> Option<usize> {
    let below = path.strip_prefix(inbox).ok()?;
    let parts: Vec<_> = below.components().collect();
    let taken = |part: &std::path::Component| !is_unfinished(&part.as_os_str().to_string_lossy());
    (matches!(parts.len(), 1 | 2) && parts.iter().all(taken)).then_some(parts.len())
}

fn is_unfinished(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with(['.', '~']) || UNFINISHED.iter().any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::write_whole;

    #[test]
    fn unfinished_and_odd_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            [".hidden.zip", "~x.zip", "a.zip.part", "b.TMP", "c.crdownload", "d.zip.filepart"]
        {
            write_whole(&folder.path().join(name), b"x").unwrap();
        }
        fs::create_dir_all(folder.path().join("one/two")).unwrap();
        write_whole(&folder.path().join("one/e.zip"), b"x").unwrap();
        write_whole(&folder.path().join("one/two/f.zip"), b"x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.zip")).unwrap();
        let found = Listing::of(folder.path()).unwrap();
        assert_eq!(found.files, [folder.path().join("one/e.zip")]);
        assert_eq!(found.ignored.len(), 2);
        assert!(found.closed.is_empty());
        let depth = |path: &str| depth_of(folder.path(), &folder.path().join(path));
        assert_eq!((depth("one"), depth("one/e.zip")), (Some(1), Some(2)));
        assert_eq!((depth("one/two/f.zip"), depth(".hidden.zip")), (None, None));
        assert_eq!((depth(".one/e.zip"), depth("")), (None, None));
    }
}
