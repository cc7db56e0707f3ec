//! What is known of a destination beside the ledger: the names of its folders,
//! and that somebody began to send to it.
//!
//! The ledger goes back in time when an older database is restored, and
//! folders are taken away by whoever uploads them. This file, beside the
//! folders and not among them, is neither: lines are only added, each durable
//! before the folder that it tells of can be seen.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::Result;
use crate::files::{FileError, make_folder, sync_folder};

/// Path below the data folder of what was made for destinations.
pub(super) const ROOT: &str = "exports/forward";

/// The folder of the records, below that of all destinations.
const PLACE: &str = ".record";

/// A folder that was named, by its name.
const SENT: &str = "sent";
/// A folder of which somebody said what became of it, though the ledger does
/// not have it.
const SETTLED: &str = "settled";
/// Somebody sent by hand, or adopted.
const BEGUN: &str = "begun";

/// Where files about a destination lie that are not for it.
pub(super) fn place(data: &Path, destination: &str, kind: &str) -> PathBuf {
    data.join(ROOT).join(PLACE).join(format!("{destination}.{kind}"))
}

/// The record of one destination.
#[derive(Debug, Default)]
pub(super) struct SentRecord {
    path: PathBuf,
    /// Names of folders.
    sent: BTreeSet<String>,
    settled: BTreeSet<String>,
    begun: bool,
}

impl SentRecord {
    /// Reads it; there is none before something is sent. A line that a stop cut
    /// short says nothing.
    pub(super) fn read(data: &Path, destination: &str) -> Result<Self> {
        let path = place(data, destination, "sent");
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::about(path.display())(error).into());
            }
            _ => {}
        }
        let mut record = Self { path, ..Self::default() };
        for line in String::from_utf8_lossy(&bytes).lines() {
            record.take(line);
        }
        Ok(record)
    }

    fn take(&mut self, line: &str) {
        let name = |name: &str| {
            (name.len() == 14 && name.bytes().all(|b| b.is_ascii_digit())).then(|| name.to_owned())
        };
        match line.split_once(' ') {
            Some((SENT, rest)) => self.sent.extend(name(rest)),
            Some((SETTLED, rest)) => self.settled.extend(name(rest)),
            Some((BEGUN, _)) => self.begun = true,
            _ => {}
        }
    }

    /// Whether somebody sent to the destination by hand, or adopted.
    pub(super) fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether a folder of this name was ever made.
    pub(super) fn has(&self, name: &str) -> bool {
        self.sent.contains(name)
    }

    /// Folders that were made, that the ledger does not have, and of which
    /// nobody said what became of them.
    pub(super) fn unknown(&self, known: impl Fn(&str) -> bool) -> Vec<String> {
        self.sent.difference(&self.settled).filter(|name| !known(name)).cloned().collect()
    }

    /// Writes down that folders are about to get their names.
    pub(super) fn add_sent(&mut self, names: &[&str]) -> Result<()> {
        let new = names.iter().filter(|name| !self.sent.contains(**name));
        let lines: Vec<String> = new.map(|name| format!("{SENT} {name}")).collect();
        self.add(&lines)
    }

    /// Writes down that it is known what became of folders.
    pub(super) fn add_settled(&mut self, names: &[String]) -> Result<()> {
        let lines: Vec<String> = names.iter().map(|name| format!("{SETTLED} {name}")).collect();
        self.add(&lines)
    }

    /// Writes down that somebody began to send by hand, or adopted.
    pub(super) fn add_begun(&mut self, at: &str) -> Result<()> {
        if self.begun {
            return Ok(());
        }
        self.add(&[format!("{BEGUN} {at}")])
    }

    fn add(&mut self, lines: &[String]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        append(&self.path, lines).map_err(FileError::about(self.path.display()))?;
        for line in lines {
            self.take(line);
        }
        Ok(())
    }
}

/// Adds lines durably, behind what a stop may have left without an end.
fn append(path: &Path, lines: &[String]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder, 0o700)?;
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)?;
    let mut text = String::new();
    if file.metadata()?.len() > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push('\n');
        }
    }
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_what_the_ledger_lost_until_somebody_settles_it() {
        let data = tempfile::tempdir().unwrap();
        let read = || SentRecord::read(data.path(), "nhso").unwrap();
        assert!(!read().is_begun());
        read().add_begun("2014-01-17T08:00:00+07:00").unwrap();
        read().add_sent(&["20140117080000", "20140118080000"]).unwrap();
        assert!(read().is_begun() && read().has("20140118080000"));
        let unknown = read().unknown(|name| name == "20140117080000");
        assert_eq!(unknown, ["20140118080000"]);
        read().add_settled(&unknown).unwrap();
        assert_eq!(read().unknown(|name| name == "20140117080000"), [""; 0]);
        assert!(read().has("20140118080000"), "its name is not given again");
        assert!(!SentRecord::read(data.path(), "moph").unwrap().is_begun(), "each has its own");
    }

    #[test]
    fn a_line_that_was_cut_short_spoils_no_other() {
        let data = tempfile::tempdir().unwrap();
        let path = place(data.path(), "nhso", "sent");
        let whole = "begun 2014-01-17T08:00:00+07:00\nsent 20140117080000\nsent 20140118080000\n";
        for cut in 0..=whole.len() {
            make_folder(path.parent().unwrap(), 0o700).unwrap();
            crate::files::write_whole(&path, &whole.as_bytes()[..cut]).unwrap();
            let mut record = SentRecord::read(data.path(), "nhso").unwrap();
            record.add_sent(&["20140119080000"]).unwrap();
            let record = SentRecord::read(data.path(), "nhso").unwrap();
            assert!(record.has("20140119080000"), "{cut}");
            let last = "sent 20140118080000".len() + 1;
            assert_eq!(record.has("20140117080000"), cut + 1 >= whole.len() - last, "{cut}");
            assert_eq!(record.has("20140118080000"), cut + 1 >= whole.len(), "{cut}");
        }
    }
}
