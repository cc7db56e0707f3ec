//! A report by layout, such as that of the region on indicator 66: indicators
//! with what people write of them, then results against their targets.

use std::fmt::Display;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::document::{amount, days, decimal, in_words, label, outcome_of, point};
use super::layout::{IndicatorRow, ReportLayout, ResultRow};
use super::{Result, texts};
use crate::kpi::{
    Amount, CountingUnit, Definition, KpiResult, KpiRow, Period, PeriodDays, ValueScale,
};
use crate::report::chart::{Chart, ChartShape, PLACES, Point};
use crate::report::{Bilingual, Cell, Column, Document, Kind, Part, Prose, Table};
use crate::text::{message, message_with};

/// What a report is filled from.
#[derive(Debug, Clone)]
pub struct RegionReport<'a> {
    /// The layout.
    pub layout: &'a ReportLayout,
    /// The region.
    pub region: &'a str,
    /// The period.
    pub period: Period,
    /// Days of the period, ends included.
    pub days: PeriodDays,
    /// What each row of the results comes to.
    pub counted: Vec<RegionCounts<'a>>,
}

/// What a row of the results comes to.
#[derive(Debug, Clone)]
pub struct RegionCounts<'a> {
    /// The KPI.
    pub definition: &'a Definition,
    /// Its groups.
    pub result: KpiResult,
    /// The value of the region itself, when one was entered.
    pub of_region: Option<KpiRow>,
}

/// Fills a report in.
///
/// # Errors
/// Refused if a text of the province cannot be read or is too long.
pub fn report(filled: &RegionReport<'_>, data: &Path) -> Result<Document> {
    let layout = filled.layout;
    let mut document = Document {
        name: layout.name.clone(),
        title: filled.fill(&layout.title),
        lines: layout.lines.iter().map(|words| filled.fill(words)).collect(),
        ..Document::default()
    };
    let (table, hints) = filled.indicators(data)?;
    document.parts.push(Part::Table(table));
    document.hints = hints;
    let (table, charts) = filled.results();
    document.parts.push(Part::Table(table));
    document.parts.extend(charts.into_iter().map(Part::Chart));
    document.notes.push(message_with("export.layout_after", &[("source", &layout.source)]));
    Ok(document)
}

impl RegionReport<'_> {
    fn fill(&self, words: &Bilingual) -> Bilingual {
        let (start, end) = (self.days.start, self.days.end);
        let range = days(start, end);
        let months = months_between(start, end).to_string();
        let period = self.period_in_words();
        let fill = |text: &str, period: &str, range: &str| {
            text.replace("{period}", period)
                .replace("{range}", range)
                .replace("{months}", &months)
                .replace("{year}", &self.days.year.to_string())
                .replace("{region}", self.region)
        };
        Bilingual::new(
            fill(&words.th, &period.th, &range.th),
            fill(&words.en, &period.en, &range.en),
        )
    }

    fn period_in_words(&self) -> Bilingual {
        let name = self.period.to_string();
        let year = self.days.year;
        match name.split_once('Q') {
            Some((_, quarter)) => message_with(
                "export.quarter_of_fiscal_year",
                &[("quarter", &quarter), ("year", &year)],
            ),
            None if name.contains('-') => message_with("export.month", &[("name", &name)]),
            None => message_with("export.fiscal_year", &[("year", &year)]),
        }
    }

    /// The table of indicators, and which of its texts are still to be written.
    fn indicators(&self, data: &Path) -> Result<(Table, Vec<Bilingual>)> {
        let layout = &self.layout.indicators;
        let ids = ["indicator", "target", "success", "description"];
        let columns = ids.iter().zip(&layout.headings).map(|(id, heading)| Column {
            heading: self.fill(heading),
            ..Column::new(id, "", "", Kind::Text)
        });
        let name = format!("{}-indicators", self.layout.name);
        let mut table = Table::new(&name, self.fill(&layout.title), columns.collect());
        let mut hints = Vec::new();
        for row in &layout.row {
            let (heading, success) = self.success(row, data)?;
            if let Some(heading) = heading.filter(|_| table.rows.is_empty()) {
                table.columns[SUCCESS].heading = self.fill(&heading);
            }
            let description = self.description(row, data, &mut hints)?;
            let target = row.target_of(self.days.year);
            table.push(vec![
                Cell::Bilingual(row.indicator.clone()),
                target.map_or(Cell::Empty, |words| Cell::Bilingual(words.clone())),
                success,
                description,
            ]);
        }
        Ok((table, hints))
    }

    /// What was done, as people wrote it. Where nobody has yet, the report is
    /// empty there and the page says so above itself.
    fn description(
        &self,
        row: &IndicatorRow,
        data: &Path,
        hints: &mut Vec<Bilingual>,
    ) -> Result<Cell> {
        let (report, period) = (&self.layout.name, self.period.to_string());
        if let Some(text) = texts::read(data, report, &row.text, &period)? {
            return Ok(Cell::Prose(text));
        }
        let place = texts::place(report, &row.text, &period);
        let place = place.display();
        hints.push(message_with("export.no_text_yet_write_it_in", &[("place", &place)]));
        Ok(Cell::Empty)
    }

    /// The small success and the heading of its column: those of the texts, else
    /// those of the layout.
    fn success(&self, row: &IndicatorRow, data: &Path) -> Result<(Option<Bilingual>, Cell)> {
        let (report, period) = (&self.layout.name, self.period.to_string());
        let own = match &row.success_text {
            Some(key) => texts::read(data, report, key, &period)?,
            None => None,
        };
        if let Some(text) = own {
            let (heading, body) = headed(text.markdown());
            return Ok((heading.map(Bilingual::same), Cell::Prose(Prose::new(body))));
        }
        let ((th, body_th), (en, body_en)) = (headed(&row.success.th), headed(&row.success.en));
        let plain = |body: &str| Prose::new(body).plain();
        let heading = th.zip(en).map(|(th, en)| Bilingual::new(th, en));
        Ok((heading, Cell::Bilingual(Bilingual::new(plain(body_th), plain(body_en)))))
    }

    fn results(&self) -> (Table, Vec<Chart>) {
        let layout = &self.layout.results;
        let name = format!("{}-results", self.layout.name);
        let mut table = Table::new(&name, self.fill(&layout.title), result_columns());
        let mut charts = Vec::new();
        for (number, (row, counted)) in layout.row.iter().zip(&self.counted).enumerate() {
            let RegionCounts { definition, result, of_region } = counted;
            let rows = groups(row, counted);
            let known = rows.iter().any(|(_, row)| row.is_some());
            for (group, counted) in &rows {
                let first = [Cell::Int(number as i64 + 1), Cell::Bilingual(row.name.clone())];
                table.push(
                    [first.into(), cells(definition, result, group, counted.as_ref())].concat(),
                );
            }
            if row.chart && known && rows.len() > 1 {
                // All of them together are no group among the groups.
                let first = usize::from(row.together.is_some());
                charts.push(chart(row, definition, &rows[first..]));
            }
            if of_region.is_some() {
                table.notes.push(entered(definition));
            }
            table.notes.extend(notes(definition));
        }
        (table, charts)
    }
}

