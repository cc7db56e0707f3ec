//! Makes a plan out of a layout: reads the parameters of checks, turns codes
//! into positions.

use std::collections::HashSet;

use super::code_set::CodeSet;
use super::compiled_layout::{Check, Code, CodeAt, Common, PlanColumn, Test};
use super::fast_path::Quick;
use super::number::Range;
use crate::catalog::{Catalog, Layout, Record, Severity, Shape, Type, WireColumn};

/// Unit codes that stand for an unknown place (slide 25).
const UNKNOWN_PLACE: &str = "00000";

pub(super) struct Maker<'a> {
    catalog: &'a Catalog,
    record: &'a Record,
    layout: &'a Layout,
    year: i32,
    pub codes: Vec<Code>,
    pub not_checked: Vec<(String, String)>,
}

impl<'a> Maker<'a> {
    /// For archives of a fiscal year (B.E.).
    pub fn new(
        catalog: &'a Catalog,
        record: &'a Record,
        layout: &'a Layout,
        year: i32,
    ) -> Result<Self, String> {
        let (codes, not_checked) = (Vec::new(), Vec::new());
        let mut maker = Self { catalog, record, layout, year, codes, not_checked };
        // Checks of later years too, so that a code has its place in all years.
        for check in layout.columns.iter().flat_map(|column| &column.checks) {
            maker.code(&check.code)?;
        }
        Ok(maker)
    }

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

    pub fn common(&mut self) -> Result<Common, String> {
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
            nothing: of("9513")?,
            folded: of("9514")?,
            duplicate: of("9299")?,
            unreadable_warning: self.code_as(&format!("{prefix}9511"), Severity::Warning)?,
            no_code: self.code_as(&format!("{prefix}9512"), Severity::Error)?,
        })
    }

    pub fn column(&mut self, column: &WireColumn) -> Result<PlanColumn, String> {
        let key = self.record.key.contains(&column.column);
        let is_hospcode = column.column == self.record.hospcode;
        let mut checks = Vec::new();
        let year = self.year;
        let in_force = || column.checks.iter().filter(move |check| check.since <= year);
        for check in in_force() {
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
            Some(list) if !is_hospcode && !in_force().any(judges_list) => {
                self.list(column, &[list])
            }
            _ => None,
        };
        let own_shape = in_force().any(|check| {
            matches!(check.kind.as_str(), "format_date" | "format_datetime" | "number" | "decimal")
        });
        let range = column.range.as_deref().map(|range| {
            Range::parse(range).ok_or_else(|| format!("{}: bad range {range}", column.name))
        });
        let blank_is_error = (key || column.required) && !in_force().any(judges_blank);
        let shape = if is_hospcode { None } else { self.shape(column)? };
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
            shape,
            quick: Quick::No,
        };
        column.quick = Quick::of(&column);
        Ok(column)
    }

    /// What a code of the column's list looks like, and what is said of a text
    /// that does not: where that is an error, what is said of a code outside
    /// the list, if that is one.
    fn shape(&mut self, column: &WireColumn) -> Result<Option<(Shape, CodeAt)>, String> {
        if !matches!(column.kind, Type::Char | Type::Code) {
            return Ok(None);
        }
        let shape = column.list.as_ref().and_then(|list| self.catalog.shapes.get(list));
        let Some(shape) = shape.cloned() else { return Ok(None) };
        let common = self.common()?;
        if shape.severity != Severity::Error {
            return Ok(Some((shape, common.outside_list)));
        }
        let own = column
            .checks
            .iter()
            .find(|check| check.kind == "standard_list" && check.since <= self.year);
        let own = own.map(|check| self.code(&check.code)).transpose()?;
        let own = own.filter(|code| self.codes[usize::from(*code)].severity == Severity::Error);
        Ok(Some((shape, own.unwrap_or(common.no_code))))
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
        if !checked {
            return None;
        }
        // A list may write its codes with a dot; rows are looked up without.
        let shape = column.list.as_ref().and_then(|list| self.catalog.shapes.get(list));
        let meant = |code: &str| {
            let shape = shape.filter(|shape| !shape.fits(code));
            shape.and_then(|shape| shape.fold(code)).unwrap_or_else(|| code.to_owned())
        };
        let meant: Vec<String> = codes.into_iter().map(meant).collect();
        Some(CodeSet::new(meant.iter().map(String::as_str)))
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
