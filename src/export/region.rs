//! A report by layout, such as that of the region on indicator 66: indicators
//! with what people write of them, then results against their targets.

use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::document::{amount, days, decimal, in_words, label, outcome, point};
use super::layout::{IndicatorRow, Layout, ResultRow};
use super::{Result, texts};
use crate::kpi::{Counts, Days, Definition, KpiResult, KpiRow, Period, Scale};
use crate::report::chart::{Chart, Shape};
use crate::report::{Cell, Column, Document, Kind, Part, Prose, Table, Words};

/// What a report is filled from.
#[derive(Debug, Clone)]
pub struct RegionReport<'a> {
    /// The layout.
    pub layout: &'a Layout,
    /// The region.
    pub region: &'a str,
    /// The period.
    pub period: Period,
    /// Its days.
    pub days: Days,
    /// What each row of the results comes to.
    pub counted: Vec<(&'a Definition, KpiResult)>,
}

/// Fills a report in.
pub fn report(filled: &RegionReport<'_>, data: &Path) -> Result<Document> {
    let layout = filled.layout;
    let mut document = Document {
        name: layout.name.clone(),
        title: filled.fill(&layout.title),
        lines: layout.lines.iter().map(|words| filled.fill(words)).collect(),
        ..Document::default()
    };
    document.parts.push(Part::Table(filled.indicators(data)?));
    let (table, charts) = filled.results();
    document.parts.push(Part::Table(table));
    document.parts.extend(charts.into_iter().map(Part::Chart));
    document.notes.push(Words::new(
        format!("ที่มาของรูปแบบ: {}", layout.source),
        format!("layout after: {}", layout.source),
    ));
    Ok(document)
}

