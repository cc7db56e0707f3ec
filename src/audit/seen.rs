//! Which part of the store a run sees, and by which tokens it takes what is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::kept::PersonsAhead;
use crate::kpi::Cohorts;
use crate::store::{ChangeTokens, Tables};

/// The part of the store that is seen.
#[derive(Default)]
pub(super) struct SeenPart {
    /// Tokens of what is stored; none when nothing is kept.
    pub(super) tokens: Option<Rc<ChangeTokens>>,
    pub(super) tables: Option<Tables>,
    /// Units that are seen; all, where there is no filter.
    pub(super) units: Option<BTreeSet<String>>,
    /// Whether some persons are seen only.
    pub(super) by_person: bool,
    /// Rules and tranches for which all rows were read.
    pub(super) in_full: BTreeSet<(String, String)>,
    /// Who is known where, once it is asked for.
    pub(super) cohorts: Option<Rc<Cohorts>>,
    /// Rows of rules that go by persons, counted ahead, by rule and tranche.
    pub(super) ahead: BTreeMap<(String, u32), PersonsAhead>,
}