fn months_between(start: NaiveDate, end: NaiveDate) -> i32 {
    (end.year() - start.year()) * 12 + end.month() as i32 - start.month() as i32 + 1
}

fn result_columns() -> Vec<Column> {
    vec![
        Column::titled("number", message("export.no"), Kind::Int),
        Column::titled("result", message("export.result"), Kind::Text),
        Column::titled("group", message("export.group"), Kind::Text),
        Column::titled("numerator", message("export.numerator"), Kind::Int),
        Column::titled("denominator", message("export.denominator"), Kind::Int),
        Column::titled("value", message("export.value"), Kind::Decimal(2)),
        Column::titled("target", message("export.target"), Kind::Decimal(2)),
        Column::titled("unit", message("export.unit"), Kind::Text),
        Column::titled("met", message("export.outcome"), Kind::Text),
    ]
}

fn notes(definition: &Definition) -> Option<Bilingual> {
    let name = in_words(&definition.name);
    let all = definition.local_defaults.join("; ");
    (!all.is_empty()).then(|| {
        let values: [(&str, &dyn Display); 3] = [("th", &name.th), ("en", &name.en), ("all", &all)];
        message_with("export.local_default_of", &values)
    })
}

/// A group's name, and what it comes to; none where the data say nothing.
type RegionGroup = (Bilingual, Option<KpiRow>);

/// Says that a value was not computed.
fn entered(definition: &Definition) -> Bilingual {
    let name = in_words(&definition.name);
    message_with("export.entered", &[("th", &name.th), ("en", &name.en)])
}

/// Where the small success stands among the columns.
const SUCCESS: usize = 2;

/// A text whose first line may be a heading in Markdown, taken apart.
fn headed(text: &str) -> (Option<&str>, &str) {
    let text = text.trim_start();
    if !text.starts_with('#') {
        return (None, text);
    }
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    let heading = first.trim_matches(['#', ' ', '\r']);
    ((!heading.is_empty()).then_some(heading), body)
}

