//! All KPIs: those built into the program, and the province's own in
//! `DATA/kpi/` (`*.toml`, `*.sql`), which come on top and replace by id.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::definition::{Counts, DayFrom, Definition, Direction, Parameter, Scale, Window};
use super::period::{YearKind, years};
use super::query::{Block, Head, Query};
use crate::text::Bilingual;

#[derive(rust_embed::RustEmbed)]
#[folder = "schema/kpi"]
#[include = "*.sql"]
#[include = "blocks/*.sql"]
struct Sqls;

#[derive(rust_embed::RustEmbed)]
#[folder = "config/kpi"]
#[include = "*.toml"]
struct Tomls;

/// A mistake in a definition.
#[derive(Debug, thiserror::Error)]
#[error("kpi/{file}: {what}")]
pub struct LibraryError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// All KPIs by id.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// The KPIs.
    pub kpis: BTreeMap<String, Definition>,
}

/// A definition as written. A variant takes everything from its family but
/// what it says itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    name: Bilingual,
    unit: Bilingual,
    #[serde(default)]
    counts: Counts,
    #[serde(default)]
    scale: Scale,
    #[serde(default)]
    places: u32,
    #[serde(default)]
    direction: Direction,
    #[serde(default)]
    year: YearKind,
    #[serde(default)]
    target: BTreeMap<String, String>,
    #[serde(default = "yes")]
    personal: bool,
    source: String,
    #[serde(default)]
    local_defaults: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    begins: Option<DayFrom>,
    #[serde(default)]
    window: BTreeMap<String, Window>,
    #[serde(default)]
    asked_of: Vec<String>,
    #[serde(default)]
    enter: bool,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    exclusions: BTreeMap<String, Bilingual>,
    #[serde(default)]
    conditions: BTreeMap<String, Bilingual>,
    /// The SQL file, when it is not named as the id.
    #[serde(default)]
    sql: Option<String>,
}

/// Files by name below their folder.
pub(super) type Files = BTreeMap<String, String>;

impl Library {
    /// The built-in KPIs, with those of a folder put over them.
    pub fn load(own: Option<&Path>) -> Result<Self, LibraryError> {
        let mut files = builtin()?;
        if let Some(folder) = own {
            add_folder(&mut files, folder, "")?;
            add_folder(&mut files, &folder.join("blocks"), "blocks/")?;
        }
        Self::from_files(&files)
    }

    /// Builds and checks the definitions of these files.
    pub(super) fn from_files(files: &Files) -> Result<Self, LibraryError> {
        let mut library = Self::default();
        let tomls = files.iter().filter(|(name, _)| has_extension(name, "toml"));
        for (file, text) in tomls {
            for definition in definitions(files, file, text)? {
                let id = definition.id.clone();
                if library.kpis.insert(id.clone(), definition).is_some() {
                    return Err(fail(file, format!("there are two KPIs {id}")));
                }
            }
        }
        Ok(library)
    }

    /// A KPI by id.
    pub fn get(&self, id: &str) -> Option<&Definition> {
        self.kpis.get(id)
    }
}

/// The files that are part of the program.
pub(super) fn builtin() -> Result<Files, LibraryError> {
    let mut files = Files::new();
    for name in Sqls::iter() {
        embedded(&mut files, &name, Sqls::get(&name))?;
    }
    for name in Tomls::iter() {
        embedded(&mut files, &name, Tomls::get(&name))?;
    }
    Ok(files)
}

/// The definitions of one file, with the queries of `files`.
pub(super) fn definitions(
    files: &Files,
    file: &str,
    text: &str,
) -> Result<Vec<Definition>, LibraryError> {
    family(file, text)?.into_iter().map(|raw| build(files, file, raw)).collect()
}

fn fail(file: &str, what: impl Into<String>) -> LibraryError {
    LibraryError { file: file.to_owned(), what: what.into() }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == extension)
}

fn embedded(
    files: &mut Files,
    name: &str,
    file: Option<rust_embed::EmbeddedFile>,
) -> Result<(), LibraryError> {
    let data = file.map(|file| file.data.into_owned()).unwrap_or_default();
    let text = String::from_utf8(data).map_err(|_| fail(name, "not UTF-8"))?;
    files.insert(name.to_owned(), text);
    Ok(())
}

fn add_folder(files: &mut Files, folder: &Path, before: &str) -> Result<(), LibraryError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if has_extension(&name, "sql") || has_extension(&name, "toml") {
            let text =
                crate::files::read_plain(&entry.path()).map_err(|e| fail(&name, e.to_string()))?;
            files.insert(format!("{before}{name}"), text);
        }
    }
    Ok(())
}

/// A file's KPI and its variants, each with its own keys over the family's.
fn family(file: &str, text: &str) -> Result<Vec<Raw>, LibraryError> {
    let mut base: toml::Table = toml::from_str(text).map_err(|e| fail(file, e.to_string()))?;
    let stem = file.trim_end_matches(".toml").to_owned();
    let variants = base.remove("variant");
    base.entry("id").or_insert_with(|| stem.clone().into());
    base.entry("sql").or_insert_with(|| stem.clone().into());
    let mut all = vec![base.clone()];
    if let Some(variants) = variants {
        let variants = variants.try_into::<Vec<toml::Table>>();
        for own in variants.map_err(|e| fail(file, e.message()))? {
            if !own.contains_key("id") {
                return Err(fail(file, "a variant has no id"));
            }
            let mut table = base.clone();
            for (key, value) in own {
                match (table.get_mut(&key), value) {
                    // Parameters and texts are added one by one; targets of a
                    // variant are its own.
                    (Some(toml::Value::Table(old)), toml::Value::Table(new))
                        if key != "target" && key != "name" =>
                    {
                        old.extend(new);
                    }
                    (_, value) => drop(table.insert(key, value)),
                }
            }
            all.push(table);
        }
    }
    all.into_iter()
        .map(|table| table.try_into().map_err(|e: toml::de::Error| fail(file, e.message())))
        .collect()
}

