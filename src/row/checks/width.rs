//! `width`: exactly so many characters.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;
use crate::row::line::characters;

#[derive(Debug, Clone)]
pub struct Check {
    width: usize,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "width",
        parameter: "`5`",
        fails: "has not so many characters",
        stage: CheckStage::Form,
        blank: Blank::Fails,
        replaces: Replaces::Nothing,
        types: &[Type::Char, Type::Digits, Type::Code],
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self { width: parameters.number()? })
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        characters(field.text) == self.width
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value(match &target.check.param {
            _ if target.is_hospcode => "1234",
            width if width.starts_with('5') => "011",
            // A code too short would miss its list as well.
            _ => "",
        })
    }
}
