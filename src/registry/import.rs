//! Reads `cid,hcode,hmain,scheme`, a line at a time, into the store.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::store::{RawValue, RegistryRecord, Store, StoreError};
use crate::text::{Bilingual, message, message_with, text};

/// The columns, in any order.
const COLUMNS: [&str; 4] = ["cid", "hcode", "hmain", "scheme"];

/// Longest line that is read; a longer one is no line of a registry.
const LONGEST: u64 = 4096;

/// A line that was left out. What stands in it is not shown: it may hold a
/// citizen ID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, in Thai.
    pub th: &'static str,
    /// What is wrong, in English.
    pub en: &'static str,
}

/// What an import gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Its number.
    pub id: i64,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Persons taken.
    pub persons: u64,
    /// Those among them without HCODE: known, but a head of no unit.
    pub without_hcode: u64,
    /// Lines left out.
    pub bad: u64,
    /// The first of them.
    pub bad_lines: Vec<BadLine>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The store said no.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The file is no registry.
    #[error("{file}:{line}: {en}")]
    File {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong, in Thai.
        th: String,
        /// What is wrong, in English.
        en: String,
    },
}

/// Replaces the registry by a file. Lines that are wrong are left out and
/// reported, at most `most` of them one by one; when nothing is right, or the
/// header is not, the registry stays as it was.
///
/// # Errors
/// Refused if the header is wrong or no line is right; else errors of the file system
/// and the database.
pub fn import(
    store: &mut Store,
    path: &Path,
    who: &str,
    at: &str,
    most: usize,
) -> Result<Imported, ImportError> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut lines = RegistryLines::new(crate::files::open_plain(path)?);
    let places = header(&file, &mut lines)?;
    let mut loading = store.registry_load()?;
    let (mut persons, mut without_hcode, mut bad, mut bad_lines) = (0, 0, 0, Vec::new());
    while lines.next()? {
        let taken = match person(lines.text(), places) {
            None => continue,
            Some(Ok(p)) if loading.insert(p.cid, p.hcode, p.hmain, &p.scheme)? => {
                without_hcode += u64::from(p.hcode.is_empty());
                Ok(())
            }
            Some(Ok(_)) => Err("registry.cid_stands_above"),
            Some(Err(what)) => Err(what),
        };
        match taken {
            Ok(()) => persons += 1,
            Err(key) => {
                bad += 1;
                if bad_lines.len() < most {
                    let Bilingual { th, en } = text(key);
                    bad_lines.push(BadLine { line: lines.number, th, en });
                }
            }
        }
    }
    if persons == 0 {
        let line = lines.number;
        let Bilingual { th, en } = message("registry.no_line_is_right");
        return Err(ImportError::File { file, line, th, en });
    }
    let record = RegistryRecord {
        file: file.clone(),
        sha256: lines.sha256(),
        bytes: lines.bytes,
        imported_at: at.to_owned(),
        by: who.to_owned(),
        persons,
        bad,
    };
    let id = loading.commit(&record)?;
    Ok(Imported { id, file, sha256: record.sha256, persons, without_hcode, bad, bad_lines })
}

fn header(file: &str, lines: &mut RegistryLines) -> Result<[usize; 4], ImportError> {
    lines.next()?;
    let text = lines.text();
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let names: Vec<&str> = text.split(',').map(clean).collect();
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let Some(at) = names.iter().position(|name| *name == column) else {
            let columns = COLUMNS.join(",");
            let Bilingual { th, en } =
                message_with("registry.header", &[("columns", &columns), ("column", &column)]);
            return Err(ImportError::File { file: file.to_owned(), line: 1, th, en });
        };
        *place = at;
    }
    Ok(places)
}

struct RegistryPerson<'a> {
    cid: i64,
    hcode: &'a str,
    hmain: &'a str,
    scheme: String,
}

/// Key of the text that says what is wrong with a line.
type BadLineKey = &'static str;

/// A line as a person; none when it is blank.
fn person(line: &[u8], places: [usize; 4]) -> Option<Result<RegistryPerson<'_>, BadLineKey>> {
    if line.len() as u64 >= LONGEST {
        return Some(Err("registry.line_too_long"));
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(Err("registry.not_utf8"));
    };
    if text.trim().is_empty() {
        return None;
    }
    let mut values = [""; 4];
    let mut columns = 0;
    for (at, value) in text.split(',').enumerate() {
        columns += 1;
        if let Some(place) = places.iter().position(|&place| place == at) {
            values[place] = clean(value);
        }
    }
    let [cid, hcode, hmain, scheme] = values;
    let code = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    // People outside UC have no unit, and with it nothing that follows from one.
    let outside = hcode.is_empty();
    Some(if columns <= places.into_iter().max().unwrap_or(0) {
        Err("registry.columns_missing")
    } else if !outside && !code(hcode) {
        Err("registry.hcode")
    } else if !(code(hmain) || outside && hmain.is_empty()) {
        Err("registry.hmain")
    } else if !outside && scheme.is_empty() {
        Err("registry.scheme")
    } else {
        match super::citizen(RawValue::Text(cid)) {
            None => Err("registry.cid"),
            Some(cid) => Ok(RegistryPerson {
                cid: cid as i64,
                hcode,
                hmain,
                scheme: scheme.to_ascii_uppercase(),
            }),
        }
    })
}

/// A value without blanks and the quotation marks of a spreadsheet program.
fn clean(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value).trim()
}

/// Lines of a file with their numbers, hashed as they are read; of a line that
/// is too long only the beginning is kept.
struct RegistryLines {
    input: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    hash: Sha256,
}

impl RegistryLines {
    fn new(file: File) -> Self {
        let input = BufReader::with_capacity(1 << 18, file);
        Self { input, line: Vec::new(), number: 0, bytes: 0, hash: Sha256::new() }
    }

    /// Reads the next line; false at the end.
    fn next(&mut self) -> std::io::Result<bool> {
        self.line.clear();
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.line)? as u64;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.bytes += read;
        self.hash.update(&self.line);
        let mut open = read == LONGEST && self.line.last() != Some(&b'\n');
        while open {
            let rest = self.input.fill_buf()?;
            let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let part = end.unwrap_or(rest.len());
            self.hash.update(&rest[..part]);
            self.bytes += part as u64;
            open = end.is_none() && part > 0;
            self.input.consume(part);
        }
        Ok(true)
    }

    fn text(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    fn sha256(&self) -> String {
        crate::files::hex(&self.hash.clone().finalize())
    }
}
