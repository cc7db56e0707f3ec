//! A member of an archive that is a file of the standard, and what can be wrong
//! with it.

use crate::archive::Standard;
use crate::environment::Environment;
use crate::problem_code::ProblemCode;
use crate::row::{CompiledLayout, Order};
use crate::submission::{Problem, Texts};

/// A member that is a file of the standard.
#[derive(Debug)]
pub struct Member {
    /// Its entry.
    pub entry: usize,
    /// Its name in the archive.
    pub name: String,
    /// Position of its record in the catalogue.
    pub record: usize,
    /// Name of the file, e.g. `DIAG`.
    pub file: String,
    /// The orders that its rows may have.
    pub orders: Vec<Order>,
    /// Line of the header, 0 for none.
    pub header_line: u64,
    /// It has rows.
    pub has_data: bool,
    /// It is not stored.
    pub broken: bool,
}

impl Member {
    /// Which columns of its record its rows may have.
    pub fn sent(&self, compiled: &CompiledLayout) -> Vec<bool> {
        let mut sent = vec![false; compiled.width];
        for at in self.orders.iter().flat_map(|order| order.columns.iter().flatten()) {
            sent[compiled.columns[*at].column] = true;
        }
        sent
    }
}

/// A problem of a member or, with no member, of the archive.
pub fn problem(
    environment: &Environment,
    standard: Option<Standard>,
    code: ProblemCode,
    member: Option<&str>,
    line: Option<u64>,
    detail: impl Into<String>,
) -> Problem {
    Problem {
        code: code.as_str().to_owned(),
        member: member.map(str::to_owned),
        line,
        detail: detail.into(),
        nearest: None,
        texts: Texts::find(&environment.catalog, code.as_str(), standard),
    }
}
