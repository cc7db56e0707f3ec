//! Texts in two languages, and how days and numbers are written for people.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::clock::BUDDHIST_ERA;

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

/// Language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Thai, the first language here.
    #[default]
    Th,
    /// English.
    En,
}

impl Lang {
    /// Thai unless it is `en`.
    pub fn of(text: Option<&str>) -> Self {
        if text == Some("en") { Self::En } else { Self::Th }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Th => Self::En,
            Self::En => Self::Th,
        }
    }

    /// As written in HTML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Th => "th",
            Self::En => "en",
        }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Thai.
    pub th: String,
    /// English.
    pub en: String,
}

impl Words {
    /// A text in both languages.
    pub fn new(th: impl Into<String>, en: impl Into<String>) -> Self {
        Self { th: th.into(), en: en.into() }
    }

    /// A text that is the same in both: a name, a code.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { th: text.clone(), en: text }
    }

    /// The text in a language.
    pub fn pick(&self, lang: Lang) -> &str {
        match lang {
            Lang::Th => &self.th,
            Lang::En => &self.en,
        }
    }
}

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
