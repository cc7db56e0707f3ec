//! Audit cases over HTTP: who may take which step in which state, two officers
//! at once, what a step needs, and what is written down.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::access::{CUP, OTHER, UNIT, get, last_logged, post, token};
use super::fixture::{Got, Site, site, site_with};
use super::tokens::{cookie, csrf};
use crate::audit::RuleLibrary;
use crate::audit::act::{StepTaker, Wanted, take};
use crate::audit::case::{Described, StepData};
use crate::audit::steps::{Actor, CaseState, step, steps};
use crate::catalog::Catalog;
use crate::credentials::Role;
use crate::store::{AuditCase, AuditFact, AuditTurn, HoldChange, NewEvent, NewRun, Store};

const AT: &str = "2013-01-15T08:00:00+07:00";
/// When cases were opened: before any letter.
const OPENED: &str = "2012-12-20T08:00:00+07:00";

/// A case of a unit that the rules selected, with two rows; its number.
fn selected(turn: &AuditTurn<'_>, hcode: &str) -> i64 {
    let library = RuleLibrary::load(None).unwrap();
    let rule = library.get("epi_age").unwrap();
    let run =
        NewRun { at: AT, by: "test", round: 2556, as_of: 4, rules: "{}", opened: 1, added: 0 };
    let run = turn.add_run(&run).unwrap();
    let fact = |line| AuditFact {
        file: "EPI".to_owned(),
        sub: 2,
        line,
        run,
        pid: "000861".to_owned(),
        day: 20_130_110,
        shown: json!({"vaccine": "091", "age_days": 20, "least_days": 42, "most_days": 2556})
            .to_string(),
        gone: false,
    };
    let case = AuditCase {
        id: 0,
        round: 2556,
        tranche: "2".to_owned(),
        hcode: hcode.to_owned(),
        rule: rule.id.clone(),
        item: rule.item.clone(),
        severity: "hold".to_owned(),
        follows: None,
        run,
        version: rule.version.clone(),
        described: serde_json::to_string(&Described::new(rule)).unwrap(),
        numerator: 2,
        denominator: 20,
        peers: None,
    };
    let data = StepData { severity: Some("hold".to_owned()), ..StepData::default() };
    let case = AuditCase { follows: follows(turn, hcode), ..case };
    let first = NewEvent {
        step: "selected",
        was: "",
        state: "selected",
        at: OPENED,
        by: "test",
        token: None,
        text: "",
        data: &data.text(),
        facts: &[fact(3), fact(7)],
        money: &[HoldChange::Hold { share: 10_000, is_final: false }],
    };
    turn.open_case(&case, &first).unwrap()
}

/// The last case of the unit: of a rule, tranche and unit only one follows none.
fn follows(turn: &AuditTurn<'_>, hcode: &str) -> Option<i64> {
    let cases = turn.cases(2556).unwrap();
    cases.iter().rev().find(|case| case.hcode == hcode).map(|case| case.id)
}

/// What each step needs.
pub fn said(name: &str) -> Value {
    match name {
        "verify" => json!({"on": "2013-01-15", "found": "ทะเบียนตรง", "proposal": "pay"}),
        "resolve partial" => {
            json!({"decision": "partial", "text": "x", "percent": "33.33", "condition": "y"})
        }
        "resolve pay" => json!({"decision": "pay", "text": "x"}),
        "resolve withhold" => json!({"decision": "withhold", "text": "x"}),
        _ => json!({"text": "x"}),
    }
}

/// Takes a step as the province, on a day.
fn go(turn: &AuditTurn<'_>, id: i64, name: &str, on: Option<&str>) {
    let (name, decision) = name.split_once(' ').map_or((name, None), |(n, d)| (n, Some(d)));
    let of = step(name, decision).unwrap();
    let day = |day: &str| day.parse::<NaiveDate>().unwrap();
    let day_of = on.map(day).or_else(|| of.takes("on").then(|| day("2013-01-15")));
    let mut data = StepData { on: day_of, ..StepData::default() };
    if name == "verify" {
        (data.found, data.proposal) = (Some("x".to_owned()), Some("pay".to_owned()));
    }
    let text = if of.takes("text") { "x" } else { "" };
    // A letter is entered on its day; no day to appeal begins before that.
    let entered = if name == "notify" { on } else { None };
    let taker = StepTaker {
        actor: Actor { role: Role::Province, own: false },
        by: "test",
        token: None,
        at: AT,
        today: day(entered.unwrap_or("2013-01-15")),
    };
    let wanted = Wanted { text: text.to_owned(), data, if_match: None };
    take(turn, id, of, wanted, &taker, 15).unwrap();
}

