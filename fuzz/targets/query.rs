//! Query strings of every route, paths, periods and archive names. The first
//! byte chooses the route, the second whether unknown parameters are refused.
#![no_main]

use khlang::archive::ArchiveName;
use khlang::http::fuzzing::{find, query, routes};
use khlang::kpi::{Period, YearKind};
use libfuzzer_sys::fuzz_target;

/// Rows of a page, at most.
const ROWS: u64 = 1000;

/// A query with these values.
fn print(values: &[(&'static str, String)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> =
        values.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    pairs.join("&")
}

fn read(route: usize, text: &str, strict: bool) {
    match query(route, text, ROWS, strict) {
        Ok(values) => {
            for (at, (name, value)) in values.iter().enumerate() {
                assert!(!value.is_empty(), "{name} is blank");
                assert!(values[..at].iter().all(|(other, _)| other != name), "{name} twice");
                if *name == "per_page" {
                    let rows: u64 = value.parse().expect("a number");
                    assert!((1..=ROWS).contains(&rows));
                }
            }
            // What was read reads the same, strictly too.
            let again = query(route, &print(&values), ROWS, true);
            assert_eq!(again.as_ref(), Ok(&values), "{text:?}");
            assert!(strict || !values.is_empty() || query(route, "", ROWS, true).is_ok());
        }
        Err(told) => {
            assert!(told.len() < 2000, "a long answer to {} bytes", text.len());
            // Who is strict refuses more, never less.
            assert!(strict || query(route, text, ROWS, true).is_err(), "{text:?}");
        }
    }
}

fn period(text: &str) {
    let Ok(period) = text.parse::<Period>() else { return };
    assert_eq!(period.to_string().parse::<Period>().as_ref(), Ok(&period));
    for kind in [YearKind::Fiscal, YearKind::Nhso, YearKind::Qof] {
        let days = period.days(kind);
        assert!(days.year_start <= days.start && days.start <= days.end, "{days:?}");
        assert!(days.quarter_start <= days.end, "{days:?}");
    }
}

fn name(text: &str) {
    let Ok(name) = ArchiveName::parse(text) else { return };
    assert_eq!(name.hcode.len(), 5);
    assert!(!text.contains(['/', '\\', '\0']), "{text:?} is a path");
}

fuzz_target!(|data: &[u8]| {
    let [route, strict, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    read(usize::from(*route) % routes(), text, strict & 1 == 1);
    for part in text.split(['&', '=']) {
        period(part);
        name(part);
    }
    let path = format!("/{text}");
    if let Some(route) = find("GET", &path) {
        assert_eq!(route.matches('/').count(), path.matches('/').count(), "{path:?} is no {route}");
    }
});
