//! Zip archives byte by byte, well-formed or hostile.
//!
//! A [`Zip`] is right as built; every field of every record may then be made
//! wrong on its own. Nothing here is computed from what was altered, so a lie
//! stays exactly the lie that the test tells.

#![allow(dead_code, reason = "each test target uses its own part of the kit")]

use std::io::Write;

/// Sizes and CRC follow the data.
pub const STREAMED: u16 = 1 << 3;
/// The name is UTF-8.
pub const UTF8: u16 = 1 << 11;

/// The fields that a local header and a directory record have in common.
#[derive(Debug, Clone)]
pub struct Header {
    pub signature: [u8; 4],
    pub version: u16,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u32,
    pub inflated: u32,
    pub name: Vec<u8>,
    pub extra: Vec<u8>,
}

impl Header {
    fn shared(&self) -> Vec<u8> {
        // 1 January 2013, 08:30:10.
        const TIME: u16 = 8 << 11 | 30 << 5 | 5;
        const DATE: u16 = 33 << 9 | 1 << 5 | 1;
        let mut out = Vec::new();
        for half in [self.version, self.flags, self.method, TIME, DATE] {
            out.extend(half.to_le_bytes());
        }
        for word in [self.crc, self.packed, self.inflated] {
            out.extend(word.to_le_bytes());
        }
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend((self.extra.len() as u16).to_le_bytes());
        out
    }
}

/// One entry: its local record, its data and its directory record.
#[derive(Debug, Clone)]
pub struct Part {
    /// Bytes that belong to nobody, before the local header.
    pub before: Vec<u8>,
    pub local: Header,
    pub data: Vec<u8>,
    pub descriptor: Vec<u8>,
    pub central: Header,
    pub made_by: u16,
    pub attributes: u32,
    pub comment: Vec<u8>,
    pub disk: u16,
    /// Where the directory says the local header is, when not where it is.
    pub offset: Option<u32>,
    /// Stands in the directory only.
    pub no_local: bool,
}

/// The forms that a data descriptor has in the wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    pub signed: bool,
    pub wide: bool,
}

impl Part {
    /// A deflated file.
    pub fn deflated(name: &str, content: &[u8]) -> Self {
        Self::raw(name, 8, deflate(content), content)
    }

    /// A stored file.
    pub fn stored(name: &str, content: &[u8]) -> Self {
        Self::raw(name, 0, content.to_vec(), content)
    }

    /// A folder without data.
    pub fn folder(name: &str) -> Self {
        let mut part = Self::stored(name, b"");
        part.attributes = 0o040_755 << 16 | 0x10;
        part
    }

    fn raw(name: &str, method: u16, data: Vec<u8>, content: &[u8]) -> Self {
        let local = Header {
            signature: *b"PK\x03\x04",
            version: 20,
            flags: if name.is_ascii() { 0 } else { UTF8 },
            method,
            crc: crc32(content),
            packed: data.len() as u32,
            inflated: content.len() as u32,
            name: name.as_bytes().to_vec(),
            extra: Vec::new(),
        };
        let central = Header { signature: *b"PK\x01\x02", ..local.clone() };
        Self {
            before: Vec::new(),
            local,
            data,
            descriptor: Vec::new(),
            central,
            made_by: 0x031e,
            attributes: 0o100_644 << 16,
            comment: Vec::new(),
            disk: 0,
            offset: None,
            no_local: false,
        }
    }

    /// As written to a pipe: blanks in the local header, a descriptor behind.
    pub fn streamed(mut self, form: Descriptor) -> Self {
        self = self.both(|header| header.flags |= STREAMED);
        let real = &self.central;
        self.descriptor = descriptor(form, real.crc, real.packed.into(), real.inflated.into());
        (self.local.crc, self.local.packed, self.local.inflated) = (0, 0, 0);
        self
    }

    /// Alters the two headers alike.
    pub fn both(mut self, alter: impl Fn(&mut Header)) -> Self {
        alter(&mut self.local);
        alter(&mut self.central);
        self
    }

    /// Alters anything.
    pub fn with(mut self, alter: impl FnOnce(&mut Self)) -> Self {
        alter(&mut self);
        self
    }
}

/// The end record, or its zip64 twin.
#[derive(Debug, Clone, Copy)]
pub struct End {
    pub disk: u64,
    pub directory_disk: u64,
    pub here: u64,
    pub entries: u64,
    pub size: u64,
    pub directory: u64,
}

