//! A member as lines of text, read once: inflated, decoded and cut in blocks,
//! so that memory does not grow with the member.

use std::io::Read;

use crate::archive::ReadError;
use crate::problem_code::ProblemCode;
use crate::row::{BOM, BadByte, Encoding, decode, utf8};

/// Bytes inflated at once.
const BLOCK: usize = 256 << 10;

/// Why a member's lines end early.
#[derive(Debug)]
pub enum LineError {
    /// The archive or the disk failed.
    Read(ReadError),
    /// Not UTF-8 after all, with UTF-8 text given out before: read again as
    /// Windows-874, with this.
    OtherEncoding(NotUtf8),
    /// A member code (`M05`, `M08`), the line, and what it is about.
    Member { code: ProblemCode, line: u64, detail: String },
}

impl From<std::io::Error> for LineError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(ReadError::from(error))
    }
}

/// Where a member is no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8 {
    /// Bytes of the member before it, without a byte order mark.
    offset: u64,
    line: u64,
    byte: u8,
    /// What comes before it has Thai letters in UTF-8. (Windows-874 may begin
    /// as if it were UTF-8 too, but then its letters make no text.)
    after_thai: bool,
}

/// How a member is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberEncoding {
    /// As UTF-8 for as long as it is.
    Utf8,
    /// As Windows-874, because it is no UTF-8.
    Windows874(NotUtf8),
}

/// Memory to read lines with, handed on from member to member.
#[derive(Debug, Default)]
pub struct Buffers {
    raw: Vec<u8>,
    text: String,
}

/// Reads lines in blocks.
pub struct MemberLines<'b, R> {
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
    /// Thai letters in UTF-8 have been given out.
    thai: bool,
    /// Why it is Windows-874.
    not_utf8: Option<NotUtf8>,
    /// Bytes before the block.
    offset: u64,
}

/// Whole lines, without the last line end.
pub struct TextBlock<'a> {
    /// Number of the first line, from 1.
    pub first_line: u64,
    /// The lines.
    pub text: &'a str,
}

/// A line without the CRs of line ends: any run before the LF, and what LF CR
/// leaves before the next line.
fn without_ends(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] | [b'\r', rest @ ..] = line {
        line = rest;
    }
    line
}

impl<'b, R: Read> MemberLines<'b, R> {
    /// Lines of at most `longest` bytes of a member that should have `bytes`
    /// bytes.
    pub fn new(
        reader: R,
        reading: MemberEncoding,
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
            meant: Meant::new(reading),
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
    pub fn block(&mut self) -> Result<Option<TextBlock<'_>>, LineError> {
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
        meant.offset += end as u64;
        *given = end;
        Ok(Some(TextBlock { first_line, text }))
    }

    /// Reads until a block is full or the member ends.
    fn fill(&mut self) -> Result<(), LineError> {
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

    fn check_lengths(&self, end: usize) -> Result<(), LineError> {
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

    fn check_each_length(&self, bytes: &[u8]) -> Result<(), LineError> {
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
        for (number, at) in ends.enumerate() {
            let line = &bytes[start..at];
            if without_ends(line).len() > self.longest {
                return Err(self.too_long(number as u64));
            }
            start = (at + 1).min(bytes.len());
        }
        Ok(())
    }

    fn too_long(&self, after: u64) -> LineError {
        let detail = format!("longer than {} bytes", self.longest);
        LineError::Member { code: ProblemCode::LongLine, line: self.next_line + after, detail }
    }
}

impl Meant {
    fn new(reading: MemberEncoding) -> Self {
        let (encoding, not_utf8) = match reading {
            MemberEncoding::Utf8 => (Encoding::Utf8, None),
            MemberEncoding::Windows874(why) => (Encoding::Windows874, Some(why)),
        };
        Self { encoding, marked: false, beyond_ascii: false, thai: false, not_utf8, offset: 0 }
    }

    /// A block as text, in place when it is UTF-8.
    fn text<'t>(
        &mut self,
        bytes: &'t [u8],
        first_line: u64,
        buffer: &'t mut String,
    ) -> Result<&'t str, LineError> {
        let line_of =
            |bad: BadByte| first_line + memchr::memchr_iter(b'\n', &bytes[..bad.0]).count() as u64;
        if self.encoding == Encoding::Utf8 {
            match utf8(bytes) {
                Ok(text) => {
                    // After the first block of Thai nothing more is asked.
                    if !self.thai && !text.is_ascii() {
                        self.beyond_ascii = true;
                        self.thai = has_thai(text);
                    }
                    return Ok(text);
                }
                Err(bad) if self.marked || bytes[bad.0] == 0 => {
                    return Err(no_text(line_of(bad), bytes[bad.0]));
                }
                Err(bad) => {
                    let before = std::str::from_utf8(&bytes[..bad.0]).unwrap_or_default();
                    let why = NotUtf8 {
                        offset: self.offset + bad.0 as u64,
                        line: line_of(bad),
                        byte: bytes[bad.0],
                        after_thai: self.thai || has_thai(before),
                    };
                    if self.beyond_ascii {
                        return Err(LineError::OtherEncoding(why));
                    }
                    self.encoding = Encoding::Windows874;
                    self.not_utf8 = Some(why);
                }
            }
        }
        buffer.clear();
        decode(bytes, self.encoding, buffer).map_err(|bad| match self.not_utf8 {
            // It was UTF-8 for longer than it is Windows-874, or is plainly so.
            Some(why) if why.after_thai || self.offset + bad.0 as u64 <= why.offset => {
                no_text(why.line, why.byte)
            }
            _ => no_text(line_of(bad), bytes[bad.0]),
        })?;
        Ok(buffer)
    }
}

