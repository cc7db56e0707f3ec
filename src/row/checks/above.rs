//! `above`: a number higher than that of another column.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check {
    lower: usize,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "above",
        parameter: "`DBP`, a column of the same file",
        fails: "is not higher than that column; not asked unless both are whole numbers",
        stage: CheckStage::Row,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Int],
        remembers: false,
    };

    fn compile(
        parameters: &Parameters<'_>,
        lookup: &mut dyn CheckLookup,
    ) -> Result<Self, NotCompiled> {
        let lower = lookup.column(parameters.first()).ok_or(NotCompiled::Unreadable)?;
        Ok(Self { lower })
    }

    fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
        match (facts.stored(self.lower), field.stored) {
            (Some(lower), Some(higher)) => higher > lower,
            _ => true,
        }
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        vec![SampleDefect::new(Defect::SameAs(target.check.param.clone()))]
    }
}