impl RegionReport<'_> {
    fn fill(&self, words: &Words) -> Words {
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
        Words::new(fill(&words.th, &period.th, &range.th), fill(&words.en, &period.en, &range.en))
    }

    fn period_in_words(&self) -> Words {
        let name = self.period.to_string();
        let year = self.days.year;
        match name.split_once('Q') {
            Some((_, quarter)) => Words::new(
                format!("ไตรมาส {quarter} ปีงบประมาณ พ.ศ. {year}"),
                format!("quarter {quarter} of fiscal year {year}"),
            ),
            None if name.contains('-') => {
                Words::new(format!("เดือน {name}"), format!("month {name}"))
            }
            None => Words::new(format!("ปีงบประมาณ พ.ศ. {year}"), format!("fiscal year {year}")),
        }
    }

    fn indicators(&self, data: &Path) -> Result<Table> {
        let layout = &self.layout.indicators;
        let ids = ["indicator", "target", "success", "description"];
        let columns = ids.iter().zip(&layout.headings).map(|(id, heading)| Column {
            heading: self.fill(heading),
            ..Column::new(id, "", "", Kind::Text)
        });
        let name = format!("{}-indicators", self.layout.name);
        let mut table = Table::new(&name, self.fill(&layout.title), columns.collect());
        for row in &layout.row {
            let cells = self.indicator(row, data)?;
            table.push(cells);
        }
        Ok(table)
    }

    fn indicator(&self, row: &IndicatorRow, data: &Path) -> Result<Vec<Cell>> {
        let (report, period) = (&self.layout.name, self.period.to_string());
        let description = match texts::read(data, report, &row.text, &period)? {
            Some(text) => Cell::Prose(text),
            None => {
                let place = texts::place(report, &row.text, &period);
                let place = place.display();
                Cell::Words(Words::new(
                    format!("(ยังไม่มีข้อความ: เขียนเป็น Markdown ไว้ที่ {place} ในโฟลเดอร์ข้อมูล)"),
                    format!("(no text yet: write it in Markdown at {place} in the data folder)"),
                ))
            }
        };
        let target = row.target_of(self.days.year);
        Ok(vec![
            Cell::Words(row.indicator.clone()),
            target.map_or(Cell::Empty, |words| Cell::Words(words.clone())),
            Cell::Words(Words::new(
                Prose::new(&row.success.th).plain(),
                Prose::new(&row.success.en).plain(),
            )),
            description,
        ])
    }

    fn results(&self) -> (Table, Vec<Chart>) {
        let layout = &self.layout.results;
        let name = format!("{}-results", self.layout.name);
        let mut table = Table::new(&name, self.fill(&layout.title), result_columns());
        let mut charts = Vec::new();
        for (number, (row, (definition, result))) in
            layout.row.iter().zip(&self.counted).enumerate()
        {
            let rows = groups(row, definition, result);
            let known = rows.iter().any(|(_, row)| row.is_some());
            for (group, counted) in &rows {
                let first = [Cell::Int(number as i64 + 1), Cell::Words(row.name.clone())];
                table.push(
                    [first.into(), cells(definition, result, group, counted.as_ref())].concat(),
                );
            }
            if row.chart && known && rows.len() > 1 {
                charts.push(chart(row, definition, &rows));
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
        Column::new("number", "ลำดับ", "No.", Kind::Int),
        Column::new("result", "ผลการดำเนินงาน", "Result", Kind::Text),
        Column::new("group", "กลุ่ม", "Group", Kind::Text),
        Column::new("numerator", "ตัวตั้ง", "Numerator", Kind::Int),
        Column::new("denominator", "ตัวหาร", "Denominator", Kind::Int),
        Column::new("value", "ผลงาน", "Value", Kind::Decimal(2)),
        Column::new("target", "เป้าหมาย", "Target", Kind::Decimal(2)),
        Column::new("unit", "หน่วยนับ", "Unit", Kind::Text),
        Column::new("met", "ผล", "Outcome", Kind::Text),
    ]
}

fn notes(definition: &Definition) -> Option<Words> {
    let name = in_words(&definition.name);
    let all = definition.local_defaults.join("; ");
    (!all.is_empty()).then(|| {
        Words::new(
            format!("{}: ค่าที่กำหนดเอง (local default): {all}", name.th),
            format!("{}: local default: {all}", name.en),
        )
    })
}

/// A group's name, and what it comes to; none where the data say nothing.
type Group = (Words, Option<KpiRow>);

/// Groups that a row of the layout shows.
fn groups(row: &ResultRow, definition: &Definition, result: &KpiResult) -> Vec<Group> {
    let find = |code: &String| result.rows.iter().find(|row| row.code == *code).cloned();
    let chosen: Vec<Group> = if row.only.is_empty() {
        result.rows.iter().map(|row| (label(row), Some(row.clone()))).collect()
    } else {
        row.only.iter().map(|code| (Words::same(code), find(code))).collect()
    };
    let known: Vec<&KpiRow> = chosen.iter().filter_map(|(_, row)| row.as_ref()).collect();
    let together = row.total || result.not_computable.is_some();
    if together && can_be_added_up(definition, known.len()) {
        return vec![(Words::new("รวม", "all"), added_up(definition, &known))];
    }
    chosen
}

/// Persons cannot be added up, because one may be in two groups, and neither
/// can changes, whose base is not among what was counted.
fn can_be_added_up(definition: &Definition, rows: usize) -> bool {
    rows < 2 || (definition.counts != Counts::Persons && definition.scale != Scale::Change)
}

/// Groups together; nothing when there is none.
fn added_up(definition: &Definition, rows: &[&KpiRow]) -> Option<KpiRow> {
    let (first, more) = rows.split_first()?;
    let mut sum = (*first).clone();
    if more.is_empty() {
        return Some(sum);
    }
    for row in more {
        sum.numerator.add(row.numerator);
        sum.denominator.add(row.denominator);
    }
    let factor = match definition.scale {
        Scale::Percent => Decimal::ONE_HUNDRED,
        Scale::PerThousand => Decimal::ONE_THOUSAND,
        Scale::Ratio | Scale::Mean | Scale::Change => Decimal::ONE,
    };
    let value = (sum.numerator.decimal() * factor).checked_div(sum.denominator.decimal());
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
    group: &Words,
    row: Option<&KpiRow>,
) -> Vec<Cell> {
    let unit = Cell::Words(in_words(&definition.unit));
    let Some(row) = row else {
        let why = match &result.not_computable {
            Some(why) => Words::new(
                format!("คำนวณไม่ได้: {}", why.text.th),
                format!("not computable: {}", why.text.en),
            ),
            None => Words::new("ไม่มีข้อมูล", "no data"),
        };
        let target = definition.target_of(year_of(definition, result));
        return vec![
            Cell::Words(group.clone()),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::decimal(target),
            unit,
            Cell::Words(why),
        ];
    };
    vec![
        Cell::Words(group.clone()),
        amount(row.numerator),
        amount(row.denominator),
        Cell::decimal(decimal(row.value.as_ref())),
        Cell::decimal(decimal(row.target.as_ref())),
        unit,
        outcome(row.met),
    ]
}

/// The year by which the target is looked up.
fn year_of(definition: &Definition, result: &KpiResult) -> i32 {
    let period: std::result::Result<Period, _> = result.period.name.parse();
    period.map_or(0, |period| period.days(definition.year).year)
}

fn chart(row: &ResultRow, definition: &Definition, rows: &[Group]) -> Chart {
    let points = rows.iter().map(|(label, row)| match row {
        Some(row) => point(label.clone(), row),
        None => crate::report::chart::Point { label: label.clone(), value: None, met: None },
    });
    let target = rows.iter().flat_map(|(_, row)| row).find_map(|row| decimal(row.target.as_ref()));
    Chart {
        shape: Shape::Ranking,
        title: row.name.clone(),
        unit: in_words(&definition.unit),
        points: points.collect(),
        target,
    }
}
