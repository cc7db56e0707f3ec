//! A member as lines of text, read once: inflated, decoded and cut in blocks,
//! so that memory does not grow with the member.

use std::io::Read;

use crate::archive::ReadTrouble;
use crate::row::{BOM, BadByte, Encoding, decode, utf8};

/// Bytes inflated at once.
const BLOCK: usize = 256 << 10;

/// Why a member's lines end early.
#[derive(Debug)]
pub enum LineTrouble {
    /// The archive or the disk failed.
    Read(ReadTrouble),
    /// Not UTF-8 after all, with UTF-8 text given out before: read again as
    /// Windows-874.
    OtherEncoding,
    /// A member code (`M05`, `M08`), the line, and what it is about.
    Member { code: &'static str, line: u64, detail: String },
}

impl From<std::io::Error> for LineTrouble {
    fn from(error: std::io::Error) -> Self {
        Self::Read(ReadTrouble::from(error))
    }
}

/// Memory to read lines with, handed on from member to member.
#[derive(Debug, Default)]
pub struct Buffers {
    raw: Vec<u8>,
    text: String,
}

/// Reads lines in blocks.
pub struct Lines<'b, R> {
    reader: R,
    meant: Meant,
    longest: usize,
    /// `raw` begins with what has been read, of which `given` bytes were given
    /// out.
    buffers: &'b mut Buffers,
    filled: usize,
    given: usize,
    /// Number of the first line of the next block.
    next_line: u64,
    started: bool,
    ended: bool,
}

/// The encoding that a member is taken to have.
struct Meant {
    encoding: Encoding,
    /// A byte order mark was there: nothing but UTF-8 is meant.
    marked: bool,
    /// UTF-8 text beyond ASCII has been given out.
    beyond_ascii: bool,
}

/// Whole lines, without the last line end.
pub struct Block<'a> {
    /// Number of the first line, from 1.
    pub first_line: u64,
    /// The lines.
    pub text: &'a str,
}

impl<'b, R: Read> Lines<'b, R> {
    /// Lines of at most `longest` bytes, decoded from `encoding`, of a member
    /// that should have `bytes` bytes.
    pub fn new(
        reader: R,
        encoding: Encoding,
        longest: usize,
        bytes: u64,
        buffers: &'b mut Buffers,
    ) -> Self {
        // One more, in which the end shows.
        let room = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(1);
        let room = room.min(BLOCK + longest);
        if buffers.raw.len() < room {
            buffers.raw.resize(room, 0);
        }
        Self {
            reader,
            meant: Meant { encoding, marked: false, beyond_ascii: false },
            longest,
            buffers,
            filled: 0,
            given: 0,
            next_line: 1,
            started: false,
            ended: false,
        }
    }

    /// The next block; none at the end.
    pub fn block(&mut self) -> Result<Option<Block<'_>>, LineTrouble> {
        if self.ended {
            return Ok(None);
        }
        self.buffers.raw.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        let mut scanned = 0;
        let end = loop {
            self.fill()?;
            if self.ended {
                break self.filled;
            }
            if let Some(at) = memchr::memrchr(b'\n', &self.buffers.raw[scanned..self.filled]) {
                break scanned + at + 1;
            }
            scanned = self.filled;
            if self.filled > self.longest {
                return Err(self.too_long(0));
            }
        };
        self.check_lengths(end)?;
        let Self { buffers, next_line, given, meant, .. } = self;
        let Buffers { raw, text } = &mut **buffers;
        let bytes = &raw[..end];
        let first_line = *next_line;
        let text = meant.text(bytes, first_line, text)?;
        *next_line += memchr::memchr_iter(b'\n', bytes).count() as u64;
        *given = end;
        Ok(Some(Block { first_line, text }))
    }

    /// Reads until a block is full or the member ends.
    fn fill(&mut self) -> Result<(), LineTrouble> {
        let full = (self.filled + BLOCK).min(BLOCK + self.longest);
        let raw = &mut self.buffers.raw;
        while self.filled < full {
            if self.filled == raw.len() {
                raw.resize(full, 0);
            }
            let room = full.min(raw.len());
            let read = self.reader.read(&mut raw[self.filled..room])?;
            if read == 0 {
                self.ended = true;
                break;
            }
            self.filled += read;
        }
        if !self.started {
            self.started = true;
            if raw[..self.filled].starts_with(BOM) {
                self.meant.marked = true;
                self.meant.encoding = Encoding::Utf8;
                raw.copy_within(BOM.len()..self.filled, 0);
                self.filled -= BOM.len();
            }
        }
        Ok(())
    }

    fn check_lengths(&self, end: usize) -> Result<(), LineTrouble> {
        let bytes = &self.buffers.raw[..end];
        // What ends within the longest line's length of its beginning is not
        // too long: nearly all lines are passed over by the hundred.
        let mut start = 0;
        while end - start > self.longest {
            match memchr::memrchr(b'\n', &bytes[start..=start + self.longest]) {
                Some(at) => start += at + 1,
                None => return self.check_each_length(bytes),
            }
        }
        Ok(())
    }

    fn check_each_length(&self, bytes: &[u8]) -> Result<(), LineTrouble> {
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
        for (number, at) in ends.enumerate() {
            let line = &bytes[start..at];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > self.longest {
                return Err(self.too_long(number as u64));
            }
            start = (at + 1).min(bytes.len());
        }
        Ok(())
    }

    fn too_long(&self, after: u64) -> LineTrouble {
        let detail = format!("longer than {} bytes", self.longest);
        LineTrouble::Member { code: "M08", line: self.next_line + after, detail }
    }
}

