//! Charts as SVG, for people who look rather than read: a trend, what each month
//! brought, and units ranked against their target. A percentage is drawn on a
//! scale from 0 to 100, so that a bar is as long as its number says.
//!
//! Every chart has a title and a description in words, and its values stand in
//! it as text; whether a target is met is told by a sign and a pattern, not by
//! colour alone.

use rust_decimal::Decimal;
use serde::Serialize;

use super::words::{grouped, rounded};
use crate::text::{Bilingual, Lang, text};

/// What a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartShape {
    /// Points in time, joined.
    Trend,
    /// Points in time, a column each.
    Columns,
    /// Bars, each with its own label.
    Ranking,
}

/// One value of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What it is the value of.
    pub label: Bilingual,
    /// The value; none where the data cannot say.
    pub value: Option<Decimal>,
    /// Whether its target is met.
    pub met: Option<bool>,
    /// Whether it is still to grow: its time is not over, or not all have sent.
    pub unfinished: bool,
}

impl Point {
    /// A value of which no target is asked, if there is one.
    pub fn new(label: Bilingual, value: Option<Decimal>) -> Self {
        Self { label, value, met: None, unfinished: false }
    }
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// What it shows.
    pub shape: ChartShape,
    /// Its title.
    pub title: Bilingual,
    /// What its values are a number of.
    pub unit: Bilingual,
    /// Whether they are of a hundred.
    pub percent: bool,
    /// Decimal places of its values.
    pub places: u32,
    /// Its values in their order.
    pub points: Vec<Point>,
    /// The target of all of them.
    pub target: Option<Decimal>,
}

/// Decimal places of most charts' values.
pub const PLACES: u32 = 2;

/// Bars of one picture: what fits on a printed page.
const BARS: usize = 32;

/// Width of a picture, and the room for text around what is drawn.
const WIDTH: i64 = 720;
const LABELS: i64 = 240;
const VALUES: i64 = 110;
const BAR_STEP: i64 = 26;
const TOP: i64 = 40;
const TREND_LEFT: i64 = 56;
const TREND_RIGHT: i64 = 96;
const TREND_HEIGHT: i64 = 220;

/// How much of its place a column takes, and half.
const COLUMN: Decimal = Decimal::from_parts(6, 0, 0, false, 1);
const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Lines across the scale, about so many.
const STEPS: i64 = 5;

/// A picture for the template: places are in its own units, as text.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    pub template: &'static str,
    id: String,
    lang: &'static str,
    title: String,
    unit: String,
    description: String,
    width: i64,
    height: i64,
    /// Edges of what is drawn.
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
    zero: String,
    ticks: Vec<Tick>,
    target: Option<Tick>,
    items: Vec<ChartItem>,
    /// Pieces of the line; it is broken where there is no value.
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Tick {
    at: String,
    label: String,
}

#[derive(Debug, Serialize)]
struct ChartItem {
    label: String,
    value: String,
    sign: &'static str,
    state: &'static str,
    known: bool,
    unfinished: bool,
    x: String,
    y: String,
    from: String,
    length: String,
    /// How wide a column is.
    width: String,
    /// Where its value is written.
    text: String,
}

/// From values to places.
struct Scale {
    low: Decimal,
    high: Decimal,
    step: Decimal,
    /// Place of the lowest and of the highest value.
    from: Decimal,
    to: Decimal,
}

impl Scale {
    fn new(chart: &Chart, from: i64, to: i64) -> Self {
        let values = chart.points.iter().filter_map(|point| point.value).chain(chart.target);
        let end = if chart.percent { Decimal::ONE_HUNDRED } else { Decimal::ZERO };
        let (low, high) = values
            .fold((Decimal::ZERO, end), |(low, high), value| (low.min(value), high.max(value)));
        let step = step_of((high - low) / Decimal::from(STEPS));
        let low = (low / step).floor() * step;
        let high = ((high / step).ceil() * step).max(low + step);
        Self { low, high, step, from: from.into(), to: to.into() }
    }

    fn at(&self, value: Decimal) -> Decimal {
        let part = (value - self.low) / (self.high - self.low);
        self.from + (self.to - self.from) * part
    }

    fn ticks(&self) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let mut value = self.low;
        while value <= self.high {
            let label = grouped(&value.normalize().to_string());
            ticks.push(Tick { at: place(self.at(value)), label });
            value += self.step;
        }
        ticks
    }
}

/// The next of 1, 2, 5, 10, 20 … that is not below.
fn step_of(least: Decimal) -> Decimal {
    let mut unit = Decimal::new(1, PLACES);
    loop {
        for factor in [1, 2, 5] {
            let step = unit * Decimal::from(factor);
            if step >= least {
                return step;
            }
        }
        unit *= Decimal::TEN;
    }
}

fn place(at: Decimal) -> String {
    rounded(at, 1)
}