/// Groups that a row of the layout shows.
fn groups(row: &ResultRow, counted: &RegionCounts<'_>) -> Vec<RegionGroup> {
    let RegionCounts { definition, result, of_region } = counted;
    let find = |code: &String| result.rows.iter().find(|row| row.code == *code).cloned();
    let mut chosen: Vec<RegionGroup> = if row.only.is_empty() {
        result.rows.iter().map(|row| (label(row), Some(row.clone()))).collect()
    } else {
        row.only.iter().map(|code| (Bilingual::same(code), find(code))).collect()
    };
    let known: Vec<&KpiRow> = chosen.iter().filter_map(|(_, row)| row.as_ref()).collect();
    let can = of_region.is_some() || can_be_added_up(definition, &known);
    let all = of_region.clone().or_else(|| can.then(|| added_up(definition, &known)).flatten());
    let name = row.together.clone().unwrap_or_else(|| message("export.all"));
    let only_one = row.total || (result.not_computable.is_some() && of_region.is_none());
    if only_one && can {
        return vec![(name, all)];
    }
    if row.together.is_some() {
        chosen.insert(0, (name, all));
    }
    chosen
}

/// Persons cannot be added up, because one may be in two groups, and neither
/// can changes that were entered, whose base nobody knows.
fn can_be_added_up(definition: &Definition, rows: &[&KpiRow]) -> bool {
    let based =
        definition.scale != ValueScale::Change || rows.iter().all(|row| row.before.is_some());
    rows.len() < 2 || (definition.counts != CountingUnit::Persons && based)
}

/// Adds up groups; none without a group.
fn added_up(definition: &Definition, rows: &[&KpiRow]) -> Option<KpiRow> {
    let (first, more) = rows.split_first()?;
    let mut sum = (*first).clone();
    if more.is_empty() {
        return Some(sum);
    }
    for row in more {
        sum.numerator.add(row.numerator);
        sum.denominator.add(row.denominator);
        if let (Some(sum), Some(row)) = (&mut sum.before, &row.before) {
            sum.0.add(row.0);
            sum.1.add(row.1);
        }
        sum.not_sent = sum.not_sent.filter(|_| row.not_sent.is_some());
    }
    let factor = match definition.scale {
        ValueScale::Percent => Decimal::ONE_HUNDRED,
        ValueScale::PerThousand => Decimal::ONE_THOUSAND,
        ValueScale::Ratio | ValueScale::Mean | ValueScale::Change => Decimal::ONE,
    };
    let of = |numerator: Amount, denominator: Amount| {
        (numerator.decimal() * factor).checked_div(denominator.decimal())
    };
    let now = of(sum.numerator, sum.denominator);
    let value = if definition.scale == ValueScale::Change {
        let before = sum.before.and_then(|(numerator, denominator)| of(numerator, denominator));
        now.zip(before).map(|(now, before)| now - before)
    } else {
        now
    };
    let half_up = RoundingStrategy::MidpointAwayFromZero;
    let value = value.map(|value| value.round_dp_with_strategy(2, half_up));
    let target = decimal(sum.target.as_ref());
    sum.met = value.zip(target).map(|(value, target)| definition.meets(value, target));
    sum.value = value.map(crate::kpi::value_text);
    Some(sum)
}

fn cells(
    definition: &Definition,
    result: &KpiResult,
    group: &Bilingual,
    row: Option<&KpiRow>,
) -> Vec<Cell> {
    let unit = Cell::Bilingual(in_words(&definition.unit));
    let Some(row) = row else {
        let why = match &result.not_computable {
            Some(why) => {
                message_with("export.not_computable", &[("th", &why.text.th), ("en", &why.text.en)])
            }
            None => message("export.no_data"),
        };
        let target = definition.target_of(year_of(definition, result));
        return vec![
            Cell::Bilingual(group.clone()),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::decimal(target),
            unit,
            Cell::Bilingual(why),
        ];
    };
    vec![
        Cell::Bilingual(group.clone()),
        amount(row.numerator),
        amount(row.denominator),
        Cell::decimal(decimal(row.value.as_ref())),
        Cell::decimal(decimal(row.target.as_ref())),
        unit,
        outcome_of(row),
    ]
}

/// The year by which the target is looked up.
fn year_of(definition: &Definition, result: &KpiResult) -> i32 {
    let period: std::result::Result<Period, _> = result.period.name.parse();
    period.map_or(0, |period| period.days(definition.year).year)
}

fn chart(row: &ResultRow, definition: &Definition, rows: &[RegionGroup]) -> Chart {
    let points = rows.iter().map(|(label, row)| match row {
        Some(row) => point(label.clone(), row),
        None => Point::new(label.clone(), None),
    });
    let target = rows.iter().flat_map(|(_, row)| row).find_map(|row| decimal(row.target.as_ref()));
    Chart {
        shape: ChartShape::Ranking,
        title: row.name.clone(),
        unit: in_words(&definition.unit),
        percent: definition.scale == ValueScale::Percent,
        places: PLACES,
        points: points.collect(),
        target,
    }
}
