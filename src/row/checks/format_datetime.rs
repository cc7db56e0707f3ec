//! `format_datetime`: a date that exists, of the common era.

use super::defect::{Defect, SampleDefect, Target};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, NotCompiled, Parameters, Replaces, Rule,
};
use crate::catalog::Type;

#[derive(Debug, Clone)]
pub struct Check;

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "format_datetime",
        parameter: "",
        fails: "is no `YYYYMMDDHHMMSS` of the common era",
        stage: CheckStage::Unreadable,
        blank: Blank::Fails,
        replaces: Replaces::Unreadable,
        types: &[Type::DateTime],
        remembers: false,
    };

    fn compile(_: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        Ok(Self)
    }

    fn defects(_: &Target<'_>) -> Vec<SampleDefect> {
        vec![
            SampleDefect::new(Defect::Value("20130231080000".to_owned())),
            SampleDefect { defect: Defect::BuddhistYear, also: &["9507"] },
        ]
    }
}
