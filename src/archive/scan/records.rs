//! The records of a zip, each validated by itself: end records, directory entries,
//! local headers and data descriptors.

use crate::archive::defect::{ArchiveDefect, ArchiveError, ReadError};

use super::bytes::{u16_at, u32_at, u64_at};
use super::extra::{Extras, Narrow, widen};
use super::path::{self, SafeName};
use super::source::ByteSource;

const END: &[u8; 4] = b"PK\x05\x06";
const END64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR64: &[u8; 4] = b"PK\x06\x07";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";

const END_BYTES: u64 = 22;
const END64_BYTES: u64 = 56;
const LOCATOR64_BYTES: u64 = 20;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

/// How far from the end of the file the end record is looked for. Farther than
/// the format needs, so that trailing rubbish is told from a truncated file.
const END_WINDOW: u64 = 1 << 20;
/// Longest comment of an archive, in bytes.
const COMMENT_BYTES: u64 = 4096;

/// Encrypted (bit 0), strongly (6), directory too (13).
const FLAGS_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Sizes and CRC follow the data.
const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// The name is UTF-8.
const FLAG_UTF8: u16 = 1 << 11;
/// Bits 1 and 2 tell how hard the writer tried.
const FLAGS_KNOWN: u16 = 1 << 1 | 1 << 2 | FLAG_DESCRIPTOR | FLAG_UTF8;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const AES: u16 = 99;

/// What the end records say, proven against each other and the file's length.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// Entries promised.
    pub entries: u64,
    /// Where the directory begins.
    pub directory: u64,
    /// Where it ends and the end records begin.
    pub stop: u64,
}

/// Finds the end record. The last signature in the file must be it: then a
/// reader that searches from the end and one that trusts the comment's length
/// find the same.
pub(super) fn end(source: &mut ByteSource<'_>) -> Result<End, ReadError> {
    let len = source.len;
    let window = len.saturating_sub(END_WINDOW);
    let tail = source.within(window, (len - window) as usize, len)?.unwrap_or_default();
    let Some(found) = memchr::memmem::rfind(tail, END) else {
        let starts_as_zip = source.within(0, 4, len)?.is_some_and(|head| head == LOCAL);
        return Err(if starts_as_zip {
            ArchiveDefect::Truncated.found("no end record: the archive is cut short")
        } else {
            ArchiveDefect::NotZip.found("not a zip archive")
        }
        .into());
    };
    let at = window + found as u64;
    let record = &tail[found..];
    if (record.len() as u64) < END_BYTES {
        return Err(ArchiveDefect::Truncated.found("end record is cut short").into());
    }
    let comment = u64::from(u16_at(record, 20));
    match record.len() as u64 - END_BYTES {
        rest if rest < comment => {
            Err(ArchiveDefect::Truncated.found("archive comment is cut short"))
        }
        rest if rest > comment => Err(ArchiveDefect::Gap.found("bytes after the end record")),
        _ if comment > COMMENT_BYTES => {
            Err(ArchiveDefect::Comment.found("archive comment is too long"))
        }
        _ => Ok(()),
    }?;
    one_disk([u16_at(record, 4).into(), u16_at(record, 6).into()])?;
    let fields = [
        Narrow::disk(u16_at(record, 8)),
        Narrow::disk(u16_at(record, 10)),
        Narrow::size(u32_at(record, 12)),
        Narrow::size(u32_at(record, 16)),
    ];
    let (fields, directory_end) = match end64(source, at)? {
        Some((wide, start)) => (confirm(fields, wide)?, start),
        None => (fields.map(|field| field.value), at),
    };
    agree(fields, directory_end)
}

