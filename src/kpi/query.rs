//! The head of an SQL file: which building blocks and code lists it uses, and
//! for a block the columns it fills.
//!
//! ```sql
//! -- use: area, deaths          building blocks, written once in blocks/
//! -- list: dm_codes             code lists, there as tables list_dm_codes (code)
//! -- table: epi_series          a list of schema/codes/ with all its columns
//! -- columns: person INTEGER, day INTEGER      (blocks only)
//! -- key: person, day           primary key    (blocks only, may be left out)
//! -- index: day                 one more index (blocks only, may be left out)
//! -- alone: person, unit        what it says of a person (a unit) rests on rows of that person
//!                               (unit) alone, lists and parameters apart; so do all blocks
//!                               that are part of the program
//! -- whole: unit                what it says of a unit rests on all rows of the unit, and is
//!                               needed for some of its persons too (blocks only)
//! ```
//!
//! A person is whom the block known knows, and has rows only where known. What is
//! said to stand alone reads nothing but records (by the names of their
//! views), blocks and lists. It can be counted for a part of the
//! store and added to what was counted for the rest; what says nothing is always
//! counted in full.
//!
//! A block becomes a temporary table when the first query that uses it runs,
//! and is shared by all queries of the session with the same parameters. Any
//! engine has `CREATE TEMPORARY TABLE … AS SELECT`, so the SQL stays portable.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::sql::{head_lines, parameters, words};

/// An SQL text with what it rests on.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The text, with its comments.
    pub text: String,
    /// Blocks that it uses.
    pub uses: Vec<Arc<Block>>,
    /// Code lists that it uses.
    pub lists: Vec<String>,
    /// Lists that it uses with all their columns.
    pub tables: Vec<String>,
    /// Rows of a person rest on rows of the person alone.
    pub partitionable_by_person: bool,
    /// Rows of a unit rest on rows of the unit alone.
    pub partitionable_by_unit: bool,
}

/// A building block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its name, also that of its table.
    pub name: String,
    /// Its columns with their types, as SQL declares them.
    pub columns: Vec<String>,
    /// Its primary key; empty for none.
    pub key: Vec<String>,
    /// Columns of a further index; empty for none.
    pub index: Vec<String>,
    /// Whether it takes all rows of a unit, whatever part is looked at.
    pub needs_full_unit: bool,
    /// What fills it.
    pub query: Query,
}

/// The head of an SQL file, names not yet resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct QueryHead {
    pub uses: Vec<String>,
    pub lists: Vec<String>,
    pub tables: Vec<String>,
    pub columns: Vec<String>,
    pub key: Vec<String>,
    pub index: Vec<String>,
    pub alone: Vec<String>,
    pub whole: Vec<String>,
}

impl QueryHead {
    /// Reads the head lines of an SQL text.
    pub(super) fn parse(text: &str) -> Self {
        let mut head = Self::default();
        for (name, items) in head_lines(text) {
            let place = match name {
                "use" => &mut head.uses,
                "list" => &mut head.lists,
                "table" => &mut head.tables,
                "columns" => &mut head.columns,
                "key" => &mut head.key,
                "index" => &mut head.index,
                "alone" => &mut head.alone,
                "whole" => &mut head.whole,
                _ => continue,
            };
            place.extend(items);
        }
        head
    }
}

impl Query {
    /// Every parameter that it and the blocks below it name.
    pub(super) fn all_parameters(&self) -> Vec<String> {
        let mut all = parameters(&self.text);
        for block in &self.uses {
            for name in block.query.all_parameters() {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
        all
    }

    /// Every word of its text and of the blocks below it, in capitals.
    pub(super) fn all_words(&self) -> BTreeSet<String> {
        let own = words(&self.text).into_iter();
        let mut all: BTreeSet<String> = own.map(str::to_ascii_uppercase).collect();
        for block in &self.uses {
            all.extend(block.query.all_words());
        }
        all
    }

    /// Every code list that it and the blocks below it name.
    pub(super) fn all_lists(&self) -> Vec<String> {
        let mut all = self.lists.clone();
        for block in &self.uses {
            all.extend(block.query.all_lists());
        }
        all.sort();
        all.dedup();
        all
    }
}
