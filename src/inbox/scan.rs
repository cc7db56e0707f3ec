//! Looks through the inbox and tells which files are complete. Change
//! notification is only a hint to look sooner, so network shares work.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::config::Inbox;

// Why a file is not taken, in both languages.
const BY_NAME: &str =
    "ชื่ออยู่ในรายการที่เว้นไว้ (inbox.ignore) · a name that is left alone (inbox.ignore)";
const UNREADABLE: &str = "โฟลเดอร์ที่อ่านไม่ได้ · a folder that cannot be read";
const TOO_DEEP: &str = "โฟลเดอร์ซ้อนในโฟลเดอร์ · a folder within a folder";
const NO_FILE: &str = "ไม่ใช่ไฟล์ธรรมดา · not a plain file";

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
    pub fn scan(&mut self, inbox: &Path, rules: &Inbox, now: Instant) -> io::Result<Vec<Found>> {
        self.ignored.clear();
        let mut found = Vec::new();
        let mut next = HashMap::new();
        self.folder(inbox, 0, rules, now, &mut next, &mut found)?;
        self.seen = next;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        self.ignored.sort();
        Ok(found)
    }

    fn folder(
        &mut self,
        folder: &Path,
        depth: usize,
        rules: &Inbox,
        now: Instant,
        next: &mut HashMap<PathBuf, Seen>,
        found: &mut Vec<Found>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What vanishes while we look was taken back by its sender.
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if rules.ignore.iter().any(|pattern| is_like(&name, pattern)) {
                self.ignored.push((path, BY_NAME));
                continue;
            }
            if meta.is_dir() {
                if depth == 0 {
                    // One folder that cannot be read holds up no other.
                    if self.folder(&path, 1, rules, now, next, found).is_err() {
                        self.ignored.push((path, UNREADABLE));
                    }
                } else {
                    self.ignored.push((path, TOO_DEEP));
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
                let (bytes, settled) = (seen.bytes, age >= rules.settle.0);
                found.push(Found { path: path.clone(), name, bytes, age, settled });
                next.insert(path, seen);
            } else {
                self.ignored.push((path, NO_FILE));
            }
        }
        Ok(())
    }
}

/// Whether a name is of a pattern in which `*` stands for any text, in any
/// case of letters.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.to_lowercase(), pattern.to_lowercase());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::files::write_whole;

    #[test]
    fn a_file_settles_when_it_has_not_changed_for_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("F43_10670_25570101080000.zip");
        write_whole(&path, b"half").unwrap();
        let (rules, start) = (Config::default().inbox, Instant::now());
        let mut scanner = Scanner::default();
        let mut at = |ms: u64| {
            let now = start + Duration::from_millis(ms);
            scanner.scan(folder.path(), &rules, now).unwrap()[0].settled
        };
        assert!(!at(0));
        assert!(!at(1900));
        write_whole(&path, b"whole").unwrap();
        assert!(!at(2100));
        assert!(!at(4000));
        assert!(at(4100));
    }

    /// What is taken, and what is shown as ignored.
    fn looked(folder: &Path, rules: &Inbox) -> (Vec<String>, Vec<String>) {
        let mut scanner = Scanner::default();
        let found = scanner.scan(folder, rules, Instant::now()).unwrap();
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let ignored = scanner.ignored.iter().map(|(path, _)| name(path)).collect();
        (found.into_iter().map(|f| f.name).collect(), ignored)
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
        let rules = Config::default().inbox;
        let (found, left) = looked(folder.path(), &rules);
        assert_eq!(found, taken);
        let mut want = ignored.to_vec();
        want.sort_unstable();
        assert_eq!(left, want);
        // Another list is another choice.
        let rules = Inbox { ignore: vec!["*.zip".to_owned()], ..rules };
        let (found, left) = looked(folder.path(), &rules);
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
            assert_eq!(is_like(name, pattern), like, "{name} {pattern}");
        }
    }

    #[test]
    fn what_is_no_plain_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("one/two")).unwrap();
        write_whole(&folder.path().join("one/e.zip"), b"x").unwrap();
        write_whole(&folder.path().join("one/two/f.zip"), b"x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.zip")).unwrap();
        let (found, left) = looked(folder.path(), &Config::default().inbox);
        assert_eq!(found, ["e.zip"]);
        assert_eq!(left, ["link.zip", "two"]);
    }
}
