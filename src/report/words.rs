//! How days and numbers are written for people.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::clock::BUDDHIST_ERA;
use crate::text::{Lang, text};

/// Keys of the short names of months, January first.
const MONTHS: [&str; 12] = [
    "month.m01",
    "month.m02",
    "month.m03",
    "month.m04",
    "month.m05",
    "month.m06",
    "month.m07",
    "month.m08",
    "month.m09",
    "month.m10",
    "month.m11",
    "month.m12",
];

/// Short name of the month of a day, as it is written in dates.
pub(crate) fn month_name(day: NaiveDate, lang: Lang) -> &'static str {
    text(MONTHS[day.month0() as usize]).pick(lang)
}

/// A day as people write it; the Buddhist era in Thai.
pub fn day(day: NaiveDate, lang: Lang) -> String {
    let month = month_name(day, lang);
    match lang {
        Lang::Th => format!("{} {} {}", day.day(), month, day.year() + BUDDHIST_ERA),
        Lang::En => format!("{} {} {}", day.day(), month, day.year()),
    }
}

/// A month as people write it, with the last two digits of its year.
pub fn month(day: NaiveDate, lang: Lang) -> String {
    let name = month_name(day, lang);
    match lang {
        Lang::Th => format!("{} {:02}", name, (day.year() + BUDDHIST_ERA) % 100),
        Lang::En => format!("{} {}", name, day.year()),
    }
}

/// A whole number or a decimal with its thousands apart.
pub fn grouped(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, places) = rest.split_once('.').map_or((rest, None), |(w, p)| (w, Some(p)));
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(places) = places {
        out.push('.');
        out.push_str(places);
    }
    out
}

/// A decimal with exactly so many places, halves away from zero.
pub fn rounded(value: Decimal, places: u32) -> String {
    let away = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    let mut value = value.round_dp_with_strategy(places, away);
    value.rescale(places);
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_numbers_are_written_as_people_write_them() {
        let on = NaiveDate::from_ymd_opt(2020, 6, 30).unwrap();
        assert_eq!(day(on, Lang::Th), "30 มิ.ย. 2563");
        assert_eq!(day(on, Lang::En), "30 Jun 2020");
        assert_eq!(month(on, Lang::Th), "มิ.ย. 63");
        for (plain, apart) in
            [("0", "0"), ("999", "999"), ("-1234.50", "-1,234.50"), ("1234567", "1,234,567")]
        {
            assert_eq!(grouped(plain), apart);
        }
        for (value, shown) in [("95.585", "95.59"), ("-0.105", "-0.11"), ("3", "3.00")] {
            assert_eq!(rounded(value.parse().unwrap(), 2), shown);
        }
    }
}
