//! Forms of reports, as other programs read them.

mod forms;
