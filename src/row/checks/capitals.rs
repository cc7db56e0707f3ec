//! `capitals`: no small letter of the Latin alphabet.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, Facts, Field, Kind, Lookup, NotCompiled, Parameters, Replaces, Rule, Stage,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: Kind = Kind {
        name: "capitals",
        parameter: "",
        fails: "has a small letter",
        stage: Stage::Value,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Char, Type::Code],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn Lookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        !field.text.bytes().any(|byte| byte.is_ascii_lowercase())
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("small")
    }
}
