//! Reads one `schema/records/*.toml` and resolves it into a [`Record`].

use serde::Deserialize;
use toml::Spanned;

use super::codes::CodeLists;
use super::error::{CatalogError, error};
use super::findings::Findings;
use super::record::{
    CheckSpec, Layout, Record, RecordRole, Storage, StoredColumn, Type, VISIT_KEY, Version,
    WireColumn,
};
use super::shapes::Shapes;
use crate::archive::Standard;

/// The versions of each standard, oldest first (`schema/versions.toml`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
pub(super) struct Versions {
    f21: Vec<String>,
    f43: Vec<String>,
}

impl Versions {
    /// Reads `versions.toml`.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, CatalogError> {
        toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            error(file, text[..at].matches('\n').count() + 1, e.message().to_owned())
        })
    }

    fn names(&self, standard: Standard) -> &[String] {
        match standard {
            Standard::F21 => &self.f21,
            Standard::F43 => &self.f43,
        }
    }
}

/// The load order of a record that names none.
const LOAD_ORDER: u8 = 2;

fn load_order() -> u8 {
    LOAD_ORDER
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecord {
    name: String,
    th: String,
    en: String,
    key: Spanned<Vec<String>>,
    cluster: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    visit: bool,
    #[serde(default)]
    register: bool,
    event_date: Option<Spanned<String>>,
    person: Option<Spanned<String>>,
    role: Option<RecordRole>,
    #[serde(default = "load_order")]
    load_order: u8,
    birth: Option<Spanned<String>>,
    sex: Option<Spanned<String>>,
    f43: Option<RawLayout>,
    f21: Option<RawLayout>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "source, confidence and notes document the schema file itself")]
struct RawLayout {
    file: String,
    prefix: String,
    prefix_origin: String,
    group: String,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    needs: Vec<String>,
    confidence: String,
    source: String,
    note: Option<String>,
    columns: Vec<Spanned<RawColumn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "notes document the schema file itself")]
struct RawColumn {
    name: String,
    #[serde(rename = "as")]
    as_: Option<String>,
    #[serde(rename = "type")]
    kind: Type,
    #[serde(default)]
    width: usize,
    #[serde(default)]
    scale: u8,
    #[serde(default)]
    required: bool,
    since: Option<String>,
    until: Option<String>,
    #[serde(default)]
    alias: Vec<String>,
    list: Option<String>,
    #[serde(default)]
    cid: bool,
    #[serde(default)]
    ahead: bool,
    range: Option<String>,
    #[serde(default)]
    checks: Vec<Spanned<RawCheck>>,
    #[serde(default)]
    caption: String,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    code: String,
    kind: String,
    #[serde(default)]
    param: String,
    #[serde(default)]
    since: i32,
}

/// A schema file while it is being resolved.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    codes: &'a CodeLists,
    shapes: &'a Shapes,
    findings: &'a Findings,
    versions: &'a Versions,
}

impl Source<'_> {
    fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }

    fn fail(&self, at: usize, what: String) -> CatalogError {
        error(self.file, self.line(at), what)
    }
}

