//! All rules: those of the program, and over them the province's own in
//! `DATA/config/audit/` (`*.toml`, `*.sql`, `blocks/*.sql`, `tables/*.csv`),
//! which replace file by file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::query::{RuleBlock, RuleHead, RuleQuery};
use super::rule::{AuditRule, CountedBy, RawRule, RuleKind, filled};
use super::tables::GIVEN;
use crate::files::hex;
use crate::overlay::{CONFIG, Overlay, SCHEMA};
use crate::sql::{parse_list, shipped_list};

/// A mistake in a rule.
#[derive(Debug, thiserror::Error)]
#[error("config/audit/{file}: {what}")]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// Files by name, each with whether it is the province's own.
pub(super) type Files = BTreeMap<String, (String, bool)>;

/// All rules by id.
#[derive(Debug, Clone, Default)]
pub struct RuleLibrary {
    /// The rules.
    pub rules: BTreeMap<String, AuditRule>,
    /// Lists that queries use, as text, by name.
    pub(super) lists: BTreeMap<String, String>,
}

/// Values that every query may name.
pub(super) const VALUES: [&str; 6] = [":from", ":to", ":as_of", ":round", ":registry", ":tranche"];

/// Fewest peers unless a rule says otherwise (local default).
const PEERS_LEAST: usize = 8;

/// Folder of the rules below `config/`, and of their queries below `schema/`.
const FOLDER: &str = "audit";

impl RuleLibrary {
    /// The rules of the program, with the province's own put over them.
    ///
    /// # Errors
    /// Names the first file that cannot be read, or the first mistake in a rule.
    pub fn load(own: Option<&Overlay>) -> Result<Self, RuleError> {
        let mut files = builtin()?;
        if let Some(own) = own {
            for (name, path) in own.files().map_err(|e| fail("", e.to_string()))? {
                let text =
                    crate::files::read_plain(&path).map_err(|e| fail(&name, e.to_string()))?;
                files.insert(name, (text, true));
            }
        }
        Self::from_files(&files)
    }

    /// Builds and checks the rules of these files.
    fn from_files(files: &Files) -> Result<Self, RuleError> {
        let mut library = Self::default();
        for (name, (text, _)) in files {
            if let Some(list) =
                name.strip_prefix("tables/").and_then(|name| name.strip_suffix(".csv"))
            {
                parse_list(text).map_err(|what| fail(name, what))?;
                library.lists.insert(list.to_owned(), text.clone());
            }
        }
        for (name, (text, own)) in files.iter().filter(|(name, _)| has_ending(name, "toml")) {
            let rule = library.build(files, name, text, *own)?;
            library.rules.insert(rule.id.clone(), rule);
        }
        Ok(library)
    }

    /// A rule by id.
    pub fn get(&self, id: &str) -> Option<&AuditRule> {
        self.rules.get(id)
    }

    fn build(
        &self,
        files: &Files,
        file: &str,
        text: &str,
        own: bool,
    ) -> Result<AuditRule, RuleError> {
        let raw: RawRule =
            toml::from_str(text).map_err(|e| fail(file, e.to_string().trim_end()))?;
        if file != format!("{}.toml", raw.id) {
            return Err(fail(file, format!("its id is {}: a rule is named as its file", raw.id)));
        }
        let sql = format!("{}.sql", raw.sql.as_deref().unwrap_or(&raw.id));
        let query = self.query(files, file, &sql, 0)?;
        let mut version = Sha256::new();
        version.update(text);
        self.hash(&query, &mut version);
        let warn = raw.warn.or_else(|| {
            let is_rows = raw.kind == RuleKind::Rows;
            raw.hold.filter(|_| is_rows).and_then(|hold| hold.below())
        });
        let denominator = raw.denominator.clone();
        for block in denominator.iter().filter(|name| !is_record(name)) {
            let path = format!("blocks/{block}.sql");
            let block = self.query(files, file, &path, 1)?;
            self.hash(&block, &mut version);
        }
        let with_values = |text: &crate::text::Bilingual| crate::text::Bilingual {
            th: filled(&text.th, &raw.parameters),
            en: filled(&text.en, &raw.parameters),
        };
        let rule = AuditRule {
            says: with_values(&raw.says),
            id: raw.id,
            item: raw.item,
            name: raw.name,
            kind: raw.kind,
            denominator,
            counts: raw.counts,
            hold: raw.hold,
            warn,
            peers_least: raw.peers_least.unwrap_or(PEERS_LEAST),
            ceiling: raw.ceiling,
            ceilings: raw.ceilings,
            source: raw.source,
            local_defaults: raw.local_defaults,
            shows: raw.shows,
            captions: raw.captions,
            parameters: raw.parameters,
            version: hex(&version.finalize()),
            own: own || is_own(files, &sql) || rests_on_own(files, &query),
            query,
        };
        check(&rule).map_err(|what| fail(file, what))?;
        Ok(rule)
    }

