//! `required`: must not be blank.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, NotCompiled, Parameters, Replaces, Rule,
};

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "required",
        parameter: "",
        fails: "is blank",
        stage: CheckStage::Blank,
        blank: Blank::Fails,
        replaces: Replaces::Nothing,
        types: &[],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("")
    }
}
