//! The 13-digit citizen ID and its check digit [DHDC-2015].

use super::packed::Packed;

/// Whether a text is 13 digits with a right check digit that do not begin
/// with `00`.
pub fn is_valid(text: &str) -> bool {
    // Of a known length, the digits are weighed all at once.
    let Ok(bytes) = <&[u8; 13]>::try_from(text.as_bytes()) else { return false };
    if Packed::new(bytes).digits().is_none() || bytes.starts_with(b"00") {
        return false;
    }
    let mut sum = 0;
    for (at, byte) in bytes[..12].iter().enumerate() {
        sum += u32::from(byte - b'0') * (13 - at as u32);
    }
    u32::from(bytes[12] - b'0') == (11 - sum % 11) % 10
}

/// The form shown to those who may not see the number: `1-xxxx-xxxxx-12-3`
/// (docs/rules.md#http). What is not 13 digits long is hidden whole.
pub fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    if bytes.len() != 13 || !bytes.iter().all(u8::is_ascii_digit) {
        return "x".repeat(text.chars().count().min(13));
    }
    format!("{}-xxxx-xxxxx-{}-{}", &text[..1], &text[10..12], &text[12..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_digit_decides() {
        assert!(is_valid("1234567890121")); // made up, worked out by hand
        for other in 0..=9 {
            assert_eq!(is_valid(&format!("123456789012{other}")), other == 1);
        }
        assert!(!is_valid("0012345678901"));
        assert!(!is_valid("123456789012"));
        assert!(!is_valid("12345678901a1"));
    }

    proptest! {
        #[test]
        fn a_number_is_valid_by_its_weights(text in "[0-9]{13}|0[01][0-9]{11}|[0-9a:/ก]{12,14}") {
            let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
            let valid = digits.filter(|d| d.len() == 13 && d[..2] != [0, 0]).is_some_and(|digits| {
                let sum: u32 = digits[..12].iter().zip((2..=13).rev()).map(|(d, w)| d * w).sum();
                digits[12] == (11 - sum % 11) % 10
            });
            prop_assert_eq!(is_valid(&text), valid);
        }
    }

    #[test]
    fn a_mask_leaves_the_first_and_the_last_three() {
        assert_eq!(mask("1234567890123"), "1-xxxx-xxxxx-12-3");
        assert_eq!(mask("12ก"), "xxx");
    }
}