    fn query(
        &self,
        files: &Files,
        file: &str,
        sql: &str,
        depth: usize,
    ) -> Result<RuleQuery, RuleError> {
        if depth > DEEPEST {
            return Err(fail(sql, "blocks use each other in a ring"));
        }
        let (text, _) = files.get(sql).ok_or_else(|| fail(file, format!("there is no {sql}")))?;
        let head = RuleHead::parse(text);
        if let Some(table) = head.tables.iter().find(|table| {
            !GIVEN.contains(&table.as_str())
                && !self.lists.contains_key(*table)
                && shipped_list(table).is_none()
        }) {
            return Err(fail(sql, format!("there is no table {table}")));
        }
        let uses = head.uses.iter().map(|name| {
            let path = format!("blocks/{name}.sql");
            let query = self.query(files, sql, &path, depth + 1)?;
            let head = RuleHead::parse(&query.text);
            if head.columns.is_empty() {
                return Err(fail(&path, "a block says its -- columns:"));
            }
            let (columns, key, index) = (head.columns, head.key, head.index);
            Ok(Arc::new(RuleBlock { name: name.clone(), columns, key, index, query }))
        });
        let uses = uses.collect::<Result<_, _>>()?;
        let alone = head.alone.iter().any(|word| word == "unit");
        Ok(RuleQuery { text: text.clone(), uses, tables: head.tables, alone })
    }

    fn hash(&self, query: &RuleQuery, version: &mut Sha256) {
        version.update(&query.text);
        for table in &query.tables {
            version.update(self.list(table).unwrap_or_default());
        }
        for block in &query.uses {
            self.hash(&block.query, version);
        }
    }

    /// A list by name: of `schema/audit/tables`, else of `schema/codes`.
    pub(super) fn list(&self, name: &str) -> Option<String> {
        self.lists.get(name).cloned().or_else(|| shipped_list(name).map(str::to_owned))
    }
}

fn is_own(files: &Files, name: &str) -> bool {
    files.get(name).is_some_and(|(_, own)| *own)
}

/// Whether a block or a table below a query is the province's own.
fn rests_on_own(files: &Files, query: &RuleQuery) -> bool {
    let table = |name: &String| is_own(files, &format!("tables/{name}.csv"));
    let block = |block: &Arc<RuleBlock>| {
        is_own(files, &format!("blocks/{}.sql", block.name)) || rests_on_own(files, &block.query)
    };
    query.tables.iter().any(table) || query.uses.iter().any(block)
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == ending)
}

