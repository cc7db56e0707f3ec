//! The kinds of check that a column in `schema/records/` may name, a file each.
//!
//! A new kind is one file here and one line in the list below. The file says
//! how the parameter is read, what a blank means, when a value passes, whether
//! the fast path may let a value through, how the sample generator breaks a
//! good value, and what `schema/README.md` says of the kind (a test compares).
//! A kind that no file gives, or a parameter that its kind cannot read, is
//! refused at start with file and line of the record that names it.

mod defect;
mod rule;

pub use defect::{Defect, SampleDefect, Target, outside_lists};
pub use rule::{Blank, CheckKind, CheckStage, FastPath, NotCompiled, Replaces};
pub(super) use rule::{CheckLookup, Facts, Field, Parameters};

use super::code_set::CodeSet;
use rule::Rule;

/// Declares the modules and sends each call to the kind that it is for. An
/// enum, not a trait object, so that the compiler sees through the calls that
/// are made for every row.
macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        $(mod $kind;)+

        /// A check with its parameters read.
        #[derive(Debug, Clone)]
        #[allow(non_camel_case_types, reason = "a kind is named as the schema writes it")]
        pub enum Check {
            $(#[doc = concat!("`", stringify!($kind), "`")] $kind($kind::Check),)+
        }

        /// Every kind, in the order of the list.
        pub const KINDS: &[&CheckKind] = &[$(&<$kind::Check as Rule>::KIND),+];

        impl Check {
            /// Reads the parameters of a check of a kind.
            pub(super) fn compile(
                kind: &str,
                parameters: &Parameters<'_>,
                lookup: &mut dyn CheckLookup,
            ) -> Result<Self, NotCompiled> {
                $(if kind == <$kind::Check as Rule>::KIND.name {
                    return $kind::Check::compile(parameters, lookup).map(Self::$kind);
                })+
                Err(NotCompiled::Unreadable)
            }

            /// Its kind.
            pub fn kind(&self) -> &'static CheckKind {
                match self { $(Self::$kind(_) => &<$kind::Check as Rule>::KIND,)+ }
            }

            /// Whether a value passes. Not inlined: the code of all kinds would
            /// crowd out of the loop over fields what is asked of every field.
            #[inline(never)]
            pub(super) fn passes(&self, field: &Field<'_>, facts: &mut impl Facts) -> bool {
                match self { $(Self::$kind(check) => check.passes(field, facts),)+ }
            }

            /// The codes it takes, of a check of [`CheckStage::List`].
            #[inline]
            pub fn codes(&self) -> Option<&CodeSet> {
                match self { $(Self::$kind(check) => check.codes(),)+ }
            }

            /// What the fast path may take for passed.
            pub fn fast_path(&self) -> FastPath {
                match self { $(Self::$kind(check) => check.fast_path(),)+ }
            }
        }

        /// How the sample generator breaks values so that a check of a kind
        /// speaks; none for a check that no sample can fail.
        pub fn defects(kind: &str, target: &Target<'_>) -> Vec<SampleDefect> {
            $(if kind == <$kind::Check as Rule>::KIND.name {
                return $kind::Check::defects(target);
            })+
            Vec::new()
        }
    };
}

kinds! {
    required,
    width,
    digits,
    code_list,
    standard_list,
    format_date,
    format_datetime,
    number,
    decimal,
    known_hcode,
    link_person,
    repeat_limit,
    not_prefix,
    after,
    person_age,
    person_sex,
}

/// The kind of a name.
pub fn kind(name: &str) -> Option<&'static CheckKind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn the_table_of_kinds_in_the_schemas_readme_is_that_of_the_list() {
        let mut table =
            "| kind | parameter | a value fails that | blank |\n|---|---|---|---|\n".to_owned();
        for kind in KINDS {
            let blank = match kind.blank {
                Blank::Fails => "fails, unless the parameter has a part `blank`",
                Blank::Passes => "passes",
            };
            writeln!(table, "| `{}` | {} | {} | {blank} |", kind.name, kind.parameter, kind.fails)
                .unwrap();
        }
        let readme = include_str!("../../../schema/README.md");
        assert!(readme.contains(&table), "schema/README.md lacks this table:\n{table}");
    }

    #[test]
    fn kinds_have_one_name_each() {
        let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
    }

    #[test]
    fn every_kind_in_use_has_a_sample_that_fails_it() {
        let catalog = Catalog::builtin().unwrap();
        let (mut used, mut broken) = (BTreeSet::new(), BTreeSet::new());
        for record in &catalog.records {
            for column in record.layouts().flat_map(|layout| &layout.columns) {
                for check in &column.checks {
                    let is_hospcode = column.column == record.hospcode;
                    let target = Target { catalog: &catalog, column, check, is_hospcode };
                    used.insert(check.kind.as_str());
                    if !defects(&check.kind, &target).is_empty() {
                        broken.insert(check.kind.as_str());
                    }
                }
            }
        }
        assert_eq!(used, broken);
    }
}