/// Brings a selected case into a state.
fn bring(turn: &AuditTurn<'_>, id: i64, state: CaseState) {
    let way: &[&str] = match state {
        CaseState::Selected => &[],
        CaseState::Notified => &["notify"],
        CaseState::Appealed => &["notify", "appeal"],
        CaseState::Verified => &["notify", "appeal", "verify"],
        CaseState::Resolved => &["notify", "appeal", "verify", "resolve pay"],
    };
    for name in way {
        go(turn, id, name, None);
    }
}

/// The cases of every site: 1 of another main unit and 2 of the unit, both told;
/// 3 of the unit, not told.
pub fn cases(store: &mut Store) {
    let turn = store.audit_turn().unwrap();
    for (hcode, state) in
        [(OTHER, CaseState::Notified), (UNIT, CaseState::Notified), (UNIT, CaseState::Selected)]
    {
        let id = selected(&turn, hcode);
        bring(&turn, id, state);
    }
    turn.commit().unwrap();
}

fn store(site: &Site) -> Store {
    Store::open(&site.app.database, &Catalog::builtin().unwrap(), 4).unwrap()
}

/// A new case of the unit in a state; its number and tag.
pub fn case_in(site: &Site, states: &[CaseState]) -> Vec<(i64, String)> {
    let mut store = store(site);
    let turn = store.audit_turn().unwrap();
    let mut made = Vec::new();
    for state in states {
        let id = selected(&turn, UNIT);
        bring(&turn, id, *state);
        let last = turn.events(id).unwrap().last().unwrap().id;
        made.push((id, format!("{id}-{last}")));
    }
    turn.commit().unwrap();
    made
}

pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n")
}

/// Posts a step with a tag.
pub fn send(site: &Site, id: i64, name: &str, tag: &str, token: &str, body: &Value) -> Got {
    let name = name.split(' ').next().unwrap();
    let tag = if tag.is_empty() { String::new() } else { format!("If-Match: \"{tag}\"\r\n") };
    let headers = if token.is_empty() {
        "Content-Type: application/json\r\n".to_owned()
    } else {
        bearer(token)
    };
    let target = format!("/api/v1/audit/cases/{id}/{name}");
    post(site, &target, &format!("{tag}{headers}"), &body.to_string())
}

/// Who asks.
const WHO: [&str; 7] =
    ["province", "main unit", "unit", "other main unit", "other unit", "metrics", "nobody"];

pub fn tokens(site: &Site) -> Vec<String> {
    let of = |role, hcode| token(site, role, hcode, None).1;
    vec![
        of(Role::Province, None),
        of(Role::Cup, Some(CUP)),
        of(Role::Unit, Some(UNIT)),
        of(Role::Cup, Some(OTHER)),
        of(Role::Unit, Some(OTHER)),
        of(Role::Metrics, None),
        String::new(),
    ]
}

/// What the province is told in each state, and what main unit and unit are; the
/// unit was told on the same day, so nobody is late.
const TABLE: [(&str, [u16; 5], [u16; 5]); 10] = [
    ("notify", [200, 409, 409, 409, 409], [404, 403, 403, 403, 403]),
    ("supplement", [409, 409, 409, 409, 409], [404, 403, 403, 403, 403]),
    ("appeal", [409, 200, 409, 409, 409], [404, 200, 409, 409, 409]),
    ("withdraw", [409, 409, 200, 409, 409], [404, 409, 200, 409, 409]),
    ("verify", [409, 409, 200, 409, 409], [404, 403, 403, 403, 403]),
    ("resolve pay", [200, 200, 200, 200, 409], [404, 403, 403, 403, 403]),
    ("resolve partial", [409, 409, 409, 200, 409], [404, 403, 403, 403, 403]),
    ("resolve withhold", [409, 409, 409, 200, 409], [404, 403, 403, 403, 403]),
    ("reopen", [409, 409, 409, 409, 200], [404, 403, 403, 403, 403]),
    ("note", [200, 200, 200, 200, 200], [404, 200, 200, 200, 200]),
];

