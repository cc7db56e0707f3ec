//! A stored row as JSON, so that what was freed can still be read.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

/// The columns from `first` on that have a value, by name.
pub(super) fn as_json(row: &Row<'_>, first: usize, names: &[String]) -> rusqlite::Result<String> {
    let mut values = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get_ref(first + at)? {
            ValueRef::Integer(number) => Value::from(number),
            ValueRef::Real(number) => Value::from(number),
            ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
            ValueRef::Null | ValueRef::Blob(_) => continue,
        };
        values.insert(name.clone(), value);
    }
    Ok(Value::Object(values).to_string())
}
