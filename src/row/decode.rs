//! From bytes as sent to text: strict UTF-8, else Windows-874 (docs/rules.md#archives).

use std::borrow::Cow;

use encoding_rs::UTF_8;

/// How a member is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-874, of which TIS-620 is a part.
    Windows874,
}

/// The UTF-8 byte order mark.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// The first byte that the encoding does not define, by its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadByte(pub usize);

/// `bytes` as the UTF-8 text that they are. A NUL byte is no text in any
/// encoding.
///
/// # Errors
/// The place of the first byte that is no text.
pub fn utf8(bytes: &[u8]) -> Result<&str, BadByte> {
    let whole = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    // Many bytes at a time, where the processor can.
    let text = match UTF_8.decode_without_bom_handling_and_without_replacement(&bytes[..whole]) {
        Some(Cow::Borrowed(text)) => text,
        _ => std::str::from_utf8(&bytes[..whole]).map_err(|e| BadByte(e.valid_up_to()))?,
    };
    if whole < bytes.len() { Err(BadByte(whole)) } else { Ok(text) }
}

/// Appends `bytes` as text to `out`.
///
/// # Errors
/// The place of the first byte that is no text.
pub fn decode(bytes: &[u8], encoding: Encoding, out: &mut String) -> Result<(), BadByte> {
    match encoding {
        Encoding::Utf8 => out.push_str(utf8(bytes)?),
        Encoding::Windows874 => {
            if let Some(at) = bytes.iter().position(|&byte| !in_windows_874(byte)) {
                return Err(BadByte(at));
            }
            let (text, _) = encoding_rs::WINDOWS_874.decode_without_bom_handling(bytes);
            out.push_str(&text);
        }
    }
    Ok(())
}

/// The bytes that Windows-874 gives a character. `encoding_rs` passes the
/// others below 0xA0 as C1 controls without an error, hence our own table.
fn in_windows_874(byte: u8) -> bool {
    matches!(byte, 0x01..=0x80 | 0x85 | 0x91..=0x97 | 0xa0..=0xda | 0xdf..=0xfb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thai_is_read_in_both_encodings() {
        let mut out = String::new();
        decode("ไข้|x".as_bytes(), Encoding::Utf8, &mut out).unwrap();
        decode(b"\xe4\xa2\xe9|x", Encoding::Windows874, &mut out).unwrap();
        assert_eq!(out, "ไข้|xไข้|x");
    }

    #[test]
    fn undefined_bytes_are_found() {
        let mut out = String::new();
        for (bytes, encoding, at) in [
            (&b"ab\xa1"[..], Encoding::Utf8, 2),
            (b"a\0b", Encoding::Utf8, 1),
            (b"a\0b", Encoding::Windows874, 1),
            (b"ab\x81", Encoding::Windows874, 2),
            (b"\xdb", Encoding::Windows874, 0),
            (b"\xff", Encoding::Windows874, 0),
            // The first of several is the one that is named.
            (b"a\xffb\0", Encoding::Utf8, 1),
            (b"a\xa1\x81b\0", Encoding::Windows874, 2),
            (b"a\0b\xff", Encoding::Utf8, 1),
            (b"a\0b\xff", Encoding::Windows874, 1),
        ] {
            assert_eq!(decode(bytes, encoding, &mut out), Err(BadByte(at)), "{bytes:?}");
        }
    }

    #[test]
    fn our_table_is_that_of_the_decoder() {
        for byte in 1..=255u8 {
            let bytes = [byte];
            let (text, errors) = encoding_rs::WINDOWS_874.decode_without_bom_handling(&bytes);
            let c1 = text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c));
            assert_eq!(in_windows_874(byte), !errors && !c1, "{byte:#x}");
        }
    }
}
