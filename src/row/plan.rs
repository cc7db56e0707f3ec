//! A layout made ready for judging: checks with their parameters read, codes
//! as positions, so that judging a row looks nothing up by name.

use std::collections::HashSet;

use super::code_set::CodeSet;
use super::number::{Number, Range};
use super::quick::Quick;
use crate::archive::Standard;
use crate::catalog::{Catalog, Layout, Record, Severity, Storage, Type, WireColumn};

/// A code that a layout can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// E.g. `SE1105`.
    pub code: String,
    /// Decides whether the row is stored.
    pub severity: Severity,
}

/// Position in [`Plan::codes`].
pub type CodeAt = u16;

/// What a check looks at.
#[derive(Debug, Clone)]
pub enum Test {
    /// Must not be blank.
    Required,
    /// So many characters.
    Width(usize),
    /// So many digits.
    Digits(usize),
    /// In the set.
    OneOf(CodeSet),
    /// A real date (`date` or `datetime` by the column's type).
    RealDate,
    /// A number in the range.
    Number(Range),
    /// A number with at most so many decimals.
    Decimals(u8),
    /// The unit is known.
    KnownUnit,
    /// The person is in PERSON.
    Person,
    /// Not used so often or more for one person; only codes with a prefix.
    Repeat { limit: u32, prefixes: Vec<String> },
    /// Does not begin with any of these.
    NotPrefix(Vec<String>),
    /// Later than another column of the row.
    After(usize),
    /// The person's SEX by PERSON.
    PersonSex(u8),
    /// The person's age in full years at this date.
    PersonAge(Range),
}

/// One check of a column.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its code.
    pub code: CodeAt,
    /// What it looks at.
    pub test: Test,
    /// Whether a blank value passes.
    pub blank_passes: bool,
}

impl Check {
    /// Needs other fields of the row, or the person.
    pub(super) fn is_late(&self) -> bool {
        matches!(self.test, Test::Person | Test::PersonSex(_) | Test::PersonAge(_) | Test::After(_))
    }
}

/// A column made ready.
#[derive(Debug, Clone)]
pub struct PlanColumn {
    /// Wire name.
    pub name: String,
    /// Position in the record.
    pub column: usize,
    /// Wire type.
    pub kind: Type,
    /// Form in the store.
    pub storage: Storage,
    /// Longest text in characters, 0 for any.
    pub width: usize,
    /// First version that has it.
    pub since: usize,
    /// Part of the record's key.
    pub key: bool,
    /// Key, event date, or required: an unreadable value is an error.
    pub needed: bool,
    /// Blank is an error under `XX9510` in versions that have the column.
    pub blank_is_error: bool,
    /// May lie ahead of the day of sending.
    pub ahead: bool,
    /// Is a CID, whose check digit is looked at.
    pub cid: bool,
    /// Plausible range.
    pub range: Option<Range>,
    /// Code of its own for an unreadable date or number.
    pub own_shape: bool,
    /// Its own checks of the value itself.
    pub checks: Vec<Check>,
    /// List for `XX9512`, in a column without a list check of its own.
    pub list: Option<CodeSet>,
    /// Has a list of either kind.
    pub listed: bool,
    /// Nothing is said of a blank value.
    pub blank_passes: bool,
    /// What is said of a value depends on the rows before.
    pub stateful: bool,
    /// When a value is good at a glance.
    pub quick: Quick,
}

impl PlanColumn {
    /// Whether a value is in all lists of the column.
    pub fn lists_have(&self, text: &str) -> bool {
        self.checks.iter().all(|check| match &check.test {
            Test::OneOf(set) => set.contains(text),
            _ => true,
        }) && self.list.as_ref().is_none_or(|list| list.contains(text))
    }
}

