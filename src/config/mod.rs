//! Configuration: typed, unknown keys refused.
//!
//! Defaults < file < environment < flags. The defaults are the annotated
//! `config/khlang.toml`, so what is documented is what is used.

mod audit;
mod export;
mod forward;
mod limits;
mod network;
mod ranges;
mod span;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use audit::{Audit, AuditHolding, AuditLetter};
pub use export::Export;
pub use forward::{Era, Forward, SentWhen};
pub use limits::Limits;
pub use network::{Network, Networks};
pub use span::Span;

/// The annotated defaults.
pub const DEFAULTS: &str = include_str!("../../config/khlang.toml");

/// Environment variables with this beginning are configuration.
const PREFIX: &str = "KHLANG__";

/// A mistake in the configuration.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {source_name}: {what}")]
pub struct ConfigError {
    /// The file or variable.
    pub source_name: String,
    /// What is wrong.
    pub what: String,
}

/// All choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// List of units, when the data folder has none.
    pub units: PathBuf,
    /// Folder of the user's code lists, below the data folder.
    pub codes: PathBuf,
    /// What is exported on schedule.
    pub export: Vec<Export>,
    /// To whom rows are sent on.
    pub forward: Vec<Forward>,
    /// The inbox.
    pub inbox: Inbox,
    /// The store.
    pub store: StoreConfig,
    /// How rows are read.
    pub rows: Rows,
    /// What counts as on time.
    pub timeliness: Timeliness,
    /// HTTP.
    pub http: Http,
    /// What keeps a person from being recognised in numbers.
    pub privacy: Privacy,
    /// Audits.
    pub audit: Audit,
    /// A limit on everything.
    pub limits: Limits,
}

/// Choices for the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// A file is complete when it has not changed for so long.
    pub settle: Span,
    /// How often the folder is looked through.
    pub poll: Span,
    /// When to try again after trouble of our own.
    pub retry: Span,
    /// Names of files that are left alone, in any case; `*` stands for any
    /// text.
    pub ignore: Vec<String>,
}

/// Choices for the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Page cache of the writer, MiB.
    pub cache_mib: u32,
    /// What is in the database is copied before a migration.
    pub copy_before_migration: bool,
}

/// How rows are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Words that stand for nothing, in any case: they are stored as blank,
    /// with a warning, unless a column's own list has them.
    pub blank: Vec<String>,
}

/// What counts as on time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeliness {
    /// Days from the event to the sending.
    pub days: u32,
}

/// Choices for HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Threads that answer.
    pub workers: usize,
    /// Deadline for the head of a request.
    pub head: Span,
    /// Deadline for a whole form.
    pub form: Span,
    /// Deadline for an archive of which nothing comes, or too little.
    pub body: Span,
    /// Deadline for a client that does not read its reply.
    pub send: Span,
    /// What a client sends of an archive, or takes of a reply, at least:
    /// bytes a second, over the time that `body` or `send` gives.
    pub least_rate: u64,
    /// Proxies whose word on their clients (`X-Forwarded-…`) counts.
    pub trusted_proxies: Networks,
    /// How often a page that somebody watches renews itself.
    pub renew: Span,
    /// How long a browser stays signed in.
    pub session: Span,
    /// How long a token is good for unless its maker says otherwise, in days.
    pub token_days: u32,
    /// Wrong tokens of one client a minute before it is told to wait.
    pub wrong_tokens: u32,
}

/// What keeps a person from being recognised in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Counts of persons from 1 up to below this one are not shown to those
    /// who may not see the persons.
    pub small_count: u64,
}

impl Config {
    /// Defaults, then the file, then the given environment variables.
    ///
    /// # Errors
    /// A file that cannot be read, a key that is unknown, a value of another type, and
    /// one out of its range.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = parse("built-in defaults", DEFAULTS)?;
        let mut source_name = "built-in defaults".to_owned();
        if let Some(path) = file {
            source_name = path.display().to_string();
            let text =
                crate::files::read_plain(path).map_err(|e| fail(&source_name, &e.to_string()))?;
            let own = parse(&source_name, &text)?;
            // Unknown keys are told with the line of the file they stand in.
            check_keys(&source_name, &own, &table, "")?;
            ranges::check(&own).map_err(|what| fail(&source_name, &what))?;
            merge(&mut table, own);
        }
        let mut variables: Vec<_> =
            environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        variables.sort();
        for (name, value) in variables {
            let own = of_variable(&name, &value)?;
            check_keys(&name, &own, &table, "")?;
            ranges::check(&own).map_err(|what| fail(&name, &what))?;
            merge(&mut table, own);
            source_name = name;
        }
        Self::deserialize(Value::Table(table)).map_err(|e| fail(&source_name, e.message()))
    }

    /// As TOML, with secrets masked. There is no secret among the keys yet;
    /// tokens are kept in the store, hashed.
    pub fn show(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::load(None, std::iter::empty())
            .expect("the defaults are part of the program and tested")
    }
}

fn fail(source_name: &str, what: &str) -> ConfigError {
    // A name of a file is from anywhere; what is wrong shows lines of it.
    let source_name = crate::printable::line(source_name).into_owned();
    ConfigError { source_name, what: what.to_owned() }
}

fn parse(source_name: &str, text: &str) -> Result<Table, ConfigError> {
    toml::from_str(text).map_err(|e| fail(source_name, &e.to_string()))
}

/// Every key must be one of the defaults'.
fn check_keys(source: &str, own: &Table, known: &Table, path: &str) -> Result<(), ConfigError> {
    for (key, value) in own {
        let full = format!("{path}{key}");
        match (value, known.get(key)) {
            (_, None) => {
                let near = crate::spelling::nearest(key, known.keys().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
                return Err(fail(source, &format!("unknown key {full}{near}")));
            }
            (Value::Table(own), Some(Value::Table(known))) => {
                check_keys(source, own, known, &format!("{full}."))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn merge(into: &mut Table, own: Table) {
    for (key, value) in own {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(own)) => merge(into, own),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// `KHLANG__HTTP__LISTEN=…` as a table.
fn of_variable(name: &str, value: &str) -> Result<Table, ConfigError> {
    let path = name[PREFIX.len()..].to_ascii_lowercase();
    let mut parts: Vec<&str> = path.split("__").collect();
    let from_file = parts.len() > 1 && parts.last() == Some(&"file");
    let mut text = value.to_owned();
    if from_file {
        parts.pop();
        text = crate::files::read_plain(Path::new(value))
            .map_err(|e| fail(name, &format!("{value}: {e}")))?;
        text.truncate(text.trim_end().len());
    }
    let mut value = match text.parse::<Value>() {
        Ok(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_))) => {
            value
        }
        _ => Value::String(text),
    };
    for part in parts.iter().rev() {
        value = Value::Table(Table::from_iter([((*part).to_owned(), value)]));
    }
    match value {
        Value::Table(table) => Ok(table),
        _ => Err(fail(name, "names no key")),
    }
}

#[cfg(test)]
mod tests;
