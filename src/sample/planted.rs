//! What audits look for: for every rule of [OPPP-2557 s. 41-43] one unit whose rows
//! are as they should not be, in an archive of its own beside those of the
//! months. Which unit that is, and how much was put there, stands in the ledger.
//!
//! Rows are those of the sample with a few values changed, so that they pass
//! every check of rows; nothing here asks the rules.

mod plans;
mod planter;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use chrono::Datelike as _;

use super::archive_builder::ArchiveBuilder;
use super::emit::RecordEmitter;
use super::expected_outcomes::{ArchiveEntry, Planted};
use super::people;
use super::province::SampleProvince;
use super::spec::Specs;
use super::style::Style;
use planter::{Listed, Planter, Templates};

/// What was made, to be written.
pub struct Grown {
    /// Archives with their lines in the ledger.
    pub archives: Vec<(Vec<u8>, ArchiveEntry)>,
    /// Lines of the population registry.
    pub listed: Vec<Listed>,
    /// What was put where.
    pub planted: Vec<Planted>,
}

/// Health centres that send for themselves.
fn centres(province: &SampleProvince) -> Vec<usize> {
    let own = |at: &usize| province.units[*at].level == "P" && province.units[*at].sender == *at;
    (0..province.units.len()).filter(own).collect()
}

/// Fewest health centres: of each file one rule a unit, so that what is put
/// there for one rule is no part of another's hundred percent.
const FEWEST: usize = 8;

/// Plants something for every rule.
pub fn plant<'a>(
    province: &'a SampleProvince,
    specs: &'a Specs<'_>,
    style: &'a Style,
    sent: &'a BTreeMap<(String, String), u64>,
) -> Result<Grown> {
    let centres = centres(province);
    ensure!(
        centres.len() >= FEWEST,
        "--audit wants {FEWEST} health centres that send for themselves, and there are {}: take more units",
        centres.len()
    );
    let july = province.months.iter().position(|month| month.first.month() == 7);
    let start = july.filter(|at| at + 4 <= province.months.len());
    let start = start.context(
        "--audit wants July to October among the months: --start 2013-07-01 --months 12",
    )?;
    let mut planter = Planter {
        province,
        specs,
        style,
        templates: templates(province, specs, style),
        sent,
        archives: BTreeMap::new(),
        serial: 0,
        start: province.months[start].first,
        listed: Vec::new(),
        planted: Vec::new(),
    };
    for (nth, (rule, severity, plan)) in plans::PLANS.iter().enumerate() {
        let at = nth % centres.len();
        let units: Vec<usize> = (0..3).map(|more| centres[(at + more) % centres.len()]).collect();
        for unit in plan(&mut planter, &units) {
            planter.note(rule, unit, severity);
        }
    }
    let mut archives = Vec::new();
    for (_, archive) in std::mem::take(&mut planter.archives) {
        archives.push(archive.close()?);
    }
    planter.planted.sort();
    planter.planted.dedup();
    Ok(Grown { archives, listed: planter.listed, planted: planter.planted })
}

/// The first row of each file, wherever one is sent.
fn templates(province: &SampleProvince, specs: &Specs<'_>, style: &Style) -> Templates {
    let mut found: Templates = vec![None; specs.list.len()];
    for at in 0..province.units.len() {
        let people = people::people_of_unit(province, at);
        for (nth, month) in province.months.iter().enumerate() {
            let sent = month.last.and_hms_opt(20, 0, 0).unwrap_or_default();
            let mut archive =
                ArchiveBuilder::new(specs, style, &province.units[at].hcode, sent, None);
            RecordEmitter::new(province, at, &people, *month, nth == 0, &mut archive).emit();
            for (place, row) in found.iter_mut().zip(archive.first_rows()) {
                if place.is_none() {
                    *place = row;
                }
            }
        }
        if at >= 5 && found.iter().filter(|row| row.is_some()).count() * 10 > found.len() * 7 {
            break;
        }
    }
    found
}
