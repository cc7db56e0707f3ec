//! What came back from destinations, as it stands on pages beside what was said
//! here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::archive::Standard;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::rep;
use crate::store::{CodeBeside, RepRowLine, RepSum};

/// Refused rows that a page of a unit shows.
const ROWS_SHOWN: u64 = 100;

/// Codes that a page shows.
const CODES_SHOWN: usize = 20;

/// A code with what it means and how it is mended.
#[derive(Serialize)]
struct CodeShown {
    code: String,
    of: &'static str,
    rows: u64,
    text: String,
    fix: String,
}

/// What came back, for a page.
#[derive(Serialize)]
pub(super) struct RepShown {
    sums: Vec<RepSum>,
    codes: Vec<CodeShown>,
    /// Rows that are still to be mended.
    refused: Vec<RepRowLine>,
    /// Layouts that were not proven, by which some of it was read.
    unproven: BTreeSet<String>,
}

/// Of a unit in a round, passed and refused there, and the points.
#[derive(Serialize, Default)]
pub(super) struct UnitRep {
    passed: u64,
    refused: u64,
    points: String,
    #[serde(skip)]
    hundredths: i64,
}

fn shown(
    request: &Request,
    sums: Vec<RepSum>,
    codes: Vec<CodeBeside>,
    standard: Option<Standard>,
) -> Result<RepShown, Problem> {
    let (catalog, lang) = (&request.environment.catalog, request.lang());
    let codes = codes.into_iter().take(CODES_SHOWN).map(|CodeBeside { code, of, rows }| {
        let (text, fix) = rep::told(catalog, &code, standard);
        let (text, fix) = (text.pick(lang).to_owned(), fix.pick(lang).to_owned());
        CodeShown { code, of, rows, text, fix }
    });
    let unproven = if sums.is_empty() {
        BTreeSet::new()
    } else {
        let all = request.store()?.reps(&request.scope())?;
        all.into_iter().filter(|rep| !rep.proven).map(|rep| rep.layout).collect()
    };
    Ok(RepShown { codes: codes.collect(), sums, refused: Vec::new(), unproven })
}

/// What came back of a submission.
pub(super) fn of_submission(
    request: &Request,
    id: i64,
    standard: Option<Standard>,
) -> Result<RepShown, Problem> {
    let store = request.store()?;
    let sums = store.rep_of_submission(id)?;
    let codes = if sums.is_empty() { Vec::new() } else { store.rep_codes(id)? };
    shown(request, sums, codes, standard)
}

/// What came back of a unit in a round, with the rows that are to be mended.
pub(super) fn of_unit(request: &Request, hcode: &str, round: i32) -> Result<RepShown, Problem> {
    let store = request.store()?;
    let units = Some(BTreeSet::from([hcode.to_owned()]));
    let sums = store.rep_of_units(round, &units)?;
    let codes =
        if sums.is_empty() { Vec::new() } else { store.rep_codes_of_units(round, &units)? };
    let refused = store.rep_refused(hcode, round, ROWS_SHOWN)?;
    Ok(RepShown { refused, ..shown(request, sums, codes, None)? })
}

/// What came back of each unit in a round.
pub(super) fn of_units(
    request: &Request,
    round: i32,
) -> Result<BTreeMap<String, UnitRep>, Problem> {
    let mut units: BTreeMap<String, UnitRep> = BTreeMap::new();
    for sum in request.store()?.rep_of_units(round, &request.scope())? {
        let unit = units.entry(sum.hcode).or_default();
        unit.passed += sum.passed;
        unit.refused += sum.refused;
        unit.hundredths += sum.points;
        unit.points = crate::money::Satang(unit.hundredths).to_string();
    }
    Ok(units)
}
