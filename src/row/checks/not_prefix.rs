//! `not_prefix`: does not begin with any of these.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check {
    prefixes: Vec<String>,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "not_prefix",
        parameter: "`S\\|T\\|Z`",
        fails: "begins with one of these",
        stage: CheckStage::Value,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Char, Type::Digits, Type::Code],
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        let prefixes: Vec<String> = parameters.parts().into_iter().map(str::to_owned).collect();
        if prefixes.is_empty() { Err(NotCompiled::Unreadable) } else { Ok(Self { prefixes }) }
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        !self.prefixes.iter().any(|prefix| field.text.starts_with(prefix.as_str()))
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("S069")
    }
}
