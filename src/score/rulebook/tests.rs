//! The rulebook that is shipped, against the slides.

use rust_decimal::Decimal;

use super::*;

fn shipped() -> Rulebook {
    Rulebooks::open(std::path::Path::new("/nonexistent")).rulebook(2557).unwrap()
}

#[test]
fn the_shipped_rulebook_says_what_the_slides_say() {
    let book = shipped();
    assert_eq!(book.round, 2557);
    assert_eq!(book.window.from.to_string(), "2013-07-01");
    assert_eq!(book.window.to.to_string(), "2014-06-30");
    // [OPPP-2557 s. 32-35].
    let expected = [
        ("OP", "1.00"),
        ("PROC", "0.01"),
        ("DRUG", "0.01"),
        ("REF", "0.05"),
        ("PERSON", "0.10"),
        ("DEATH", "0.10"),
        ("CHRONIC", "0.05"),
        ("CHRONICFU", "0.05"),
        ("LABFU", "0.10"),
        ("EPI", "0.25"),
        ("FP", "0.10"),
        ("ANC", "0.10"),
        ("MCH", "3.00"),
        ("PP", "3.00"),
        ("SURVEIL", "0"),
        ("NCDSCREEN", "0.10"),
        ("NUTRI", "0.05"),
    ];
    let said: Vec<(&str, String)> =
        book.points.iter().map(|item| (item.item.as_str(), item.points.to_string())).collect();
    assert_eq!(said, expected.map(|(item, points)| (item, points.to_owned())));
}

#[test]
fn bands_are_looked_up_exactly() {
    let book = shipped();
    for (dimension, percent, score) in [
        // [OPPP-2557 s. 36 and 37]: above 95.00 is not 95.00.
        ("accuracy", "100.00", "1.00"),
        ("accuracy", "95.01", "1.00"),
        ("accuracy", "95.00", "0.50"),
        ("accuracy", "90.01", "0.50"),
        ("accuracy", "90.00", "0.25"),
        ("accuracy", "85.01", "0.25"),
        ("accuracy", "85.00", "0.00"),
        ("accuracy", "0.00", "0.00"),
        ("timeliness", "95.01", "1.00"),
        ("timeliness", "95.00", "0.50"),
        ("timeliness", "90.00", "0.25"),
        ("timeliness", "85.00", "0.00"),
        ("duplication", "0.00", "1.00"),
        ("duplication", "4.99", "1.00"),
        ("duplication", "5.00", "0.50"),
        ("duplication", "10.00", "0.50"),
        ("duplication", "10.01", "0.00"),
        ("duplication", "100.00", "0.00"),
    ] {
        let found = book.quality.dimensions.iter().find(|d| d.name == dimension).unwrap();
        let percent: Decimal = percent.parse().unwrap();
        assert_eq!(found.score(percent).unwrap().to_string(), score, "{dimension} {percent}");
    }
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let text = include_str!("../../../config/rulebooks/2557.toml");
    let wrong = text.replace("uc_scheme = ", "uc_schema = ");
    let error = Rulebook::parse("x.toml", &wrong).unwrap_err().to_string();
    assert!(error.starts_with("x.toml: ") && error.contains("uc_schema"), "{error}");
}

#[test]
fn a_round_without_a_rulebook_says_which_there_are() {
    let shelf = Rulebooks::open(std::path::Path::new("/nonexistent"));
    let error = shelf.rulebook(2499).unwrap_err().to_string();
    assert!(error.contains("2499") && error.contains("2557"), "{error}");
}

#[test]
fn the_days_of_a_round_are_those_of_its_rulebook() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("config/rulebooks");
    std::fs::create_dir_all(&own).unwrap();
    // A round of fifteen months, up to the end of the fiscal year.
    let shipped = include_str!("../../../config/rulebooks/2557.toml");
    let longer = shipped.replace("round = 2557", "round = 2558").replace(
        r#"from = "2013-07-01", to = "2014-06-30" }"#,
        r#"from = "2014-07-01", to = "2015-09-30" }"#,
    );
    crate::files::write_whole(&own.join("2558.toml"), longer.as_bytes()).unwrap();
    let shelf = Rulebooks::open(folder.path());
    for (day, round) in [
        ("2013-06-30", 2556), // no rulebook: rounds have begun in July
        ("2013-07-01", 2557),
        ("2014-06-30", 2557),
        ("2014-07-01", 2558),
        ("2015-09-30", 2558),
        ("2015-10-01", 2559),
    ] {
        assert_eq!(shelf.round_of(day.parse().unwrap()), round, "{day}");
    }
}
