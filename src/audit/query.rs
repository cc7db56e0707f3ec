//! The head of a rule's SQL: what it rests on.
//!
//! ```sql
//! -- use: person, dose      building blocks of schema/audit/blocks, made once as temporary tables
//! -- table: vaccine         tables: calendar, points, sending, or a list of schema/audit/tables or schema/codes
//! -- columns: hcode TEXT    (blocks only)
//! -- key: hcode             primary key (blocks only, may be left out)
//! -- index: cid             one more index (blocks only, may be left out)
//! -- alone: unit            what it says of a unit rests on rows of that unit alone
//! -- alone: person          what it says of a row rests on rows of one person alone, at any units that
//!                           know the person: the citizen ID that its column person tells
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::sql::{head_lines, parameters, words};

/// An SQL text with what it rests on.
#[derive(Debug, Clone, Default)]
pub struct RuleQuery {
    /// The text, with its comments.
    pub text: String,
    /// Blocks that it uses.
    pub uses: Vec<Arc<RuleBlock>>,
    /// Tables that it uses.
    pub tables: Vec<String>,
    /// What it says of a unit rests on rows of that unit alone.
    pub alone: bool,
    /// What it says of a row rests on rows of one person alone, wherever the
    /// person is known; its column `person` tells whom.
    pub by_person: bool,
}

/// A building block.
#[derive(Debug, Clone)]
pub struct RuleBlock {
    /// Its name, also that of its table.
    pub name: String,
    /// Its columns with their types.
    pub columns: Vec<String>,
    /// Its primary key; empty for none.
    pub key: Vec<String>,
    /// Columns of a further index; empty for none.
    pub index: Vec<String>,
    /// What fills it.
    pub query: RuleQuery,
}

/// The head, names not yet resolved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RuleHead {
    pub uses: Vec<String>,
    pub tables: Vec<String>,
    pub columns: Vec<String>,
    pub key: Vec<String>,
    pub index: Vec<String>,
    pub alone: Vec<String>,
}

impl RuleHead {
    /// Reads the head lines of an SQL text.
    pub(super) fn parse(text: &str) -> Self {
        let mut head = Self::default();
        for (name, items) in head_lines(text) {
            let place = match name {
                "use" => &mut head.uses,
                "table" => &mut head.tables,
                "columns" => &mut head.columns,
                "key" => &mut head.key,
                "index" => &mut head.index,
                "alone" => &mut head.alone,
                _ => continue,
            };
            place.extend(items);
        }
        head
    }
}

impl RuleQuery {
    /// Every parameter that it and the blocks below it name.
    pub fn parameters(&self) -> Vec<String> {
        let mut all = parameters(&self.text);
        for block in &self.uses {
            for name in block.query.parameters() {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
        all
    }

    /// Every table that it and the blocks below it name.
    pub fn all_tables(&self) -> Vec<String> {
        let mut all = self.tables.clone();
        for block in &self.uses {
            all.extend(block.query.all_tables());
        }
        all.sort();
        all.dedup();
        all
    }

    /// Every word of its text and of the blocks below it.
    pub fn words(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = words(&self.text).into_iter().map(str::to_owned).collect();
        for block in &self.uses {
            all.extend(block.query.words());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_what_a_query_rests_on() {
        let text = "-- Words: of a comment.\n-- use: person, dose\n-- table: vaccine\n-- alone: unit\nSELECT 1";
        let head = RuleHead::parse(text);
        assert_eq!(head.uses, ["person", "dose"]);
        assert_eq!(
            (head.tables, head.alone),
            (vec!["vaccine".to_owned()], vec!["unit".to_owned()])
        );
    }
}
