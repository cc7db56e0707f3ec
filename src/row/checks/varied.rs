//! `varied`: not one character over and over, as who has no number types.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "varied",
        parameter: "",
        fails: "is one character, twice or more",
        stage: CheckStage::Row,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Char, Type::Digits, Type::Code],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        let mut letters = field.text.chars();
        let first = letters.next();
        let rest = letters.as_str();
        rest.is_empty() || rest.chars().any(|letter| Some(letter) != first)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("000000000")
    }
}