fn yes() -> bool {
    true
}

/// Most decimal places of a numerator: what is left of a 64-bit number holds
/// any sum.
const MOST_PLACES: u32 = 9;

fn build(files: &Files, file: &str, raw: Raw) -> Result<Definition, LibraryError> {
    let wrong = |what: String| fail(file, format!("{}: {what}", raw.id));
    if raw.places > MOST_PLACES {
        return Err(wrong(format!("places are at most {MOST_PLACES}")));
    }
    for (name, parameter) in &raw.parameters {
        if let Parameter::Day(day) = parameter
            && !day.is_near()
        {
            return Err(wrong(format!("the parameter {name} is a day too far from its period")));
        }
    }
    let mut target = BTreeMap::new();
    for (year, value) in &raw.target {
        let years = years(year).ok_or_else(|| fail(file, format!("no year: {year}")))?;
        let value = Decimal::from_str_exact(value)
            .map_err(|_| fail(file, format!("no target: {value}")))?;
        for year in years {
            if target.insert(year, value).is_some() {
                return Err(fail(file, format!("there are two targets of {year}")));
            }
        }
    }
    let mut version = Sha256::new();
    version.update(format!("{raw:?}"));
    let query = if raw.counts == Counts::Reported {
        None
    } else {
        let name = raw.sql.as_deref().unwrap_or(&raw.id);
        let query = query(files, file, &format!("{name}.sql"), 0)?;
        hash(&mut version, &query);
        Some(Arc::new(query))
    };
    let definition = Definition {
        id: raw.id,
        name: raw.name,
        unit: raw.unit,
        counts: raw.counts,
        scale: raw.scale,
        places: raw.places,
        direction: raw.direction,
        year: raw.year,
        target,
        // What people report is theirs to tell.
        personal: raw.personal && raw.counts != Counts::Reported,
        source: raw.source,
        local_defaults: raw.local_defaults,
        needs: raw.needs,
        begins: raw.begins,
        window: raw.window,
        asked_of: raw.asked_of,
        enter: raw.enter || raw.counts == Counts::Reported,
        parameters: raw.parameters,
        exclusions: raw.exclusions,
        conditions: raw.conditions,
        version: hex(&version.finalize()),
        query,
    };
    check_parameters(file, &definition)?;
    Ok(definition)
}

/// Days that every query may name.
pub(super) const GIVEN: [&str; 10] = [
    ":start",
    ":end",
    ":year_start",
    ":quarter_start",
    ":before_start",
    ":before_end",
    ":round",
    ":as_of",
    ":year",
    ":registry",
];

fn check_parameters(file: &str, definition: &Definition) -> Result<(), LibraryError> {
    let Some(query) = &definition.query else { return Ok(()) };
    let named = query.all_parameters();
    for name in &named {
        let own = definition.parameters.contains_key(name.trim_start_matches(':'));
        if !own && !GIVEN.contains(&name.as_str()) {
            let id = &definition.id;
            return Err(fail(file, format!("{id}: the query's {name} has no value")));
        }
    }
    for name in definition.parameters.keys() {
        if !named.contains(&format!(":{name}")) {
            let id = &definition.id;
            return Err(fail(file, format!("{id}: no query names the parameter {name}")));
        }
    }
    Ok(())
}

/// How deep blocks may rest on blocks: a ring of them has no bottom.
const DEEPEST: usize = 8;

fn query(files: &Files, file: &str, sql: &str, depth: usize) -> Result<Query, LibraryError> {
    if depth > DEEPEST {
        return Err(fail(sql, "blocks use each other in a ring"));
    }
    let text = files.get(sql).ok_or_else(|| fail(file, format!("there is no {sql}")))?;
    let head = Head::of(text);
    let uses: Vec<Arc<Block>> = head
        .uses
        .iter()
        .map(|name| {
            let block = format!("blocks/{name}.sql");
            let inner = query(files, sql, &block, depth + 1)?;
            let head = Head::of(&inner.text);
            if head.columns.is_empty() {
                return Err(fail(&block, "a block says its -- columns:"));
            }
            Ok(Arc::new(Block {
                name: name.clone(),
                columns: head.columns,
                key: head.key,
                index: head.index,
                whole: !head.whole.is_empty(),
                query: inner,
            }))
        })
        .collect::<Result<_, _>>()?;
    for word in head.alone.iter().chain(&head.whole) {
        if word != "unit" && (word != "person" || !head.whole.is_empty()) {
            return Err(fail(sql, format!("nothing stands alone by {word}")));
        }
    }
    // Blocks that are part of the program stand alone; one of the province's
    // own, or put in the place of those, has to say so.
    let embedded = depth > 0 && Sqls::get(sql).is_some_and(|file| *file.data == *text.as_bytes());
    let alone = |by: &str, below: fn(&Query) -> bool| {
        let own = embedded || head.alone.iter().any(|word| word == by);
        own && uses.iter().all(|block| below(&block.query))
    };
    let alone_by_person = alone("person", |query| query.alone_by_person);
    let alone_by_unit = alone("unit", |query| query.alone_by_unit);
    Ok(Query {
        text: text.clone(),
        uses,
        alone_by_person,
        alone_by_unit,
        lists: head.lists,
        tables: head.tables,
    })
}

fn hash(hasher: &mut Sha256, query: &Query) {
    hasher.update(&query.text);
    for block in &query.uses {
        hash(hasher, &block.query);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
