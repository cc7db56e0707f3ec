//! The extra fields of a header, as far as they change what an entry is.

use crate::archive::defect::{ArchiveDefect, ArchiveError};

use super::bytes::{u16_at, u32_at, u64_at};

const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;
/// `PKWARE` strong encryption, `WinZip` AES.
const ENCRYPTION: [u16; 2] = [0x0017, 0x9901];

/// The extra fields that matter; timestamps, owners and the like do not.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Extras<'a> {
    pub zip64: Option<&'a [u8]>,
    pub unicode_path: Option<&'a [u8]>,
}

impl<'a> Extras<'a> {
    /// Splits an extra field. Each kind that matters may stand there once.
    pub fn read(mut bytes: &'a [u8], entry: &str) -> Result<Self, ArchiveError> {
        let mut extras = Self::default();
        while bytes.len() >= 4 {
            let (kind, length) = (u16_at(bytes, 0), usize::from(u16_at(bytes, 2)));
            let Some(data) = bytes.get(4..4 + length) else {
                return Err(ArchiveDefect::Extra.at(entry, "extra field runs past its end"));
            };
            bytes = &bytes[4 + length..];
            let slot = match kind {
                ZIP64 => &mut extras.zip64,
                UNICODE_PATH => &mut extras.unicode_path,
                _ if ENCRYPTION.contains(&kind) => {
                    return Err(ArchiveDefect::Encrypted.at(entry, "encrypted"));
                }
                _ => continue,
            };
            if slot.replace(data).is_some() {
                return Err(ArchiveDefect::Extra.at(entry, "the same extra field twice"));
            }
        }
        // Aligning writers leave up to three zero bytes of padding.
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(ArchiveDefect::Extra.at(entry, "extra field cut short"));
        }
        Ok(extras)
    }

    /// The name in the Unicode path field, when there is one; it must belong to
    /// `raw`, and must not be another name.
    pub fn unicode_name(
        &self,
        raw: &[u8],
        utf8: bool,
        entry: &str,
    ) -> Result<Option<&'a [u8]>, ArchiveError> {
        let Some(data) = self.unicode_path else { return Ok(None) };
        let mut crc = flate2::Crc::new();
        crc.update(raw);
        let agrees = data.len() > 5
            && data[0] == 1
            && u32_at(data, 1) == crc.sum()
            && (&data[5..] == raw || (!utf8 && super::path::same_name(raw, &data[5..])));
        if agrees {
            Ok(Some(&data[5..]))
        } else {
            Err(ArchiveDefect::Extra.at(entry, "Unicode path contradicts the name"))
        }
    }
}

/// A header field that the zip64 extra field may replace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrow {
    pub value: u64,
    /// The value that says "look into the zip64 field".
    pub sentinel: u64,
    /// Bytes of the replacement.
    width: usize,
}

impl Narrow {
    pub fn size(value: u32) -> Self {
        Self { value: value.into(), sentinel: u32::MAX.into(), width: 8 }
    }

    pub fn disk(value: u16) -> Self {
        Self { value: value.into(), sentinel: u16::MAX.into(), width: 4 }
    }
}

/// The true values of `fields`, given in the order of the zip64 field. Two
/// forms are known: replacements for the sentinels only, as the standard says,
/// and all fields from the first on, where those that replace nothing must
/// repeat what the header has. Nothing when the field can be read in neither.
pub(super) fn widen<const N: usize>(fields: [Narrow; N], zip64: Option<&[u8]>) -> Option<[u64; N]> {
    let wide = |field: &Narrow| field.value == field.sentinel;
    let Some(data) = zip64 else {
        return (!fields.iter().any(wide)).then(|| fields.map(|field| field.value));
    };
    let needed: usize = fields.iter().filter(|field| wide(field)).map(|field| field.width).sum();
    let by_the_book = data.len() == needed;
    let mut values = fields.map(|field| field.value);
    let mut at = 0;
    for (field, value) in fields.iter().zip(&mut values) {
        if (by_the_book && !wide(field)) || at == data.len() {
            if wide(field) {
                return None;
            }
            continue;
        }
        let found = match data.len() - at {
            left if left < field.width => return None,
            _ if field.width == 8 => u64_at(data, at),
            _ => u32_at(data, at).into(),
        };
        if !wide(field) && found != field.value {
            return None;
        }
        *value = found;
        at += field.width;
    }
    (at == data.len()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eights(values: &[u64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn widens_only_what_can_be_read_in_one_way() {
        let (real, wide) = (Narrow::size(7), Narrow::size(u32::MAX));
        assert_eq!(widen([real, real], None), Some([7, 7]));
        assert_eq!(widen([wide, real], None), None);
        assert_eq!(widen([wide, real], Some(&eights(&[9]))), Some([9, 7]));
        assert_eq!(widen([real, wide], Some(&eights(&[9]))), Some([7, 9]));
        assert_eq!(widen([real, wide], Some(&eights(&[7, 9]))), Some([7, 9]));
        assert_eq!(widen([real, wide], Some(&eights(&[8, 9]))), None);
        assert_eq!(widen([real, real], Some(&eights(&[7, 7]))), Some([7, 7]));
        assert_eq!(widen([real, real], Some(&eights(&[7, 7, 0]))), None);
        assert_eq!(widen([wide, wide], Some(&eights(&[1]))), None);
        assert_eq!(widen([real, real], Some(&[])), Some([7, 7]));
        assert_eq!(
            widen([wide, Narrow::disk(u16::MAX)], Some(&[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])),
            Some([1, 2])
        );
        assert_eq!(widen([wide], Some(&[1, 0, 0, 0])), None);
    }
}
