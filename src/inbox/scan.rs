//! Looks through the inbox and tells which files are complete. Change
//! notification is only a hint to look sooner, so network shares work.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Endings of files that something is still writing.
const UNFINISHED: [&str; 4] = [".tmp", ".part", ".crdownload", ".filepart"];

/// A file in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// How long it has not changed while we looked.
    pub age: Duration,
    /// Complete: it has not changed for the settling time.
    pub settled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    modified: Option<SystemTime>,
    since: Instant,
}

/// Remembers what the files looked like.
#[derive(Debug, Default)]
pub struct Scanner {
    seen: HashMap<PathBuf, Seen>,
    /// What lies in the inbox but is never taken, with the reason.
    pub ignored: Vec<(PathBuf, &'static str)>,
}

impl Scanner {
    /// Looks through the inbox and one level of folders in it.
    pub fn scan(&mut self, inbox: &Path, settle: Duration, now: Instant) -> io::Result<Vec<Found>> {
        self.ignored.clear();
        let mut found = Vec::new();
        let mut next = HashMap::new();
        self.folder(inbox, 0, settle, now, &mut next, &mut found)?;
        self.seen = next;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        self.ignored.sort();
        Ok(found)
    }

    fn folder(
        &mut self,
        folder: &Path,
        depth: usize,
        settle: Duration,
        now: Instant,
        next: &mut HashMap<PathBuf, Seen>,
        found: &mut Vec<Found>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What vanishes while we look was taken back by its sender.
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if is_unfinished(&name) {
                continue;
            }
            if meta.is_dir() {
                if depth == 0 {
                    // One folder that cannot be read holds up no other.
                    if self.folder(&path, 1, settle, now, next, found).is_err() {
                        self.ignored.push((path, "a folder that cannot be read"));
                    }
                } else {
                    self.ignored.push((path, "a folder within a folder"));
                }
            } else if meta.is_file() {
                let mut seen =
                    Seen { bytes: meta.len(), modified: meta.modified().ok(), since: now };
                if let Some(before) = self.seen.get(&path)
                    && (before.bytes, before.modified) == (seen.bytes, seen.modified)
                {
                    seen.since = before.since;
                }
                let age = now.duration_since(seen.since);
                let (bytes, settled) = (seen.bytes, age >= settle);
                found.push(Found { path: path.clone(), name, bytes, age, settled });
                next.insert(path, seen);
            } else {
                self.ignored.push((path, "not a plain file"));
            }
        }
        Ok(())
    }
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
    fn a_file_settles_when_it_has_not_changed_for_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("F43_10670_25570101080000.zip");
        write_whole(&path, b"half").unwrap();
        let (settle, start) = (Duration::from_secs(2), Instant::now());
        let mut scanner = Scanner::default();
        let mut at = |ms: u64| {
            let now = start + Duration::from_millis(ms);
            scanner.scan(folder.path(), settle, now).unwrap()[0].settled
        };
        assert!(!at(0));
        assert!(!at(1900));
        write_whole(&path, b"whole").unwrap();
        assert!(!at(2100));
        assert!(!at(4000));
        assert!(at(4100));
    }

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
        let mut scanner = Scanner::default();
        let found = scanner.scan(folder.path(), Duration::ZERO, Instant::now()).unwrap();
        assert_eq!(found.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["e.zip"]);
        assert_eq!(scanner.ignored.len(), 2);
    }
}
