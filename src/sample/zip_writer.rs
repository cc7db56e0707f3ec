//! Zip archives made by hand, with the faults that a zip library refuses to
//! write. Entries are stored, not deflated.

/// One entry with its peculiarities.
#[derive(Debug, Clone)]
pub struct ZipEntry {
    /// Name in the directory.
    pub name: String,
    /// Name in the local header.
    pub local_name: String,
    /// Bytes.
    pub data: Vec<u8>,
    /// General purpose flags; 1 is encrypted.
    pub flags: u16,
    /// Compression method; 0 is stored.
    pub method: u16,
    /// Added to the right CRC.
    pub crc_off: u32,
    /// Unix mode, as in the external attributes.
    pub mode: u32,
}

impl ZipEntry {
    /// An ordinary entry.
    pub fn new(name: &str, data: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            local_name: name.to_owned(),
            data: data.to_vec(),
            flags: 0,
            method: 0,
            crc_off: 0,
            mode: 0o100_644,
        }
    }
}

/// Peculiarities of the archive as a whole.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    /// Bytes before the first record.
    pub before: Vec<u8>,
    /// Bytes after the last record.
    pub after: Vec<u8>,
    /// Added to the number of entries in the end record.
    pub count_off: u16,
    /// Disk number in the end record.
    pub disk: u16,
    /// All entries point at the first local header.
    pub overlap: bool,
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn two(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn four(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// The fields that local and central headers share.
    fn common(&mut self, entry: &ZipEntry, name: &str) -> &mut Self {
        let mut crc = flate2::Crc::new();
        crc.update(&entry.data);
        let size = entry.data.len() as u32;
        // 1 January 1980, as everywhere in the sample.
        self.two(20).two(entry.flags).two(entry.method).two(0).two(0x21);
        self.four(crc.sum().wrapping_add(entry.crc_off)).four(size).four(size);
        self.two(name.len() as u16).two(0)
    }
}

/// Writes an archive.
pub fn zip(entries: &[ZipEntry], whole: &Whole) -> Vec<u8> {
    let mut out = Bytes(whole.before.clone());
    let mut offsets = Vec::new();
    for entry in entries {
        offsets.push(out.0.len() as u32);
        out.four(0x0403_4b50).common(entry, &entry.local_name);
        out.0.extend(entry.local_name.as_bytes());
        out.0.extend(&entry.data);
    }
    let directory = out.0.len() as u32;
    for (entry, offset) in entries.iter().zip(&offsets) {
        let offset = if whole.overlap { offsets[0] } else { *offset };
        // Made by Unix, version 2.0.
        out.four(0x0201_4b50).two(0x0314).common(entry, &entry.name);
        out.two(0).two(0).two(0).four(entry.mode << 16).four(offset);
        out.0.extend(entry.name.as_bytes());
    }
    let size = out.0.len() as u32 - directory;
    let count = (entries.len() as u16).wrapping_add(whole.count_off);
    out.four(0x0605_4b50).two(whole.disk).two(whole.disk).two(count).two(count);
    out.four(size).four(directory).two(0);
    out.0.extend(&whole.after);
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_without_faults_is_a_zip() {
        let bytes =
            zip(&[ZipEntry::new("a.txt", b"one"), ZipEntry::new("b.txt", b"")], &Whole::default());
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_index(0).unwrap(), &mut text).unwrap();
        assert_eq!(text, "one");
    }
}