fn no_text(line: u64, byte: u8) -> LineError {
    LineError::Member { code: ProblemCode::NotText, line, detail: format!("byte 0x{byte:02x}") }
}

fn has_thai(text: &str) -> bool {
    // All of them begin with this byte.
    memchr::memchr(0xe0, text.as_bytes()).is_some()
        && text.chars().any(|c| matches!(c, '\u{e01}'..='\u{e3a}' | '\u{e3f}'..='\u{e5b}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(
        bytes: &[u8],
        reading: MemberEncoding,
        longest: usize,
    ) -> Result<Vec<(u64, String)>, LineError> {
        // However long the member was said to be, and whatever was read before.
        let mut buffers = Buffers { raw: b"old\n".repeat(9), text: "old".to_owned() };
        let said = [0, bytes.len() as u64, u64::MAX][bytes.len() % 3];
        let mut lines = MemberLines::new(bytes, reading, longest, said, &mut buffers);
        let mut out = Vec::new();
        while let Some(block) = lines.block()? {
            let text = block.text.strip_suffix('\n').unwrap_or(block.text);
            for (index, line) in text.split('\n').enumerate() {
                out.push((block.first_line + index as u64, line.trim_end_matches('\r').to_owned()));
            }
        }
        Ok(out)
    }

    /// Line and byte of M05, read as the program does: again when need be.
    fn bad(bytes: &[u8]) -> Option<(u64, u8)> {
        let trouble = match all(bytes, MemberEncoding::Utf8, 65_536) {
            Err(LineError::OtherEncoding(why)) => {
                all(bytes, MemberEncoding::Windows874(why), 65_536).err()?
            }
            other => other.err()?,
        };
        let LineError::Member { code: ProblemCode::NotText, line, detail } = trouble else {
            panic!("{trouble:?}")
        };
        let byte = detail.strip_prefix("byte 0x").unwrap();
        Some((line, u8::from_str_radix(byte, 16).unwrap()))
    }

    #[test]
    fn the_line_of_a_damaged_byte_is_that_of_the_encoding_up_to_there() {
        let thai = "10670|หนึ่ง|ไข้\n";
        let tis = encoding_rs::WINDOWS_874.encode(thai).0.into_owned();
        let (utf8, ascii) = (thai.as_bytes(), &b"10670|one\n"[..]);
        let mark = BOM;
        // Good in both encodings: what follows does not tell where it broke.
        let both = "อา\n".as_bytes();
        for (parts, line, byte) in [
            (vec![ascii, b"\xff\n", ascii], 2, 0xff),
            (vec![utf8, utf8, b"a\xa1b\n", utf8], 3, 0xa1),
            (vec![utf8, utf8, b"\xe0\xb8\n", utf8], 3, 0xe0),
            (vec![both, b"a\xa1b\n", utf8], 2, 0xa1),
            (vec![mark, ascii, b"a\xa1b\n", utf8], 2, 0xa1),
            // The first two bytes of หนึ่ง are UTF-8, though of no Thai.
            (vec![mark, utf8, &tis], 2, tis[8]),
            (vec![&tis, &tis, b"a\x81b\n", &tis], 3, 0x81),
            (vec![ascii, &tis, b"a\xfeb\n", ascii], 3, 0xfe),
            (vec![&tis, b"a\0b\n", b"\xff\n"], 2, 0),
            (vec![utf8, b"\xff\n", b"a\0b\n"], 2, 0xff),
            (vec![ascii, b"\0\n", &tis], 2, 0),
        ] {
            let bytes = parts.concat();
            assert_eq!(bad(&bytes), Some((line, byte)), "{}", String::from_utf8_lossy(&bytes));
        }
        for good in [vec![&tis[..], ascii], vec![utf8, ascii], vec![mark, utf8], vec![both]] {
            assert_eq!(bad(&good.concat()), None);
        }
    }

    #[test]
    fn line_ends_of_several_crs_are_no_part_of_a_long_line() {
        let line = |before: &str, after: &str| format!("a\n{before}{}{after}", "x".repeat(100));
        for (before, after) in [("", "\r\r\n"), ("\r", "\n"), ("\r\r", "\r\r\r\n\r")] {
            assert!(all(line(before, after).as_bytes(), MemberEncoding::Utf8, 100).is_ok());
        }
    }

    #[test]
    fn numbers_are_those_of_the_member_as_sent() {
        let lines = all(b"\xef\xbb\xbfa\r\n\r\nb", MemberEncoding::Utf8, 100).unwrap();
        let expected = [(1, "a"), (2, ""), (3, "b")].map(|(n, t)| (n, t.to_owned()));
        assert_eq!(lines, expected);
    }

    #[test]
    fn thai_in_the_old_encoding_is_found_at_its_first_letter() {
        let lines = all(b"a|b\n\xe4\xa2\xe9\n", MemberEncoding::Utf8, 100).unwrap();
        assert_eq!(lines[1].1, "ไข้");
    }

    #[test]
    fn utf8_with_a_stray_byte_is_neither() {
        let bytes = ["ไข้\n".repeat(60_000).into_bytes(), b"\xff\n".to_vec()].concat();
        assert!(matches!(all(&bytes, MemberEncoding::Utf8, 100), Err(LineError::OtherEncoding(_))));
        assert_eq!(bad(&bytes), Some((60_001, 0xff)));
    }

    #[test]
    fn a_nul_byte_and_a_long_line_are_told_with_their_line() {
        let nul = all(b"a\nb\0\n", MemberEncoding::Utf8, 100);
        assert!(matches!(nul, Err(LineError::Member { code: ProblemCode::NotText, line: 2, .. })));
        let long = [b"a\n".to_vec(), vec![b'x'; 101], b"\r\n".to_vec()].concat();
        assert!(matches!(
            all(&long, MemberEncoding::Utf8, 100),
            Err(LineError::Member { code: ProblemCode::LongLine, line: 2, .. })
        ));
        assert!(
            all(&[vec![b'x'; 100], b"\r\n".to_vec()].concat(), MemberEncoding::Utf8, 100).is_ok()
        );
        let endless = vec![b'x'; 3 * BLOCK];
        assert!(matches!(
            all(&endless, MemberEncoding::Utf8, 65_536),
            Err(LineError::Member { code: ProblemCode::LongLine, line: 1, .. })
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
            let length = |line: &str| line.trim_matches('\r').len();
            let long = text.split('\n').position(|line| length(line) > 10);
            match all(text.as_bytes(), MemberEncoding::Utf8, 10) {
                Ok(_) => prop_assert_eq!(long, None),
                Err(LineError::Member { code: ProblemCode::LongLine, line, .. }) => {
                    prop_assert_eq!(long.map(|at| at as u64 + 1), Some(line));
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn a_byte_that_is_wrong_in_its_encoding_is_named_with_its_line(
            lines in proptest::collection::vec("[ก-ฮ]{1,4}[าิุ]?\\|[a-z0-9]{0,6}", 1..40),
            pad in prop_oneof![Just(0_usize), BLOCK - 300..BLOCK + 300],
            marked in any::<bool>(),
            old in any::<bool>(),
            at in any::<proptest::sample::Index>(),
            wrong in proptest::sample::select(vec![0x81_u8, 0xfe, 0xff, 0]),
        ) {
            // Around the end of a block, too.
            let pad = "12345678\n".repeat(pad / 9);
            let text = format!("{}\n{pad}{}\n", lines.join("\n"), lines.join("\n"));
            let mut bytes = if old {
                encoding_rs::WINDOWS_874.encode(&text).0.into_owned()
            } else {
                text.into_bytes()
            };
            // Behind a line end, so that no letter is torn.
            let ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
            let at = at.index(ends.len());
            bytes.insert(ends[at], wrong);
            if marked && !old {
                bytes.splice(..0, BOM.iter().copied());
            }
            prop_assert_eq!(bad(&bytes), Some((at as u64 + 1, wrong)));
        }

        #[test]
        fn any_bytes_give_their_lines_or_a_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = all(&bytes, MemberEncoding::Utf8, 64);
        }

        #[test]
        fn any_text_comes_back_line_by_line(lines in proptest::collection::vec("[a-zก-ฮ|]{0,20}", 1..50)) {
            let text = lines.join("\n");
            let back: Vec<String> = all(text.as_bytes(), MemberEncoding::Utf8, 1000).unwrap().into_iter().map(|l| l.1).collect();
            // A last empty line is the line end of the one before.
            let mut expected = lines.clone();
            if expected.last().is_some_and(String::is_empty) && expected.len() > 1 { expected.pop(); }
            prop_assert_eq!(back, expected);
        }
    }
}
