//! `decimal`: a number with at most so many decimals.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, FastPath, Field, NotCompiled, Parameters,
    Replaces, Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check {
    most: u8,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "decimal",
        parameter: "`2`",
        fails: "is no number, or has more decimals",
        stage: CheckStage::Value,
        blank: Blank::Fails,
        replaces: Replaces::Unreadable,
        types: Type::TEXTS_AND_NUMBERS,
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self { most: parameters.number()? })
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        field.number().is_some_and(|number| number.scale <= self.most)
    }

    fn fast_path(&self) -> FastPath {
        FastPath::Decimals(self.most)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("ab")
    }
}
