//! The facilities of the province, from `units.csv`: who may send, and for
//! whom.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files::hex;

/// The list that the configuration names unless told otherwise.
const DEFAULT: &str = "config/units.csv";

/// The sample that is shipped under that name.
const SAMPLE: &str = include_str!("../config/units.csv");

/// A facility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    codes: FxHashSet<String>,
    cups_unknown: Vec<UnitsError>,
    sha256: String,
}

impl Units {
    /// Reads a `units.csv`.
    pub fn load(path: &Path) -> Result<Self, UnitsError> {
        let text = crate::files::read_plain(path).map_err(|e| UnitsError {
            path: path.to_owned(),
            line: 0,
            what: e.to_string(),
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, UnitsError> {
        let fail = |line: u64, what: String| UnitsError { path: path.to_owned(), line, what };
        let mut units = Self { sha256: hex(&Sha256::digest(text)), ..Self::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| fail(1, e.to_string()))?.clone();
        let mut cups = Vec::new();
        for row in reader.records() {
            let row =
                row.map_err(|e| fail(e.position().map_or(1, csv::Position::line), e.to_string()))?;
            // As an editor counts them: blank lines count, though they say nothing.
            let line = row.position().map_or(1, |at| line_of(text, at));
            let mut unit: Unit =
                row.deserialize(Some(&header)).map_err(|e| fail(line, e.to_string()))?;
            unit.hcode.make_ascii_uppercase();
            unit.cup.make_ascii_uppercase();
            if unit.hcode.len() != 5 || !unit.hcode.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(fail(
                    line,
                    format!("an HCODE has 5 letters or digits: {}", unit.hcode),
                ));
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

    /// The list in force: the data folder's own, else that of the
    /// configuration. Where neither is there and nobody configured one, the
    /// built-in sample lets a first start succeed; it is said each time.
    pub fn in_force(data: &Path, configured: &Path) -> Result<Self, UnitsError> {
        let own = data.join("units.csv");
        if own.exists() {
            return Self::load(&own);
        }
        if !configured.exists() && configured == Path::new(DEFAULT) {
            log::warn!("no list of units at {}: the built-in sample is used", own.display());
            return Self::parse(configured, SAMPLE);
        }
        Self::load(configured)
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
    /// the main unit (contract §5).
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
        assert!(Units::in_force(folder.path(), &missing).is_err());
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