/// Positions of the codes that every file has.
#[derive(Debug, Clone, Copy)]
pub struct Common {
    /// `XX9500`, number of columns.
    pub columns: CodeAt,
    /// `XX9501`, too long.
    pub too_long: CodeAt,
    /// `XX9502`, control characters.
    pub bytes: CodeAt,
    /// `XX9503`, after the day of sending.
    pub after_sent: CodeAt,
    /// `XX9504`, before birth.
    pub before_birth: CodeAt,
    /// `XX9505`, after death.
    pub after_death: CodeAt,
    /// `XX9506`, check digit.
    pub check_digit: CodeAt,
    /// `XX9507`, Buddhist year.
    pub buddhist: CodeAt,
    /// `XX9508`, implausible.
    pub implausible: CodeAt,
    /// `XX9509`, not the sender's to send.
    pub sender: CodeAt,
    /// `XX9510`, blank.
    pub blank: CodeAt,
    /// `XX9511`, unreadable in a needed column.
    pub unreadable: CodeAt,
    /// `XX9511` as a warning, elsewhere.
    pub unreadable_warning: CodeAt,
    /// `XX9512`, outside the list.
    pub outside_list: CodeAt,
    /// `XX9299`, duplicate.
    pub duplicate: CodeAt,
}

/// A layout made ready for judging.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The standard.
    pub standard: Standard,
    /// Name of the file.
    pub file: String,
    /// Name of the record.
    pub record: String,
    /// Columns, as in [`Layout::columns`].
    pub columns: Vec<PlanColumn>,
    /// Versions as wire orders of columns.
    pub versions: Vec<Vec<usize>>,
    /// Number of columns in the store.
    pub width: usize,
    /// Position (in `columns`) of HOSPCODE.
    pub hospcode: usize,
    /// Position of the person's column.
    pub person: Option<usize>,
    /// Position of the event date.
    pub event: Option<usize>,
    /// Key columns (positions in `columns`) in the standard's order.
    pub key: Vec<usize>,
    /// Columns with checks that need other fields, or the person.
    pub late: Vec<usize>,
    /// Every code that the layout can give.
    pub codes: Vec<Code>,
    /// Codes that every file has.
    pub common: Common,
    /// This is PERSON: its rows make persons known.
    pub is_person: bool,
    /// This is DEATH: its rows say when a person died.
    pub is_death: bool,
    /// Positions of BIRTH and SEX.
    pub birth_and_sex: [Option<usize>; 2],
    /// Lists that are missing or not whole, with the columns they would judge.
    pub not_checked: Vec<(String, String)>,
}

/// Unit codes that stand for an unknown place (slide 25).
const UNKNOWN_PLACE: &str = "00000";

impl Plan {
    /// Makes a layout ready; fails on a check that cannot be read.
    pub fn new(catalog: &Catalog, record: &Record, layout: &Layout) -> Result<Self, String> {
        let mut maker =
            Maker { catalog, record, layout, codes: Vec::new(), not_checked: Vec::new() };
        let columns =
            layout.columns.iter().map(|c| maker.column(c)).collect::<Result<Vec<_>, _>>()?;
        let common = maker.common()?;
        let wire = |column: usize| {
            columns.iter().position(|c| c.column == column).ok_or_else(|| {
                format!("{}: no wire column for {}", layout.file, record.columns[column].name)
            })
        };
        // A key column that only the other standard has is blank here.
        let key = record.key.iter().filter_map(|&column| wire(column).ok()).collect();
        Ok(Self {
            standard: layout.standard,
            file: layout.file.clone(),
            record: record.name.clone(),
            versions: layout.versions.iter().map(|v| v.columns.clone()).collect(),
            width: record.columns.len(),
            hospcode: wire(record.hospcode)?,
            person: record.person.map(wire).transpose()?,
            event: record.event.map(wire).transpose()?,
            key,
            common,
            late: (0..columns.len())
                .filter(|&at| columns[at].checks.iter().any(Check::is_late))
                .collect(),
            is_person: record.name == "PERSON",
            is_death: record.name == "DEATH",
            birth_and_sex: ["BIRTH", "SEX"]
                .map(|name| columns.iter().position(|column| column.name == name)),
            codes: maker.codes,
            not_checked: maker.not_checked,
            columns,
        })
    }

