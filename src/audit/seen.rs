//! Which part of the store a run sees, and by which tokens it takes what is kept.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::store::{ChangeTokens, Tables};

/// The part of the store that is seen.
#[derive(Default)]
pub(super) struct SeenPart {
    /// Tokens of what is stored; none when nothing is kept.
    pub(super) tokens: Option<Rc<ChangeTokens>>,
    pub(super) tables: Option<Tables>,
    /// Units that are seen; all, where there is no filter.
    pub(super) units: Option<BTreeSet<String>>,
}
