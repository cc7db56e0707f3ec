//! A small line chart without axes beside a number. Its values are also given
//! in words, so it is hidden from screen readers.

use rust_decimal::Decimal;
use serde::Serialize;

/// Width and height, in the picture's own units.
const WIDTH: i64 = 120;
const HEIGHT: i64 = 32;
/// Room for the dots at the edges.
const EDGE: i64 = 4;

/// A line for the template.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Spark {
    /// Its segments: it is broken where there is no value.
    lines: Vec<String>,
    /// Position of the last value.
    last: Option<(String, String)>,
    /// Values as text.
    values: Vec<Option<String>>,
}

/// A line of values in their order; none of fewer than two. Percentages are
/// drawn from 0 to 100, so that lines beside each other can be compared.
pub fn line(values: &[Option<String>], percent: bool) -> Option<Spark> {
    let known = |value: &Option<String>| value.as_ref().and_then(|v| v.parse::<Decimal>().ok());
    let numbers: Vec<Option<Decimal>> = values.iter().map(known).collect();
    let there: Vec<Decimal> = numbers.iter().flatten().copied().collect();
    let ends = [Decimal::ZERO, Decimal::ONE_HUNDRED];
    let ends = if percent { &ends[..] } else { &[] };
    let (low, high) = (there.iter().chain(ends).min()?, there.iter().chain(ends).max()?);
    if there.len() < 2 {
        return None;
    }
    let range = if high == low { Decimal::ONE } else { high - low };
    let step = Decimal::from(WIDTH - 2 * EDGE) / Decimal::from(numbers.len() as i64 - 1);
    let place = |at: usize, value: Decimal| {
        let x = Decimal::from(EDGE) + step * Decimal::from(at as i64);
        let y =
            Decimal::from(HEIGHT - EDGE) - (value - low) / range * Decimal::from(HEIGHT - 2 * EDGE);
        (x.round_dp(1).normalize().to_string(), y.round_dp(1).normalize().to_string())
    };
    let (mut lines, mut last) = (vec![String::new()], None);
    for (at, value) in numbers.iter().enumerate() {
        match value {
            Some(value) => {
                let (x, y) = place(at, *value);
                if let Some(line) = lines.last_mut() {
                    line.extend([x.as_str(), ",", y.as_str(), " "]);
                }
                last = Some((x, y));
            }
            None => lines.push(String::new()),
        }
    }
    lines.retain(|line| line.contains(' '));
    Some(Spark { lines, last, values: values.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_from_edge_to_edge_and_breaks_where_nothing_is_known() {
        let text = |values: &[&str]| -> Vec<Option<String>> {
            values.iter().map(|v| (!v.is_empty()).then(|| (*v).to_owned())).collect()
        };
        let spark = line(&text(&["0.00", "50.00", "", "100.00"]), false).unwrap();
        let flat = line(&text(&["50.00", "50.10"]), true).unwrap();
        assert_eq!(flat.lines, ["4,16 116,16 "], "a tenth of a percent is no steep line");
        assert_eq!(spark.lines.len(), 2);
        assert!(spark.lines[0].starts_with("4,28 "), "{:?}", spark.lines);
        assert_eq!(spark.last, Some(("116".to_owned(), "4".to_owned())));
        assert_eq!(line(&text(&["", "1.00"]), true), None);
        assert!(line(&text(&["7.00", "7.00"]), false).is_some());
    }
}
