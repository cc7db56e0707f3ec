//! `repeat_limit`: a code that one person has not so often.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check {
    limit: u32,
    prefixes: Vec<String>,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "repeat_limit",
        parameter: "`8\\|prefix:23\\|prefix:24`",
        fails: "has one of the prefixes and is sent for its person the eighth time or more in one file",
        stage: CheckStage::Value,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Char, Type::Digits, Type::Code],
        remembers: true,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        let prefixes = parameters.parts().into_iter().skip(1);
        let prefixes = prefixes.map(|part| part.strip_prefix("prefix:").map(str::to_owned));
        let prefixes: Option<_> = prefixes.collect();
        let prefixes = prefixes.ok_or(NotCompiled::Unreadable)?;
        Ok(Self { limit: parameters.number()?, prefixes })
    }

    fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
        let counts = self.prefixes.iter().any(|prefix| field.text.starts_with(prefix.as_str()));
        !counts || facts.times(field.text) < self.limit
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        let limit = Parameters(&target.check.param).number().unwrap_or(8);
        vec![SampleDefect::new(Defect::Repeated(limit))]
    }
}
