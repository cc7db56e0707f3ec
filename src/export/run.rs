//! Runs an export: counts, writes the forms, makes the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::document::{KpiPage, page_of};
use super::manifest::Manifest;
use super::period::PeriodRule;
use super::plan::{ExportContent, ExportPlan};
use super::region::{RegionCounts, RegionReport, report};
use super::{ExportError, ExportFolder, Result, folder, keep, state};
use crate::crash_point;
use crate::environment::Environment;
use crate::kpi::{Calculator, Definition, KpiResult, Level, Library, Period, REGION, YearKind};
use crate::report::{Document, Format, Lang};
use crate::score::Rulebooks;
use crate::store::{PartialResults, Reader};

/// What an export is run over.
#[derive(Clone, Copy)]
pub struct ExportContext<'a> {
    /// All that counting rests on.
    pub environment: &'a Environment,
    /// The KPIs.
    pub library: &'a Library,
    /// The data folder.
    pub data: &'a Path,
    /// The database in it.
    pub database: &'a Path,
    /// The time at which it is run.
    pub now: DateTime<FixedOffset>,
}

/// What was composed, before it has files.
pub struct RenderedExport {
    /// The document.
    pub document: Document,
    /// What was counted, as `kpi run --json` tells it; none for a report.
    results: Option<Vec<KpiResult>>,
    /// What it rests on.
    basis: Manifest,
}

/// Runs an export for a time of its schedule, or by hand.
///
/// # Errors
/// Errors of counting, of the file system, and of writing a form; then no folder is
/// left.
pub fn run(
    place: &ExportContext<'_>,
    plan: &ExportPlan,
    due: Option<DateTime<FixedOffset>>,
) -> Result<ExportFolder> {
    let home = folder::home(place.data, &plan.name);
    let _turn = folder::turn(&home)?;
    folder::sweep_held(&home)?;
    let day = due.unwrap_or(place.now).date_naive();
    let composed = compose(place, &plan.content, plan.period, day)?;
    let mut files = Vec::new();
    for format in &plan.formats {
        files.extend(composed.files(*format, plan.lang, place.now)?);
    }
    let mut manifest = Manifest {
        export: plan.name.clone(),
        due,
        made_at: place.now,
        khlang: env!("CARGO_PKG_VERSION").to_owned(),
        lang: plan.lang.as_str().to_owned(),
        ..composed.basis
    };
    manifest.add_files(&files);
    let path = folder::write(&home, day, &files, &manifest)?;
    if let Some(due) = due {
        state::record_due(&home, due)?;
    }
    keep::keep_newest(&home, &plan.name, plan.keep)?;
    crash_point("export_done");
    folder::reread(&path)
}

/// Counts what a document needs, in one state of the store, and makes it.
///
/// # Errors
/// Errors of the database and of counting, and refused if an indicator or rulebook is
/// not there.
pub fn compose(
    place: &ExportContext<'_>,
    content: &ExportContent,
    period: PeriodRule,
    day: NaiveDate,
) -> Result<RenderedExport> {
    let reader = Reader::open(place.database, None)?;
    let kept = PartialResults::open(place.data, place.environment.config.limits.figures_kept_mib);
    let session = Calculator::new(place.environment, &reader)?.with_cache(&kept);
    let basis = Manifest {
        as_of_submission: reader.last_submission()?,
        rulebooks: rulebooks(place.data)?,
        ..Manifest::default()
    };
    let counter = Counter { place, reader: &reader, session, basis, periods: BTreeSet::new() };
    match content {
        ExportContent::Kpis { definitions, level, trend } => {
            counter.kpis(definitions, *level, period, day, *trend)
        }
        ExportContent::Report { layout, region } => {
            let period = period.on(day, YearKind::Fiscal);
            counter.report(layout, region, period)
        }
    }
}

fn rulebooks(data: &Path) -> Result<BTreeMap<i32, String>> {
    let all =
        Rulebooks::open(data).all().map_err(|error| ExportError::Refused(error.to_string()))?;
    Ok(all.into_iter().map(|book| (book.round, book.sha256)).collect())
}

impl RenderedExport {
    /// The files of a format.
    ///
    /// # Errors
    /// A workbook or page that could not be made.
    pub fn files(
        &self,
        format: Format,
        lang: Lang,
        made: DateTime<FixedOffset>,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        if format == Format::Json && self.results.is_some() {
            return Ok(vec![(format!("{}.json", self.document.name), self.json())]);
        }
        Ok(self.document.files(format, lang, made)?)
    }

