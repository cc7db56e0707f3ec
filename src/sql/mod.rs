//! What queries that are data have in common, of indicators and of audit
//! rules: the head of their text, and lists as tables.

mod head;
mod list;

pub use head::{head_lines, parameters, words};
pub use list::{TableRows, parse_list, shipped_list};
