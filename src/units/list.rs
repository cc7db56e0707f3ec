//! The list of units: `units.csv`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::held::{Held, ListStamp};
use crate::files::hex;

/// The list that the configuration names unless told otherwise.
pub(super) const DEFAULT: &str = "config/units.csv";

/// The sample that is shipped under that name.
pub(super) const SAMPLE: &str = include_str!("../../config/units.csv");

/// A facility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// Its code, 5 characters.
    pub hcode: String,
    /// Its name.
    pub name: String,
    /// chospital's hostype.
    #[serde(rename = "type")]
    pub kind: String,
    /// `A S M1 M2 F1 F2 F3 P`.
    pub level: String,
    /// HCODE of its main unit.
    pub cup: String,
    /// The A-level hospital of its network.
    pub network: String,
    /// District.
    pub district: String,
    /// Province.
    pub province: String,
}

/// A mistake in the list of units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {what}", path.display())]
pub struct UnitsError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// All facilities, by code.
#[derive(Debug, Clone, Default)]
pub struct Units {
    /// By HCODE.
    pub by_code: BTreeMap<String, Unit>,
    /// A newer list that is held back.
    pub held: Option<Held>,
    /// The files as they were when this was read from them.
    pub stamp: ListStamp,
    pub(super) codes: FxHashSet<String>,
    pub(super) cups_unknown: Vec<UnitsError>,
    pub(super) sha256: String,
    /// The list as text, where it is not kept as the last good one yet.
    pub(super) unkept: Option<String>,
}

/// Columns of the list.
const COLUMNS: [&str; 8] =
    ["hcode", "name", "type", "level", "cup", "network", "district", "province"];

impl UnitsError {
    /// What is wrong and where, without the folder.
    pub(super) fn place(&self) -> String {
        match self.line {
            0 => self.what.clone(),
            line => format!("line {line}: {}", self.what),
        }
    }
}

impl Units {
    /// Reads a `units.csv`.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is not UTF-8, and at the first mistake,
    /// which it names with its line.
    pub fn load(path: &Path) -> Result<Self, UnitsError> {
        Self::parse(path, &Self::text_of(path)?)
    }

