//! `number`: a number, in a range where one is given.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, FastPath, Field, NotCompiled, Parameters,
    Replaces, Rule,
};
use crate::catalog::Type;
use crate::row::number::Range;

#[derive(Debug, Clone)]
pub struct Check {
    range: Range,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "number",
        parameter: "`1..`, `500..8000`, or nothing for any number",
        fails: "is no number, or one outside the range (ends included)",
        stage: CheckStage::Value,
        blank: Blank::Fails,
        replaces: Replaces::Unreadable,
        types: Type::TEXTS_AND_NUMBERS,
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self { range: parameters.range()? })
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        field.number().is_some_and(|number| self.range.contains(&number))
    }

    fn fast_path(&self) -> FastPath {
        FastPath::Within(self.range)
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        let alone = target.column.checks.len() == 1;
        SampleDefect::value(match target.check.param.split("..").next().unwrap_or("") {
            "" | "blank" if alone => "x",
            "" => "",
            "500" => "499",
            _ => "0",
        })
    }
}
