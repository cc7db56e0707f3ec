//! Writes archives that are sent on.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use chrono::{Datelike as _, NaiveDateTime, Timelike as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::original::{Originals, Trouble, write_member};
use super::plan::{PlannedArchive, runs};
use crate::archive::sha256_file;
use crate::store::ForwardPart;

/// Bytes of a member from which it is written in the form for large ones.
const LARGE: u64 = 1 << 31;

/// Writes an archive; gives its size and its SHA-256.
pub(super) fn write(
    folder: &Path,
    name: &str,
    time: NaiveDateTime,
    planned: &PlannedArchive,
    originals: &mut Originals<'_>,
) -> Result<(u64, String), Trouble> {
    let path = folder.join(name);
    let file = File::create_new(&path).map_err(Trouble::Ours)?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let ours = |error: zip::result::ZipError| Trouble::Ours(io::Error::other(error));
    for parts in planned.files.values() {
        let Some(first) = parts.first() else { continue };
        let rows: usize = parts.iter().map(|part| part.lines.len()).sum();
        // Lines have at most some hundred bytes; the exact size is not known
        // before they are read.
        let large = rows as u64 * 1024 > LARGE;
        let member = originals.member_name(first)?;
        zip.start_file(member, options(time, large)).map_err(ours)?;
        write_member(originals, parts, &mut zip)?;
    }
    let written = zip.finish().map_err(ours)?;
    let sync = || {
        let mut written = written;
        written.flush()?;
        written.get_ref().sync_all()
    };
    sync().map_err(Trouble::Ours)?;
    let (sha256, bytes) = sha256_file(&path).map_err(Trouble::Ours)?;
    Ok((bytes, sha256))
}

/// The record of where the rows came from.
pub(super) fn parts_of(planned: &PlannedArchive) -> Vec<ForwardPart> {
    let mut all = Vec::new();
    for parts in planned.files.values() {
        let mut first = 1;
        for part in parts {
            let rows = part.lines.len() as u64;
            all.push(ForwardPart {
                submission: part.submission,
                file: part.file.clone(),
                first,
                rows,
                lines: runs(&part.lines),
            });
            first += rows;
        }
    }
    all
}

fn options(time: NaiveDateTime, large: bool) -> SimpleFileOptions {
    let at = |part: u32| u8::try_from(part).unwrap_or_default();
    let year = u16::try_from(time.year()).unwrap_or_default();
    let modified = DateTime::from_date_and_time(
        year,
        at(time.month()),
        at(time.day()),
        at(time.hour()),
        at(time.minute()),
        at(time.second()),
    );
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(modified.unwrap_or_default())
        .unix_permissions(0o644)
        .large_file(large)
}