/// Resolves the text of a record file.
pub(super) fn build(
    file: &str,
    text: &str,
    (codes, shapes): (&CodeLists, &Shapes),
    findings: &Findings,
    versions: &Versions,
) -> Result<Record, CatalogError> {
    let source = Source { file, text, codes, shapes, findings, versions };
    let raw: RawRecord = toml::from_str(text)
        .map_err(|e| source.fail(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
    let mut columns = Vec::new();
    let f43 = raw
        .f43
        .as_ref()
        .map(|layout| source.layout(Standard::F43, layout, &mut columns))
        .transpose()?;
    let f21 = raw
        .f21
        .as_ref()
        .map(|layout| source.layout(Standard::F21, layout, &mut columns))
        .transpose()?;
    let find = |at: usize, name: &str| {
        columns
            .iter()
            .position(|column: &StoredColumn| column.name == name)
            .ok_or_else(|| source.fail(at, format!("no column {name}")))
    };
    let names = |list: &Spanned<Vec<String>>| -> Result<Vec<usize>, CatalogError> {
        list.get_ref().iter().map(|name| find(list.span().start, name)).collect()
    };
    let one = |name: &Option<Spanned<String>>| {
        name.as_ref().map(|name| find(name.span().start, name.get_ref())).transpose()
    };
    let key = names(&raw.key)?;
    let cluster = raw.cluster.as_ref().map_or_else(|| Ok(key.clone()), names)?;
    let at = raw.key.span().start;
    let mut sorted = (key.clone(), cluster.clone());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    if sorted.0 != sorted.1 {
        return Err(source.fail(at, "cluster has other columns than key".to_owned()));
    }
    if raw.visit && !raw.key.get_ref().iter().zip(VISIT_KEY).all(|(key, visit)| key == visit) {
        return Err(source.fail(at, format!("the key of a visit record begins {VISIT_KEY:?}")));
    }
    let event = one(&raw.event_date)?;
    let person = one(&raw.person)?;
    let (birth, sex) = (one(&raw.birth)?, one(&raw.sex)?);
    let hospcode = find(at, VISIT_KEY[0])?;
    Ok(Record {
        source: file.to_owned(),
        key,
        cluster,
        visit: raw.visit,
        register: raw.register,
        event,
        person,
        role: raw.role,
        load_order: raw.load_order,
        birth,
        sex,
        hospcode,
        name: raw.name,
        th: raw.th,
        en: raw.en,
        columns,
        wire: [f21, f43],
    })
}

impl Source<'_> {
    fn layout(
        &self,
        standard: Standard,
        raw: &RawLayout,
        store: &mut Vec<StoredColumn>,
    ) -> Result<Layout, CatalogError> {
        let names = self.versions.names(standard);
        let mut columns: Vec<WireColumn> = Vec::new();
        let mut until = Vec::new();
        for spanned in &raw.columns {
            let at = spanned.span().start;
            let column = spanned.get_ref();
            if columns.iter().any(|other| other.name == column.name) {
                return Err(self.fail(at, format!("column {} stands twice", column.name)));
            }
            let version = |name: &Option<String>, default: usize| match name {
                None => Ok(default),
                Some(name) => names
                    .iter()
                    .position(|known| known == name)
                    .ok_or_else(|| self.fail(at, format!("no version {name} in {names:?}"))),
            };
            let since = version(&column.since, 0)?;
            until.push(version(&column.until, names.len() - 1)?);
            columns.push(self.column(at, standard, &raw.prefix, column, since, store)?);
        }
        let mut versions: Vec<Version> = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let has = |&at: &usize| columns[at].since <= number && number <= until[at];
            let at: Vec<usize> = (0..columns.len()).filter(has).collect();
            if versions.iter().all(|version| version.columns != at) {
                versions.push(Version { name: name.clone(), columns: at });
            }
        }
        Ok(Layout {
            standard,
            file: raw.file.clone(),
            prefix: raw.prefix.clone(),
            prefix_origin: raw.prefix_origin.clone(),
            group: raw.group.clone(),
            optional: raw.optional,
            needs: raw.needs.clone(),
            columns,
            versions,
        })
    }

    fn column(
        &self,
        at: usize,
        standard: Standard,
        prefix: &str,
        raw: &RawColumn,
        since: usize,
        store: &mut Vec<StoredColumn>,
    ) -> Result<WireColumn, CatalogError> {
        if let Some(list) = &raw.list
            && !list.starts_with("ext:")
            && self.codes.get(list).is_none()
        {
            return Err(self.fail(at, format!("{}: no code list {list}", raw.name)));
        }
        let is_whole = |list: &str| self.codes.get(list).is_some_and(|list| list.whole);
        if let Some(list) = &raw.list
            && !is_whole(list)
            && self.shapes.get(list).is_none()
        {
            let what = format!("{}: the list {list} needs a shape in shapes.csv", raw.name);
            return Err(self.fail(at, what));
        }
        for check in &raw.checks {
            let (at, check) = (check.span().start, check.get_ref());
            if !check.code.starts_with(prefix) {
                let what = format!("{} does not begin with the prefix {prefix}", check.code);
                return Err(self.fail(at, what));
            }
            if self.findings.get(&check.code, standard).is_none() {
                let what = format!("{} ({standard}) has no line in findings.csv", check.code);
                return Err(self.fail(at, what));
            }
        }
        let name = raw.as_.clone().unwrap_or_else(|| raw.name.clone());
        let storage = storage_of(raw.kind, raw.scale);
        let column = if let Some(column) = store.iter().position(|c| c.name == name) {
            let merged = merge(store[column].storage, storage).ok_or_else(|| {
                let what = format!("{name} is {:?} elsewhere, {storage:?} here", store[column]);
                self.fail(at, what)
            })?;
            store[column].storage = merged;
            column
        } else {
            store.push(StoredColumn { name, storage });
            store.len() - 1
        };
        Ok(WireColumn {
            name: raw.name.clone(),
            alias: raw.alias.clone(),
            column,
            kind: raw.kind,
            width: raw.width,
            scale: raw.scale,
            required: raw.required,
            since,
            list: raw.list.clone(),
            cid: raw.cid,
            ahead: raw.ahead,
            range: raw.range.clone(),
            checks: raw
                .checks
                .iter()
                .map(|check| {
                    let (at, check) = (check.span().start, check.get_ref());
                    CheckSpec {
                        code: check.code.clone(),
                        kind: check.kind.clone(),
                        param: check.param.clone(),
                        since: check.since,
                        line: self.line(at),
                    }
                })
                .collect(),
            caption: raw.caption.clone(),
        })
    }
}

fn storage_of(kind: Type, scale: u8) -> Storage {
    match kind {
        Type::Char | Type::Digits | Type::Code => Storage::Text,
        Type::Int => Storage::Number,
        Type::Decimal => Storage::Scaled(scale),
        Type::Date => Storage::Date,
        Type::DateTime => Storage::DateTime,
        Type::Time => Storage::Time,
    }
}

/// The storage that serves both standards: where one calls a column a number
/// and the other text, text keeps both exactly; of two scales the finer one.
fn merge(a: Storage, b: Storage) -> Option<Storage> {
    use Storage::{Number, Scaled, Text};
    match (a, b) {
        (a, b) if a == b => Some(a),
        (Text, Number | Scaled(_)) | (Number | Scaled(_), Text) => Some(Text),
        (Scaled(a), Scaled(b)) => Some(Scaled(a.max(b))),
        (Number, Scaled(s)) | (Scaled(s), Number) => Some(Scaled(s)),
        _ => None,
    }
}