/// The zip64 end record before the end record at `end`, when a locator points to
/// it, and where it starts.
fn end64(source: &mut ByteSource<'_>, end: u64) -> Result<Option<([u64; 4], u64)>, ReadError> {
    let Some(at) = end.checked_sub(LOCATOR64_BYTES) else { return Ok(None) };
    let Some(locator) = source.within(at, LOCATOR64_BYTES as usize, end)? else { return Ok(None) };
    if !locator.starts_with(LOCATOR64) {
        return Ok(None);
    }
    // The locator counts the disks from 1, all others number them from 0.
    one_disk([u32_at(locator, 4), u32_at(locator, 16).wrapping_sub(1)])?;
    let start = u64_at(locator, 8);
    let record = match start.checked_add(END64_BYTES) {
        Some(stop) if stop == at => source.within(start, END64_BYTES as usize, at)?,
        _ => None,
    };
    match record {
        Some(record) if record.starts_with(END64) && u64_at(record, 4) == END64_BYTES - 12 => {
            one_disk([u32_at(record, 16), u32_at(record, 20)])?;
            let fields =
                [u64_at(record, 24), u64_at(record, 32), u64_at(record, 40), u64_at(record, 48)];
            Ok(Some((fields, start)))
        }
        _ => Err(ArchiveDefect::Directory
            .found("zip64 end record is not where its locator says")
            .into()),
    }
}

/// Each field of the end record must be the zip64 one or refer to it.
fn confirm(narrow: [Narrow; 4], wide: [u64; 4]) -> Result<[u64; 4], ArchiveError> {
    let agree = narrow.iter().zip(wide).all(|(a, b)| a.value == a.sentinel || a.value == b);
    agree
        .then_some(wide)
        .ok_or_else(|| ArchiveDefect::Directory.found("end record and zip64 end record differ"))
}

/// Numbers of disks of an archive that lies on one: all 0. Blanks that refer to
/// the zip64 record are not taken, because no writer leaves them here.
fn one_disk(numbers: [u32; 2]) -> Result<(), ArchiveError> {
    let split = || ArchiveDefect::MultiDisk.found("part of a split archive");
    (numbers == [0, 0]).then_some(()).ok_or_else(split)
}

/// The counts and the place of the directory, against each other.
fn agree(fields: [u64; 4], directory_end: u64) -> Result<End, ReadError> {
    let [here, entries, size, directory] = fields;
    if here != entries {
        return Err(ArchiveDefect::Directory
            .found("two counts of entries in the end record")
            .into());
    }
    match directory.checked_add(size) {
        Some(stop) if stop == directory_end => Ok(End { entries, directory, stop: directory_end }),
        Some(stop) if stop < directory_end => {
            Err(ArchiveDefect::Gap.found("bytes before the first or after the last record").into())
        }
        _ => Err(ArchiveDefect::Truncated.found("directory is cut short").into()),
    }
}

/// One record of the directory, validated by itself.
#[derive(Debug)]
pub(super) struct Central {
    pub raw_name: Vec<u8>,
    pub name: SafeName,
    /// The folded name of the Unicode path field, when that is another spelling.
    pub second_key: Option<Vec<u8>>,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u64,
    pub inflated: u64,
    /// Where the local header is said to be.
    pub offset: u64,
}

impl Central {
    pub fn is_deflated(&self) -> bool {
        self.method == DEFLATED
    }

    fn has_descriptor(&self) -> bool {
        self.flags & FLAG_DESCRIPTOR != 0
    }
}

/// The lengths that tell where the next directory record begins, or nothing
/// when no whole record is there.
pub(super) fn central_length(
    source: &mut ByteSource<'_>,
    at: u64,
    end: u64,
) -> Result<Option<usize>, ReadError> {
    let Some(fixed) = source.within(at, CENTRAL_BYTES, end)? else { return Ok(None) };
    let rest: usize = [28, 30, 32].iter().map(|&field| usize::from(u16_at(fixed, field))).sum();
    let whole = CENTRAL_BYTES + rest;
    Ok((fixed.starts_with(CENTRAL) && at + whole as u64 <= end).then_some(whole))
}

