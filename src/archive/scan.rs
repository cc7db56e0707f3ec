//! Our own reading of a zip's structure, before anything is inflated.
//!
//! Readers of zip disagree about broken archives: some trust the directory,
//! some the local headers, some the last of two equal names. What is accepted
//! here reads the same for all of them: every byte of the file belongs to
//! exactly one record, and every statement made twice is the same twice. This
//! is an allow-list; it repairs nothing and reads only headers.

mod bytes;
mod extra;
mod path;
mod records;
mod source;

use std::collections::HashSet;
use std::fs::File;

use crate::config::Limits;

use super::defect::{ArchiveDefect, ArchiveError, ReadError};
use records::{Central, End};
use source::ByteSource;

/// Members that inflate to less than this are not held to the ratio, in bytes.
pub(super) const RATIO_FREE_BYTES: u64 = 1 << 20;

/// One entry of an archive that passed the scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedEntry {
    /// Place in the directory, from 0; what [`super::Archive::reader`] takes.
    pub index: usize,
    /// Whole name for display; never a path.
    pub name: String,
    /// Last component of the name; empty for the top folder itself.
    pub base: String,
    /// A folder; it has no data.
    pub is_dir: bool,
    /// Bytes in the archive.
    pub packed: u64,
    /// Bytes when inflated, as declared.
    pub inflated: u64,
    /// CRC-32 of the inflated bytes, as declared.
    pub crc32: u32,
    /// Deflated, else stored.
    pub(super) deflated: bool,
    /// Where the packed bytes begin in the file.
    pub(super) start: u64,
}

impl ScannedEntry {
    /// Whether it lies in the folder that macOS adds to an archive: then it tells
    /// something of a file, and is none.
    pub fn is_in_mac_mirror(&self) -> bool {
        path::is_in_mac_mirror(&self.name)
    }
}

/// Scans an archive of `len` bytes. Structure comes before limits, so that an
/// archive which lies about its entries is called unsafe and not just large.
pub(super) fn scan(file: &File, len: u64, limits: &Limits) -> Result<Vec<ScannedEntry>, ReadError> {
    if len > limits.archive_bytes {
        let detail = format!("archive of {len} bytes, limit {}", limits.archive_bytes);
        return Err(ArchiveDefect::ArchiveBytes.found(detail).into());
    }
    let mut source = ByteSource::new(file, len);
    let end = records::end(&mut source)?;
    let centrals = directory(&mut source, end, limits)?;
    distinct(&centrals)?;
    let starts = layout(&mut source, &centrals, end.directory)?;
    let entries: Vec<ScannedEntry> =
        centrals.into_iter().zip(starts).enumerate().map(entry).collect();
    declared(&entries, limits)?;
    Ok(entries)
}

fn entry((index, (central, start)): (usize, (Central, u64))) -> ScannedEntry {
    ScannedEntry {
        index,
        deflated: central.is_deflated(),
        name: central.name.display,
        base: central.name.base,
        is_dir: central.name.is_dir,
        packed: central.packed,
        inflated: central.inflated,
        crc32: central.crc,
        start,
    }
}

/// Reads the whole directory. Entries over the limit are counted but not kept:
/// memory stays bounded, and a count that lies is found all the same.
fn directory(
    source: &mut ByteSource<'_>,
    end: End,
    limits: &Limits,
) -> Result<Vec<Central>, ReadError> {
    let mut kept = Vec::new();
    let (mut at, mut count) = (end.directory, 0);
    while at < end.stop {
        let Some(whole) = records::central_length(source, at, end.stop)? else {
            let detail = format!("no entry where number {} should be in the directory", count + 1);
            return Err(ArchiveDefect::Directory.found(detail).into());
        };
        if count < limits.entries
            && let Some(record) = source.within(at, whole, end.stop)?
        {
            kept.push(records::central(record)?);
        }
        at += whole as u64;
        count += 1;
    }
    if count != end.entries {
        let detail = format!("{count} entries in the directory, {} promised", end.entries);
        return Err(ArchiveDefect::Directory.found(detail).into());
    }
    if count > limits.entries {
        let detail = format!("{count} entries, limit {}", limits.entries);
        return Err(ArchiveDefect::Entries.found(detail).into());
    }
    Ok(kept)
}

/// No two entries share a name in any spelling.
fn distinct(centrals: &[Central]) -> Result<(), ArchiveError> {
    let mut seen = HashSet::new();
    for central in centrals {
        for key in std::iter::once(&central.name.key).chain(&central.second_key) {
            if !seen.insert(key) {
                return Err(
                    ArchiveDefect::Duplicate.at(&central.name.display, "two entries of this name")
                );
            }
        }
    }
    Ok(())
}

/// Walks the local records in the order of the file: they must cover it from
/// its first byte to the directory, without a gap and without sharing a byte.
/// Gives where the data of each entry begins.
fn layout(
    source: &mut ByteSource<'_>,
    centrals: &[Central],
    directory: u64,
) -> Result<Vec<u64>, ReadError> {
    let mut order: Vec<usize> = (0..centrals.len()).collect();
    order.sort_by_key(|&index| centrals[index].offset);
    if order.first().map_or(directory, |&first| centrals[first].offset) > 0 {
        return Err(ArchiveDefect::Gap.found("bytes before the first record").into());
    }
    let mut starts = vec![0; centrals.len()];
    for (place, &index) in order.iter().enumerate() {
        let next = order.get(place + 1).map_or(directory, |&after| centrals[after].offset);
        starts[index] = records::local(source, &centrals[index], next)?;
    }
    Ok(starts)
}

/// The limits on what the headers declare; the reader counts again.
fn declared(entries: &[ScannedEntry], limits: &Limits) -> Result<(), ArchiveError> {
    let mut total: u64 = 0;
    for entry in entries {
        total = total.saturating_add(entry.inflated);
        within_limits(entry, entry.inflated, total, limits)?;
    }
    Ok(())
}

/// Holds `inflated` bytes of one entry, and `total` of all, to the limits.
pub(super) fn within_limits(
    entry: &ScannedEntry,
    inflated: u64,
    total: u64,
    limits: &Limits,
) -> Result<(), ArchiveError> {
    let over = |flaw: ArchiveDefect, what: &str, limit: u64| {
        Err(flaw.at(&entry.name, format!("{what}, limit {limit}")))
    };
    if inflated > limits.member_bytes {
        return over(ArchiveDefect::MemberBytes, "inflates to too many bytes", limits.member_bytes);
    }
    if total > limits.inflated_bytes {
        return over(
            ArchiveDefect::InflatedBytes,
            "all entries inflate to too many bytes",
            limits.inflated_bytes,
        );
    }
    if inflated > RATIO_FREE_BYTES && inflated > limits.ratio.saturating_mul(entry.packed) {
        return over(
            ArchiveDefect::Ratio,
            "inflates out of proportion to its packed bytes",
            limits.ratio,
        );
    }
    Ok(())
}