impl Chart {
    /// The pictures of it, each of them whole: a long ranking takes several.
    pub(super) fn pictures(&self, number: usize, lang: Lang) -> Vec<Picture> {
        match self.shape {
            ChartShape::Trend => vec![self.trend(format!("chart-{number}"), lang)],
            ChartShape::Columns => vec![self.columns(format!("chart-{number}"), lang)],
            ChartShape::Ranking => {
                let parts = self.points.chunks(BARS).enumerate();
                let id = |part| format!("chart-{number}-{part}");
                parts.map(|(part, points)| self.ranking(id(part), points, lang)).collect()
            }
        }
    }

    fn ranking(&self, id: String, points: &[Point], lang: Lang) -> Picture {
        let (left, right) = (LABELS, WIDTH - VALUES);
        let scale = Scale::new(self, left, right);
        let zero = scale.at(Decimal::ZERO);
        let bar = |(row, point): (usize, &Point)| {
            let end = point.value.map_or(zero, |value| scale.at(value));
            let y = Decimal::from(TOP + row as i64 * BAR_STEP);
            ChartItem {
                x: place(Decimal::from(LABELS - 8)),
                from: place(end.min(zero)),
                length: place((end - zero).abs()),
                text: place(end.max(zero) + Decimal::from(6)),
                ..self.item(point, y, lang)
            }
        };
        let bottom = TOP + points.len() as i64 * BAR_STEP;
        Picture {
            template: "ranking.xml",
            height: bottom + 28,
            bottom,
            items: points.iter().enumerate().map(bar).collect(),
            ..self.picture(id, &scale, (left, right), lang)
        }
    }

    fn trend(&self, id: String, lang: Lang) -> Picture {
        let (left, right) = (TREND_LEFT, WIDTH - TREND_RIGHT);
        let bottom = TOP + TREND_HEIGHT;
        let scale = Scale::new(self, bottom, TOP);
        let gaps = Decimal::from(self.points.len().max(2) as i64 - 1);
        let step = Decimal::from(right - left - 40) / gaps;
        let mut lines = vec![String::new()];
        let mut items = Vec::new();
        for (column, point) in self.points.iter().enumerate() {
            let x = Decimal::from(left + 20) + step * Decimal::from(column as i64);
            let y = point.value.map_or(Decimal::from(bottom), |value| scale.at(value));
            let joined = lines.last_mut().filter(|_| point.value.is_some());
            match joined {
                Some(line) => line.extend([place(x), ",".to_owned(), place(y), " ".to_owned()]),
                None => lines.push(String::new()),
            }
            let text = place(y - Decimal::from(10));
            items.push(ChartItem { x: place(x), text, ..self.item(point, y, lang) });
        }
        lines.retain(|line| line.contains(' '));
        Picture {
            template: "trend.xml",
            height: bottom + 44,
            bottom,
            items,
            lines,
            ..self.picture(id, &scale, (left, right), lang)
        }
    }

    fn columns(&self, id: String, lang: Lang) -> Picture {
        let (left, right) = (TREND_LEFT, WIDTH - TREND_RIGHT);
        let bottom = TOP + TREND_HEIGHT;
        let scale = Scale::new(self, bottom, TOP);
        let zero = scale.at(Decimal::ZERO);
        let step = Decimal::from(right - left) / Decimal::from(self.points.len().max(1) as i64);
        let column = |(at, point): (usize, &Point)| {
            let end = point.value.map_or(zero, |value| scale.at(value));
            let middle = Decimal::from(left) + step * (Decimal::from(at as i64) + HALF);
            ChartItem {
                x: place(middle),
                from: place(middle - step * COLUMN * HALF),
                width: place(step * COLUMN),
                length: place((end - zero).abs()),
                text: place(end.min(zero) - Decimal::from(6)),
                ..self.item(point, end.min(zero), lang)
            }
        };
        Picture {
            template: "columns.xml",
            height: bottom + 44,
            bottom,
            items: self.points.iter().enumerate().map(column).collect(),
            ..self.picture(id, &scale, (left, right), lang)
        }
    }

    fn told(&self, value: Decimal) -> String {
        grouped(&rounded(value, self.places))
    }

