//! KPIs as a document: a table for each, its groups ranked against the
//! target, and its months.

use std::cmp::Reverse;
use std::fmt::Display;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::kpi::{Amount, Definition, Direction, KpiResult, KpiRow, ValueScale};
use crate::report::chart::{Chart, ChartShape, PLACES, Point};
use crate::report::{Bilingual, Cell, Column, Document, Kind, Lang, Part, Table, words};
use crate::text::{message, message_with};

/// A KPI with what was counted.
#[derive(Debug, Clone)]
pub struct KpiPage<'a> {
    /// The KPI.
    pub definition: &'a Definition,
    /// What it comes to.
    pub result: KpiResult,
    /// What each month came to, by its first day.
    pub months: Vec<(NaiveDate, KpiResult)>,
}

/// A text of the KPI engine.
pub(super) fn in_words(names: &Bilingual) -> Bilingual {
    Bilingual::new(&names.th, &names.en)
}

/// A value as the engine tells it.
pub(super) fn decimal(text: Option<&String>) -> Option<Decimal> {
    text.and_then(|text| text.parse().ok())
}

/// Days as people write them.
pub(super) fn days(start: NaiveDate, end: NaiveDate) -> Bilingual {
    let told = |lang| format!("{} – {}", words::day(start, lang), words::day(end, lang));
    Bilingual::new(told(Lang::Th), told(Lang::En))
}

