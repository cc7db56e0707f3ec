//! An export as configured, with everything it names looked up.

use std::collections::BTreeSet;
use std::path::Path;

use super::layout::{Layouts, ReportLayout};
use super::period::PeriodRule;
use crate::config::Export;
use crate::kpi::{Definition, Level, Library};
use crate::overlay::{self, Overlay};
use crate::report::{Format, Lang};

/// Folders below `exports/` that have another use (docs/rules.md#forwarding).
pub(super) const RESERVED: [&str; 1] = ["forward"];

/// Longest name.
const LONGEST_NAME: usize = 64;

/// Most folders that may be kept, and most that a mistake can leave behind.
const MOST_KEPT: usize = 10_000;

/// What is exported.
#[derive(Debug, Clone)]
pub enum ExportContent {
    /// KPIs at a level.
    Kpis {
        /// The KPIs, in the order in which they are shown.
        definitions: Vec<Definition>,
        /// The level.
        level: Level,
        /// Whether months are counted too.
        trend: bool,
    },
    /// A report.
    Report {
        /// Its layout.
        layout: Box<ReportLayout>,
        /// The region it is about.
        region: String,
    },
}

/// An export that can be run.
#[derive(Debug, Clone)]
pub struct ExportPlan {
    /// Name of the export: its key in the configuration, and its folder.
    pub name: String,
    /// When it is due, as written.
    pub schedule: String,
    /// What is exported.
    pub content: ExportContent,
    /// Of which period.
    pub period: PeriodRule,
    /// In which formats.
    pub formats: BTreeSet<Format>,
    /// In which language.
    pub lang: Lang,
    /// So many are kept.
    pub keep: usize,
}

/// Looks up what all exports name; every mistake is told with the export's
/// name. Schedules are proven by the caller, who knows cron.
///
/// # Errors
/// Every mistake, each with the name of its export.
pub fn plans(
    exports: &[Export],
    library: &Library,
    data: &Path,
) -> Result<Vec<ExportPlan>, Vec<String>> {
    let layouts = match Layouts::load(Some(&Overlay::new(data, overlay::REPORTS)), library) {
        Ok(layouts) => layouts,
        Err(what) => return Err(vec![what]),
    };
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for export in exports {
        if !names.insert(&export.name) {
            mistakes.push(format!("export {}: the name stands twice", export.name));
        }
        match plan(export, library, &layouts) {
            Ok(plan) => found.push(plan),
            Err(what) => mistakes.push(format!("export {}: {what}", export.name)),
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

fn plan(export: &Export, library: &Library, layouts: &Layouts) -> Result<ExportPlan, String> {
    check_name(&export.name)?;
    if !(1..=MOST_KEPT).contains(&export.keep) {
        return Err(format!("keep is a number from 1 to {MOST_KEPT}"));
    }
    let formats: Vec<&str> = export.formats.iter().map(String::as_str).collect();
    Ok(ExportPlan {
        name: export.name.clone(),
        schedule: export.schedule.clone(),
        content: content(export, library, layouts)?,
        period: export.period.parse()?,
        formats: read_formats(&formats)?,
        lang: match export.lang.as_str() {
            "th" => Lang::Th,
            "en" => Lang::En,
            other => return Err(format!("lang is th or en, not {other:?}")),
        },
        keep: export.keep,
    })
}

/// A name that is a folder's on any system, and in any address.
///
/// # Errors
/// Says what a name must be like.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts || !name.bytes().all(plain) || name.len() > LONGEST_NAME {
        return Err(format!(
            "a name has up to {LONGEST_NAME} small letters, digits, - and _, and begins with a \
             letter or digit"
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!("the name {name} has another use"));
    }
    Ok(())
}

fn read_formats(names: &[&str]) -> Result<BTreeSet<Format>, String> {
    let read = |name: &&str| {
        let known = Format::NAMES.join(", ");
        Format::parse(name).ok_or_else(|| format!("{name:?} is no format: {known}"))
    };
    let formats: BTreeSet<Format> = names.iter().map(read).collect::<Result<_, _>>()?;
    if formats.is_empty() { Err("formats names none".to_owned()) } else { Ok(formats) }
}

fn content(export: &Export, library: &Library, layouts: &Layouts) -> Result<ExportContent, String> {
    match (&export.report, export.kpis.is_empty()) {
        (Some(name), true) => {
            let layout = layouts.get(name).ok_or_else(|| {
                format!("there is no report {name:?}, only {}", layouts.names().join(", "))
            })?;
            let region = export.region.clone().unwrap_or_default();
            if layout.needs_region() && region.is_empty() {
                return Err(format!("the report {name} needs a region"));
            }
            Ok(ExportContent::Report { layout: Box::new(layout.clone()), region })
        }
        (None, false) => Ok(ExportContent::Kpis {
            definitions: chosen(&export.kpis, library)?,
            level: export.level.parse()?,
            trend: export.trend,
        }),
        (Some(_), false) => Err("kpis or report, not both".to_owned()),
        (None, true) => Err("kpis or report says what to export".to_owned()),
    }
}

/// The KPIs of these ids; `*` for all.
///
/// # Errors
/// Names the first id that is unknown, with the nearest known one.
pub fn chosen(ids: &[String], library: &Library) -> Result<Vec<Definition>, String> {
    if ids == ["*"] {
        return Ok(library.kpis.values().cloned().collect());
    }
    let find = |id: &String| {
        library.get(id).cloned().ok_or_else(|| {
            let near = crate::spelling::nearest(id, library.kpis.keys().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
            format!("there is no KPI {id:?}{near}")
        })
    };
    ids.iter().map(find).collect()
}
