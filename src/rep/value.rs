//! Values as people and spreadsheet programs write them: days of either era,
//! amounts, numbers that lost their leading zeros.

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::clock::{BUDDHIST_ERA, FIRST_BUDDHIST_YEAR};

/// How a day is written: `YYYY` a year C.E., `BBBB` one B.E., `mm` and `dd`
/// with one digit or two where something stands between them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DayForm {
    parts: Vec<DayPart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayPart {
    Year,
    BuddhistYear,
    Month,
    Day,
    Between(char),
}

impl TryFrom<String> for DayForm {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let known = [
                ("YYYY", DayPart::Year),
                ("BBBB", DayPart::BuddhistYear),
                ("MM", DayPart::Month),
                ("mm", DayPart::Month),
                ("DD", DayPart::Day),
                ("dd", DayPart::Day),
            ];
            let (part, length) = match known.iter().find(|(word, _)| rest.starts_with(word)) {
                Some((word, part)) => (*part, word.len()),
                None if first.is_ascii_punctuation() => (DayPart::Between(first), 1),
                None => return Err(format!("no form of a day: {text}")),
            };
            parts.push(part);
            rest = &rest[length..];
        }
        let count = |wanted: &[DayPart]| parts.iter().filter(|part| wanted.contains(part)).count();
        let once =
            [&[DayPart::Year, DayPart::BuddhistYear][..], &[DayPart::Month], &[DayPart::Day]];
        if once.iter().any(|wanted| count(wanted) != 1) {
            return Err(format!("no form of a day: {text}"));
        }
        Ok(Self { parts })
    }
}

impl DayForm {
    /// Reads a day (`YYYYMMDD`, C.E.). A year of 2400 or more is B.E. whatever
    /// the form says: nobody sends rows of that future.
    pub fn read(&self, text: &str) -> Option<i64> {
        let (mut year, mut month, mut day) = (0_i32, 0_u32, 0_u32);
        let mut rest = text;
        let apart = self.parts.iter().any(|part| matches!(part, DayPart::Between(_)));
        for part in &self.parts {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let length = match part {
                DayPart::Between(between) => {
                    rest = rest.strip_prefix(*between)?;
                    continue;
                }
                DayPart::Year | DayPart::BuddhistYear => 4,
                DayPart::Month | DayPart::Day if apart => digits.min(2),
                DayPart::Month | DayPart::Day => 2,
            };
            let number: u32 = rest.get(..length)?.parse().ok()?;
            match part {
                DayPart::Month => month = number,
                DayPart::Day => day = number,
                _ => year = number as i32,
            }
            rest = &rest[length..];
        }
        let buddhist = self.parts.contains(&DayPart::BuddhistYear) || year >= FIRST_BUDDHIST_YEAR;
        let year = if buddhist { year - BUDDHIST_ERA } else { year };
        let whole = rest.is_empty() && (1900..FIRST_BUDDHIST_YEAR).contains(&year);
        let found = NaiveDate::from_ymd_opt(year, month, day).filter(|_| whole)?;
        Some(i64::from(found.year()) * 10_000 + i64::from(found.month() * 100 + found.day()))
    }
}

/// A text without spaces around it, Thai digits as digits, and what programs
/// leave between letters that nobody sees taken out.
pub fn tidy(text: &str) -> String {
    let seen = |c: &char| !matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}');
    let plain = |c: char| match c {
        // Thai digits, from nought to nine.
        '\u{e50}'..='\u{e59}' => char::from(b'0' + (c as u32 - 0xe50) as u8),
        '\u{a0}' => ' ',
        c => c,
    };
    let text: String = text.chars().filter(seen).map(plain).collect();
    text.trim().to_owned()
}

/// A name of a header as names are compared: in capitals, without quotes and
/// spaces, which stand where a cell was too narrow.
pub fn heading(text: &str) -> String {
    let text = tidy(&text.replace('"', " ")).to_uppercase();
    text.split_whitespace().collect()
}

