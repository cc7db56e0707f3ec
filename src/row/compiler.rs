//! Compiles a layout of the catalogue: parses the parameters of checks, turns
//! finding codes into indexes.

use std::collections::HashSet;

use super::checks::{
    self, Blank, Check, CheckLookup, CheckStage, NotCompiled, Parameters, Replaces,
};
use super::code_set::CodeSet;
use super::compiled_layout::{
    Code, CodeAt, ColumnCheck, Common, CompiledColumn, CompiledLayout, FastCheck,
};
use super::number::Range;
use crate::catalog::{
    self, Catalog, CatalogError, DUPLICATE, Layout, Record, RecordRole, Severity, Shape, Type,
    UNKNOWN_PLACE, WireColumn,
};
use crate::spelling::nearest;

impl CompiledLayout {
    /// Makes a layout ready for archives of a fiscal year (B.E.); fails on a
    /// check that cannot be read. Codes have the same places in every year.
    ///
    /// # Errors
    /// A check that cannot be read, with file and line.
    pub fn new(
        catalog: &Catalog,
        record: &Record,
        layout: &Layout,
        year: i32,
    ) -> Result<Self, CatalogError> {
        let mut maker = Compiler::new(catalog, record, layout, year)?;
        let columns =
            layout.columns.iter().map(|c| maker.column(c)).collect::<Result<Vec<_>, _>>()?;
        let common = maker.common()?;
        let wire = |column: usize| {
            columns.iter().position(|c| c.column == column).ok_or_else(|| {
                let name = &record.columns[column].name;
                maker.fail(format!("{}: no wire column for {name}", layout.file))
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
            cross_field: (0..columns.len()).filter(|&at| !columns[at].of_row.is_empty()).collect(),
            is_person: record.role == Some(RecordRole::Persons),
            is_death: record.role == Some(RecordRole::Deaths),
            birth_and_sex: [record.birth, record.sex]
                .map(|at| at.and_then(|at| columns.iter().position(|column| column.column == at))),
            codes: maker.codes,
            not_checked: maker.not_checked,
            columns,
        })
    }
}

struct Compiler<'a> {
    catalog: &'a Catalog,
    record: &'a Record,
    layout: &'a Layout,
    year: i32,
    common: Option<Common>,
    codes: Vec<Code>,
    not_checked: Vec<(String, String)>,
}

impl<'a> Compiler<'a> {
    /// For archives of a fiscal year (B.E.).
    fn new(
        catalog: &'a Catalog,
        record: &'a Record,
        layout: &'a Layout,
        year: i32,
    ) -> Result<Self, CatalogError> {
        let (codes, not_checked) = (Vec::new(), Vec::new());
        let common = None;
        let mut maker = Self { catalog, record, layout, year, common, codes, not_checked };
        // Checks of later years too, so that a code has its place in all years.
        for check in layout.columns.iter().flat_map(|column| &column.checks) {
            maker.code(&check.code)?;
        }
        Ok(maker)
    }

    fn code(&mut self, code: &str) -> Result<CodeAt, CatalogError> {
        let text = self
            .catalog
            .findings
            .get(code, self.layout.standard)
            .ok_or_else(|| self.fail(format!("{code} has no line in findings.csv")))?;
        Ok(self.code_as(code, text.severity))
    }

    fn code_as(&mut self, code: &str, severity: Severity) -> CodeAt {
        let code = Code { code: code.to_owned(), severity };
        if let Some(at) = self.codes.iter().position(|known| *known == code) {
            return at as CodeAt;
        }
        self.codes.push(code);
        (self.codes.len() - 1) as CodeAt
    }

    /// Codes that every file has; looked up once.
    fn common(&mut self) -> Result<Common, CatalogError> {
        if let Some(common) = self.common {
            return Ok(common);
        }
        let prefix = self.layout.prefix.clone();
        let mut of = |tail: &str| self.code(&format!("{prefix}{tail}"));
        let common = Common {
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
            duplicate: of(DUPLICATE)?,
            unreadable_warning: self.code_as(&format!("{prefix}9511"), Severity::Warning),
            no_code: self.code_as(&format!("{prefix}9512"), Severity::Error),
        };
        self.common = Some(common);
        Ok(common)
    }

    fn column(&mut self, column: &WireColumn) -> Result<CompiledColumn, CatalogError> {
        let is_hospcode = column.column == self.record.hospcode;
        let key = self.record.key.contains(&column.column);
        let mut own = OwnChecks::default();
        let year = self.year;
        for check in column.checks.iter().filter(|check| check.since <= year) {
            self.check(column, check, &mut own)?;
        }
        let list = match &column.list {
            Some(list) if !is_hospcode && !own.says_outside_list() => self.list(column, &[list]),
            _ => None,
        };
        let range = column.range.as_deref().map(|range| {
            let what = || format!("{}: bad range {range}", column.name);
            Range::parse(range).ok_or_else(|| self.fail(what()))
        });
        let blank_is_error =
            (key || column.required) && !own.kinds.iter().any(|kind| kind.blank == Blank::Fails);
        let shape = if is_hospcode { None } else { self.shape(column)? };
        let mut column = CompiledColumn {
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
            cid: column.cid,
            range: range.transpose()?,
            own_shape: own.says_unreadable(),
            listed: list.is_some() || !own.of_list.is_empty(),
            blank_passes: !blank_is_error && own.of_blank.is_empty(),
            stateful: own.of_value.iter().any(|own| own.check.kind().remembers),
            of_blank: own.of_blank,
            of_unreadable: own.of_unreadable,
            of_value: own.of_value,
            of_list: own.of_list,
            of_row: own.of_row,
            list,
            shape,
            fast_check: FastCheck::No,
        };
        column.fast_check = FastCheck::for_column(&column);
        Ok(column)
    }

