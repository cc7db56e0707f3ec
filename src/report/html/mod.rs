//! Documents as pages for people: one file that needs no other, without any
//! script, and that prints well on A4.

mod letter;

use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Output, State, Value};
use serde_json::{Value as Json, json};

use super::chart::Chart;
use super::document::{Document, Part};
use super::error::ReportError;
use super::form::Form;
use super::table::{Cell, Column, Kind, Table};
use super::words::day;
use crate::text::{Bilingual, Lang, text};

pub use letter::{Letter, letter};

/// The format.
pub(super) const FORM: Form = Form {
    name: "html",
    media_type: "text/html; charset=utf-8",
    binary: false,
    write: document,
    table: None,
};

const STYLE: &str = include_str!("document.css");

/// Templates by name; what they are given is escaped by the ending.
const TEMPLATES: [(&str, &str); 5] = [
    ("columns.xml", include_str!("columns.xml")),
    ("document.html", include_str!("document.html")),
    ("letter-page.html", include_str!("letter-page.html")),
    ("ranking.xml", include_str!("ranking.xml")),
    ("trend.xml", include_str!("trend.xml")),
];

/// More columns than these are printed across.
const UPRIGHT_COLUMNS: usize = 7;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual marks with other spacing"));
    environment.set_formatter(write_plain);
    for (name, source) in TEMPLATES {
        environment
            .add_template(name, source)
            .expect("the templates are part of the program and tested");
    }
    environment
});

/// A document as the bytes of a page.
///
/// # Errors
/// Fails if the template and the values do not fit, which is a bug.
pub fn document(
    document: &Document,
    lang: Lang,
    made: DateTime<FixedOffset>,
) -> Result<Vec<u8>, ReportError> {
    let mut charts = 0;
    let parts = document.parts.iter().map(|part| part_of(part, lang, &mut charts));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let widest = document.tables().map(|table| table.columns.len()).max().unwrap_or(0);
    let time = made.format(text("report.clock").pick(lang));
    let page = json!({
        "lang": lang.as_str(),
        "style": STYLE,
        "across": widest > UPRIGHT_COLUMNS,
        "title": document.title.pick(lang),
        "lines": picked(&document.lines, lang),
        "hints": picked(&document.hints, lang),
        "parts": parts,
        "notes": picked(&document.notes, lang),
        "made": format!("{} {time}", day(made.date_naive(), lang)),
        "version": env!("CARGO_PKG_VERSION"),
    });
    Ok(render("document.html", page)?.into_bytes())
}

/// A chart by itself, as pictures for a page of somebody else's, on which it is
/// the one with this number.
///
/// # Errors
/// Fails if the template and the values do not fit, which is a bug.
pub fn chart(chart: &Chart, number: usize, lang: Lang) -> Result<Vec<String>, ReportError> {
    let pictures = chart.pictures(number, lang).into_iter();
    let pictures = pictures.map(|picture| render(picture.template, picture));
    Ok(pictures.collect::<Result<_, _>>()?)
}

fn render(name: &str, page: impl serde::Serialize) -> Result<String, minijinja::Error> {
    ENVIRONMENT.get_template(name)?.render(Value::from(Serde(page)))
}

fn picked(words: &[Bilingual], lang: Lang) -> Vec<&str> {
    words.iter().map(|words| words.pick(lang)).collect()
}

fn part_of(part: &Part, lang: Lang, charts: &mut usize) -> Result<Json, minijinja::Error> {
    Ok(match part {
        Part::Table(table) => json!({ "table": table_of(table, lang) }),
        Part::Prose(prose) => json!({ "prose": prose.html() }),
        Part::Chart(chart) => {
            *charts += 1;
            let pictures = chart.pictures(*charts, lang).into_iter();
            let pictures = pictures.map(|picture| render(picture.template, picture));
            let pictures = pictures.collect::<Result<Vec<_>, _>>()?;
            json!({
                "title": chart.title.pick(lang), "unit": chart.unit.pick(lang),
                "pictures": pictures,
            })
        }
    })
}

fn table_of(table: &Table, lang: Lang) -> Json {
    let columns: Vec<Json> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "heading": column.heading.pick(lang), "number": column.kind.is_number(),
                "unit": column.unit.as_ref().map(|unit| unit.pick(lang)),
            })
        })
        .collect();
    let rows = |rows: &[Vec<Cell>]| -> Vec<Vec<Json>> {
        let cells = |row: &Vec<Cell>| {
            let pairs = table.columns.iter().zip(row);
            pairs.map(|(column, cell)| cell_of(column, cell, lang)).collect()
        };
        rows.iter().map(cells).collect()
    };
    json!({
        "title": table.title.pick(lang), "columns": columns, "rows": rows(&table.rows),
        "totals": rows(&table.totals), "notes": picked(&table.notes, lang),
    })
}

fn cell_of(column: &Column, cell: &Cell, lang: Lang) -> Json {
    if let Cell::Prose(prose) = cell {
        return json!({ "html": prose.html(), "class": "" });
    }
    let class = match (cell.is_value(), column.kind) {
        (true, Kind::Date) => "",
        (true, _) => "n",
        (false, kind) if kind.is_number() && *cell == Cell::Empty => "n",
        (false, _) => "words",
    };
    json!({ "text": cell.shown(column.kind, lang), "class": class })
}

/// Writes a value escaped. Control characters and those that turn the
/// direction of writing become visible: names come from archives.
fn write_plain(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = |c: char| (c.is_control() && c != '\n') || turns(c);
    match value.as_str().filter(|text| !value.is_safe() && text.contains(hidden)) {
        Some(text) => {
            let text = text.replace(hidden, "\u{fffd}");
            minijinja::escape_formatter(out, state, &Value::from(text))
        }
        None => minijinja::escape_formatter(out, state, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at_bangkok;
    use crate::report::chart::{ChartShape, Point};

    #[test]
    fn values_cannot_act_in_a_page() {
        let bad = "</td><script>alert(1)</script>\u{202e}\u{7}\"'&";
        let words = Bilingual::same(bad);
        let mut table = Table::new(
            "t",
            words.clone(),
            vec![Column {
                id: bad.to_owned(),
                heading: words.clone(),
                unit: Some(words.clone()),
                kind: Kind::Int,
            }],
        );
        table.push(vec![Cell::text(bad)]);
        table.notes.push(words.clone());
        let point = Point::new(words.clone(), None);
        let chart = |shape| {
            Part::Chart(Chart {
                shape,
                title: words.clone(),
                unit: words.clone(),
                percent: false,
                places: 2,
                points: vec![point.clone()],
                target: None,
            })
        };
        let document_of = Document {
            name: "d".to_owned(),
            title: words.clone(),
            lines: vec![words.clone()],
            parts: vec![Part::Table(table), chart(ChartShape::Trend), chart(ChartShape::Ranking)],
            notes: vec![words.clone()],
            hints: vec![words.clone()],
        };
        let made = at_bangkok(chrono::NaiveDate::from_ymd_opt(2020, 7, 1).unwrap().into());
        let page = String::from_utf8(document(&document_of, Lang::Th, made).unwrap()).unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{7}'));
        assert!(page.matches("&lt;script&gt;").count() >= 8, "{page}");
        for outside in ["http://", "https://", "src=", "@import"] {
            let found = page.replace("http://www.w3.org/2000/svg", "").contains(outside);
            assert!(!found, "the page names {outside}");
        }
    }
}
