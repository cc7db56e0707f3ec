//! Nobody loses money of which they were not told, and nobody is told of a case
//! but by its letter.

use khlang::archive::Standard;
use serde_json::json;

use super::flow::{LATER, doses, item, money, ok, persons, province, refused, run, send, show};
use crate::support::case::Khlang;

/// A province in which a unit vaccinated four of twenty children too early: it
/// is warned.
fn warned() -> (Khlang, String) {
    let khlang = Khlang::new();
    let files = [("PERSON", &*persons("04001", 1, 20)), ("EPI", &*doses("04001", 4, 16))];
    send(&khlang, Standard::F43, "25570115080000", &files);
    let khlang = khlang.now("2014-07-01T10:00:00+07:00");
    run(&khlang);
    let cases = ok(&khlang.run(&["audit", "list", "--rule", "epi_age", "--json"]));
    assert_eq!(cases[0]["severity"], "warn");
    (khlang, cases[0]["id"].to_string())
}

/// Three more too early: now it is a case that holds money.
fn worse(khlang: &Khlang) {
    let more = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|5|20130821|041\n04001|6|20130820|041\n04001|7|20130821|031\n";
    send(khlang, Standard::F43, "25570215080000", &[("EPI", more)]);
    assert_eq!(run(khlang)["added"][0]["raised"], true);
}

#[test]
fn who_was_only_warned_loses_no_money_before_a_new_notice() {
    // However far the warning has got: told, appealed, verified.
    let ways: [&[&[&str]]; 3] = [
        &[],
        &[&["appeal", "--text", "ไม่จริง"]],
        &[
            &["appeal", "--text", "ไม่จริง"],
            &["verify", "--on", "2014-07-10", "--found", "จริง", "--proposal", "pay"],
        ],
    ];
    for way in ways {
        let (khlang, id) = warned();
        ok(&khlang.run(&["audit", "notify", &id, "--reason", "เตือน", "--json"]));
        let khlang = khlang.now("2014-07-10T10:00:00+07:00");
        for step in way {
            ok(&khlang.run(&[&["audit", step[0], &id], &step[1..], &["--json"]].concat()));
        }
        let khlang = khlang.now(LATER);
        worse(&khlang);
        let case = show(&khlang, &id);
        assert_eq!((&case["severity"], &case["state"]), (&json!("hold"), &json!("selected")));
        assert_eq!(case["appeal_by"], json!(null), "the old days to appeal are nobody's");
        let (earned, held) = item(&khlang, "04001");
        assert!(earned > 0 && held == earned, "held meanwhile");
        let step = |arguments: &[&str]| khlang.run(&[&["audit"], arguments, &["--json"]].concat());
        refused(&step(&["resolve", &id, "withhold", "--reason", "x"]), "possible: notify");
        refused(
            &step(&["notify", &id, "--reason", "x", "--on", "2014-07-19"]),
            "before the case was opened (2014-07-20)",
        );
        ok(&step(&["notify", &id, "--reason", "ชะลอจ่าย"]));
        assert_eq!(show(&khlang, &id)["appeal_by"], "2014-08-04");
        refused(&step(&["resolve", &id, "withhold", "--reason", "x"]), "possible: appeal");
        let khlang = khlang.now("2014-08-05T10:00:00+07:00");
        ok(&khlang.run(&["audit", "resolve", &id, "withhold", "--reason", "x", "--json"]));
        assert_eq!(khlang.run(&["verify"]).status(), 0);
    }
}

#[test]
fn a_main_unit_is_told_of_held_money_and_of_the_case_only_with_the_letter() {
    let khlang = province();
    run(&khlang);
    let cases = ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]));
    let id = cases[0]["id"].to_string();
    let statement = || {
        let of = [
            "statement",
            "--cup",
            "10670",
            "--round",
            "2557",
            "--format",
            "json",
            "--out",
            "s.json",
        ];
        let ran = khlang.run(&of);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        std::fs::read_to_string(khlang.path("s.json")).unwrap()
    };
    let named = money(&khlang, "04001")["cases"][0].clone();
    assert_eq!(
        (&named["rule"], &named["state"]),
        (&json!("epi_age"), &json!("selected")),
        "the province sees it"
    );
    let paper = statement();
    for secret in ["epi_age", "case 1", "audit run", "selected"] {
        assert!(!paper.contains(secret), "{secret}: {paper}");
    }
    let (_, held) = item(&khlang, "04001");
    assert!(held > 0 && paper.contains("under audit"), "{paper}");
    // Dismissed, it was never there for them; told, it is named.
    ok(&khlang.run(&["audit", "resolve", &id, "pay", "--reason", "ไม่มีอะไร", "--json"]));
    let paper = statement();
    assert!(!paper.contains("epi_age") && !paper.contains("under audit"), "{paper}");
    ok(&khlang.run(&["audit", "reopen", &id, "--reason", "x", "--json"]));
    ok(&khlang.run(&["audit", "notify", &id, "--reason", "x", "--json"]));
    let paper = statement();
    assert!(paper.contains("epi_age notified") && !paper.contains("under audit"), "{paper}");
}

