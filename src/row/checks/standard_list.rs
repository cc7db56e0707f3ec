//! `standard_list`: a code of lists of the catalogue. Not checked while one of
//! them is not installed, which the receipt says.

use super::defect::{SampleDefect, Target, outside_lists};
use super::rule::{
    Blank, CheckKind, CheckLookup, CheckStage, Facts, Field, NotCompiled, Parameters, Replaces,
    Rule,
};
use crate::catalog::Type;
use crate::row::code_set::CodeSet;

#[derive(Debug, Clone)]
pub struct Check {
    codes: CodeSet,
}

impl Rule for Check {
    const KIND: CheckKind = CheckKind {
        name: "standard_list",
        parameter: "`ext:icd10tm`; several lists with `\\|` between them",
        fails: "no list has; not checked while a list is not installed or not whole",
        stage: CheckStage::List,
        blank: Blank::Passes,
        replaces: Replaces::OutsideListAndShape,
        types: Type::TEXTS_AND_NUMBERS,
        remembers: false,
    };

    fn compile(
        parameters: &Parameters<'_>,
        lookup: &mut dyn CheckLookup,
    ) -> Result<Self, NotCompiled> {
        let codes = lookup.lists(&parameters.parts()).ok_or(NotCompiled::NoList)?;
        Ok(Self { codes })
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        self.codes.contains(field.text)
    }

    fn codes(&self) -> Option<&CodeSet> {
        Some(&self.codes)
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        let lists: Vec<&str> = target.check.param.split('|').collect();
        outside_lists(target.catalog, target.column, &lists)
            .map(SampleDefect::value)
            .unwrap_or_default()
    }
}
