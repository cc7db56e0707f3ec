//! The 13-digit citizen ID and its check digit [DHDC-2015].

/// Whether a text is 13 digits with a right check digit that do not begin
/// with `00`.
pub fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 13 || !bytes.iter().all(u8::is_ascii_digit) || text.starts_with("00") {
        return false;
    }
    let sum: u32 =
        bytes[..12].iter().zip((2..=13).rev()).map(|(b, w)| u32::from(b - b'0') * w).sum();
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

    #[test]
    fn a_mask_leaves_the_first_and_the_last_three() {
        assert_eq!(mask("1234567890123"), "1-xxxx-xxxxx-12-3");
        assert_eq!(mask("12ก"), "xxx");
    }
}
