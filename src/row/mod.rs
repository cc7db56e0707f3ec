//! From the text of a line to a record and findings. Pure: nothing here does
//! I/O, and nothing here can fail.

mod batch;
mod blanks;
pub mod checks;
pub mod citizen_id;
mod code_set;
mod compiled_layout;
mod compiler;
mod date;
mod decode;
mod fast_path;
mod header;
mod line;
mod number;
mod order;
mod outcome;
mod packed;
mod person;
mod validator;

pub use batch::{Batch, RowMeta, TextPlace, Value};
pub use blanks::Blanks;
pub use compiled_layout::{Code, CodeAt, CompiledColumn, CompiledLayout};
pub use date::{gregorian, serial};
pub use decode::{BOM, BadByte, Encoding, decode, utf8};
pub use header::{HeaderError, is_header, name};
pub use number::canonical_int;
pub use order::Order;
pub use outcome::{Context, Finding, ValidationOutcome};
pub use packed::digits_key;
pub use person::{ByPid, NoStore, Person, PersonChanges, PersonContext, PersonFact, PersonIndex};
pub use validator::Validator;

#[cfg(test)]
mod tests;