/// Reads a directory record whose whole bytes are given.
pub(super) fn central(record: &[u8]) -> Result<Central, ArchiveError> {
    let (name_len, extra_len) = (usize::from(u16_at(record, 28)), usize::from(u16_at(record, 30)));
    let raw = &record[CENTRAL_BYTES..CENTRAL_BYTES + name_len];
    if raw.len() > path::NAME_BYTES {
        return Err(ArchiveDefect::Path.found("an entry's name is too long"));
    }
    let (flags, method) = (u16_at(record, 8), u16_at(record, 10));
    let utf8 = flags & FLAG_UTF8 != 0;
    let name = path::validated_name(raw, utf8)?;
    let shown = name.display.as_str();
    let extra_at = CENTRAL_BYTES + name_len;
    let extras = Extras::read(&record[extra_at..extra_at + extra_len], shown)?;
    plain(flags, method, shown)?;
    plain_file(u32_at(record, 38), &name)?;
    let second_key = match extras.unicode_name(raw, utf8, shown)? {
        Some(unicode) => Some(path::validated_name(unicode, true)?.key),
        None => None,
    };
    let fields = [
        Narrow::size(u32_at(record, 24)),
        Narrow::size(u32_at(record, 20)),
        Narrow::size(u32_at(record, 42)),
        Narrow::disk(u16_at(record, 34)),
    ];
    let Some([inflated, packed, offset, disk]) = widen(fields, extras.zip64) else {
        return Err(ArchiveDefect::Extra.at(shown, "zip64 field does not fit its header"));
    };
    if disk != 0 {
        return Err(ArchiveDefect::MultiDisk.at(shown, "lies on another part of a split archive"));
    }
    let central = Central {
        raw_name: raw.to_vec(),
        second_key: second_key.filter(|key| *key != name.key),
        crc: u32_at(record, 16),
        name,
        flags,
        method,
        packed,
        inflated,
        offset,
    };
    sizes(&central)?;
    Ok(central)
}

/// Refuses what only special archives have.
fn plain(flags: u16, method: u16, entry: &str) -> Result<(), ArchiveError> {
    if flags & FLAGS_ENCRYPTED != 0 || method == AES {
        return Err(ArchiveDefect::Encrypted.at(entry, "encrypted"));
    }
    if flags & !FLAGS_KNOWN != 0 {
        return Err(ArchiveDefect::Flags.at(entry, format!("unusual flags {flags:#06x}")));
    }
    if method != STORED && method != DEFLATED {
        return Err(ArchiveDefect::Method
            .at(entry, format!("method {method} is neither store nor deflate")));
    }
    Ok(())
}

/// External attributes: what kind of thing the entry was where it was packed.
fn plain_file(attributes: u32, name: &SafeName) -> Result<(), ArchiveError> {
    const DOS_FOLDER: u32 = 0x10;
    // The kind of thing in a Unix mode, which stands in the upper half.
    const UNIX_FOLDER: u32 = 0o04;
    const UNIX_FILE: u32 = 0o10;
    // What came through a pipe is a file like any other by now.
    const UNIX_PIPE: u32 = 0o01;
    let as_named = match attributes >> 28 {
        0x0 => name.is_dir || attributes & DOS_FOLDER == 0,
        UNIX_FOLDER => name.is_dir,
        UNIX_FILE | UNIX_PIPE => !name.is_dir,
        _ => false,
    };
    let fault = || {
        ArchiveDefect::NotPlainFile
            .at(&name.display, "a link, a device, or a folder posing as a file")
    };
    as_named.then_some(()).ok_or_else(fault)
}

/// Sizes that contradict each other before anything is read.
fn sizes(central: &Central) -> Result<(), ArchiveError> {
    let shown = &central.name.display;
    // Some writers deflate a folder's nothing: two bytes packed, none inflated.
    if central.name.is_dir && (central.inflated > 0 || central.crc != 0 || central.packed > 2) {
        return Err(ArchiveDefect::FolderData.at(shown, "a folder with data"));
    }
    if central.method == STORED && central.packed != central.inflated {
        return Err(ArchiveDefect::Mismatch.at(shown, "stored, but its two sizes differ"));
    }
    Ok(())
}