    /// Position of a column whose wire name or alias is `name` (any case).
    pub fn find(&self, layout: &Layout, name: &str) -> Option<usize> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        layout
            .columns
            .iter()
            .position(|c| is(&c.name))
            .or_else(|| layout.columns.iter().position(|c| c.alias.iter().any(|a| is(a))))
    }
}

struct Maker<'a> {
    catalog: &'a Catalog,
    record: &'a Record,
    layout: &'a Layout,
    codes: Vec<Code>,
    not_checked: Vec<(String, String)>,
}

impl Maker<'_> {
    fn code(&mut self, code: &str) -> Result<CodeAt, String> {
        let text = self
            .catalog
            .findings
            .get(code, self.layout.standard)
            .ok_or_else(|| format!("{code} has no line in findings.csv"))?;
        self.code_as(code, text.severity)
    }

    #[allow(clippy::unnecessary_wraps, reason = "reads alike with code()")]
    fn code_as(&mut self, code: &str, severity: Severity) -> Result<CodeAt, String> {
        let code = Code { code: code.to_owned(), severity };
        if let Some(at) = self.codes.iter().position(|known| *known == code) {
            return Ok(at as CodeAt);
        }
        self.codes.push(code);
        Ok((self.codes.len() - 1) as CodeAt)
    }

    fn common(&mut self) -> Result<Common, String> {
        let prefix = self.layout.prefix.clone();
        let mut of = |tail: &str| self.code(&format!("{prefix}{tail}"));
        Ok(Common {
            columns: of("9500")?,
            too_long: of("9501")?,
            bytes: of("9502")?,
            after_sent: of("9503")?,
            before_birth: of("9504")?,
            after_death: of("9505")?,
            check_digit: of("9506")?,
            buddhist: of("9507")?,
            implausible: of("9508")?,
            sender: of("9509")?,
            blank: of("9510")?,
            unreadable: of("9511")?,
            outside_list: of("9512")?,
            duplicate: of("9299")?,
            unreadable_warning: self.code_as(&format!("{prefix}9511"), Severity::Warning)?,
        })
    }

    fn column(&mut self, column: &WireColumn) -> Result<PlanColumn, String> {
        let key = self.record.key.contains(&column.column);
        let is_hospcode = column.column == self.record.hospcode;
        let mut checks = Vec::new();
        for check in &column.checks {
            if let Some(check) = self.check(column, check)? {
                checks.push(check);
            }
        }
        let judges_blank = |check: &crate::catalog::Check| {
            !matches!(
                check.kind.as_str(),
                "standard_list" | "known_hcode" | "link_person" | "other" | "repeat_limit"
            )
        };
        let judges_list = |check: &crate::catalog::Check| {
            matches!(check.kind.as_str(), "code_list" | "standard_list" | "known_hcode")
        };
        let list = match &column.list {
            Some(list) if !is_hospcode && !column.checks.iter().any(judges_list) => {
                self.list(column, &[list])
            }
            _ => None,
        };
        let own_shape = column.checks.iter().any(|check| {
            matches!(check.kind.as_str(), "format_date" | "format_datetime" | "number" | "decimal")
        });
        let range = column.range.as_deref().map(|range| {
            Range::parse(range).ok_or_else(|| format!("{}: bad range {range}", column.name))
        });
        let blank_is_error = (key || column.required) && !column.checks.iter().any(judges_blank);
        let mut column = PlanColumn {
            name: column.name.clone(),
            column: column.column,
            kind: column.kind,
            storage: self.record.columns[column.column].storage,
            width: column.width,
            since: column.since,
            key,
            needed: key || column.required || self.record.event == Some(column.column),
            blank_is_error,
            ahead: column.ahead,
            cid: column.name == "CID",
            range: range.transpose()?,
            own_shape,
            listed: list.is_some() || checks.iter().any(|c| matches!(c.test, Test::OneOf(_))),
            blank_passes: !blank_is_error && checks.iter().all(|check| check.blank_passes),
            stateful: checks.iter().any(|check| matches!(check.test, Test::Repeat { .. })),
            checks,
            list,
            quick: Quick::No,
        };
        column.quick = Quick::of(&column);
        Ok(column)
    }

    /// The union of lists; none when one of them is missing or not whole,
    /// which is put on record.
    fn list(&mut self, column: &WireColumn, names: &[&str]) -> Option<CodeSet> {
        let mut codes: HashSet<&str> = HashSet::new();
        let mut checked = true;
        for name in names {
            let list = self.catalog.codes.get(name);
            if list.is_none_or(|list| !list.whole) {
                self.not_checked.push(((*name).to_owned(), column.name.clone()));
                checked = false;
            }
            codes.extend(list.into_iter().flat_map(|list| list.codes.iter().map(String::as_str)));
            if *name == "ext:hospcode" {
                codes.insert(UNKNOWN_PLACE);
            }
        }
        checked.then(|| CodeSet::new(codes))
    }

    fn check(
        &mut self,
        column: &WireColumn,
        check: &crate::catalog::Check,
    ) -> Result<Option<Check>, String> {
        let bad = || format!("{}: cannot read {} {}", check.code, check.kind, check.param);
        let parts: Vec<&str> =
            check.param.split('|').filter(|p| !p.is_empty() && *p != "blank").collect();
        let blank = check.param.split('|').any(|part| part == "blank");
        let first = parts.first().copied().unwrap_or("");
        let count = || first.parse::<usize>().map_err(|_| bad());
        let mut blank_passes = blank;
        let test = match check.kind.as_str() {
            "required" => Test::Required,
            "width" => Test::Width(count()?),
            "digits" => Test::Digits(count()?),
            "code_list" => Test::OneOf(code_set(&parts).ok_or_else(bad)?),
            "format_date" | "format_datetime" => Test::RealDate,
            "number" => Test::Number(
                Range::parse(if first.is_empty() { ".." } else { first }).ok_or_else(bad)?,
            ),
            "decimal" => Test::Decimals(first.parse().map_err(|_| bad())?),
            "known_hcode" => {
                blank_passes = true;
                Test::KnownUnit
            }
            "link_person" => {
                blank_passes = true;
                Test::Person
            }
            "standard_list" => {
                blank_passes = true;
                match self.list(column, &parts) {
                    Some(set) => Test::OneOf(set),
                    None => return Ok(None),
                }
            }
            "repeat_limit" => {
                blank_passes = true;
                Test::Repeat {
                    limit: first.parse().map_err(|_| bad())?,
                    prefixes: prefixes(&parts[1..]).ok_or_else(bad)?,
                }
            }
            "other" => {
                blank_passes = true;
                self.other(&check.param).ok_or_else(bad)?
            }
            _ => return Err(bad()),
        };
        Ok(Some(Check { code: self.code(&check.code)?, test, blank_passes }))
    }

    /// The checks that the dictionary writes as `what:parameter`.
    fn other(&self, param: &str) -> Option<Test> {
        if let Some(sex) = param.strip_prefix("PERSON.SEX=") {
            return Some(Test::PersonSex(sex.parse().ok()?));
        }
        let (what, param) = param.split_once(':')?;
        match what {
            "not" => Some(Test::NotPrefix(param.split('|').map(str::to_owned).collect())),
            "after" => {
                let at = self.layout.columns.iter().position(|c| c.name == param)?;
                Some(Test::After(self.layout.columns[at].column))
            }
            "age" => Some(Test::PersonAge(Range::parse(param)?)),
            _ => None,
        }
    }
}

fn code_set(parts: &[&str]) -> Option<CodeSet> {
    let mut set = CodeSet::new(parts.iter().copied().filter(|part| !part.starts_with("digits:")));
    if let Some(digits) = parts.iter().find_map(|part| part.strip_prefix("digits:")) {
        set.digits = Some(digits.parse().ok()?);
    }
    Some(set)
}

fn prefixes(parts: &[&str]) -> Option<Vec<String>> {
    parts.iter().map(|part| Some(part.strip_prefix("prefix:")?.to_owned())).collect()
}

/// A number within or outside a plausible range; text that is no number has
/// been reported before and is not asked again.
pub(super) fn in_range(range: &Range, text: &str) -> bool {
    Number::parse(text).is_none_or(|number| range.contains(&number))
}
