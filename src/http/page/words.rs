//! How values are written on a page: dates in the Buddhist era, numbers with
//! thousands separators, and texts from archives made harmless.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use minijinja::State;

use crate::clock::BUDDHIST_ERA;
use crate::report;
use crate::report::words::{grouped, month_name};
use crate::text::Lang;

/// Longest value on a page, in characters; downloads have it whole.
const SHOWN_CHARS: usize = 400;

/// Makes control characters and those that change the direction of writing
/// visible, and cuts long texts.
pub(super) fn harmless(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    let mut shown = report::plain(&shown).replace('\n', "\u{fffd}");
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

fn lang(state: &State) -> Lang {
    Lang::from_code(state.lookup("lang").as_ref().and_then(|lang| lang.as_str()))
}

fn is_thai(state: &State) -> bool {
    lang(state) == Lang::Th
}

fn moment(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// A day (`YYYY-MM-DD`), or that of an RFC 3339 time, in the Buddhist era.
pub(super) fn day(state: &State, text: &str) -> String {
    let of_time = moment(text).map(|at| at.date_naive());
    let Some(at) = of_time.or_else(|| text.parse::<NaiveDate>().ok()) else {
        return text.to_owned();
    };
    let (day, year) = (at.day(), at.year() + BUDDHIST_ERA);
    let month = month_name(at, lang(state));
    if is_thai(state) {
        format!("{day} {month} {year}")
    } else {
        format!("{day} {month} {} (B.E. {year})", at.year())
    }
}

/// A month (`YYYY-MM`), in the Buddhist era.
pub(super) fn month(state: &State, text: &str) -> String {
    let Ok(at) = format!("{text}-01").parse::<NaiveDate>() else { return text.to_owned() };
    let (month, year) = (month_name(at, lang(state)), at.year() + BUDDHIST_ERA);
    if is_thai(state) {
        format!("{month} {year}")
    } else {
        format!("{month} {} (B.E. {year})", at.year())
    }
}

/// The time of day of an RFC 3339 time.
pub(super) fn time(state: &State, text: &str) -> String {
    let Some(at) = moment(text) else { return text.to_owned() };
    at.format(crate::text::text("report.clock").pick(lang(state))).to_string()
}

/// A number with thousands separators.
pub(super) fn number(number: u64) -> String {
    grouped(&number.to_string())
}

/// A number that is a text already, with thousands separators.
pub(super) fn apart(number: &str) -> String {
    grouped(number)
}

/// A period of indicators (`2557`, `2557Q4`, `2557-01`) as people say it.
pub(super) fn period(state: &State, text: &str) -> String {
    let thai = is_thai(state);
    if let Some((year, quarter)) = text.split_once('Q') {
        let word = crate::text::text("report.quarter").pick(lang(state));
        return if thai {
            format!("{word} {quarter}/{year}")
        } else {
            format!("{word}{quarter} B.E. {year}")
        };
    }
    let Some((year, rest)) = text.split_once('-') else {
        let word = crate::text::text("report.year").pick(lang(state));
        return format!("{word} {text}");
    };
    match year.parse::<i32>() {
        Ok(year) => month(state, &format!("{}-{rest}", year - BUDDHIST_ERA)),
        Err(_) => text.to_owned(),
    }
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        format!("{}.{}", number(tenths / 10), tenths % 10)
    };
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", tenths(1024)),
        1_048_576..1_073_741_824 => format!("{} MB", tenths(1 << 20)),
        _ => format!("{} GB", tenths(1 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([12, 1536, 5 << 20, 3 << 30].map(size), ["12 B", "1.5 KB", "5.0 MB", "3.0 GB"]);
    }

    #[test]
    fn periods_are_said_as_people_say_them() {
        let mut made = minijinja::Environment::new();
        made.add_filter("period", period);
        let said = |text: &str, lang: &str| {
            let page = minijinja::context! { lang, text };
            made.render_str("{{ text|period }}", page).unwrap()
        };
        for (text, th, en) in [
            ("2557Q4", "ไตรมาส 4/2557", "Q4 B.E. 2557"),
            ("2556-10", "ต.ค. 2556", "Oct 2013 (B.E. 2556)"),
            ("2557", "ปีงบประมาณ 2557", "B.E. 2557"),
            ("x-1", "x-1", "x-1"),
        ] {
            assert_eq!((said(text, "th").as_str(), said(text, "en").as_str()), (th, en));
        }
        assert_eq!(["4548", "4006.78", "0.5"].map(apart), ["4,548", "4,006.78", "0.5"]);
    }

    #[test]
    fn hostile_text_is_made_harmless() {
        let shown = harmless("a\u{202e}gpj\0.zip\n");
        assert_eq!(shown, "a\u{fffd}gpj\u{fffd}.zip\u{fffd}");
        assert_eq!(harmless(&"ก".repeat(5000)).chars().count(), SHOWN_CHARS + 1);
    }
}