/// Reads the local header of `central` and what follows its data up to `next`,
/// where the next record begins. Gives where the data begins.
pub(super) fn local(
    source: &mut ByteSource<'_>,
    central: &Central,
    next: u64,
) -> Result<u64, ReadError> {
    let shown = central.name.display.as_str();
    let mismatch = |what: &str| ArchiveDefect::Mismatch.at(shown, what);
    let overlap = || ArchiveDefect::Overlap.at(shown, "shares bytes with another record");
    let at = central.offset;
    let fixed = source.within(at, LOCAL_BYTES, next)?.ok_or_else(overlap)?;
    if !fixed.starts_with(LOCAL) {
        return Err(mismatch("no local header where the directory says").into());
    }
    let name_len = usize::from(u16_at(fixed, 26));
    let whole = LOCAL_BYTES + name_len + usize::from(u16_at(fixed, 28));
    let header = source.within(at, whole, next)?.ok_or_else(overlap)?;
    if (u16_at(header, 6), u16_at(header, 8)) != (central.flags, central.method) {
        return Err(mismatch("local flags or method unlike the directory").into());
    }
    if header[LOCAL_BYTES..LOCAL_BYTES + name_len] != central.raw_name {
        return Err(mismatch("local name unlike the directory").into());
    }
    local_numbers(central, header, Extras::read(&header[LOCAL_BYTES + name_len..], shown)?)?;
    let data = at + whole as u64;
    let data_end =
        data.checked_add(central.packed).filter(|&stop| stop <= next).ok_or_else(overlap)?;
    after_data(source, central, data_end, next)?;
    Ok(data)
}

/// Sizes, CRC and Unicode name of a local header, against the directory.
fn local_numbers(central: &Central, header: &[u8], extras: Extras<'_>) -> Result<(), ArchiveError> {
    let shown = central.name.display.as_str();
    extras.unicode_name(&central.raw_name, central.flags & FLAG_UTF8 != 0, shown)?;
    let fields = [Narrow::size(u32_at(header, 22)), Narrow::size(u32_at(header, 18))];
    let Some([inflated, packed]) = widen(fields, extras.zip64) else {
        return Err(ArchiveDefect::Extra.at(shown, "zip64 field does not fit its header"));
    };
    // A writer that streams leaves blanks here: zero, or all ones in zip64.
    let fits = |local: u64, real: u64| {
        local == real || (central.has_descriptor() && (local == 0 || local == u64::MAX))
    };
    let agrees = fits(u32_at(header, 14).into(), central.crc.into())
        && fits(packed, central.packed)
        && fits(inflated, central.inflated);
    let fault = || ArchiveDefect::Mismatch.at(shown, "local sizes or CRC unlike the directory");
    agrees.then_some(()).ok_or_else(fault)
}

/// Between the data and the next record stands a data descriptor, or nothing.
/// Its length tells its form: with or without signature, sizes of 4 or 8 bytes.
fn after_data(
    source: &mut ByteSource<'_>,
    central: &Central,
    at: u64,
    next: u64,
) -> Result<(), ReadError> {
    let shown = central.name.display.as_str();
    let gap = next - at;
    if !central.has_descriptor() {
        return match gap {
            0 => Ok(()),
            _ => Err(ArchiveDefect::Gap.at(shown, "bytes between it and the next record").into()),
        };
    }
    let (signature, wide) = match gap {
        12 => (0, false),
        16 => (4, false),
        20 => (0, true),
        24 => (4, true),
        _ => {
            return Err(ArchiveDefect::Gap
                .at(shown, "no data descriptor, or bytes around it")
                .into());
        }
    };
    let Some(record) = source.within(at, gap as usize, next)? else {
        return Err(ArchiveDefect::Gap.at(shown, "no data descriptor").into());
    };
    let body = &record[signature..];
    let sizes = if wide {
        (u64_at(body, 4), u64_at(body, 12))
    } else {
        (u32_at(body, 4).into(), u32_at(body, 8).into())
    };
    let agrees = DESCRIPTOR.starts_with(&record[..signature])
        && u32_at(body, 0) == central.crc
        && sizes == (central.packed, central.inflated);
    agrees.then_some(()).ok_or_else(|| {
        ArchiveDefect::Mismatch.at(shown, "data descriptor unlike the directory").into()
    })
}
