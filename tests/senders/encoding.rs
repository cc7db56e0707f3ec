//! The line of a byte that is no text (M05), through the whole loader.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{F43, PERSON, load_one, person, told};

fn bytes_of(lines: &[String], old: bool) -> Vec<u8> {
    let text = lines.join("\r\n");
    if old { encoding_rs::WINDOWS_874.encode(&text).0.into_owned() } else { text.into_bytes() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_damaged_byte_is_told_with_its_line(
        rows in prop_oneof![3_u32..20, 1500_u32..3000],
        at in any::<Index>(),
        old in any::<bool>(),
        marked in any::<bool>(),
        header in any::<bool>(),
        wrong in select(vec![0x81_u8, 0xfd, 0xff]),
    ) {
        let mut lines: Vec<String> = (1..=rows).map(person).collect();
        if header {
            lines.insert(0, PERSON.to_owned());
        }
        let at = at.index(lines.len());
        let mut bytes = bytes_of(&lines[..at], old);
        if at > 0 {
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"10670|");
        bytes.push(wrong);
        bytes.extend(b"\r\n");
        bytes.extend(bytes_of(&lines[at..], old));
        if marked && !old {
            bytes.splice(..0, *b"\xef\xbb\xbf");
        }
        let said = load_one(F43, "PERSON.txt", bytes);
        let line = at as u64 + 1;
        let detail = format!("byte 0x{wrong:02x}");
        prop_assert_eq!(told(&said.problems), [("M05", "PERSON.txt", line, detail.as_str())]);
    }
}
