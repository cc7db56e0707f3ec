//! How days and numbers are written for people.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::clock::BUDDHIST_ERA;
use crate::text::Lang;

/// Months as they are written in dates.
pub(crate) const MONTHS_TH: [&str; 12] = [
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
];
/// The same in English.
pub(crate) const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day as people write it; the Buddhist era in Thai.
pub fn day(day: NaiveDate, lang: Lang) -> String {
    let month = day.month0() as usize;
    match lang {
        Lang::Th => format!("{} {} {}", day.day(), MONTHS_TH[month], day.year() + BUDDHIST_ERA),
        Lang::En => format!("{} {} {}", day.day(), MONTHS_EN[month], day.year()),
    }
}

/// A month as people write it, with the last two digits of its year.
pub fn month(day: NaiveDate, lang: Lang) -> String {
    let at = day.month0() as usize;
    match lang {
        Lang::Th => format!("{} {:02}", MONTHS_TH[at], (day.year() + BUDDHIST_ERA) % 100),
        Lang::En => format!("{} {}", MONTHS_EN[at], day.year()),
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
