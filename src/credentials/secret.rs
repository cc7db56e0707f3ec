//! Secrets of 256 random bits: made, recognised, compared.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

/// Bytes of randomness.
const BYTES: usize = 32;

/// So many letters of a secret are kept to find it by, and to tell it by in a
/// list; more than 200 bits stay unknown.
const SELECTOR: usize = 6;

/// What a secret is for; each kind begins differently, so that one that was
/// lost can be searched for, and none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A token.
    Token,
    /// A session of a browser.
    Session,
}

impl SecretKind {
    const fn beginning(self) -> &'static str {
        match self {
            Self::Token => "khl_",
            Self::Session => "khs_",
        }
    }
}

/// A secret as its owner has it. It has no `Debug`, so that none gets into a
/// log by mistake.
pub struct Secret {
    text: String,
    beginning: usize,
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// Fails if the system gives no random numbers.
    pub fn new(kind: SecretKind) -> std::io::Result<Self> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        let beginning = kind.beginning();
        let text = format!("{beginning}{}", URL_SAFE_NO_PAD.encode(bytes));
        Ok(Self { text, beginning: beginning.len() })
    }

    /// A text of the form of a secret of this kind; whether it is one, only
    /// the store knows.
    pub fn parse(kind: SecretKind, text: &str) -> Option<Self> {
        let beginning = kind.beginning();
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(beginning)?).ok()?;
        (bytes.len() == BYTES).then(|| Self { text: text.to_owned(), beginning: beginning.len() })
    }

    /// The secret itself, to be shown to its owner.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The letters that it is found by.
    pub fn selector(&self) -> &str {
        &self.text[self.beginning..self.beginning + SELECTOR]
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }

    /// Whether it is the secret of a hash; how long that takes tells nothing.
    pub fn is_of(&self, hash: &[u8]) -> bool {
        self.hash().ct_eq(hash).into()
    }

    /// A text that only who has the secret can have, for a use: it follows
    /// from the secret, and nothing of the secret from it.
    pub fn derived(&self, what_for: &str) -> String {
        let bytes = Sha256::new().chain_update(what_for).chain_update([0]).chain_update(&self.text);
        URL_SAFE_NO_PAD.encode(bytes.finalize())
    }
}

/// Whether two texts are the same; how long that takes tells nothing of where
/// they differ.
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        let one = Secret::new(SecretKind::Token).unwrap();
        let other = Secret::new(SecretKind::Token).unwrap();
        assert!(one.reveal().starts_with("khl_") && one.reveal().len() == 4 + 43);
        let read = Secret::parse(SecretKind::Token, one.reveal()).unwrap();
        assert!(read.is_of(&one.hash()) && !read.is_of(&other.hash()));
        assert_eq!(read.selector(), &one.reveal()[4..10]);
        assert!(!one.is_of(&one.hash()[..31]) && !one.is_of(b""));
    }

    #[test]
    fn what_has_not_the_form_is_no_secret() {
        let one = Secret::new(SecretKind::Token).unwrap();
        let text = one.reveal();
        for wrong in [
            "",
            "khl_",
            &text[4..],
            &text[..46],
            &format!("{text}A"),
            &text.replace("khl_", "khs_"),
        ] {
            assert!(Secret::parse(SecretKind::Token, wrong).is_none(), "{wrong}");
        }
        assert!(Secret::parse(SecretKind::Session, text).is_none());
    }

    #[test]
    fn what_is_derived_differs_by_use_and_secret() {
        let one = Secret::new(SecretKind::Session).unwrap();
        let other = Secret::new(SecretKind::Session).unwrap();
        assert!(same(&one.derived("csrf"), &one.derived("csrf")));
        assert!(!same(&one.derived("csrf"), &one.derived("other")));
        assert!(!same(&one.derived("csrf"), &other.derived("csrf")));
    }
}