/// A document of these KPIs.
pub fn page_of(pages: &[KpiPage<'_>]) -> Document {
    let title = match pages {
        [one] => in_words(&one.definition.name),
        _ => message("export.key_performance_indicators"),
    };
    let mut document = Document { name: "kpi".to_owned(), title, ..Document::default() };
    for page in pages {
        document.parts.push(Part::Table(page.table()));
        if page.result.rows.len() > 1 {
            document.parts.push(Part::Chart(page.ranking()));
        }
        document.parts.extend(page.trends().into_iter().map(Part::Chart));
    }
    document
}

/// Columns of every KPI's table.
fn columns(definition: &Definition) -> Vec<Column> {
    let mut value = Column::titled("value", message("export.value"), Kind::Decimal(2));
    value.unit = Some(in_words(&definition.unit));
    vec![
        Column::titled("code", message("export.code"), Kind::Text),
        Column::titled("name", message("export.name"), Kind::Text),
        Column::titled("numerator", message("export.numerator"), Kind::Int),
        Column::titled("denominator", message("export.denominator"), Kind::Int),
        value,
        Column::titled("target", message("export.target"), Kind::Decimal(2)),
        Column::titled("met", message("export.outcome"), Kind::Text),
    ]
}

/// A count as a whole number, a sum with decimals as it is.
pub(super) fn amount(amount: Amount) -> Cell {
    match amount.to_string().parse() {
        Ok(whole) => Cell::Int(whole),
        Err(_) => Cell::Decimal(amount.decimal().normalize()),
    }
}

/// Whether a target is met, in words: a sign alone is not read aloud.
pub(super) fn outcome(met: Option<bool>) -> Cell {
    match met {
        Some(true) => Cell::Bilingual(message("export.met")),
        Some(false) => Cell::Bilingual(message("export.not_met")),
        None => Cell::Empty,
    }
}

/// Whether a group met its target, or what it did not send.
pub(super) fn outcome_of(row: &KpiRow) -> Cell {
    match (&row.not_sent, &row.value) {
        (Some(why), None) => Cell::Bilingual(in_words(&why.text)),
        _ => outcome(row.met),
    }
}

impl KpiPage<'_> {
    fn table(&self) -> Table {
        let (definition, result) = (self.definition, &self.result);
        let span = &result.period;
        let (name, days) = (in_words(&definition.name), days(span.start, span.end));
        let title = Bilingual::new(
            format!("{} {} ({})", name.th, span.name, days.th),
            format!("{} {} ({})", name.en, span.name, days.en),
        );
        let mut table = Table::new(&definition.id, title, columns(definition));
        for row in &result.rows {
            table.push(vec![
                Cell::text(&row.code),
                Cell::text(&row.name),
                amount(row.numerator),
                amount(row.denominator),
                Cell::decimal(decimal(row.value.as_ref())),
                Cell::decimal(decimal(row.target.as_ref())),
                outcome_of(row),
            ]);
        }
        table.notes = self.notes();
        table
    }

    fn notes(&self) -> Vec<Bilingual> {
        let (definition, result) = (self.definition, &self.result);
        let mut notes = Vec::new();
        if let Some(why) = &result.not_computable {
            let values: [(&str, &dyn Display); 2] = [("th", &why.text.th), ("en", &why.text.en)];
            notes.push(message_with("export.not_computable", &values));
        }
        for (reason, count) in &result.excluded {
            let text =
                definition.exclusions.get(reason).map_or_else(|| Bilingual::same(reason), in_words);
            let values: [(&str, &dyn Display); 3] =
                [("count", count), ("th", &text.th), ("en", &text.en)];
            notes.push(message_with("export.not_counted", &values));
        }
        notes.push(message_with("export.source", &[("source", &definition.source)]));
        if !definition.local_defaults.is_empty() {
            let all = definition.local_defaults.join("; ");
            notes.push(message_with("export.local_default", &[("all", &all)]));
        }
        notes
    }

    /// Groups from the best to the worst; those without a value last.
    fn ranking(&self) -> Chart {
        let mut rows: Vec<&KpiRow> = self.result.rows.iter().collect();
        let value = |row: &KpiRow| decimal(row.value.as_ref());
        rows.sort_by_key(|row| match self.definition.direction {
            Direction::Up => (value(row).is_none(), Reverse(value(row)), None),
            Direction::Down => (value(row).is_none(), Reverse(None), value(row)),
        });
        let name = in_words(&self.definition.name);
        let target = self.result.rows.iter().find_map(|row| decimal(row.target.as_ref()));
        let key = match target {
            Some(_) => "export.ranked_against_the_target",
            None => "export.ranked",
        };
        Chart {
            shape: ChartShape::Ranking,
            title: message_with(key, &[("th", &name.th), ("en", &name.en)]),
            unit: in_words(&self.definition.unit),
            percent: self.definition.scale == ValueScale::Percent,
            places: PLACES,
            points: rows.into_iter().map(|row| point(label(row), row)).collect(),
            target,
        }
    }

    /// Months of each group at the level at which they were counted.
    fn trends(&self) -> Vec<Chart> {
        let mut codes: Vec<&str> = Vec::new();
        for row in self.months.iter().flat_map(|(_, month)| &month.rows) {
            if !codes.contains(&row.code.as_str()) {
                codes.push(&row.code);
            }
        }
        codes.into_iter().map(|code| self.trend(code)).collect()
    }

    fn trend(&self, code: &str) -> Chart {
        let of = |result: &KpiResult| result.rows.iter().find(|row| row.code == code).cloned();
        let points = self.months.iter().map(|(first, result)| {
            let label =
                Bilingual::new(words::month(*first, Lang::Th), words::month(*first, Lang::En));
            let unknown = Point::new(label.clone(), None);
            // A month's own value is not held against the target of the year.
            of(result).map_or(unknown, |row| Point { met: None, ..point(label, &row) })
        });
        let name = in_words(&self.definition.name);
        Chart {
            shape: ChartShape::Trend,
            title: message_with(
                "export.by_month",
                &[("th", &name.th), ("en", &name.en), ("code", &code)],
            ),
            unit: in_words(&self.definition.unit),
            percent: self.definition.scale == ValueScale::Percent,
            places: PLACES,
            points: points.collect(),
            target: self.result.rows.iter().find_map(|row| decimal(row.target.as_ref())),
        }
    }
}

pub(super) fn label(row: &KpiRow) -> Bilingual {
    Bilingual::same(if row.name.is_empty() { &row.code } else { &row.name })
}

pub(super) fn point(label: Bilingual, row: &KpiRow) -> Point {
    Point { met: row.met, ..Point::new(label, decimal(row.value.as_ref())) }
}
