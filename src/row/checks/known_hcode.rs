//! `known_hcode`: the code of a unit in the list of units.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "known_hcode",
        parameter: "",
        fails: "is no unit in the list of units",
        stage: CheckStage::Value,
        blank: Blank::Passes,
        replaces: Replaces::OutsideList,
        types: &[Type::Char, Type::Digits, Type::Code],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
        // A text of the wrong form has been reported as that.
        !field.well_formed || facts.unit_is_known(field.text)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        // A unit that does not exist is none of the sender's either.
        vec![SampleDefect { defect: Defect::Value("99999".to_owned()), also: &["9509"] }]
    }
}