    pub(super) fn text_of(path: &Path) -> Result<String, UnitsError> {
        let fail = |line, what| UnitsError { path: path.to_owned(), line, what };
        let mut bytes = Vec::new();
        crate::files::open_plain(path)
            .and_then(|mut file| std::io::Read::read_to_end(&mut file, &mut bytes))
            .map_err(|error| fail(0, error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
            fail(line, "not UTF-8".to_owned())
        })
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, UnitsError> {
        let fail = |line: u64, what: String| UnitsError { path: path.to_owned(), line, what };
        let mut units = Self { sha256: hex(&Sha256::digest(text)), ..Self::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| fail(1, error.to_string()))?.clone();
        let lacks = |column: &&&str| !headers.iter().any(|own| own == **column);
        if let Some(column) = COLUMNS.iter().find(lacks) {
            return Err(fail(1, format!("the header has no column {column}")));
        }
        let mut cups = Vec::new();
        for row in reader.records() {
            let row =
                row.map_err(|e| fail(e.position().map_or(1, csv::Position::line), e.to_string()))?;
            // As an editor counts them: blank lines count, though they say nothing.
            let line = row.position().map_or(1, |at| line_of(text, at));
            let mut unit: Unit =
                row.deserialize(Some(&headers)).map_err(|e| fail(line, e.to_string()))?;
            unit.hcode.make_ascii_uppercase();
            unit.cup.make_ascii_uppercase();
            if unit.hcode.len() != 5 || !unit.hcode.bytes().all(|b| b.is_ascii_alphanumeric()) {
                let what = unit.hcode.escape_debug();
                return Err(fail(line, format!("an HCODE has 5 letters or digits: {what}")));
            }
            if unit.cup.is_empty() {
                unit.cup.clone_from(&unit.hcode);
            }
            if units.by_code.contains_key(&unit.hcode) {
                return Err(fail(line, format!("{} stands twice", unit.hcode)));
            }
            cups.push((line, unit.hcode.clone(), unit.cup.clone()));
            units.codes.insert(unit.hcode.clone());
            units.by_code.insert(unit.hcode.clone(), unit);
        }
        let unknown = cups.into_iter().filter(|(_, _, cup)| !units.codes.contains(cup));
        let unknown = unknown.map(|(line, hcode, cup)| {
            fail(line, format!("cup {cup} of {hcode} is no unit of this list"))
        });
        units.cups_unknown = unknown.collect();
        Ok(units)
    }

    /// Units whose main unit is not in the list, each with its line. Loading
    /// can do without it; money cannot, because it is paid through main units.
    pub fn cups_unknown(&self) -> &[UnitsError] {
        &self.cups_unknown
    }

    /// SHA-256 of the file, hex: what a result rests on.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Whether a facility exists.
    pub fn knows(&self, hcode: &str) -> bool {
        self.codes.contains(hcode)
    }

    /// All codes.
    pub fn codes(&self) -> &FxHashSet<String> {
        &self.codes
    }

    /// Whom a sender may send for: itself, and the units of its CUP when it is
    /// the main unit (docs/rules.md#rows).
    pub fn may_send(&self, sender: &str) -> FxHashSet<String> {
        let of_cup = self.by_code.values().filter(|unit| unit.cup == sender);
        of_cup.map(|unit| unit.hcode.clone()).chain([sender.to_owned()]).collect()
    }
}

/// The line on which a row begins: the reader tells where it began to look for
/// one, which may be at a blank line before it.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    at.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Units, UnitsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units.csv");
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes())
            .unwrap();
        Units::load(&path)
    }

    const HEAD: &str = "hcode,name,type,level,cup,network,district,province\n";

    #[test]
    fn a_main_unit_sends_for_its_cup_and_others_for_themselves() {
        let rows = "10670,ก,07,F2,10670,10669,ข,ค\n04001,ง,18,P,10670,10669,ข,ค\n04002,จ,18,P,10671,10669,ข,ค\n";
        let units = load(&format!("\u{feff}{HEAD}{rows}")).unwrap();
        let mut cup: Vec<_> = units.may_send("10670").into_iter().collect();
        cup.sort();
        assert_eq!(cup, ["04001", "10670"]);
        assert_eq!(units.may_send("04001").len(), 1);
    }

    #[test]
    fn a_first_start_has_the_sample_and_a_configured_list_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let sample = Units::parse(Path::new(DEFAULT), SAMPLE).unwrap();
        assert!(sample.knows("10669"));
        let missing = folder.path().join("other.csv");
        assert!(Units::in_force(folder.path(), &missing, &|| None).is_err());
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let row = "10670,ก,07,F2,10670,10669,ข,ค\n";
        let twice = load(&format!("{HEAD}{row}{row}")).unwrap_err();
        assert!(twice.to_string().ends_with("units.csv:3: 10670 stands twice"), "{twice}");
        assert!(load(&format!("{HEAD}1067,ก,07,F2,,,,\n")).is_err());
    }

    #[test]
    fn a_main_unit_that_is_not_in_the_list_is_named_with_its_line() {
        let rows = "10670,ก,07,F2,10670,,,\na0001,ข,18,P,a0002,,,\n\n04001,ค,18,P,99999,,,\n\
                    A0002,ง,18,P,,,,\n";
        let text = format!("{HEAD}{rows}");
        for text in [text.clone(), text.replace('\n', "\r\n")] {
            let units = load(&text).unwrap();
            let told: Vec<String> = units.cups_unknown().iter().map(ToString::to_string).collect();
            assert_eq!(told.len(), 1, "{told:?}");
            let wanted = "units.csv:5: cup 99999 of 04001 is no unit of this list";
            assert!(told[0].ends_with(wanted), "{told:?}");
            assert_eq!(units.by_code["A0001"].cup, "A0002");
        }
    }
}
