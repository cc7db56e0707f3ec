//! `person_age`: the person's age on the date of the column.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;
use crate::row::date::years_between;
use crate::row::line::day_of;
use crate::row::number::Range;

#[derive(Debug, Clone)]
pub struct Check {
    range: Range,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "person_age",
        parameter: "`9..60`",
        fails: "is a date on which the person had another age, in full years; not asked unless the \
                birth is known",
        stage: CheckStage::Row,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[Type::Date, Type::DateTime],
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self { range: parameters.range()? })
    }

    fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
        let person = facts.person_of_row();
        match field.stored {
            Some(date) if person.known && person.birth > 0 => {
                let age = years_between(i64::from(person.birth), day_of(date));
                self.range.has_text(&age.to_string())
            }
            _ => true,
        }
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        vec![SampleDefect::new(Defect::FifthBirthday)]
    }
}