    /// All of it in one file, for standard output.
    ///
    /// # Errors
    /// A workbook or page that could not be made.
    pub fn file(&self, format: Format, lang: Lang, made: DateTime<FixedOffset>) -> Result<Vec<u8>> {
        if format == Format::Json && self.results.is_some() {
            return Ok(self.json());
        }
        Ok(self.document.write(format, lang, made)?)
    }

    fn json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(&self.results).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Counts, and keeps on record what was counted.
struct Counter<'a> {
    place: &'a ExportContext<'a>,
    reader: &'a Reader,
    session: Calculator<'a>,
    basis: Manifest,
    periods: BTreeSet<String>,
}

impl Counter<'_> {
    fn kpis(
        mut self,
        definitions: &[Definition],
        level: Level,
        rule: PeriodRule,
        day: NaiveDate,
        trend: bool,
    ) -> Result<RenderedExport> {
        self.basis.level = Some(level.to_string());
        // Those that live in one kind of year share building blocks: they are
        // counted one after the other.
        let mut order: Vec<usize> = (0..definitions.len()).collect();
        order.sort_by_key(|at| definitions[*at].year as u8);
        let mut counted = BTreeMap::new();
        for at in order {
            let definition = &definitions[at];
            let period = rule.on(day, definition.year);
            let result = self.count(definition, &period, level)?;
            let months = if trend { self.months(definition, &period, day)? } else { Vec::new() };
            counted.insert(at, KpiPage { definition, result, months });
        }
        let pages: Vec<KpiPage<'_>> = counted.into_values().collect();
        let document = page_of(&pages);
        let results = pages.into_iter().map(|page| page.result).collect();
        Ok(self.composed(document, Some(results)))
    }

    /// Months of the year of a period, up to its end and to the day.
    fn months(
        &mut self,
        definition: &Definition,
        period: &Period,
        day: NaiveDate,
    ) -> Result<Vec<(NaiveDate, KpiResult)>> {
        let days = period.days(definition.year);
        let mut months = Vec::new();
        for month in Period::months_of(days.year, definition.year) {
            let start = month.days(definition.year).start;
            if start <= days.end && start <= day {
                months.push((start, self.count(definition, &month, Level::Province)?));
            }
        }
        Ok(months)
    }

    fn report(
        mut self,
        layout: &super::ReportLayout,
        region: &str,
        period: Period,
    ) -> Result<RenderedExport> {
        let mut counted = Vec::new();
        for row in &layout.results.row {
            let definition = self.place.library.get(&row.kpi);
            let definition = definition.ok_or_else(|| refused(&row.kpi))?;
            let level = row.level.parse().map_err(ExportError::Refused)?;
            let result = self.count(definition, &period, level)?;
            let place = format!("{REGION}:{region}");
            let of_region = self.session.entered(definition, &period, &place)?;
            counted.push(RegionCounts { definition, result, of_region });
        }
        self.basis.report = Some((layout.name.clone(), layout.version.clone()));
        self.basis.region = (!region.is_empty()).then(|| region.to_owned());
        let days = period.days(YearKind::Fiscal);
        let filled = RegionReport { layout, region, period, days, counted };
        let document = report(&filled, self.place.data)?;
        Ok(self.composed(document, None))
    }

    fn count(
        &mut self,
        definition: &Definition,
        period: &Period,
        level: Level,
    ) -> Result<KpiResult> {
        let longest = self.place.environment.config.limits.kpi_ms;
        self.reader.stop_after(Duration::from_millis(longest))?;
        let result = self.session.run(definition, period, level)?;
        let id = definition.id.clone();
        self.periods.insert(period.to_string());
        if let Some(why) = &result.not_computable {
            self.basis.not_computable.insert(id.clone(), why.text.en.clone());
        }
        if !definition.local_defaults.is_empty() {
            self.basis.local_defaults.insert(id.clone(), definition.local_defaults.clone());
        }
        self.basis.kpis.insert(id, definition.version.clone());
        Ok(result)
    }

    fn composed(mut self, document: Document, results: Option<Vec<KpiResult>>) -> RenderedExport {
        self.basis.periods = self.periods.into_iter().collect();
        RenderedExport { document, results, basis: self.basis }
    }
}

fn refused(kpi: &str) -> ExportError {
    ExportError::Refused(format!("there is no KPI {kpi}"))
}
