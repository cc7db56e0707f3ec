//! One name, one meaning: no type name is defined twice, and a constructor
//! says what it makes.

use std::collections::BTreeMap;

use super::source::program;
use super::sources;

/// Type names that may be defined more than once: options of each command,
/// each library's result, what is wrong with a submission and with a request.
const SHARED_NAMES: &[&str] = &["Args", "Problem", "Result"];

#[test]
fn no_type_name_is_defined_twice() {
    let files = program(sources("src"));
    let mut types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files.values() {
        for name in &file.types {
            types.entry(name).or_default().push(&file.name);
        }
    }
    let wrong: Vec<_> = types
        .iter()
        .filter(|(name, places)| places.len() > 1 && !SHARED_NAMES.contains(name))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let idle: Vec<_> = SHARED_NAMES
        .iter()
        .filter(|name| types.get(**name).is_none_or(|places| places.len() < 2))
        .collect();
    assert!(idle.is_empty(), "{idle:?} are defined once; take them off the list");
}

#[test]
fn no_constructor_is_called_of() {
    let files = program(sources("src"));
    let wrong: Vec<&str> = files
        .values()
        .filter(|file| file.functions.iter().any(|name| name == "of"))
        .map(|file| file.name.as_str())
        .collect();
    assert!(wrong.is_empty(), "say what they make (new, parse, from_…): {wrong:#?}");
    assert!(files.values().any(|file| file.functions.iter().any(|name| name == "parse")));
}
