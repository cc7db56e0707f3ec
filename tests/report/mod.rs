//! Forms of reports, as other programs read them.

pub mod forms;
