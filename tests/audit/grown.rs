//! What joins a case after its letter, or leaves it: what the unit was told is
//! what is held, and what is told is what the case rests on then.

use khlang::archive::Standard;
use serde_json::{Value, json};

use super::flow::{LATER, doses, item, money, ok, persons, province, refused, run, send, show};
use crate::kpi::expand;
use crate::support::case::Khlang;

/// Two more of 04001 too early: eight of twenty-two.
fn two_more(khlang: &Khlang) {
    let more = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|19|20130815|092\n04001|20|20130815|092\n";
    send(khlang, Standard::F43, "25570215080000", &[("EPI", more)]);
}

/// The share of the item that is held, in hundredths of a percent.
fn share(khlang: &Khlang) -> i64 {
    let (amount, held) = item(khlang, "04001");
    (held * 10_000 + amount / 2) / amount
}

fn hold_case(khlang: &Khlang) -> String {
    let cases = ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]));
    assert_eq!(cases.as_array().unwrap().len(), 1, "{cases:#}");
    cases[0]["id"].to_string()
}

fn step(khlang: &Khlang, arguments: &[&str]) -> Value {
    ok(&khlang.run(&[&["audit"], arguments, &["--json"]].concat()))
}

fn dry(khlang: &Khlang) -> Value {
    step(khlang, &["run", "--round", "2557", "--dry-run"])
}

const SIX_OF_TWENTY: i64 = 3000;
const EIGHT_OF_TWENTY_TWO: i64 = 3637;

fn near(seen: i64, wanted: i64) {
    assert!((seen - wanted).abs() <= 2, "{seen} where {wanted} were wanted");
}

