//! Lists the inbox: what may be an archive, and what never is. Change
//! notification is only a hint to look sooner, so network shares work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

// Why a file is not taken: keys of texts.
const BY_NAME: &str = "inbox.left_alone";
const TOO_DEEP: &str = "inbox.too_deep";
const NO_FILE: &str = "inbox.no_plain_file";

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

/// The names of `inbox.ignore`, ready to be looked for among many.
#[derive(Debug, Default, Clone)]
pub struct IgnoredNames {
    patterns: Vec<String>,
}

impl IgnoredNames {
    /// The names that a list of patterns leaves alone: `*` stands for any text,
    /// the case of letters does not matter.
    pub fn new(patterns: &[String]) -> Self {
        Self { patterns: patterns.iter().map(|pattern| pattern.to_lowercase()).collect() }
    }

    /// Whether a file or folder of this name is left alone.
    pub fn contain(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.patterns.iter().any(|pattern| is_like(&name, pattern))
    }
}

impl Listing {
    /// Lists the inbox and one level of folders in it.
    ///
    /// # Errors
    /// Fails if a folder cannot be read for another reason than its permissions.
    pub fn read(inbox: &Path, names: &IgnoredNames) -> io::Result<Self> {
        let mut listing = Self::default();
        listing.folder(inbox, 0, names)?;
        listing.ignored.sort();
        listing.closed.sort();
        Ok(listing)
    }

    /// Lists one folder of the inbox.
    ///
    /// # Errors
    /// Fails if a folder cannot be read for another reason than its permissions.
    pub fn of_folder(folder: &Path, names: &IgnoredNames) -> io::Result<Self> {
        let mut listing = Self::default();
        listing.folder(folder, 1, names)?;
        Ok(listing)
    }

    fn folder(&mut self, folder: &Path, depth: usize, names: &IgnoredNames) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if names.contain(&entry.file_name().to_string_lossy()) {
                self.ignored.push((entry.path(), BY_NAME));
                continue;
            }
            let path = entry.path();
            // What vanishes while we look was taken back by its sender.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if depth == 0 {
                    // One folder that cannot be read holds up no other.
                    if self.folder(&path, 1, names).is_err() && path.is_dir() {
                        self.closed.push(path);
                    }
                } else {
                    self.ignored.push((path, TOO_DEEP));
                }
            } else if kind.is_file() {
                self.files.push(path);
            } else {
                self.ignored.push((path, NO_FILE));
            }
        }
        Ok(())
    }
}

/// Whether a name is of a pattern in which `*` stands for any text; both in
/// small letters.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether something with this path may be an archive, or a folder with some:
/// how deep it lies, and no part of its name is left alone.
pub fn depth_of(inbox: &Path, path: &Path, names: &IgnoredNames) -> Option<usize> {
    let below = path.strip_prefix(inbox).ok()?;
    let parts: Vec<_> = below.components().collect();
    let taken = |part: &std::path::Component| !names.contain(&part.as_os_str().to_string_lossy());
    (matches!(parts.len(), 1 | 2) && parts.iter().all(taken)).then_some(parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::files::write_whole;

    fn names() -> IgnoredNames {
        IgnoredNames::new(&Config::default().inbox.ignore)
    }

    /// What may be an archive, and what is shown as ignored.
    fn listed(folder: &Path, names: &IgnoredNames) -> (Vec<String>, Vec<String>) {
        let listing = Listing::read(folder, names).unwrap();
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let mut files: Vec<String> = listing.files.iter().map(name).collect();
        files.sort_unstable();
        (files, listing.ignored.iter().map(|(path, _)| name(path)).collect())
    }

    #[test]
    fn names_of_the_list_are_left_alone_and_shown() {
        let ignored = [
            ".hidden.zip",
            "~x.zip",
            "a.zip.part",
            "b.TMP",
            "c.crdownload",
            "d.zip.filepart",
            "Thumbs.db",
            "THUMBS.DB",
            "desktop.ini",
            "F43_10670_20140101080000.zip:Zone.Identifier",
            "F43_10670_20140101080000.zip.partial",
            "F43_10670_20140101080000.zip.download",
            "F43_10670_20140101080000.zip.opdownload",
            "F43_10670_20140101080000.zip.!ut",
            "F43_10670_20140101080000.zip.aria2",
            "F43_10670_20140101080000.zip.BAK",
            "F43_10670_20140101080000.zip.ok",
            "F43_10670_20140101080000.zip~",
        ];
        let taken = ["F43_10670_20140101080000.zip", "ok.zip", "part", "thumbs.db.zip", "x.okay"];
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("one")).unwrap();
        for name in ignored.iter().chain(&taken) {
            write_whole(&folder.path().join("one").join(name), b"x").unwrap();
        }
        let (found, left) = listed(folder.path(), &names());
        assert_eq!(found, taken);
        let mut want = ignored.to_vec();
        want.sort_unstable();
        assert_eq!(left, want);
        // Another list is another choice.
        let (found, left) = listed(folder.path(), &IgnoredNames::new(&["*.zip".to_owned()]));
        assert_eq!(left.len(), 5, "{left:?}");
        assert!(found.contains(&"Thumbs.db".to_owned()), "{found:?}");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern, like) in [
            ("a.bak", "*.bak", true),
            (".bak", "*.bak", true),
            ("a.bak.zip", "*.bak", false),
            ("A.BAK", "*.bak", true),
            ("a", "a", true),
            ("ab", "a", false),
            ("ab", "a*", true),
            ("a", "*a*", true),
            ("xay", "*a*", true),
            ("aa", "a*a", true),
            ("a", "a*a", false),
            ("a1b2c", "a*b*c", true),
            ("a1c2b", "a*b*c", false),
            ("anything", "*", true),
            ("", "*", true),
            ("x", "", false),
            ("ไฟล์.bak", "*.bak", true),
        ] {
            assert_eq!(
                IgnoredNames::new(&[pattern.to_owned()]).contain(name),
                like,
                "{name} {pattern}"
            );
        }
    }

    #[test]
    fn what_is_no_plain_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("one/two")).unwrap();
        write_whole(&folder.path().join("one/e.zip"), b"x").unwrap();
        write_whole(&folder.path().join("one/two/f.zip"), b"x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.zip")).unwrap();
        let found = Listing::read(folder.path(), &names()).unwrap();
        assert_eq!(found.files, [folder.path().join("one/e.zip")]);
        assert_eq!(found.ignored.len(), 2);
        assert!(found.closed.is_empty());
        let depth = |path: &str| depth_of(folder.path(), &folder.path().join(path), &names());
        assert_eq!((depth("one"), depth("one/e.zip")), (Some(1), Some(2)));
        assert_eq!((depth("one/two/f.zip"), depth(".hidden.zip")), (None, None));
        assert_eq!((depth(".one/e.zip"), depth("")), (None, None));
    }
}