/// Kinds of record are written in capitals, blocks are not.
pub(super) fn is_record(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// How deep blocks may rest on blocks: a ring of them has no bottom.
const DEEPEST: usize = 8;

fn check(rule: &AuditRule) -> Result<(), String> {
    let rows = rule.kind == RuleKind::Rows;
    let limits = [rule.hold, rule.warn];
    if limits.iter().all(Option::is_none) {
        return Err("it says neither hold nor warn".to_owned());
    }
    for limit in limits.iter().flatten() {
        let of_rate = limit.z.is_some() || limit.ratio.is_some() || limit.rate.is_some();
        let of_rows = limit.rows.is_some() || limit.percent.is_some();
        if (rows && (of_rate || limit.excess.is_some() || limit.rows.is_none()))
            || (!rows && of_rows)
        {
            return Err("rows are judged by rows and percent, a rate by z, ratio, rate and excess"
                .to_owned());
        }
        if limit.z.is_some() != limit.ratio.is_some() {
            return Err("z and ratio go together: both are needed".to_owned());
        }
    }
    if rows == rule.denominator.is_empty() {
        return Err("rows have a denominator, and a rate has none".to_owned());
    }
    if !rows && rule.counts == CountedBy::Groups {
        return Err("a rate has no groups".to_owned());
    }
    for name in &rule.shows {
        if !rule.captions.contains_key(name) {
            return Err(format!("{name} has no caption"));
        }
    }
    let texts = [&rule.name, &rule.says].into_iter().chain(rule.captions.values());
    for text in texts {
        if text.th.trim().is_empty() || text.en.trim().is_empty() {
            return Err("every text is in Thai and in English".to_owned());
        }
        if text.th.contains(['{', '}']) || text.en.contains(['{', '}']) {
            return Err(format!("a text names what is no parameter: {}", text.en));
        }
    }
    let named = rule.query.parameters();
    for name in &named {
        let own = rule.parameters.contains_key(name.trim_start_matches(':'));
        if !own && !VALUES.contains(&name.as_str()) {
            return Err(format!("the query's {name} has no value"));
        }
    }
    match rule.parameters.keys().find(|name| !named.contains(&format!(":{name}"))) {
        Some(name) => Err(format!("no query names the parameter {name}")),
        None => Ok(()),
    }
}

fn fail(file: &str, what: impl Into<String>) -> RuleError {
    RuleError { file: file.to_owned(), what: what.into() }
}

/// The files that are part of the program. Of `schema/audit`, the steps of
/// cases are no rule.
fn builtin() -> Result<Files, RuleError> {
    let mut files = Files::new();
    let folders = [
        (CONFIG.get_dir(FOLDER), "toml"),
        (SCHEMA.get_dir(FOLDER), "sql"),
        (SCHEMA.get_dir("audit/blocks"), "sql"),
        (SCHEMA.get_dir("audit/tables"), "csv"),
    ];
    for (folder, ending) in folders {
        for file in folder.into_iter().flat_map(include_dir::Dir::files) {
            let path = file.path().strip_prefix(FOLDER).unwrap_or(file.path());
            let name = path.display().to_string();
            if has_ending(&name, ending) {
                let text = file.contents_utf8().ok_or_else(|| fail(&name, "not UTF-8"))?;
                files.insert(name, (text.to_owned(), false));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str, change: impl Fn(&str) -> String) -> Result<RuleLibrary, RuleError> {
        let mut files = builtin().unwrap();
        let text = change(&files[file].0);
        files.insert(file.to_owned(), (text, true));
        RuleLibrary::from_files(&files)
    }

    #[test]
    fn every_shipped_rule_is_sound() {
        let library = RuleLibrary::load(None).unwrap();
        assert_eq!(library.rules.len(), 39);
        let items: std::collections::BTreeSet<&str> =
            library.rules.values().map(|rule| rule.item.as_str()).collect();
        assert_eq!(items.len(), 12, "the files of [OPPP-2557 s. 41-43]: {items:?}");
        assert!(library.rules.values().all(|rule| !rule.own));
        let epi_age = library.get("epi_age").unwrap();
        assert!(epi_age.says.en.contains("grace 4 days"), "{}", epi_age.says.en);
        assert_eq!(epi_age.warn, epi_age.hold.unwrap().below());
    }

    #[test]
    fn a_mistake_is_told_with_its_file() {
        let table: [(&str, &str, &str, &str); 9] = [
            ("epi_age.toml", "grace = 4", "grade = 4", "what is no parameter"),
            ("epi_age.toml", "\"1.00\"", "\"1.0\"", "two decimals"),
            ("epi_age.toml", "id = \"epi_age\"", "id = \"epi_ages\"", "named as its file"),
            ("epi_age.toml", "kind = \"rows\"", "kind = \"rate\"", "a rate by z"),
            ("epi_age.toml", "denominator = [\"EPI\"]", "", "have a denominator"),
            (
                "epi_age.toml",
                "hold = { rows = 5, percent = \"1.00\" }",
                "",
                "neither hold nor warn",
            ),
            ("epi_age.sql", "-- use: dose, known", "-- use: dose, nobody", "no blocks/nobody.sql"),
            ("epi_age.sql", "-- table: vaccine", "-- table: vaccines", "no table vaccines"),
            ("epi_age.sql", ":grace", ":grades", "has no value"),
        ];
        for (file, from, to, wanted) in table {
            let told = with(file, |text| text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(told.contains(wanted), "{from}: {told}");
        }
    }

    #[test]
    fn what_a_rule_is_made_of_makes_its_version() {
        let shipped = RuleLibrary::load(None).unwrap();
        let version = |library: &RuleLibrary, id: &str| library.rules[id].version.clone();
        for file in ["epi_age.toml", "epi_age.sql", "blocks/dose.sql", "tables/vaccine.csv"] {
            let own = with(file, |text| {
                if has_ending(file, "csv") {
                    text.replace(",42,", ",43,")
                } else {
                    text.replace('\n', "\n\n")
                }
            });
            let own = own.unwrap();
            assert_ne!(version(&own, "epi_age"), version(&shipped, "epi_age"), "{file}");
            assert!(own.rules["epi_age"].own && !own.rules["fp_early"].own, "{file}");
            assert_eq!(version(&own, "fp_early"), version(&shipped, "fp_early"), "{file}");
        }
    }

    #[test]
    fn the_provinces_own_goes_before() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("config/audit");
        std::fs::create_dir_all(&own).unwrap();
        let (text, _) = &builtin().unwrap()["epi_age.toml"];
        let text = text.replace("rows = 5, percent = \"1.00\"", "rows = 50, percent = \"10.00\"");
        std::fs::File::create(own.join("epi_age.toml"))
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .unwrap();
        let own = Overlay::new(folder.path(), crate::overlay::AUDIT);
        let library = RuleLibrary::load(Some(&own)).unwrap();
        assert_eq!(library.rules.len(), 39);
        assert_eq!(library.rules["epi_age"].hold.unwrap().rows, Some(50));
        assert!(library.rules["epi_age"].own && !library.rules["epi_interval"].own);
    }
}