#[test]
fn every_step_in_every_state_is_answered_by_role() {
    let named: Vec<String> = steps().iter().map(crate::audit::steps::CaseStep::full_name).collect();
    assert_eq!(named, TABLE.map(|(name, ..)| name), "every step has a row here");
    let site = site();
    let tokens = tokens(&site);
    let mut wanted = Vec::new();
    for (name, province, own) in TABLE {
        for (at, state) in CaseState::ALL.into_iter().enumerate() {
            for (who, _) in WHO.iter().enumerate() {
                let want = match who {
                    0 => province[at],
                    1 | 2 => own[at],
                    3 | 4 => 404,
                    5 => 403,
                    _ => 401,
                };
                wanted.push((name, state, who, want));
            }
        }
    }
    let made = case_in(&site, &wanted.iter().map(|(_, state, ..)| *state).collect::<Vec<_>>());
    for ((name, state, who, want), (id, tag)) in wanted.into_iter().zip(made) {
        let got = send(&site, id, name, &tag, &tokens[who], &said(name));
        let at = format!("{name} of a {} case by {}", state.as_str(), WHO[who]);
        assert_eq!(got.status, want, "{at}: {}", got.text());
        let after = get(&site, &format!("/api/v1/audit/cases/{id}"), &tokens[0]).json();
        if want == 200 {
            let (line, to) = (got.json(), step_to(name).unwrap_or(state.as_str()));
            assert_eq!((&line["state"], &after["state"]), (&json!(to), &json!(to)), "{at}");
            assert_ne!(after["etag"], tag, "{at}");
            assert_eq!(line["etag"], after["etag"], "{at}");
            let log = last_logged(&site).filter(|line| line.action == "read").unwrap();
            assert_eq!(log.route, "audit_case");
        } else {
            assert_eq!(after["etag"], tag, "{at}: refused, and yet something was written");
            assert!(!got.problem().is_empty());
        }
    }
}

fn step_to(name: &str) -> Option<&'static str> {
    let (name, decision) = name.split_once(' ').map_or((name, None), |(n, d)| (n, Some(d)));
    let of = step(name, decision).unwrap();
    // All that are resolved here were verified before.
    if of.back { Some("verified") } else { of.to.map(CaseState::as_str) }
}

#[test]
fn a_case_that_its_unit_was_not_told_of_is_not_named_by_the_one_that_follows_it() {
    let site = site();
    let tokens = tokens(&site);
    // The third of every site was selected, and nobody was told.
    let (id, tag) = case_in(&site, &[CaseState::Notified])[0].clone();
    let of_list = |token: &str| {
        let got = get(&site, "/api/v1/audit/cases", token).json();
        let rows = got["rows"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["id"] == id).unwrap()["follows"].clone()
    };
    for (who, wanted) in [(0, json!(3)), (1, json!(null)), (2, json!(null))] {
        let token = &tokens[who];
        let one = get(&site, &format!("/api/v1/audit/cases/{id}"), token).json();
        assert_eq!((&one["follows"], of_list(token)), (&wanted, wanted.clone()), "{}", WHO[who]);
    }
    let step = send(&site, id, "appeal", &tag, &tokens[2], &said("appeal"));
    assert_eq!((step.status, &step.json()["follows"]), (200, &json!(null)));
}

