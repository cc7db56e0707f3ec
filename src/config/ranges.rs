//! What each number may be. A limit of 0 or of a billion is a slip of the
//! finger that nobody would notice before the day on which it matters.

use std::fmt::Display;
use std::sync::LazyLock;

use toml::{Table, Value};

use super::Span;
use crate::text::message_with;

/// The ranges, by section and key.
const RANGES: &str = include_str!("../../config/ranges.toml");

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(RANGES).expect("it is part of the program and tested"));

/// The first number that is out of its range, by its key; a number without a
/// range is none either.
pub(super) fn check(config: &Table) -> Result<(), String> {
    section(config, &TABLE, "")
}

fn section(config: &Table, ranges: &Table, path: &str) -> Result<(), String> {
    for (key, value) in config {
        let (full, range) = (format!("{path}{key}"), ranges.get(key));
        match (value, range) {
            (Value::Table(inner), range) => {
                let none = Table::new();
                let ranges = range.and_then(Value::as_table).unwrap_or(&none);
                section(inner, ranges, &format!("{full}."))?;
            }
            (Value::Array(items), Some(Value::Table(ranges))) => {
                for item in items.iter().filter_map(Value::as_table) {
                    section(item, ranges, &format!("{full}."))?;
                }
            }
            (value, Some(Value::Array(range))) => one(&full, value, range)?,
            (Value::Integer(_) | Value::Float(_), None) => {
                return Err(format!("{full} has no range in config/ranges.toml"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn one(key: &str, value: &Value, range: &[Value]) -> Result<(), String> {
    let [least, most] = range else { return Err(format!("{key}: a range has two ends")) };
    let is_time = least.is_str();
    // What is no number is told by whoever reads the configuration.
    let Some(number) = reckon(value, is_time) else { return Ok(()) };
    let within = reckon(least, is_time).is_some_and(|least| number >= least)
        && reckon(most, is_time).is_some_and(|most| number <= most);
    if within {
        return Ok(());
    }
    let (least, most, value) = (plain(least), plain(most), plain(value));
    let values: [(&str, &dyn Display); 4] =
        [("key", &key), ("value", &value), ("least", &least), ("most", &most)];
    Err(message_with("config.out_of_range", &values).both())
}

/// A number as it is, a length of time in milliseconds.
fn reckon(value: &Value, is_time: bool) -> Option<i128> {
    match value {
        Value::Integer(number) if is_time => Some(i128::from(*number) * 1000),
        Value::Integer(number) => Some(i128::from(*number)),
        Value::String(text) if is_time => i128::try_from(Span::parse(text)?.0.as_millis()).ok(),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULTS};

    /// Every number, and every length of time, with its key.
    fn numbers(table: &Table, path: &str, found: &mut Vec<(String, Value)>) {
        for (key, value) in table {
            let full = format!("{path}{key}");
            match value {
                Value::Table(inner) => numbers(inner, &format!("{full}."), found),
                Value::Integer(_) | Value::Float(_) => found.push((full, value.clone())),
                Value::String(text) if Span::parse(text).is_some() => {
                    found.push((full, value.clone()));
                }
                _ => {}
            }
        }
    }

    fn range(key: &str) -> Vec<Value> {
        let (section, key) = key.split_once('.').unwrap();
        TABLE[section][key].as_array().unwrap_or_else(|| panic!("{key}: no range")).clone()
    }

    fn with(key: &str, value: &str) -> Result<Config, String> {
        let name = format!("KHLANG__{}", key.replace('.', "__").to_ascii_uppercase());
        Config::load(None, std::iter::once((name, value.to_owned()))).map_err(|e| e.to_string())
    }

    #[test]
    fn every_number_has_a_range_that_is_held_at_both_ends() {
        let mut found = Vec::new();
        numbers(&toml::from_str(DEFAULTS).unwrap(), "", &mut found);
        assert!(found.len() > 30);
        for (key, _) in &found {
            let ends = range(key);
            for (end, step) in ends.iter().zip([-1, 1]) {
                let (good, bad) = match end {
                    Value::Integer(n) => (n.to_string(), (n + step).to_string()),
                    end => {
                        let ms = reckon(end, true).unwrap();
                        (format!("{ms}ms"), format!("{}ms", ms + i128::from(step)))
                    }
                };
                assert!(with(key, &good).is_ok(), "{key} = {good}: {:?}", with(key, &good));
                if bad == "-1ms" {
                    continue; // no length of time at all
                }
                let error = with(key, &bad).unwrap_err();
                let (least, most) = (plain(&ends[0]), plain(&ends[1]));
                let told = format!("from {least} to {most}");
                assert!(error.contains(key) && error.contains(&told), "{key} = {bad}: {error}");
            }
        }
        let known: usize = TABLE.values().map(|section| section.as_table().unwrap().len()).sum();
        assert_eq!(known, found.len() + 2, "export.keep and forward.keep alone have no default");
    }

    /// Whoever reads the defaults reads what else they may be.
    #[test]
    fn every_range_is_told_beside_its_default() {
        let mut section = String::new();
        let mut told = 0;
        for line in DEFAULTS.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            }
            let Some((key, rest)) = line.split_once(" = ") else { continue };
            let Some(ranges) = TABLE.get(&section) else { continue };
            let Some(ends) = ranges.get(key).and_then(Value::as_array) else { continue };
            let comment = format!("# {} to {}", plain(&ends[0]), plain(&ends[1]));
            assert!(rest.ends_with(&comment), "{section}.{key}: {comment}");
            told += 1;
        }
        assert!(told > 30);
    }

    #[test]
    fn an_export_keeps_one_at_least() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.toml");
        for keep in ["0", "10001"] {
            let text = format!(
                "[[export]]\nname = \"a\"\nschedule = \"0 6 1 * *\"\nkpis = [\"*\"]\n\
                 period = \"current\"\nformats = [\"csv\"]\nkeep = {keep}\n"
            );
            crate::files::write_whole(&path, text.as_bytes()).unwrap();
            let error = Config::load(Some(&path), std::iter::empty()).unwrap_err().to_string();
            assert!(error.contains("export.keep") && error.contains("k.toml"), "{error}");
        }
    }
}
