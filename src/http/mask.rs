//! Who looks, and what of a citizen ID they see (contract §14).

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::submission::FindingLine;

/// Who looks. Until there are tokens everybody served is on this machine and
/// counts as the province.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Sees everything.
    Province,
    /// Sees citizen IDs masked.
    Masked,
}

impl Viewer {
    /// A text as this viewer may see it.
    pub fn sees(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Province => Cow::Borrowed(text),
            Self::Masked => mask(text),
        }
    }

    /// A finding as this viewer may see it.
    pub fn finding(self, mut finding: FindingLine) -> FindingLine {
        if self == Self::Masked {
            finding.value = mask(&finding.value).into_owned();
            finding.key = mask(&finding.key).into_owned();
        }
        finding
    }
}

/// Masks every run of exactly 13 digits: `1-xxxx-xxxxx-12-3`.
fn mask(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut done = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 13 {
            let cid = &text[at..at + 13];
            masked.push_str(&text[done..at]);
            let (first, last, check) = (&cid[..1], &cid[10..12], &cid[12..]);
            let _ = write!(masked, "{first}-xxxx-xxxxx-{last}-{check}");
            done = at + 13;
        }
        at += digits.max(1);
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[done..]);
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citizen_id_is_masked_and_nothing_else_is() {
        let seen = Viewer::Masked.sees("12345|1103700123456|ก 1234567890123 20130101").into_owned();
        assert_eq!(seen, "12345|1-xxxx-xxxxx-45-6|ก 1-xxxx-xxxxx-12-3 20130101");
        assert_eq!(Viewer::Masked.sees("12345678901234"), "12345678901234");
        assert_eq!(Viewer::Province.sees("1103700123456"), "1103700123456");
    }
}
