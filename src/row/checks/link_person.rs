//! `link_person`: the PID of somebody in PERSON of the same unit.

use super::defect::{SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "link_person",
        parameter: "",
        fails: "is no PID in PERSON of the same unit, in this archive or an earlier one",
        stage: CheckStage::Row,
        blank: Blank::Passes,
        replaces: Replaces::Nothing,
        types: &[],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
        facts.person(field.text).known || !facts.persons_are_known()
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        SampleDefect::value("Z99999")
    }
}