/// A whole archive.
#[derive(Debug, Clone)]
pub struct Zip {
    pub parts: Vec<Part>,
    /// Between the last data and the directory.
    pub gap: Vec<u8>,
    /// Between the directory and the end records.
    pub late_gap: Vec<u8>,
    pub comment: Vec<u8>,
    /// After everything.
    pub after: Vec<u8>,
    /// Alters the end record.
    pub end: fn(&mut End),
    /// Writes a zip64 end record and alters it.
    pub end64: Option<fn(&mut End)>,
    /// What the zip64 locator says about disks: its own, and how many.
    pub locator: (u32, u32),
}

impl Zip {
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            parts: parts.into_iter().collect(),
            gap: Vec::new(),
            late_gap: Vec::new(),
            comment: Vec::new(),
            after: Vec::new(),
            end: |_| {},
            end64: None,
            locator: (0, 1),
        }
    }

    /// Alters anything.
    pub fn with(mut self, alter: impl FnOnce(&mut Self)) -> Self {
        alter(&mut self);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut offsets = Vec::new();
        for part in &self.parts {
            out.extend(&part.before);
            offsets.push(out.len() as u32);
            if !part.no_local {
                out.extend(part.local.signature);
                out.extend(part.local.shared());
                for bytes in [&part.local.name, &part.local.extra, &part.data, &part.descriptor] {
                    out.extend(bytes);
                }
            }
        }
        out.extend(&self.gap);
        let directory = out.len() as u64;
        for (part, offset) in self.parts.iter().zip(offsets) {
            directory_record(&mut out, part, offset);
        }
        let size = out.len() as u64 - directory;
        let entries = self.parts.len() as u64;
        out.extend(&self.late_gap);
        self.end_records(
            &mut out,
            End { disk: 0, directory_disk: 0, here: entries, entries, size, directory },
        );
        out
    }

    fn end_records(&self, out: &mut Vec<u8>, truth: End) {
        if let Some(alter) = self.end64 {
            let mut end = truth;
            alter(&mut end);
            let at = out.len() as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 0, 45, 0]);
            out.extend((end.disk as u32).to_le_bytes());
            out.extend((end.directory_disk as u32).to_le_bytes());
            for value in [end.here, end.entries, end.size, end.directory] {
                out.extend(value.to_le_bytes());
            }
            out.extend(b"PK\x06\x07");
            out.extend(self.locator.0.to_le_bytes());
            out.extend(at.to_le_bytes());
            out.extend(self.locator.1.to_le_bytes());
        }
        let mut end = truth;
        (self.end)(&mut end);
        out.extend(b"PK\x05\x06");
        for value in [end.disk, end.directory_disk, end.here, end.entries] {
            out.extend((value as u16).to_le_bytes());
        }
        out.extend((end.size as u32).to_le_bytes());
        out.extend((end.directory as u32).to_le_bytes());
        out.extend((self.comment.len() as u16).to_le_bytes());
        out.extend(&self.comment);
        out.extend(&self.after);
    }
}

fn directory_record(out: &mut Vec<u8>, part: &Part, offset: u32) {
    out.extend(part.central.signature);
    out.extend(part.made_by.to_le_bytes());
    out.extend(part.central.shared());
    out.extend((part.comment.len() as u16).to_le_bytes());
    out.extend(part.disk.to_le_bytes());
    out.extend([0, 0]);
    out.extend(part.attributes.to_le_bytes());
    out.extend(part.offset.unwrap_or(offset).to_le_bytes());
    for bytes in [&part.central.name, &part.central.extra, &part.comment] {
        out.extend(bytes);
    }
}

/// A data descriptor.
pub fn descriptor(form: Descriptor, crc: u32, packed: u64, inflated: u64) -> Vec<u8> {
    let mut out = if form.signed { b"PK\x07\x08".to_vec() } else { Vec::new() };
    out.extend(crc.to_le_bytes());
    for size in [packed, inflated] {
        out.extend(&size.to_le_bytes()[..if form.wide { 8 } else { 4 }]);
    }
    out
}

/// One extra field.
pub fn extra(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
    out
}

/// A zip64 extra field.
pub fn zip64(values: &[u64]) -> Vec<u8> {
    extra(1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// A Unicode path extra field for the entry of the raw name.
pub fn unicode_path(raw: &[u8], name: &str) -> Vec<u8> {
    let mut data = vec![1];
    data.extend(crc32(raw).to_le_bytes());
    data.extend(name.as_bytes());
    extra(0x7075, &data)
}

pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A raw deflate stream.
pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
