//! `config check` proves rulebooks: every mistake is told with its key.

use khlang::score::Rulebook;
use khlang::score::rulebook::check::check;

use super::*;
use crate::support::case::Khlang;

const TEXT: &str = include_str!("../../config/rulebooks/2557.toml");

fn mistakes(from: &str, to: &str) -> Vec<String> {
    assert!(TEXT.contains(from), "{from}");
    let book = Rulebook::parse("2557.toml", &TEXT.replacen(from, to, 1)).unwrap();
    check(&book, &environment().catalog).iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_rulebook_has_no_mistake() {
    assert_eq!(mistakes("round = 2557", "round = 2557"), Vec::<String>::new());
}

#[test]
fn each_mistake_is_told_with_its_key() {
    for (from, to, key) in [
        (
            "from = \"2013-07-01\", to = \"2014-06-30\" }",
            "from = \"2012-06-30\", to = \"2014-06-30\" }",
            "window.from",
        ),
        ("round = 2557", "round = 2558", "window.to"),
        (
            "kind = \"rows\"\nrows = \"epi\"",
            "kind = \"survey\"\nrows = \"epi\"",
            "points.EPI.rounds",
        ),
        ("points = \"0.25\"", "points = \"0.255\"", "points.EPI.points"),
        ("points = \"0.25\"", "points = \"0\"", "points.EPI.points"),
        ("rows = \"epi\"", "rows = \"nothing\"", "points.EPI.rows"),
        ("params = { digits = 24 }", "", "points.DRUG.params"),
        ("params = { digits = 24 }", "params = { digits = 24, more = 1 }", "points.DRUG.params"),
        ("least = 2", "least = 0", "points.MCH.least"),
        (
            "{ days = 7, points = \"1.00\" }",
            "{ days = 61, points = \"1.00\" }",
            "points.SURVEIL.steps[2].days",
        ),
        ("sent = { from = \"2013-08-01\"", "sent = { from = \"2013-06-01\"", "points.PERSON.sent"),
        (
            "ages = [6, 18], from = \"2013-11-01\"",
            "ages = [5, 18], from = \"2013-10-01\"",
            "points.NUTRI.rounds[5]",
        ),
        ("item = \"EPI\"", "item = \"FP\"", "points.FP: stands twice"),
        (
            "from = \"2014-01-01\"\nto = \"2014-06-30\"",
            "from = \"2014-01-02\"\nto = \"2014-06-30\"",
            "tranche[2].from",
        ),
        (
            "to = \"2014-06-30\"\nsource = \"[OPPP-2557 s. 37",
            "to = \"2014-06-29\"\nsource = \"[OPPP-2557 s. 37",
            "tranche[2].to",
        ),
        ("sent_by = \"2014-07-31\"", "sent_by = \"2014-06-29\"", "sent_by"),
        (
            "to = \"2013-09-30\"\n",
            "to = \"2013-09-30\"\nsent_by = \"2013-09-29\"\n",
            "money.quarter[1].sent_by: lies before the end",
        ),
        (
            "to = \"2013-12-31\"\n",
            "to = \"2013-12-31\"\nsent_by = \"2014-08-01\"\n",
            "tranche[1].sent_by: lies after that of the round",
        ),
        (
            "nation_unknown = [\"999\", \"000\"]",
            "nation_unknown = [\"099\"]",
            "person.nation_unknown",
        ),
        ("to = \"2013-09-30\"", "to = \"2013-10-01\"", "money.quarter[2].from"),
        ("from = \"90.01\"", "from = \"90.02\"", "quality.accuracy.bands"),
        ("to = \"4.99\"", "to = \"5.00\"", "quality.duplication.bands"),
        (
            "\"PERSON\", \"DEATH\", \"CHRONIC\", \"NCDSCREEN\"",
            "\"PERSN\", \"DEATH\", \"CHRONIC\", \"NCDSCREEN\"",
            "quality.accuracy.files: PERSN",
        ),
        ("per_head = \"14.28\"", "per_head = \"14.29\"", "money.by_results"),
        ("per_head = \"0.27\"", "per_head = \"0.28\"", "money.support.parts"),
        ("unearned_to = \"volume\"\n", "", "money.performance.unearned_to"),
        ("unearned_to = \"volume\"", "unearned_to = \"support\"", "money.performance.unearned_to"),
        ("source = \"[OPPP-2557 s. 45]\"", "source = \"\"", "money.quarter[1].source"),
        (
            "key = \"points.REF.params\"",
            "key = \"points.REFF.params\"",
            "local_default points.REFF.params",
        ),
    ] {
        let found = mistakes(from, to);
        let wanted = format!("2557.toml: {key}");
        assert!(found.iter().any(|said| said.starts_with(&wanted)), "{key}: {found:#?}");
    }
}

/// Numbers that no sum, product or scale of decimals can hold are mistakes like
/// any other: nothing panics, and each is told with its key.
#[test]
fn numbers_out_of_all_bounds_are_told_with_their_key() {
    const HUGE: &str = "79228162514264337593543950335";
    for (from, to, key) in [
        ("decimals = 2", "decimals = 29", "quality.decimals"),
        ("decimals = 2", "decimals = 7", "quality.decimals"),
        ("to = \"4.99\"", &format!("to = \"{HUGE}\""), "quality.duplication.bands"),
        ("score = \"1.00\"", &format!("score = \"{HUGE}\""), "quality.accuracy.bands"),
        ("per_head = \"14.28\"", &format!("per_head = \"{HUGE}\""), "money.volume.per_head"),
        ("per_head = \"14.28\"", "per_head = \"1000000.01\"", "money.volume.per_head"),
        ("per_head = \"0.27\"", &format!("per_head = \"{HUGE}\""), "money.support.parts"),
        ("per_head = \"0.27\"", "per_head = \"-0.27\"", "money.support.parts"),
        ("points = \"0.25\"", &format!("points = \"{HUGE}\""), "points.EPI.points"),
    ] {
        let found = mistakes(from, to);
        let wanted = format!("2557.toml: {key}");
        assert!(found.iter().any(|said| said.starts_with(&wanted)), "{to}: {found:#?}");
    }
}

#[test]
fn the_command_checks_the_provinces_own_rulebook() {
    let khlang = Khlang::new();
    assert_eq!(khlang.run(&["config", "check"]).status(), 0);
    let own = "data/config/rulebooks/2557.toml";
    khlang.write(own, TEXT.replace("per_head = \"0.54\"", "per_head = \"0.55\""));
    let ran = khlang.run(&["config", "check"]);
    assert_eq!(ran.status(), 2);
    assert!(ran.err().contains("2557.toml: money.support.parts"), "{}", ran.err());
    khlang.write(own, TEXT.replace("uc_scheme", "uc_schema"));
    let ran = khlang.run(&["config", "check"]);
    assert!(ran.status() != 0 && ran.err().contains("uc_schema"), "{}", ran.err());
    khlang.write(own, TEXT.replace("round = 2557", "round = 2556"));
    assert!(khlang.run(&["config", "check"]).err().contains("the name of the file says 2557"));
}
