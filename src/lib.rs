//! Khlang (คลัง): the data centre of a provincial health office.
//!
//! # The way of the data
//!
//! archive → members → rows → records → store → counts → reports, API. Each
//! stage is a noun with one next step; none looks back. Each hands on its own
//! evidence (archive hash, line number, offending value), so any number can be
//! walked back to a line in a file that somebody sent.
//!
//! | module | is | is not |
//! |---|---|---|
//! | [`catalog`] | the facts about data in `schema/`, cross-checked | code that validates |
//! | [`config`], [`clock`], [`units`], [`environment`] | choices, time, facilities, all of it together | |
//! | [`archive`] | name and structure of a zip, streams of its entries | aware of files of a standard |
//! | [`credentials`] | roles, identities, and the secrets that prove them | a keeper of them |
//! | [`access`] | who a client is, and whose rows they may see | aware of HTTP |
//! | [`app`] | shared state, cached results, redaction, metrics | aware of HTTP |
//! | [`row`] | a line to a record and findings, pure | able to fail or to do I/O |
//! | [`store`] | the one place that knows SQLite | aware of zip or HTTP |
//! | [`load`] | one archive from claim to commit | aware of folders |
//! | [`inbox`] | settle, claim, recover, receipts, last place | a watcher of events |
//! | [`daemon`] | what wakes the program, and what it then does | |
//! | [`registry`] | who is in the population, and who stands in for them | |
//! | [`score`] | rulebooks, and what the rows of a round are worth | money |
//! | [`http`] | what can be asked | able to load |
//! | [`audit`] | rules as data, cases, steps; what money they hold | a check of rows |
//! | [`money`] | pools shared to the satang, what was paid, statements, holds | a check of rows |
//! | [`kpi`] | indicators from data in `schema/kpi`, and why | a place where one is defined |
//! | [`overlay`] | files that are shipped, and a province's own over them | aware of what they say |
//! | [`printable`] | names and texts as a terminal or a log may show them | |
//! | [`problem_code`] | names of what can be wrong with an archive | their texts |
//! | [`privacy`] | which counts are too small to be shown | aware of what they count |
//! | [`report`] | forms in which numbers leave | aware of what they count |
//! | [`forward`] | accepted rows sent on as they were received, each once | a protocol of anybody |
//! | [`rep`] | what comes back: read by layouts that are data, matched to rows, freed | a protocol of anybody |
//! | [`export`], [`schedule`] | what leaves as folders, and when | aware of what woke it |
//! | [`sql`] | the head of queries that are data, and lists as tables for them | a builder of queries |
//! | [`spelling`] | the known name that is nearest to a misspelt one | |
//! | [`text`] | texts for people in both languages, by key | aware of who reads them |
//! | [`version`] | the fingerprint of the program, by which cached results are known | |
//! | [`sample`] | a synthetic province, and what must come of it | a caller of the validator |
//! | [`cli`] | a file per command | |
//!
//! The invariants, each with the tests that hold it, stand in
//! `docs/architecture.md`; comments name them by their numbers there.
//! `tests/tidy.rs` checks which module may name which.

pub mod access;
pub mod app;
pub mod archive;
pub mod audit;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod daemon;
pub mod environment;
pub mod export;
pub mod files;
pub mod forward;
pub mod http;
pub mod inbox;
pub mod kpi;
pub mod load;
pub mod money;
pub mod overlay;
pub mod printable;
pub mod priority;
pub mod privacy;
pub mod problem_code;
pub mod registry;
pub mod rep;
pub mod report;
pub mod row;
pub mod sample;
pub mod schedule;
pub mod score;
pub mod spelling;
pub mod sql;
pub mod store;
pub mod submission;
pub mod text;
pub mod units;
pub mod version;

/// Dies at a named step of an archive's way when a test asks for it: the
/// recovery from a kill at any point is proven by dying there. Release builds
/// have nothing of it.
pub(crate) fn crash_point(step: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("KHLANG_DIE_AT").is_ok_and(|at| at == step) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = step;
}
