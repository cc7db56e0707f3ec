//! `after`: a date later than that of another column.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check {
    earlier: usize,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "after",
        parameter: "`PPCARE1`, a column of the same file",
        fails: "is not later than that column; not asked unless both are dates",
        stage: CheckStage::Row,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Date, Type::DateTime],
        remembers: false,
    };

    fn compile(
        parameters: &Parameters<'_>,
        lookup: &mut dyn CheckLookup,
    ) -> Result<Self, NotCompiled> {
        let earlier = lookup.column(parameters.first()).ok_or(NotCompiled::Unreadable)?;
        Ok(Self { earlier })
    }

    fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
        match (facts.stored(self.earlier), field.stored) {
            (Some(earlier), Some(later)) => later > earlier,
            _ => true,
        }
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        vec![SampleDefect::new(Defect::DayBefore(target.check.param.clone()))]
    }
}