/// A code of known width that a spreadsheet program took for a number has its
/// leading zeros back; anything else is left as it is.
pub fn widened(text: &str, width: usize) -> String {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() < width { format!("{text:0>width$}") } else { text.to_owned() }
}

/// An exact number in hundredths: commas between thousands are allowed, more
/// than two decimals are not.
pub fn hundredths(text: &str) -> Option<i64> {
    let plain = text.replace(',', "");
    let value: Decimal = plain.parse().ok()?;
    let scaled = value.checked_mul(Decimal::ONE_HUNDRED)?;
    if !scaled.is_integer() {
        return None;
    }
    i64::try_from(scaled.trunc()).ok()
}

/// A number of a cell as it is meant: whole ones without decimals, others
/// without the noise of binary fractions.
pub fn of_cell(number: f64) -> String {
    if !number.is_finite() {
        return String::new();
    }
    let text = format!("{number:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(form: &str, text: &str) -> Option<i64> {
        DayForm::try_from(form.to_owned()).unwrap().read(text)
    }

    #[test]
    fn days_are_read_in_either_era() {
        let table = [
            ("YYYYMMDD", "20140110", Some(20_140_110)),
            ("YYYYMMDD", "25570110", Some(20_140_110)),
            ("YYYYMMDD", "2014011", None),
            ("YYYYMMDD", "20140230", None),
            ("dd/mm/BBBB", "10/01/2557", Some(20_140_110)),
            ("dd/mm/BBBB", "1/2/2557", Some(20_140_201)),
            ("dd/mm/BBBB", "29/02/2555", Some(20_120_229)),
            ("dd/mm/BBBB", "29/02/2556", None),
            ("dd/mm/BBBB", "10/01/2557 08:00", None),
            ("dd/mm/BBBB", "10/01/2014", None),
            ("dd/mm/YYYY", "10/01/2014", Some(20_140_110)),
            ("YYYY-MM-DD", "2014-01-10", Some(20_140_110)),
        ];
        for (form, text, wanted) in table {
            assert_eq!(day(form, text), wanted, "{form} {text}");
        }
        for form in ["", "YYYY", "dd/mm", "YYYYBBBBMMDD", "dd mm YYYY", "ddddmmYYYY"] {
            assert!(DayForm::try_from(form.to_owned()).is_err(), "{form}");
        }
    }

    #[test]
    fn numbers_of_cells_are_what_was_meant() {
        let table = [
            (4001.0, "4001"),
            (0.1 + 0.2, "0.3"),
            (-0.0, "0"),
            (12.5, "12.5"),
            (1e15, "1000000000000000"),
        ];
        for (number, wanted) in table {
            assert_eq!(of_cell(number), wanted);
        }
        assert_eq!(widened("4001", 5), "04001");
        assert_eq!(widened("A001", 5), "A001");
        assert_eq!(tidy("\u{feff} ๒๕๕๗\u{a0}"), "2557");
        let amounts = [
            ("1,234.50", Some(123_450)),
            ("-12", Some(-1200)),
            ("0.005", None),
            ("12.500", Some(1250)),
            ("", None),
            ("x", None),
            ("99999999999999999999", None),
        ];
        for (text, wanted) in amounts {
            assert_eq!(hundredths(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_is_read_back(days in 0_u64..80_000) {
            let date = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + chrono::Days::new(days);
            let wanted: i64 = date.format("%Y%m%d").to_string().parse().unwrap();
            let buddhist = format!("{}/{}/{}", date.day(), date.month(), date.year() + BUDDHIST_ERA);
            prop_assert_eq!(day("dd/mm/BBBB", &buddhist), Some(wanted));
            prop_assert_eq!(day("YYYYMMDD", &date.format("%Y%m%d").to_string()), Some(wanted));
        }

        #[test]
        fn nothing_breaks_the_readers(text in ".{0,14}") {
            for form in ["YYYYMMDD", "dd/mm/BBBB"] {
                let _ = day(form, &text);
            }
            let _ = (hundredths(&text), widened(&text, 5), tidy(&text));
        }
    }
}