    fn picture(&self, id: String, scale: &Scale, edges: (i64, i64), lang: Lang) -> Picture {
        let target =
            self.target.map(|value| Tick { at: place(scale.at(value)), label: self.told(value) });
        Picture {
            template: "",
            id,
            lang: lang.as_str(),
            title: self.title.pick(lang).to_owned(),
            unit: self.unit.pick(lang).to_owned(),
            description: self.description(lang),
            width: WIDTH,
            height: 0,
            left: edges.0,
            right: edges.1,
            top: TOP,
            bottom: 0,
            zero: place(scale.at(Decimal::ZERO)),
            ticks: scale.ticks(),
            target,
            items: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn item(&self, point: &Point, y: Decimal, lang: Lang) -> ChartItem {
        let (state, sign) = match (point.value, point.met) {
            (None, _) => ("none", ""),
            (_, Some(true)) => ("met", "✓"),
            (_, Some(false)) => ("missed", "✗"),
            (_, None) => ("plain", ""),
        };
        ChartItem {
            label: shortened(point.label.pick(lang)),
            value: point.value.map_or_else(|| unknown(lang).to_owned(), |v| self.told(v)),
            sign,
            state,
            known: point.value.is_some(),
            unfinished: point.unfinished,
            width: String::new(),
            x: String::new(),
            y: place(y),
            from: String::new(),
            length: String::new(),
            text: String::new(),
        }
    }

    /// All that can be seen, in words.
    fn description(&self, lang: Lang) -> String {
        let values: Vec<String> = self
            .points
            .iter()
            .map(|point| {
                let label = point.label.pick(lang);
                let value = point.value.map_or_else(|| unknown(lang).to_owned(), |v| self.told(v));
                let unfinished =
                    if point.unfinished { text("report.unfinished").pick(lang) } else { "" };
                let met = match point.met {
                    Some(true) => text("report.met").pick(lang),
                    Some(false) => text("report.not_met").pick(lang),
                    None => "",
                };
                format!("{label} {value}{met}{unfinished}")
            })
            .collect();
        let target = self.target.map_or_else(String::new, |value| {
            format!("{} {}. ", text("report.target").pick(lang), self.told(value))
        });
        format!("{target}{}", values.join("; "))
    }
}

fn unknown(lang: Lang) -> &'static str {
    text("report.no_data").pick(lang)
}

/// As much of a label as there is room for; the description has it whole.
fn shortened(label: &str) -> String {
    const ROOM: usize = 38;
    if label.chars().count() <= ROOM {
        return label.to_owned();
    }
    label.chars().take(ROOM - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn steps_are_round_and_wide_enough() {
        for (least, step) in
            [("0", "0.01"), ("0.011", "0.02"), ("0.05", "0.05"), ("19.2", "20"), ("20.01", "50")]
        {
            assert_eq!(step_of(decimal(least)), decimal(step), "{least}");
        }
    }

    #[test]
    fn a_month_without_data_breaks_the_line_and_is_no_nought() {
        let point = |value: Option<&str>| Point::new(Bilingual::same("m"), value.map(decimal));
        let chart = Chart {
            shape: ChartShape::Trend,
            title: Bilingual::default(),
            unit: Bilingual::default(),
            percent: false,
            places: PLACES,
            points: vec![point(Some("1")), point(Some("2")), point(None), point(Some("0"))],
            target: None,
        };
        let picture = chart.trend("x".to_owned(), Lang::En);
        assert_eq!(picture.lines.len(), 2);
        assert_eq!(picture.lines[0].split_whitespace().count(), 2);
        assert_eq!((picture.items[2].known, picture.items[3].known), (false, true));
        assert_eq!(picture.items[2].value, "no data");
        assert_eq!(picture.items[3].value, "0.00");
    }

    #[test]
    fn a_percentage_is_as_long_as_it_says_and_the_unfinished_is_told() {
        let mut last = Point::new(Bilingual::same("u"), Some(decimal("59.70")));
        last.unfinished = true;
        let mut chart = Chart {
            shape: ChartShape::Ranking,
            title: Bilingual::default(),
            unit: Bilingual::default(),
            percent: true,
            places: PLACES,
            points: vec![Point::new(Bilingual::same("t"), Some(decimal("80.72"))), last],
            target: None,
        };
        let picture = &chart.pictures(1, Lang::En)[0];
        let whole = Decimal::from(picture.right - picture.left);
        let part = |item: &ChartItem| decimal(&item.length) * Decimal::ONE_HUNDRED / whole;
        let parts: Vec<String> = picture.items.iter().map(|i| rounded(part(i), 0)).collect();
        assert_eq!(parts, ["81", "60"]);
        assert_eq!(picture.ticks.last().unwrap().label, "100");
        chart.points[0].value = Some(decimal("120"));
        assert!(chart.pictures(1, Lang::En)[0].ticks.last().unwrap().label.as_str() > "100");

        (chart.shape, chart.percent, chart.places) = (ChartShape::Columns, false, 0);
        let picture = &chart.pictures(1, Lang::En)[0];
        assert_eq!(picture.items[0].value, "120");
        assert!(picture.items[1].unfinished && !picture.items[0].unfinished);
        assert!(
            picture.description.ends_with("u 60 (not complete yet)"),
            "{}",
            picture.description
        );
    }

    #[test]
    fn falling_values_hang_from_the_zero_line() {
        let point = |value: &str| Point {
            label: Bilingual::same("u"),
            value: Some(decimal(value)),
            met: Some(!value.starts_with('-')),
            unfinished: false,
        };
        let chart = Chart {
            shape: ChartShape::Ranking,
            title: Bilingual::default(),
            unit: Bilingual::default(),
            percent: false,
            places: PLACES,
            points: vec![point("0.30"), point("-0.10")],
            target: Some(decimal("0.25")),
        };
        let picture = &chart.pictures(1, Lang::En)[0];
        let end = |item: &ChartItem| decimal(&item.from) + decimal(&item.length);
        assert_eq!(picture.items[0].from, picture.zero);
        assert_eq!(end(&picture.items[1]), decimal(&picture.zero));
        assert!(picture.description.contains("u -0.10 (not met)"), "{}", picture.description);
    }
}
