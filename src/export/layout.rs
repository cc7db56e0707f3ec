//! Layouts of reports: what stands in which table, as data. Those built into
//! the program, and the province's own in `DATA/config/reports/`, which come on
//! top.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::manifest::sha256;
use crate::kpi::{Level, Library, years};
use crate::overlay::{CONFIG, Overlay};
use crate::report::Bilingual;

/// What stands in a report.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportLayout {
    /// Its name; that of its file.
    #[serde(skip)]
    pub name: String,
    /// Hash of the file.
    #[serde(skip)]
    pub version: String,
    /// Its title.
    pub title: Bilingual,
    /// Lines below the title. `{period}`, `{range}`, `{months}`, `{year}` and
    /// `{region}` are filled in.
    #[serde(default)]
    pub lines: Vec<Bilingual>,
    /// Where the layout comes from.
    pub source: String,
    /// The indicators in words.
    pub indicators: Indicators,
    /// The results in numbers.
    pub results: Results,
}

/// The table of indicators.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicators {
    /// Title of the table.
    pub title: Bilingual,
    /// Headings of indicator, target, small success and description. `{year}`
    /// is filled in.
    pub headings: [Bilingual; 4],
    /// Rows in the order of the report.
    pub row: Vec<IndicatorRow>,
}

/// An indicator in words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorRow {
    /// The indicator.
    pub indicator: Bilingual,
    /// Targets by the B.E. years that they hold for: `2563` or `2563-2565`.
    pub target: BTreeMap<String, Bilingual>,
    /// The small success, in Markdown. A heading on its first line is the
    /// heading of the column.
    pub success: Bilingual,
    /// Name of the text that goes before it, if there is one.
    #[serde(default)]
    pub success_text: Option<String>,
    /// Name of the text that describes what was done.
    pub text: String,
}

/// The table of results.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// Title of the table.
    pub title: Bilingual,
    /// Rows in the order of the report.
    pub row: Vec<ResultRow>,
}

/// A result in numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRow {
    /// What is measured.
    pub name: Bilingual,
    /// By which KPI.
    pub kpi: String,
    /// At which level it is counted.
    pub level: String,
    /// Only these groups of the level, in this order; all when empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// One row before the groups for all of them together, by this name.
    #[serde(default)]
    pub together: Option<Bilingual>,
    /// One row for all groups together, where that can be.
    #[serde(default)]
    pub total: bool,
    /// A chart of the groups.
    #[serde(default)]
    pub chart: bool,
}

impl ReportLayout {
    /// Whether its texts speak of a region.
    pub fn needs_region(&self) -> bool {
        self.lines.iter().chain([&self.title]).any(|words| words.th.contains("{region}"))
    }

    /// Reads a layout, and looks up what it names.
    pub(super) fn read(name: &str, text: &str, library: &Library) -> Result<Self, String> {
        let fail = |what: String| format!("reports/{name}.toml: {what}");
        let mut layout: Self = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        name.clone_into(&mut layout.name);
        layout.version = sha256(text.as_bytes());
        for row in &layout.results.row {
            if library.get(&row.kpi).is_none() {
                return Err(fail(format!("there is no KPI {:?}", row.kpi)));
            }
            row.level.parse::<Level>().map_err(fail)?;
        }
        for row in &layout.indicators.row {
            if row.target.keys().any(|year| years(year).is_none()) {
                return Err(fail("targets are given by B.E. year".to_owned()));
            }
        }
        Ok(layout)
    }
}

impl IndicatorRow {
    /// The target of a B.E. year.
    pub(super) fn target_of(&self, year: i32) -> Option<&Bilingual> {
        let holds = |text: &str| years(text).is_some_and(|years| years.contains(&year));
        self.target.iter().find(|(text, _)| holds(text)).map(|(_, words)| words)
    }
}

/// All layouts by name.
#[derive(Debug, Clone, Default)]
pub struct Layouts {
    all: BTreeMap<String, Arc<ReportLayout>>,
}

impl Layouts {
    /// The built-in layouts, with the province's own put over them.
    ///
    /// # Errors
    /// Names the file of a layout that cannot be read, and what is wrong with it.
    pub fn load(own: Option<&Overlay>, library: &Library) -> Result<Self, String> {
        let mut texts = BTreeMap::new();
        let stem =
            |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for file in CONFIG.get_dir("reports").into_iter().flat_map(include_dir::Dir::files) {
            let text = file.contents_utf8();
            let text = text.ok_or_else(|| format!("{}: no UTF-8", file.path().display()))?;
            texts.insert(stem(file.path()), text.to_owned());
        }
        let own = own.map_or_else(|| Ok(Vec::new()), Overlay::files);
        for (_, path) in own.map_err(|error| error.to_string())? {
            let text = crate::files::read_plain(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            texts.insert(stem(&path), text);
        }
        let read = |(name, text): (String, String)| {
            ReportLayout::read(&name, &text, library).map(|layout| (name, Arc::new(layout)))
        };
        Ok(Self { all: texts.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// A layout by name.
    pub fn get(&self, name: &str) -> Option<&ReportLayout> {
        self.all.get(name).map(|layout| &**layout)
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.all.keys().map(String::as_str).collect()
    }
}
