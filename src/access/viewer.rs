//! The viewer, and whose rows they may see: a unit its own, a main unit those of
//! its units, the province all, a monitoring system none.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::credentials::{Identity, Role};
use crate::environment::Environment;
use crate::row::citizen_id;
use crate::submission::FindingLine;

/// Whoever a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Viewer {
    /// Who they are; none if not signed in.
    pub identity: Option<Identity>,
    /// Address of the client.
    pub peer: String,
    /// CSRF token that forms of this session must carry; none outside a session.
    pub csrf: Option<String>,
}

impl Viewer {
    /// Their role.
    pub fn role(&self) -> Option<Role> {
        self.identity.as_ref().map(|identity| identity.role)
    }

    /// Whether they are signed in.
    pub fn is_known(&self) -> bool {
        self.identity.is_some()
    }

    /// Whether they see everything.
    pub fn is_province(&self) -> bool {
        self.role() == Some(Role::Province)
    }

    /// Their own unit.
    pub fn hcode(&self) -> Option<&str> {
        self.identity.as_ref().and_then(|identity| identity.hcode.as_deref())
    }

    /// Units whose rows they may see; `None` means all.
    pub fn units(&self, environment: &Environment) -> Option<BTreeSet<String>> {
        let own = || self.hcode().map(str::to_owned);
        match self.role() {
            Some(Role::Province) => None,
            Some(Role::Cup) => {
                let of_cup = own().map(|hcode| environment.units.may_send(&hcode));
                Some(of_cup.into_iter().flatten().collect())
            }
            Some(Role::Unit) => Some(own().into_iter().collect()),
            Some(Role::Metrics) | None => Some(BTreeSet::new()),
        }
    }

    /// Whether they may see the rows of a unit.
    pub fn may_see(&self, environment: &Environment, hcode: &str) -> bool {
        self.units(environment).is_none_or(|units| units.contains(hcode))
    }

    /// A text of a row as they may see it: citizen IDs are masked for viewers
    /// who may see no rows.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.role() {
            Some(Role::Province | Role::Cup | Role::Unit) => Cow::Borrowed(text),
            Some(Role::Metrics) | None => mask(text),
        }
    }

    /// A finding as they may see it.
    pub fn redact_finding(&self, mut finding: FindingLine) -> FindingLine {
        if let Cow::Owned(masked) = self.redact(&finding.value) {
            finding.value = masked;
        }
        if let Cow::Owned(masked) = self.redact(&finding.key) {
            finding.key = masked;
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
            masked.push_str(&citizen_id::mask(cid));
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
        let nobody = Viewer::default();
        let seen = nobody.redact("12345|1103700123456|ก 1234567890123 20130101").into_owned();
        assert_eq!(seen, "12345|1-xxxx-xxxxx-45-6|ก 1-xxxx-xxxxx-12-3 20130101");
        assert_eq!(nobody.redact("12345678901234"), "12345678901234");
        let province = Viewer { identity: Some(Identity::local()), ..Viewer::default() };
        assert_eq!(province.redact("1103700123456"), "1103700123456");
    }
}