/// What a dry run says of money is of all units, also when only some of them
/// have rows that nobody has looked at.
#[test]
fn a_dry_run_from_what_is_kept_holds_as_much_as_one_anew() {
    for holding in ["file", "rows"] {
        let khlang = province().env("KHLANG__AUDIT__HOLD", holding);
        run(&khlang);
        let born = persons("04009", 301, 10);
        let early: Vec<String> = (301..311).map(|n| format!("04009|{n}|20130821|091\n")).collect();
        let early = format!("HOSPCODE|PID|DATE_SERV|VACCINETYPE\n{}", early.concat());
        let files = [("PERSON", born.as_str()), ("EPI", early.as_str())];
        send(&khlang, Standard::F43, "25570216080000", &files);
        let dry = |more: &[&str]| {
            let all = [&["audit", "run", "--round", "2557", "--dry-run", "--json"], more].concat();
            ok(&khlang.run(&all))["would_open"].clone()
        };
        let (kept, anew) = (dry(&[]), dry(&["--fresh"]));
        assert!(kept.as_array().unwrap().iter().any(|line| line["held"].is_string()), "{kept:#}");
        assert_eq!(kept, anew, "{holding}");
        let past = khlang.run(&["audit", "run", "--round", "2557", "--as-of", "1"]);
        refused(&past, "only looked at");
    }
}

#[test]
fn a_case_that_is_taken_up_again_stands_as_before_the_decision() {
    let khlang = province();
    run(&khlang);
    let cases = ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]));
    let id = cases[0]["id"].to_string();
    let step = |khlang: &Khlang, arguments: &[&str]| {
        ok(&khlang.run(&[&["audit", arguments[0], &id], &arguments[1..], &["--json"]].concat()));
    };
    let pay = |khlang: &Khlang| step(khlang, &["resolve", "pay", "--reason", "x"]);
    let again = |khlang: &Khlang, wanted: &str| {
        step(khlang, &["reopen", "--reason", "x"]);
        let case = show(khlang, &id);
        assert_eq!(case["state"], wanted);
        let (earned, held) = item(khlang, "04001");
        assert_eq!((earned, case["holds"].as_array().unwrap().len()), (held, 1), "held again");
        case
    };
    pay(&khlang);
    again(&khlang, "selected");
    step(&khlang, &["notify", "--reason", "x"]);
    pay(&khlang);
    let told = again(&khlang, "notified");
    assert_eq!(told["appeal_by"], "2014-07-16", "the days go on from the letter");
    step(&khlang, &["appeal", "--text", "x"]);
    pay(&khlang);
    again(&khlang, "appealed");
    step(&khlang, &["verify", "--on", "2014-07-01", "--found", "x", "--proposal", "pay"]);
    step(&khlang, &["resolve", "withhold", "--reason", "x"]);
    again(&khlang, "verified");
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

/// A part is paid while nobody was told: neither its statement nor that of the
/// next part names the case, and what was paid by then stays as it was.
#[test]
fn a_statement_of_what_was_paid_before_the_letter_names_no_case() {
    let khlang = province();
    run(&khlang);
    let close = ["allocate", "close", "--round", "2557", "--quarter", "1", "--by", "สมศรี"];
    let closed = khlang.run(&close);
    assert_eq!(closed.status(), 0, "{}", closed.err());
    for (format, name) in [("json", "s.json"), ("html", "s.html")] {
        let of = ["statement", "--cup", "10670", "--round", "2557", "--format", format];
        let ran = khlang.run(&[&of[..], &["--out", name]].concat());
        assert_eq!(ran.status(), 0, "{}", ran.err());
        let paper = std::fs::read_to_string(khlang.path(name)).unwrap();
        for secret in ["epi_age", "case 1", "audit run", "selected", "/audit/", "audit&#x2f;"] {
            assert!(!paper.contains(secret), "{secret}: {paper}");
        }
    }
}