impl Meant {
    /// A block as text, in place when it is UTF-8.
    fn text<'t>(
        &mut self,
        bytes: &'t [u8],
        first_line: u64,
        buffer: &'t mut String,
    ) -> Result<&'t str, LineTrouble> {
        let trouble = |bad: BadByte| {
            let line = first_line + memchr::memchr_iter(b'\n', &bytes[..bad.0]).count() as u64;
            let detail = format!("byte 0x{:02x}", bytes[bad.0]);
            LineTrouble::Member { code: "M05", line, detail }
        };
        if self.encoding == Encoding::Utf8 {
            match utf8(bytes) {
                Ok(text) => {
                    self.beyond_ascii = self.beyond_ascii || !text.is_ascii();
                    return Ok(text);
                }
                Err(bad) if self.marked || bytes[bad.0] == 0 => return Err(trouble(bad)),
                Err(_) if self.beyond_ascii => return Err(LineTrouble::OtherEncoding),
                Err(_) => self.encoding = Encoding::Windows874,
            }
        }
        buffer.clear();
        decode(bytes, self.encoding, buffer).map_err(trouble)?;
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(
        bytes: &[u8],
        encoding: Encoding,
        longest: usize,
    ) -> Result<Vec<(u64, String)>, LineTrouble> {
        // However long the member was said to be, and whatever was read before.
        let mut buffers = Buffers { raw: b"old\n".repeat(9), text: "old".to_owned() };
        let said = [0, bytes.len() as u64, u64::MAX][bytes.len() % 3];
        let mut lines = Lines::new(bytes, encoding, longest, said, &mut buffers);
        let mut out = Vec::new();
        while let Some(block) = lines.block()? {
            let text = block.text.strip_suffix('\n').unwrap_or(block.text);
            for (index, line) in text.split('\n').enumerate() {
                out.push((block.first_line + index as u64, line.trim_end_matches('\r').to_owned()));
            }
        }
        Ok(out)
    }

    #[test]
    fn numbers_are_those_of_the_member_as_sent() {
        let lines = all(b"\xef\xbb\xbfa\r\n\r\nb", Encoding::Utf8, 100).unwrap();
        let expected = [(1, "a"), (2, ""), (3, "b")].map(|(n, t)| (n, t.to_owned()));
        assert_eq!(lines, expected);
    }

    #[test]
    fn thai_in_the_old_encoding_is_found_at_its_first_letter() {
        let lines = all(b"a|b\n\xe4\xa2\xe9\n", Encoding::Utf8, 100).unwrap();
        assert_eq!(lines[1].1, "ไข้");
    }

    #[test]
    fn utf8_with_a_stray_byte_is_neither() {
        let bytes = ["ไข้\n".repeat(60_000).into_bytes(), b"\xff\n".to_vec()].concat();
        assert!(matches!(all(&bytes, Encoding::Utf8, 100), Err(LineTrouble::OtherEncoding)));
        let again = all(&bytes, Encoding::Windows874, 100);
        assert!(matches!(again, Err(LineTrouble::Member { code: "M05", line: 1, .. })));
    }

    #[test]
    fn a_nul_byte_and_a_long_line_are_told_with_their_line() {
        let nul = all(b"a\nb\0\n", Encoding::Utf8, 100);
        assert!(matches!(nul, Err(LineTrouble::Member { code: "M05", line: 2, .. })));
        let long = [b"a\n".to_vec(), vec![b'x'; 101], b"\r\n".to_vec()].concat();
        assert!(matches!(
            all(&long, Encoding::Utf8, 100),
            Err(LineTrouble::Member { code: "M08", line: 2, .. })
        ));
        assert!(all(&[vec![b'x'; 100], b"\r\n".to_vec()].concat(), Encoding::Utf8, 100).is_ok());
        let endless = vec![b'x'; 3 * BLOCK];
        assert!(matches!(
            all(&endless, Encoding::Utf8, 65_536),
            Err(LineTrouble::Member { code: "M08", line: 1, .. })
        ));
    }

    proptest! {
        #[test]
        fn lines_are_too_long_when_one_of_them_is(
            lines in proptest::collection::vec(("x{0,12}", "\r{0,2}\n"), 0..20),
            rest in "x{0,12}",
        ) {
            let text: String =
                lines.iter().flat_map(|(a, b)| [a.as_str(), b]).chain([rest.as_str()]).collect();
            let length = |line: &str| line.strip_suffix('\r').unwrap_or(line).len();
            let long = text.split('\n').position(|line| length(line) > 10);
            match all(text.as_bytes(), Encoding::Utf8, 10) {
                Ok(_) => prop_assert_eq!(long, None),
                Err(LineTrouble::Member { code: "M08", line, .. }) => {
                    prop_assert_eq!(long.map(|at| at as u64 + 1), Some(line));
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn any_bytes_give_their_lines_or_a_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = all(&bytes, Encoding::Utf8, 64);
        }

        #[test]
        fn any_text_comes_back_line_by_line(lines in proptest::collection::vec("[a-zก-ฮ|]{0,20}", 1..50)) {
            let text = lines.join("\n");
            let back: Vec<String> = all(text.as_bytes(), Encoding::Utf8, 1000).unwrap().into_iter().map(|l| l.1).collect();
            // A last empty line is the line end of the one before.
            let mut expected = lines.clone();
            if expected.last().is_some_and(String::is_empty) && expected.len() > 1 { expected.pop(); }
            prop_assert_eq!(back, expected);
        }
    }
}
