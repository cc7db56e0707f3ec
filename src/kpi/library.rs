//! All KPIs: those built into the program, and the province's own in
//! `DATA/config/kpi/` (`*.toml`, `*.sql`), which come on top and replace by
//! the name of their file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::definition::{
    CountingUnit, DayFrom, Definition, Direction, Parameter, ValueScale, Window,
};
use super::need::unknown_word;
use super::period::{YearKind, years};
use super::query::{Block, Query, QueryHead};
use crate::files::hex;
use crate::overlay::{CONFIG, Overlay, SCHEMA};
use crate::text::Bilingual;

/// Folder of the definitions below `config/`, and of the queries below
/// `schema/`.
const FOLDER: &str = "kpi";

/// Folder of the blocks of queries below `schema/kpi/`.
const BLOCKS: &str = "kpi/blocks";

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
struct RawDefinition {
    id: String,
    name: Bilingual,
    unit: Bilingual,
    #[serde(default)]
    counts: CountingUnit,
    #[serde(default)]
    scale: ValueScale,
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
pub(super) type KpiFiles = BTreeMap<String, String>;

impl Library {
    /// The built-in KPIs, with the province's own put over them.
    ///
    /// # Errors
    /// Names the first file that cannot be read, or the first mistake in a definition.
    pub fn load(own: Option<&Overlay>) -> Result<Self, LibraryError> {
        let mut files = builtin()?;
        if let Some(own) = own {
            for (name, path) in own.files().map_err(|e| fail("", e.to_string()))? {
                let text =
                    crate::files::read_plain(&path).map_err(|e| fail(&name, e.to_string()))?;
                files.insert(name, text);
            }
        }
        Self::from_files(&files)
    }

    /// Builds and checks the definitions of these files.
    pub(super) fn from_files(files: &KpiFiles) -> Result<Self, LibraryError> {
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
pub(super) fn builtin() -> Result<KpiFiles, LibraryError> {
    let mut files = KpiFiles::new();
    let folders =
        [SCHEMA.get_dir(FOLDER), SCHEMA.get_dir(BLOCKS), CONFIG.get_dir(FOLDER)].into_iter();
    for file in folders.flatten().flat_map(include_dir::Dir::files) {
        let path = file.path().strip_prefix(FOLDER).unwrap_or(file.path());
        let name = path.display().to_string();
        let text = file.contents_utf8().ok_or_else(|| fail(&name, "not UTF-8"))?;
        files.insert(name, text.to_owned());
    }
    Ok(files)
}

/// The definitions of one file, with the queries of `files`.
pub(super) fn definitions(
    files: &KpiFiles,
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

/// A file's KPI and its variants, each with its own keys over the family's.
fn family(file: &str, text: &str) -> Result<Vec<RawDefinition>, LibraryError> {
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

fn build(files: &KpiFiles, file: &str, raw: RawDefinition) -> Result<Definition, LibraryError> {
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
    if let Some(word) = unknown_word(&raw.needs) {
        return Err(wrong(format!("needs: @{word} means nothing")));
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
    let query = if raw.counts == CountingUnit::Reported {
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
        personal: raw.personal && raw.counts != CountingUnit::Reported,
        source: raw.source,
        local_defaults: raw.local_defaults,
        needs: raw.needs,
        begins: raw.begins,
        window: raw.window,
        asked_of: raw.asked_of,
        enter: raw.enter || raw.counts == CountingUnit::Reported,
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

fn query(files: &KpiFiles, file: &str, sql: &str, depth: usize) -> Result<Query, LibraryError> {
    if depth > DEEPEST {
        return Err(fail(sql, "blocks use each other in a ring"));
    }
    let text = files.get(sql).ok_or_else(|| fail(file, format!("there is no {sql}")))?;
    let head = QueryHead::parse(text);
    let uses: Vec<Arc<Block>> = head
        .uses
        .iter()
        .map(|name| {
            let block = format!("blocks/{name}.sql");
            let inner = query(files, sql, &block, depth + 1)?;
            let head = QueryHead::parse(&inner.text);
            if head.columns.is_empty() {
                return Err(fail(&block, "a block says its -- columns:"));
            }
            Ok(Arc::new(Block {
                name: name.clone(),
                columns: head.columns,
                key: head.key,
                index: head.index,
                needs_full_unit: !head.whole.is_empty(),
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
    let shipped = || SCHEMA.get_file(format!("{FOLDER}/{sql}"));
    let embedded = depth > 0 && shipped().is_some_and(|file| file.contents() == text.as_bytes());
    let alone = |by: &str, below: fn(&Query) -> bool| {
        let own = embedded || head.alone.iter().any(|word| word == by);
        own && uses.iter().all(|block| below(&block.query))
    };
    let partitionable_by_person = alone("person", |query| query.partitionable_by_person);
    let partitionable_by_unit = alone("unit", |query| query.partitionable_by_unit);
    Ok(Query {
        text: text.clone(),
        uses,
        partitionable_by_person,
        partitionable_by_unit,
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
