//! All rules: those of the program, and over them the province's own in
//! `DATA/config/audit/` (`*.toml`, `*.sql`, `blocks/*.sql`, `tables/*.csv`),
//! which replace file by file.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::letter_text::{FOLDER as LETTERS, LetterTexts};
use super::query::{RuleBlock, RuleHead, RuleQuery};
use super::rule::{AuditRule, CountedBy, RawRule, RuleKind, filled};
use super::rule_files::{RuleError, RuleFiles, builtin, fail, has_ending};
use super::tables::GIVEN;
use crate::files::hex;
use crate::overlay::Overlay;
use crate::sql::{parse_list, shipped_list};

/// All rules by id.
#[derive(Debug, Clone, Default)]
pub struct RuleLibrary {
    /// The rules.
    pub rules: BTreeMap<String, AuditRule>,
    /// What letters about cases say.
    pub letters: LetterTexts,
    /// Lists that queries use, as text, by name.
    pub(super) lists: BTreeMap<String, String>,
}

/// Values that every query may name.
pub(super) const VALUES: [&str; 6] = [":from", ":to", ":as_of", ":round", ":registry", ":tranche"];

/// Fewest peers unless a rule says otherwise (local default).
const PEERS_LEAST: usize = 8;

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
    fn from_files(files: &RuleFiles) -> Result<Self, RuleError> {
        let letters = LetterTexts::from_files(files)?;
        let mut library = Self { letters, ..Self::default() };
        for (name, (text, _)) in files {
            if let Some(list) =
                name.strip_prefix("tables/").and_then(|name| name.strip_suffix(".csv"))
            {
                parse_list(text).map_err(|what| fail(name, what))?;
                library.lists.insert(list.to_owned(), text.clone());
            }
        }
        let is_rule = |name: &str| has_ending(name, "toml") && !name.starts_with(LETTERS);
        for (name, (text, own)) in files.iter().filter(|(name, _)| is_rule(name)) {
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
        files: &RuleFiles,
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
        files: &RuleFiles,
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
        if let Some(word) = head.alone.iter().find(|word| !ALONE.contains(&word.as_str())) {
            return Err(fail(sql, format!("-- alone: is unit or person, and not {word}")));
        }
        let alone = head.alone.iter().any(|word| word == ALONE[0]);
        let by_person = !alone && head.alone.iter().any(|word| word == ALONE[1]);
        Ok(RuleQuery { text: text.clone(), uses, tables: head.tables, alone, by_person })
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

fn is_own(files: &RuleFiles, name: &str) -> bool {
    files.get(name).is_some_and(|(_, own)| *own)
}

/// Whether a block or a table below a query is the province's own.
fn rests_on_own(files: &RuleFiles, query: &RuleQuery) -> bool {
    let table = |name: &String| is_own(files, &format!("tables/{name}.csv"));
    let block = |block: &Arc<RuleBlock>| {
        is_own(files, &format!("blocks/{}.sql", block.name)) || rests_on_own(files, &block.query)
    };
    query.tables.iter().any(table) || query.uses.iter().any(block)
}

/// Kinds of record are written in capitals, blocks are not.
pub(super) fn is_record(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Of what alone the rows are that a query goes by.
const ALONE: [&str; 2] = ["unit", "person"];

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
    if !rows && rule.query.by_person {
        return Err("a rate is of a unit: its query cannot stand alone by person".to_owned());
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
        let table: [(&str, &str, &str, &str); 11] = [
            ("epi_age.sql", "-- alone: unit", "-- alone: units", "and not units"),
            ("ncd_over.sql", "-- alone: unit", "-- alone: person", "a rate is of a unit"),
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
