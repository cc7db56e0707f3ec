//! `person_sex`: the SEX of the row's person by PERSON.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};

#[derive(Debug, Clone)]
pub struct Check {
    sex: u8,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "person_sex",
        parameter: "`2`",
        fails: "is in a row of a person with another SEX; not asked unless that is known",
        stage: CheckStage::Row,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[],
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self { sex: parameters.number()? })
    }

    fn passes(&self, _: &Field<'_>, facts: &mut impl Facts) -> bool {
        let person = facts.person_of_row();
        !person.known || person.sex == 0 || person.sex == self.sex
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        vec![SampleDefect::new(Defect::Man)]
    }
}
