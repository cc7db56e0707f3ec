//! `code_list`: one of the codes that the parameter names.

use super::defect::{SampleDefect, Target, candidates};
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
        name: "code_list",
        parameter: "`1\\|2\\|9`; `digits:7` for any seven digits",
        fails: "is none of the codes",
        stage: CheckStage::List,
        blank: Blank::Fails,
        replaces: Replaces::OutsideList,
        types: Type::TEXTS_AND_NUMBERS,
        remembers: false,
    };

    fn compile(parameters: &Parameters<'_>, _: &mut dyn CheckLookup) -> Result<Self, NotCompiled> {
        let parts = parameters.parts();
        let plain = parts.iter().copied().filter(|part| !part.starts_with("digits:"));
        let mut codes = CodeSet::new(plain);
        if let Some(digits) = parts.iter().find_map(|part| part.strip_prefix("digits:")) {
            codes.digits = Some(digits.parse().map_err(|_| NotCompiled::Unreadable)?);
        }
        Ok(Self { codes })
    }

    fn passes(&self, field: &Field<'_>, _: &mut impl Facts) -> bool {
        self.codes.contains(field.text)
    }

    fn codes(&self) -> Option<&CodeSet> {
        Some(&self.codes)
    }

    fn defects(target: &Target<'_>) -> Vec<SampleDefect> {
        // Outside the column's list as well, which may have more codes.
        let codes: Vec<&str> = target.check.param.split('|').collect();
        let list = target.column.list.as_deref().and_then(|list| target.catalog.codes.get(list));
        let outside = candidates(target.column.width).find(|value| {
            !codes.contains(&value.as_str())
                && list.is_none_or(|list| !list.codes.contains(value.as_str()))
        });
        outside.map(SampleDefect::value).unwrap_or_default()
    }
}
