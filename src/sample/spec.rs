//! The layouts of one standard as the generator wants them: columns found by
//! the record's name of a column, so that a visit is told once and comes out
//! in either standard.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};

use chrono::{NaiveDate, NaiveDateTime};

use crate::archive::Standard;
use crate::catalog::{Catalog, Layout, Record};

/// One file of the standard.
#[derive(Debug)]
pub struct Spec<'c> {
    /// The kind of record.
    pub record: &'c Record,
    /// Its layout in the standard.
    pub layout: &'c Layout,
    /// Positions in the layout by the record's column name.
    slots: HashMap<&'c str, usize>,
    /// Key columns, as positions in the layout.
    pub key: Vec<usize>,
    /// Event date.
    pub event: Option<usize>,
    /// Link to PERSON.
    pub person: Option<usize>,
}

impl<'c> Spec<'c> {
    fn new(record: &'c Record, layout: &'c Layout) -> Self {
        let of = |column: usize| layout.columns.iter().position(|wire| wire.column == column);
        let mut slots = HashMap::new();
        for (at, wire) in layout.columns.iter().enumerate() {
            slots.insert(record.columns[wire.column].name.as_str(), at);
        }
        Self {
            record,
            layout,
            slots,
            key: record.key.iter().filter_map(|column| of(*column)).collect(),
            event: record.event.and_then(of),
            person: record.person.and_then(of),
        }
    }

    /// Position in the layout of a column by the record's name.
    pub fn slot(&self, name: &str) -> Option<usize> {
        self.slots.get(name).copied()
    }

    /// Code of a finding of this file, e.g. `SE9299` for `9299`.
    pub fn code(&self, tail: &str) -> String {
        format!("{}{tail}", self.layout.prefix)
    }
}

/// All files of the standard.
#[derive(Debug)]
pub struct Specs<'c> {
    /// In the order of the catalogue.
    pub list: Vec<Spec<'c>>,
    index: HashMap<&'c str, usize>,
    /// The standard.
    pub standard: Standard,
}

impl<'c> Specs<'c> {
    /// The files of a standard.
    pub fn new(catalog: &'c Catalog, standard: Standard) -> Self {
        let mut list = Vec::new();
        let mut index = HashMap::new();
        for record in &catalog.records {
            if let Some(layout) = record.layout(standard) {
                index.insert(record.name.as_str(), list.len());
                list.push(Spec::new(record, layout));
            }
        }
        Self { list, index, standard }
    }

    /// Position of a file by the name of its kind of record.
    pub fn at(&self, record: &str) -> Option<usize> {
        self.index.get(record).copied()
    }
}

/// A row being filled. Columns that the standard does not have are let go.
#[derive(Debug)]
pub struct SampleRow<'r, 'c> {
    /// Its file.
    pub spec: &'r Spec<'c>,
    /// Values by position in the layout.
    pub values: Vec<String>,
}

impl<'r, 'c> SampleRow<'r, 'c> {
    /// An empty row.
    pub fn new(spec: &'r Spec<'c>) -> Self {
        Self { spec, values: vec![String::new(); spec.layout.columns.len()] }
    }

    /// Sets a column.
    pub fn set(&mut self, name: &str, value: impl Display) -> &mut Self {
        if let Some(at) = self.spec.slot(name) {
            let text = &mut self.values[at];
            text.clear();
            write!(text, "{value}").expect("writing to a string cannot fail");
        }
        self
    }

    /// Sets a date.
    pub fn date(&mut self, name: &str, day: NaiveDate) -> &mut Self {
        self.set(name, crate::clock::day_number(day))
    }

    /// Sets a date that may not be there.
    pub fn some_date(&mut self, name: &str, day: Option<NaiveDate>) -> &mut Self {
        match day {
            Some(day) => self.date(name, day),
            None => self,
        }
    }

    /// Sets a time of 14 digits.
    pub fn time(&mut self, name: &str, at: NaiveDateTime) -> &mut Self {
        if self.spec.slot(name).is_some() {
            self.set(name, stamp(at));
        }
        self
    }

    /// Sets a decimal with so many places.
    pub fn decimal(&mut self, name: &str, value: f64, places: usize) -> &mut Self {
        self.set(name, format_args!("{value:.places$}"))
    }

    /// Fills the nine-character unit codes from their five-character twins.
    pub fn nine_characters(&mut self) {
        for (nine, five) in NINE {
            let (Some(to), Some(from)) = (self.spec.slot(nine), self.spec.slot(five)) else {
                continue;
            };
            if self.values[to].is_empty() && !self.values[from].is_empty() {
                self.values[to] = format!("EA00{}", self.values[from]);
            }
        }
    }
}

const NINE: [(&str, &str); 20] = [
    ("HOSPCODE9", "HOSPCODE"),
    ("HOSP9_MAIN", "MAIN"),
    ("HOSP9_SUB", "HSUB"),
    ("HOSP9_SUB", "SUB"),
    ("REFERINHOSP9", "REFERINHOSP"),
    ("REFEROUTHOSP9", "REFEROUTHOSP"),
    ("ANCPLACE9", "ANCPLACE"),
    ("VACCINEPLACE9", "VACCINEPLACE"),
    ("FPPLACE9", "FPPLACE"),
    ("BHOSP9", "BHOSP"),
    ("BHOSP9", "PPPLACE"),
    ("BCPLACE9", "BCPLACE"),
    ("SCREENPLACE9", "SCREENPLACE"),
    ("NUTRITIONPLACE9", "NUTRITIONPLACE"),
    ("PPSPLACE9", "PPSPLACE"),
    ("REHABPLACE9", "REHABPLACE"),
    ("HOSP9_DX", "HOSP_DX"),
    ("HOSP9_RX", "HOSP_RX"),
    ("HOSP9_INFORMHOSP", "INFORMHOSP"),
    ("HOSP9_DEATH", "HOSPDEATH"),
];

/// A time as 14 digits.
pub fn stamp(at: NaiveDateTime) -> String {
    at.format("%Y%m%d%H%M%S").to_string()
}
