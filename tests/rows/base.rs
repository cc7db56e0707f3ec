//! A clean row for every file: a small hand-written table of valid values by
//! name, list and type.

use khlang::catalog::{Catalog, Layout, Record, Type, WireColumn};

/// The sending unit, a unit of its CUP, and one of another CUP.
pub const SENDER: &str = "10670";
pub const SUB_UNIT: &str = "04001";
pub const STRANGER: &str = "04009";

/// `DATA/units.csv` of these tests.
pub const UNITS: &str = "hcode,name,type,level,cup,network,district,province\n\
    10670,ก,07,F2,10670,10670,ข,ค\n\
    04001,ก,18,P,10670,10670,ข,ค\n\
    10671,ก,07,F2,10671,10670,ข,ค\n\
    04009,ก,18,P,10671,10670,ข,ค\n";

/// Codes of the lists that the dictionary only names.
pub const LISTS: &[(&str, &[&str])] = &[
    ("icd10tm", &["A099", "S099", "T149", "Z000"]),
    ("surveil_icd10", &["A099"]),
    ("procedure", &["9999", "2387010"]),
    ("clinic", &["00100"]),
    ("drug24", &["100000000000000000000024"]),
    ("drugunit", &["001"]),
    ("prename", &["003"]),
    ("nation", &["099"]),
    ("occupation", &["0001"]),
    ("area", &["10"]),
    ("hospcode", &["10670"]),
    ("hospcode9", &["EA0010670"]),
    ("chargelist", &["000000"]),
    ("icf", &["b110"]),
    ("syndrome", &["0001"]),
    ("risktype", &["1"]),
    ("rehab_service", &["1110000"]),
    ("rehab_device", &["0101"]),
    ("ppspecial", &["1B001"]),
    ("comservice", &["1A000"]),
    ("comactivity", &["1A000"]),
    ("refer_clinical", &["01"]),
    ("refer_invest", &["01"]),
    ("drg", &["01010"]),
];

/// Numbers that a person may have.
const NUMBERS: &[(&str, &str)] = &[
    ("WEIGHT", "50.5"),
    ("ADMITWEIGHT", "50.5"),
    ("HEIGHT", "150"),
    ("ADMITHEIGHT", "150"),
    ("BWEIGHT", "3000"),
    ("HEADCIRCUM", "34"),
    ("GA", "38"),
    ("WAIST_CM", "80"),
    ("SBP", "120"),
    ("SBP_1", "120"),
    ("SBP_2", "120"),
    ("DBP", "80"),
    ("DBP_1", "80"),
    ("DBP_2", "80"),
    ("BTEMP", "36.5"),
    ("PR", "80"),
    ("RR", "20"),
    ("LATITUDE", "14.5"),
    ("LONGITUDE", "100.5"),
    ("BSLEVEL", "100"),
    ("HCT_RS", "35"),
];

/// Days that come after the others.
const DAYS: &[(&str, &str)] = &[
    ("BIRTH", "19800101"),
    ("PPCARE2", "20131120"),
    ("BCARE2", "20131120"),
    ("PPCARE3", "20131125"),
    ("BCARE3", "20131125"),
];

/// A file with the columns of its newest version.
#[derive(Clone)]
pub struct Sheet<'c> {
    pub catalog: &'c Catalog,
    pub record: &'c Record,
    pub layout: &'c Layout,
    pub columns: Vec<&'c WireColumn>,
}

impl<'c> Sheet<'c> {
    pub fn new(catalog: &'c Catalog, record: &'c Record, layout: &'c Layout) -> Self {
        let newest = layout.versions.last().unwrap();
        let columns = newest.columns.iter().map(|&at| &layout.columns[at]).collect();
        Self { catalog, record, layout, columns }
    }

    /// The wire column of a column of the record.
    pub fn wire(&self, column: usize) -> Option<usize> {
        self.columns.iter().position(|c| c.column == column)
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The column that tells one row from another: the person's, and where
    /// that is no part of the key, one of free text that is.
    pub fn distinct(&self) -> Vec<usize> {
        let person = self.record.person.and_then(|at| self.wire(at));
        if self.record.person.is_some_and(|at| self.record.key.contains(&at)) {
            return person.into_iter().collect();
        }
        let free = self.record.key.iter().filter_map(|&at| self.wire(at)).find(|&at| {
            let column = self.columns[at];
            column.column != self.record.hospcode
                && column.list.is_none()
                && matches!(column.kind, Type::Char | Type::Digits)
        });
        person.into_iter().chain(free).collect()
    }

    /// A clean row of the person, or thing, with this number.
    pub fn clean(&self, number: usize) -> Vec<String> {
        let distinct = self.distinct();
        let row = self.columns.iter().enumerate().map(|(at, column)| {
            if distinct.contains(&at) || column.name == "MPID" {
                return id(number, column.width);
            }
            self.value(column)
        });
        row.collect()
    }

    fn value(&self, column: &WireColumn) -> String {
        let of = |table: &[(&str, &str)]| {
            table.iter().find(|(name, _)| *name == column.name).map(|(_, v)| (*v).to_owned())
        };
        if column.column == self.record.hospcode {
            return SENDER.to_owned();
        }
        if column.name == "CID" {
            return "1234567890121".to_owned();
        }
        match column.kind {
            Type::Date => of(DAYS).unwrap_or_else(|| "20131115".to_owned()),
            Type::DateTime => "20131115093000".to_owned(),
            Type::Time => "093000".to_owned(),
            Type::Int | Type::Decimal => {
                of(NUMBERS).or_else(|| self.coded(column)).unwrap_or_else(|| "1".to_owned())
            }
            Type::Char | Type::Digits | Type::Code => of(NUMBERS)
                .or_else(|| self.coded(column))
                .or_else(|| shaped(column))
                .unwrap_or_else(|| match column.kind {
                    Type::Digits => "1".repeat(column.width),
                    _ => "ทด".chars().take(column.width.max(1)).collect(),
                }),
        }
    }

    /// A code of its list that its own check takes too.
    fn coded(&self, column: &WireColumn) -> Option<String> {
        let own = column.checks.iter().find(|check| check.kind == "code_list");
        let taken: Option<Vec<&str>> = own.map(|check| {
            check.param.split('|').filter(|p| *p != "blank" && !p.contains(':')).collect()
        });
        let Some(list) = &column.list else { return taken.map(|codes| codes[0].to_owned()) };
        if let Some(name) = list.strip_prefix("ext:") {
            let (_, codes) = LISTS.iter().find(|(known, _)| *known == name)?;
            return Some(codes[0].to_owned());
        }
        let mut codes: Vec<&String> = self.catalog.codes.get(list)?.codes.iter().collect();
        codes.sort();
        let fits = |code: &&&String| {
            code.chars().count() <= column.width
                && taken.as_ref().is_none_or(|taken| taken.contains(&code.as_str()))
        };
        let fitting = codes.iter().find(fits).map(|code| (**code).clone());
        fitting.or_else(|| taken.as_ref().map(|codes| codes[0].to_owned()))
    }
}

/// A value of the width or with the digits that its own check asks for.
fn shaped(column: &WireColumn) -> Option<String> {
    column.checks.iter().find_map(|check| match check.kind.as_str() {
        "width" | "digits" => {
            Some("1".repeat(check.param.split('|').next().unwrap().parse().unwrap()))
        }
        "number" | "decimal" => Some("1".to_owned()),
        _ => None,
    })
}

/// A number as an identifier of at most `width` digits.
pub fn id(number: usize, width: usize) -> String {
    let text = format!("{number:08}");
    text[text.len().saturating_sub(width)..].to_owned()
}
