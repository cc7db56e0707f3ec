//! `digits`: exactly so many digits.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, FastPath, Field, NotCompiled, Parameters,
    Replaces, Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check {
    count: usize,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "digits",
        parameter: "`6`",
        fails: "is not so many digits",
        stage: CheckStage::Form,
        blank: Blank::Fails,
        replaces: Replaces::Nothing,
        types: &[Type::Char, Type::Digits, Type::Code],
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self { count: parameters.number()? })
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        field.text.len() == self.count && field.text.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn fast_path(&self) -> FastPath {
        FastPath::Digits(self.count)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("12345")
    }
}
