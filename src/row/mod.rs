//! From the text of a line to a record and findings. Pure: nothing here does
//! I/O, and nothing here can fail.

mod batch;
mod blanks;
pub mod citizen_id;
mod code_set;
mod date;
mod decode;
mod header;
mod judge;
mod line;
mod maker;
mod number;
mod order;
mod packed;
mod person;
mod plan;
mod quick;
mod verdict;

pub use batch::{Batch, Place, RowMeta, Value};
pub use blanks::Blanks;
pub use date::serial;
pub use decode::{BOM, BadByte, Encoding, decode, utf8};
pub use header::{HeaderTrouble, is_header, name};
pub use judge::Judge;
pub use number::canonical_int;
pub use order::Order;
pub use packed::digits_key;
pub use person::{ByPid, Fact, Facts, NoStore, Person, PersonIndex, Persons};
pub use plan::{Code, CodeAt, Plan, PlanColumn};
pub use verdict::{Context, Finding, Verdicts};

#[cfg(test)]
mod tests;
