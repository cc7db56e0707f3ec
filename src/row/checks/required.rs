//! `required`: must not be blank.

use super::defect::{SampleDefect, Target};
use super::rule::{Blank, Kind, Lookup, NotCompiled, Parameters, Replaces, Rule, Stage};

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: Kind = Kind {
        name: "required",
        parameter: "",
        fails: "is blank",
        stage: Stage::Blank,
        blank: Blank::Fails,
        replaces: Replaces::Nothing,
        types: &[],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn Lookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("")
    }
}