#[test]
fn of_two_officers_the_second_is_told_how_the_case_stands() {
    let site = site();
    let tokens = tokens(&site);
    let [(id, tag)] = &case_in(&site, &[CaseState::Verified])[..] else { panic!() };
    let first = send(&site, *id, "resolve", tag, &tokens[0], &said("resolve pay"));
    assert_eq!(first.status, 200, "{}", first.text());
    let second = send(&site, *id, "resolve", tag, &tokens[0], &said("resolve withhold"));
    assert_eq!((second.status, second.problem().as_str()), (412, "case_changed"));
    let told = &second.json()["case"];
    assert_eq!((&told["state"], &told["etag"]), (&json!("resolved"), &first.json()["etag"]));
    assert_eq!(told["allowed"], json!(["reopen", "note"]));
    // Without the header nothing is taken, whatever the state.
    let bare = send(&site, *id, "reopen", "", &tokens[0], &said("reopen"));
    assert_eq!((bare.status, bare.problem().as_str()), (412, "case_changed"));
    assert!(bare.json()["detail"].as_str().unwrap().contains("If-Match"), "{}", bare.text());
    let case = get(&site, &format!("/api/v1/audit/cases/{id}"), &tokens[0]);
    // The tag of the reply does as well as that in it, and so does "any".
    let whole = case.header("etag").unwrap().to_owned();
    let again = |tag: &str, name: &str| {
        let target = format!("/api/v1/audit/cases/{id}/{name}");
        let headers = format!("If-Match: {tag}\r\n{}", bearer(&tokens[0]));
        post(&site, &target, &headers, r#"{"text": "x"}"#)
    };
    assert!(whole.starts_with(&format!("\"{}.", case.json()["etag"].as_str().unwrap())));
    assert_eq!(again(&whole, "reopen").status, 200);
    assert_eq!(again(&whole, "note").status, 412);
    assert_eq!(again("*", "note").status, 200);
}

#[test]
fn a_deadline_is_the_units_and_the_province_says_why_it_is_late() {
    let site = site();
    let tokens = tokens(&site);
    let (ids, mut store) = (case_in(&site, &[CaseState::Selected; 3]), store(&site));
    let turn = store.audit_turn().unwrap();
    // The last day is the 15th, then the 14th.
    for ((id, _), on) in ids.iter().zip(["2012-12-31", "2012-12-30", "2012-12-30"]) {
        go(&turn, *id, "notify", Some(on));
    }
    turn.commit().unwrap();
    let tag = |id: i64| {
        let case = get(&site, &format!("/api/v1/audit/cases/{id}"), &tokens[0]).json();
        case["etag"].as_str().unwrap().to_owned()
    };
    let on_time = send(&site, ids[0].0, "appeal", &tag(ids[0].0), &tokens[2], &said("appeal"));
    assert_eq!(on_time.status, 200, "the last day is a day: {}", on_time.text());
    let late = ids[1].0;
    for who in [1, 2] {
        let got = send(&site, late, "appeal", &tag(late), &tokens[who], &said("appeal"));
        assert_eq!((got.status, got.problem().as_str()), (409, "audit_state"), "{}", got.text());
        let reasoned = json!({"text": "x", "late": "ไปรษณีย์"});
        let got = send(&site, late, "appeal", &tag(late), &tokens[who], &reasoned);
        assert_eq!(got.status, 409, "a reason is not theirs to judge");
        // Nor does a day of their own choice help.
        let early = json!({"text": "x", "on": "2013-01-02"});
        assert_eq!(send(&site, late, "appeal", &tag(late), &tokens[who], &early).status, 409);
    }
    let got = send(&site, late, "appeal", &tag(late), &tokens[0], &said("appeal"));
    assert_eq!((got.status, got.problem().as_str()), (422, "audit_step"), "{}", got.text());
    let reasoned = json!({"text": "x", "late": "ไปรษณีย์"});
    assert_eq!(send(&site, late, "appeal", &tag(late), &tokens[0], &reasoned).status, 200);
    // Nobody appealed: it is decided without a verification.
    let silent = ids[2].0;
    let got = send(&site, silent, "resolve", &tag(silent), &tokens[0], &said("resolve partial"));
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!((&got.json()["share"], &got.json()["final"]), (&json!("66.67"), &json!(true)));
    let list = |query: &str| {
        let got = get(&site, &format!("/api/v1/audit/cases?{query}"), &tokens[0]).json();
        got["rows"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let overdue: Vec<i64> = list("overdue=yes");
    assert_eq!(overdue, [late]);
    let metrics = get(&site, "/metrics", &tokens[5]).text().to_owned();
    assert!(metrics.contains("khlang_audit_overdue 1\n"), "{metrics}");
}

#[test]
fn a_step_is_written_down_with_who_took_it() {
    let site = site();
    let tokens = tokens(&site);
    let made = case_in(&site, &[CaseState::Notified]);
    let (id, tag) = &made[0];
    // A unit speaks for itself, whatever name it gives.
    let body = json!({"text": "บันทึกวันเกิดผิด", "by": "สสจ."});
    let got = send(&site, *id, "appeal", tag, &tokens[2], &body);
    assert_eq!(got.status, 200, "{}", got.text());
    let line = last_logged(&site).unwrap();
    assert_eq!((line.action.as_str(), line.route.as_str()), ("change", "audit_step"));
    assert_eq!((line.role.as_str(), line.unit.as_deref()), ("unit", Some(UNIT)));
    assert_eq!(line.detail, format!("audit case {id}: appeal"));
    let case = get(&site, &format!("/api/v1/audit/cases/{id}"), &tokens[0]).json();
    let last = case["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["by"], &last["on"]), (&json!("test"), &json!("2013-01-15")));
    assert!(
        store(&site).audit_turn().unwrap().events(*id).unwrap().last().unwrap().token.is_some()
    );
    // A session needs the token of its pages.
    let cookie = cookie(&post(&site, "/sign-in", "", &format!("token={}", tokens[2])));
    let tag = case["etag"].as_str().unwrap();
    let session = format!(
        "If-Match: {tag}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: \
         application/json\r\n"
    );
    let target = format!("/api/v1/audit/cases/{id}/withdraw");
    let got = post(&site, &target, &session, r#"{"text": "x"}"#);
    assert_eq!((got.status, got.problem().as_str()), (403, "cross_site"));
    let session = format!("{session}X-CSRF-Token: {}\r\n", csrf(&cookie));
    assert_eq!(post(&site, &target, &session, r#"{"text": "x"}"#).status, 200);
}

#[test]
fn while_an_archive_is_loaded_a_step_is_told_to_come_back() {
    let site = site_with(|config| config.limits.step_wait_ms = 50);
    let tokens = tokens(&site);
    let made = case_in(&site, &[CaseState::Notified]);
    let (id, tag) = &made[0];
    let writer = store(&site);
    let loading = writer.load(5, 2556, false).unwrap();
    let got = send(&site, *id, "appeal", tag, &tokens[2], &said("appeal"));
    assert_eq!((got.status, got.problem().as_str()), (503, "being_loaded"), "{}", got.text());
    assert!(got.header("retry-after").is_some());
    assert_eq!(get(&site, &format!("/api/v1/audit/cases/{id}"), &tokens[2]).status, 200);
    drop(loading);
    assert_eq!(send(&site, *id, "appeal", tag, &tokens[2], &said("appeal")).status, 200);
}

#[test]
fn cases_are_listed_by_what_was_asked_and_page_by_page() {
    let site = site();
    let tokens = tokens(&site);
    let list = |query: &str, who: usize| -> Vec<i64> {
        let got = get(&site, &format!("/api/v1/audit/cases{query}"), &tokens[who]);
        assert_eq!(got.status, 200, "{query}: {}", got.text());
        let rows = got.json()["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    for (query, wanted) in [
        ("", &[3, 2, 1][..]),
        ("?round=2556", &[3, 2, 1]),
        ("?round=2557", &[]),
        ("?tranche=1", &[]),
        ("?tranche=2&rule=epi_age", &[3, 2, 1]),
        ("?rule=epi_repeat", &[]),
        ("?unit=03590", &[3, 2]),
        ("?cup=10669", &[1]),
        ("?state=selected", &[3]),
        ("?severity=warn", &[]),
        ("?severity=hold&per_page=2&page=2", &[1]),
        ("?overdue=yes", &[]),
    ] {
        assert_eq!(list(query, 0), wanted, "{query}");
    }
    assert_eq!(list("", 1), [2], "a main unit sees what its units were told");
    assert_eq!(list("", 2), [2]);
    assert_eq!(list("", 4), [1]);
    assert_eq!(list("?state=selected", 2), [0_i64; 0]);
    let status = |query: &str, who: usize| {
        get(&site, &format!("/api/v1/audit/cases{query}"), &tokens[who]).status
    };
    assert_eq!(status("?rule=epi_ages", 0), 400);
    assert_eq!(status("?unit=10669", 2), 403);
    assert_eq!(status("?cup=99999", 0), 404);
    let next = get(&site, "/api/v1/audit/cases?per_page=2", &tokens[0]);
    assert!(next.header("link").unwrap().contains("page=2"));
    let rules = get(&site, "/api/v1/audit/rules", &tokens[2]).json();
    assert_eq!(rules.as_array().unwrap().len(), 39);
}