#[test]
fn what_is_held_is_what_the_letter_told_until_the_next() {
    let khlang = province().env("KHLANG__AUDIT__HOLD", "rows");
    run(&khlang);
    let id = hold_case(&khlang);
    step(&khlang, &["notify", &id, "--reason", "x"]);
    refused(
        &khlang.run(&["audit", "supplement", &id, "--reason", "x"]),
        "possible: appeal, resolve pay, note",
    );
    two_more(&khlang);
    let grows = dry(&khlang)["would_grow"][0].clone();
    assert_eq!(
        (&grows["case"].to_string(), &grows["rows"], &grows["numerator"]),
        (&id, &json!(2), &json!(8)),
        "{grows:#}"
    );
    assert_ne!(grows["held"], grows["held_once_told"], "{grows:#}");
    run(&khlang);
    near(share(&khlang), SIX_OF_TWENTY);
    let case = show(&khlang, &id);
    assert_eq!((&case["numerator"], &case["untold_rows"]), (&json!(8), &json!(2)));
    assert_eq!(case["appeal_by"], "2014-07-16");

    // The next letter says so, and the days to appeal begin anew.
    let khlang = khlang.now("2014-07-17T10:00:00+07:00");
    step(&khlang, &["supplement", &id, "--reason", "พบเพิ่ม", "--letter-no", "สธ 2-2557"]);
    near(share(&khlang), EIGHT_OF_TWENTY_TWO);
    let case = show(&khlang, &id);
    assert_eq!((&case["state"], &case["untold_rows"]), (&json!("notified"), &json!(0)));
    assert_eq!(case["appeal_by"], "2014-08-01");
    let letter = ["--lang", "th", "audit", "letter", &id, "--out", "letter.html"];
    assert_eq!(khlang.run(&letter).status(), 0);
    let page = std::fs::read_to_string(khlang.path("letter.html")).unwrap();
    assert!(page.contains("สธ 2-2557") && page.contains("1 ส.ค. 2557"), "{page}");
    refused(
        &khlang.run(&["audit", "resolve", &id, "withhold", "--reason", "x"]),
        "possible: appeal, resolve pay, note",
    );
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

#[test]
fn nobody_loses_money_for_rows_of_which_no_letter_spoke() {
    let khlang = province().env("KHLANG__AUDIT__HOLD", "rows");
    run(&khlang);
    let id = hold_case(&khlang);
    step(&khlang, &["notify", &id, "--reason", "x"]);
    step(&khlang, &["appeal", &id, "--text", "x"]);
    let verify = ["verify", &id, "--on", "2014-07-01", "--found", "x", "--proposal", "withhold"];
    step(&khlang, &verify);
    two_more(&khlang);
    run(&khlang);
    // Decided as it was told.
    step(&khlang, &["resolve", &id, "withhold", "--reason", "x"]);
    near(share(&khlang), SIX_OF_TWENTY);
    step(&khlang, &["reopen", &id, "--reason", "x"]);
    near(share(&khlang), SIX_OF_TWENTY);
    // Told, what was verified is verified again with what joined.
    step(&khlang, &["supplement", &id, "--reason", "x"]);
    assert_eq!(show(&khlang, &id)["state"], "appealed");
    step(&khlang, &verify);
    step(&khlang, &["resolve", &id, "withhold", "--reason", "x"]);
    near(share(&khlang), EIGHT_OF_TWENTY_TWO);
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

/// The province chose to hold the whole file after the letter spoke of a share.
#[test]
fn another_choice_of_what_is_held_waits_for_the_letter_too() {
    let khlang = province().env("KHLANG__AUDIT__HOLD", "rows");
    run(&khlang);
    let id = hold_case(&khlang);
    step(&khlang, &["notify", &id, "--reason", "x"]);
    let khlang = khlang.env("KHLANG__AUDIT__HOLD", "file");
    two_more(&khlang);
    run(&khlang);
    near(share(&khlang), SIX_OF_TWENTY);
    step(&khlang, &["supplement", &id, "--reason", "x"]);
    near(share(&khlang), 10_000);
    // The other way round it is less at once.
    let khlang = khlang.env("KHLANG__AUDIT__HOLD", "rows");
    let more = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|18|20130815|092\n";
    send(&khlang, Standard::F43, "25570216080000", &[("EPI", more)]);
    run(&khlang);
    near(share(&khlang), 3913);
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

#[test]
fn rows_that_were_taken_back_count_and_hold_no_longer() {
    let khlang = Khlang::new().env("KHLANG__AUDIT__HOLD", "rows");
    let khlang = khlang.now("2014-07-01T10:00:00+07:00");
    let files = [("PERSON", &*persons("04001", 1, 20)), ("EPI", &*doses("04001", 6, 14))];
    send(&khlang, Standard::F43, "25570115080000", &files);
    two_more(&khlang);
    run(&khlang);
    let id = hold_case(&khlang);
    near(share(&khlang), EIGHT_OF_TWENTY_TWO);
    step(&khlang, &["notify", &id, "--reason", "x"]);
    assert_eq!(khlang.run(&["submissions", "void", "2", "--reason", "ส่งผิด"]).status(), 0);
    let falls = dry(&khlang)["would_grow"][0].clone();
    assert_eq!((&falls["gone"], &falls["numerator"]), (&json!(2), &json!(6)), "{falls:#}");
    let ran = run(&khlang);
    assert_eq!(ran["added"][0]["gone"], 2, "{ran:#}");
    let case = show(&khlang, &id);
    assert_eq!((&case["numerator"], &case["denominator"]), (&json!(6), &json!(20)));
    assert_eq!((&case["state"], &case["untold_rows"]), (&json!("notified"), &json!(0)));
    near(share(&khlang), SIX_OF_TWENTY);
    let again = run(&khlang);
    assert_eq!((&again["added"], &again["opened"]), (&json!([]), &json!([])), "once: {again:#}");
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

#[test]
fn a_letter_that_is_entered_late_takes_nobodys_days_to_appeal() {
    let khlang = province();
    run(&khlang);
    let id = hold_case(&khlang);
    let khlang = khlang.now(LATER);
    step(&khlang, &["notify", &id, "--reason", "x", "--on", "2014-07-01"]);
    let case = show(&khlang, &id);
    assert_eq!(case["appeal_by"], "2014-08-04", "fifteen days from when it could be seen");
    assert_eq!(case["events"][1]["on"], "2014-07-01", "the letter keeps its day");
    assert_eq!(ok(&khlang.run(&["audit", "list", "--overdue", "--json"])), json!([]));
    step(&khlang, &["appeal", &id, "--text", "x", "--on", "2014-07-16"]);
}

/// Outpatient visits of persons of a unit, each on a day of its own.
fn visits(unit: &str, first: u32, count: u32) -> [(&'static str, String); 2] {
    let day = |n: u32| format!("201308{:02}", n % 28 + 1);
    let seen: Vec<(u32, String)> = (first..first + count).map(|n| (n % 20 + 1, day(n))).collect();
    let service = seen.iter().zip(first..);
    let service = service.map(|((pid, day), n)| format!("{unit}|{pid}|{n}|{day}\n"));
    let diagnosis = seen.iter().zip(first..);
    let diagnosis = diagnosis.map(|((pid, day), n)| format!("{unit}|{pid}|{n}|{day}|J00\n"));
    [
        ("SERVICE", format!("HOSPCODE|PID|SEQ|DATE_SERV\n{}", service.collect::<String>())),
        (
            "DIAGNOSIS_OPD",
            format!("HOSPCODE|PID|SEQ|DATE_SERV|DIAGCODE\n{}", diagnosis.collect::<String>()),
        ),
    ]
}

#[test]
fn a_rate_that_became_worse_is_told_with_the_peers_and_the_rule_of_then() {
    let khlang = Khlang::new().now("2014-07-01T10:00:00+07:00");
    let units = "hcode,name,type,level,cup,network,district,province\n\
        10670,โรงพยาบาลหนึ่ง,07,F2,10670,10670,อำเภอ,จังหวัด\n\
        04001,รพ.สต.หนึ่ง,18,P,10670,10670,อำเภอ,จังหวัด\n\
        04002,รพ.สต.สอง,18,P,10670,10670,อำเภอ,จังหวัด\n\
        04009,รพ.สต.สาม,18,P,10670,10670,อำเภอ,จังหวัด\n";
    khlang.write("data/units.csv", units);
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = shipped.join("config/audit/op_utilisation.toml");
    let shipped = std::fs::read_to_string(shipped).unwrap();
    let own = shipped.replace("peers_least = 8", "peers_least = 3").replace("\"2.0\"", "\"2.5\"");
    khlang.write("data/config/audit/op_utilisation.toml", own.clone());
    let sent = |time: &str, first: u32, counts: [u32; 3]| {
        for (at, (unit, count)) in ["04001", "04002", "04009"].into_iter().zip(counts).enumerate() {
            let people = persons(unit, at as u32 * 20 + 1, 20).replace("20130801", "19800801");
            let own = |line: &str| {
                let mut parts: Vec<String> = line.split('|').map(str::to_owned).collect();
                let number: u32 = parts[2].parse().unwrap_or(0);
                parts[2] = (number - at as u32 * 20).to_string();
                parts.join("|")
            };
            let mut lines = people.lines();
            let header = lines.next().unwrap().to_owned();
            let people: Vec<String> = [header].into_iter().chain(lines.map(own)).collect();
            let mut files = visits(unit, first, count).to_vec();
            if first == 0 {
                files.push(("PERSON", people.join("\n") + "\n"));
            }
            let files: Vec<(&str, &str)> =
                files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            send(&khlang, Standard::F43, time, &files);
        }
    };
    sent("25570115080000", 0, [10, 10, 16]);
    let of_rule = |khlang: &Khlang| {
        step(khlang, &["run", "--round", "2557", "--rule", "op_utilisation", "--tranche", "1"]);
        let all = ok(&khlang.run(&["audit", "list", "--rule", "op_utilisation", "--json"]));
        assert_eq!(all.as_array().unwrap().len(), 1, "{all:#}");
        show(khlang, &all[0]["id"].to_string())
    };
    let warned = of_rule(&khlang);
    assert_eq!((&warned["severity"], &warned["unit"]["hcode"]), (&json!("warn"), &json!("04009")));
    let told = |case: &Value, name: &str| case["peers"][name].as_str().unwrap().to_owned();
    assert_eq!((told(&warned, "rate"), told(&warned, "median")), ("0.8".into(), "0.5".into()));

    // More visits everywhere, and the province made its rule stricter.
    khlang.write("data/config/audit/op_utilisation.toml", own.replace("\"2.5\"", "\"2.0\""));
    sent("25570215080000", 100, [2, 2, 10]);
    let raised = of_rule(&khlang);
    assert_eq!((&raised["severity"], &raised["state"]), (&json!("hold"), &json!("selected")));
    assert_eq!((told(&raised, "rate"), told(&raised, "median")), ("1.3".into(), "0.6".into()));
    assert_eq!((&raised["numerator"], &raised["denominator"]), (&json!(26), &json!(20)));
    assert_eq!(raised["threshold"]["ratio"], "2", "by what it was judged: {}", raised["threshold"]);
    assert_ne!(raised["rule"]["version"], warned["rule"]["version"]);
    let id = raised["id"].to_string();
    step(&khlang, &["notify", &id, "--reason", "x", "--out", "letters"]);
    let page = std::fs::read_to_string(khlang.path("letters/notify-04009-2557-1.html")).unwrap();
    assert!(page.contains("1.3") && page.contains("0.6") && !page.contains("0.8"), "{page}");
    assert!(money(&khlang, "04009")["cases"][0]["rule"] == "op_utilisation");
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

/// The province that made its rule stricter finds nothing new in rows that are in
/// a case: not in those of a case that was decided.
#[test]
fn a_changed_threshold_opens_nothing_for_rows_that_are_in_a_case() {
    let khlang = Khlang::new();
    let files = [("PERSON", &*persons("04001", 1, 20)), ("EPI", &*doses("04001", 4, 16))];
    send(&khlang, Standard::F43, "25570115080000", &files);
    let khlang = khlang.now("2014-07-01T10:00:00+07:00");
    let of_rule = |khlang: &Khlang| {
        step(khlang, &["run", "--round", "2557", "--rule", "epi_age"]);
        ok(&khlang.run(&["audit", "list", "--rule", "epi_age", "--json"]))
    };
    let warned = of_rule(&khlang);
    assert_eq!(warned[0]["severity"], "warn");
    step(&khlang, &["resolve", &warned[0]["id"].to_string(), "pay", "--reason", "x"]);
    let shipped =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/audit/epi_age.toml");
    let stricter = std::fs::read_to_string(shipped).unwrap().replace("rows = 5,", "rows = 2,");
    khlang.write("data/config/audit/epi_age.toml", stricter);
    let after = of_rule(&khlang);
    assert_eq!(after.as_array().unwrap().len(), 1, "{after:#}");
    assert_eq!(after[0]["severity"], "warn");
}

#[test]
fn no_citizen_id_is_in_a_log_or_in_what_is_kept_of_rows() {
    let khlang = province();
    let ran = khlang.run(&["-v", "audit", "run", "--round", "2557", "--json"]);
    assert_eq!(ran.status(), 0);
    let id = hold_case(&khlang);
    let told = khlang.run(&["-v", "audit", "notify", &id, "--reason", "x", "--out", "letters"]);
    let shown = khlang.run(&["-v", "audit", "show", &id, "--rows", "all", "--csv", "rows.csv"]);
    let rows = std::fs::read_to_string(khlang.path("rows.csv")).unwrap();
    assert!(!ran.err().is_empty() && rows.lines().count() == 7, "{rows}");
    let reader = khlang::store::Reader::open(&khlang.path("data/khlang.db"), None).unwrap();
    let facts = reader.audit_facts(id.parse().unwrap(), i64::MAX).unwrap();
    let kept: Vec<&str> = facts.iter().flat_map(|fact| [&*fact.pid, &*fact.shown]).collect();
    let kept = kept.join("\n");
    assert_eq!(facts.len(), 6);
    for text in [ran.err(), ran.out(), told.err(), told.out(), shown.out(), rows, kept] {
        for n in 1..=20 {
            assert!(!text.contains(&expand(&format!("@{n}"))), "a citizen ID in {text}");
        }
    }
}
