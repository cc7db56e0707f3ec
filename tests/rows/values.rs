//! Values read naively, by the dictionary's own words.

use khlang::catalog::Type;

/// Lists that are not there, and what their codes look like: digits or
/// letters too, from so many to so many.
pub const CODES: &[(&str, bool, usize, usize)] = &[
    ("ext:clinic", true, 1, 5),
    ("ext:drugunit", true, 1, 3),
    ("ext:chargelist", true, 1, 6),
    ("ext:prename", true, 1, 3),
    ("ext:nation", true, 1, 3),
    ("ext:occupation", true, 1, 4),
    ("ext:syndrome", true, 1, 4),
    ("code506", true, 2, 2),
    ("ext:hospcode", false, 5, 5),
    ("ext:hospcode9", false, 5, 9),
    ("ext:icf", false, 1, 6),
    ("ext:risktype", false, 1, 4),
    ("ext:rehab_service", false, 1, 7),
    ("ext:rehab_device", false, 1, 10),
    ("ext:ppspecial", false, 1, 7),
    ("ext:comservice", false, 1, 7),
    ("ext:comactivity", false, 1, 7),
    ("ext:refer_clinical", false, 1, 10),
    ("ext:refer_invest", false, 1, 10),
    ("ext:drg", false, 1, 6),
];

#[derive(PartialEq)]
pub enum Day {
    Real,
    Buddhist,
    None,
}

/// A day, or a day with its time. The battery has dates about one year, so
/// that there is no leap year to know of.
pub fn day(kind: Type, value: &str) -> Day {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    let length = if kind == Type::DateTime { 14 } else { 8 };
    if !digits || value.len() != length || length == 14 && !is_time(&value[8..]) {
        return Day::None;
    }
    let (year, month, day): (u32, u32, u32) =
        (value[..4].parse().unwrap(), value[4..6].parse().unwrap(), value[6..8].parse().unwrap());
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if year == 0 || !(1..=12).contains(&month) || day < 1 || day > days[month as usize - 1] {
        return Day::None;
    }
    if year >= 2400 { Day::Buddhist } else { Day::Real }
}

/// A letter, two digits, up to four more letters or digits.
pub fn is_icd(code: &str) -> bool {
    let bytes = code.as_bytes();
    (3..=7).contains(&bytes.len())
        && bytes[0].is_ascii_uppercase()
        && bytes[1..3].iter().all(u8::is_ascii_digit)
        && bytes[3..].iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// Two to seven digits.
pub fn is_procedure(code: &str) -> bool {
    (2..=7).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit())
}

pub fn is_time(value: &str) -> bool {
    value.len() == 6
        && value.bytes().all(|b| b.is_ascii_digit())
        && value[..2] < *"24"
        && value[2..4] < *"60"
        && value[4..] < *"60"
}

pub fn number(value: &str) -> Option<f64> {
    let good = value.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    good.then(|| value.parse().ok()).flatten()
}

pub fn within(range: &str, value: f64) -> bool {
    let (low, high) = range.split_once("..").unwrap();
    let end = |text: &str, open: f64| if text.is_empty() { open } else { text.parse().unwrap() };
    (end(low, f64::MIN)..=end(high, f64::MAX)).contains(&value)
}

/// The check digit, by the dictionary's own words.
pub fn check_digit(first: &str) -> u32 {
    let sum: u32 =
        first.chars().zip((2..=13).rev()).map(|(c, by)| c.to_digit(10).unwrap() * by).sum();
    (11 - sum % 11) % 10
}

pub fn is_cid(value: &str) -> bool {
    value.len() == 13
        && value.bytes().all(|b| b.is_ascii_digit())
        && !value.starts_with("00")
        && value.ends_with(&check_digit(&value[..12]).to_string())
}