    /// What a code of the column's list looks like, and what is said of a text
    /// that does not: where that is an error, what is said of a code outside
    /// the list, if that is one.
    fn shape(&mut self, column: &WireColumn) -> Result<Option<(Shape, CodeAt)>, CatalogError> {
        if !matches!(column.kind, Type::Char | Type::Code) {
            return Ok(None);
        }
        let shape = column.list.as_ref().and_then(|list| self.catalog.shapes.get(list));
        let Some(shape) = shape.cloned() else { return Ok(None) };
        let common = self.common()?;
        if shape.severity != Severity::Error {
            return Ok(Some((shape, common.outside_list)));
        }
        let own = column.checks.iter().find(|check| {
            let replaces = checks::kind(&check.kind).map(|kind| kind.replaces);
            check.since <= self.year && replaces == Some(Replaces::OutsideListAndShape)
        });
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
            if *name == UNKNOWN_PLACE.0 {
                codes.insert(UNKNOWN_PLACE.1);
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

    /// Compiles a check and puts it where its stage is asked.
    fn check(
        &mut self,
        column: &WireColumn,
        check: &catalog::CheckSpec,
        own: &mut OwnChecks,
    ) -> Result<(), CatalogError> {
        let kind = self.kind(column, check)?;
        own.kinds.push(kind);
        let code = self.code(&check.code)?;
        let parameters = Parameters(&check.param);
        let compiled = Check::compile(&check.kind, &parameters, &mut InColumn(self, column));
        let compiled = match compiled {
            Ok(check) => ColumnCheck { code, check },
            Err(NotCompiled::NoList) => return Ok(()),
            Err(NotCompiled::Unreadable) => {
                let what = format!("{}: {} cannot read {:?}", check.code, kind.name, check.param);
                return Err(self.fail_at(check.line, what));
            }
        };
        if kind.blank == Blank::Fails && !parameters.blank_passes() {
            own.of_blank.push(code);
        }
        match kind.stage {
            CheckStage::Blank => {}
            CheckStage::Unreadable => own.of_unreadable.push(code),
            CheckStage::Form | CheckStage::Value => own.of_value.push(compiled),
            CheckStage::List => own.of_list.push(compiled),
            CheckStage::Row => own.of_row.push(compiled),
        }
        Ok(())
    }

    fn kind(
        &self,
        column: &WireColumn,
        check: &catalog::CheckSpec,
    ) -> Result<&'static checks::CheckKind, CatalogError> {
        let Some(kind) = checks::kind(&check.kind) else {
            let names = checks::KINDS.iter().map(|kind| kind.name);
            let near = nearest(&check.kind, names).unwrap_or_default();
            let what = format!("{}: no kind of check {}; nearest: {near}", check.code, check.kind);
            return Err(self.fail_at(check.line, what));
        };
        if !kind.types.is_empty() && !kind.types.contains(&column.kind) {
            let what = format!("{}: {} is not for {:?}", check.code, kind.name, column.kind);
            return Err(self.fail_at(check.line, what));
        }
        Ok(kind)
    }

    fn fail(&self, what: String) -> CatalogError {
        self.fail_at(1, what)
    }

    fn fail_at(&self, line: usize, what: String) -> CatalogError {
        CatalogError { file: self.record.source.clone(), line, what }
    }
}

/// The checks of a column by the stage in which they are asked.
#[derive(Default)]
struct OwnChecks {
    /// Kinds of all that are in force, those that are not made among them.
    kinds: Vec<&'static checks::CheckKind>,
    of_blank: Vec<CodeAt>,
    of_unreadable: Vec<CodeAt>,
    of_value: Vec<ColumnCheck>,
    of_list: Vec<ColumnCheck>,
    of_row: Vec<ColumnCheck>,
}

impl OwnChecks {
    fn says_outside_list(&self) -> bool {
        let lists = [Replaces::OutsideList, Replaces::OutsideListAndShape];
        self.kinds.iter().any(|kind| lists.contains(&kind.replaces))
    }

    fn says_unreadable(&self) -> bool {
        self.kinds.iter().any(|kind| kind.replaces == Replaces::Unreadable)
    }
}

/// What the parameter of a check of a column may name.
struct InColumn<'m, 'a, 'c>(&'m mut Compiler<'a>, &'c WireColumn);

impl CheckLookup for InColumn<'_, '_, '_> {
    fn lists(&mut self, names: &[&str]) -> Option<CodeSet> {
        self.0.list(self.1, names)
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.0.layout.columns.iter().find(|column| column.name == name).map(|found| found.column)
    }
}
