//! What is said with a step of an audit case: what is needed, what cannot be
//! there, and what a verification says of rows.

use serde_json::{Value, json};

use super::access::{get, post};
use super::audit::{bearer, case_in, said, send, tokens};
use super::fixture::site;
use crate::audit::steps::CaseState;

#[test]
fn what_a_step_lacks_or_cannot_have_is_a_422_that_says_what() {
    let site = site();
    let tokens = tokens(&site);
    let states = [CaseState::Notified, CaseState::Appealed, CaseState::Verified];
    let made = case_in(&site, &states);
    let rows = json!([{"file": "EPI", "submission": 2, "line": 99, "verdict": "confirmed"}]);
    let unsaid = json!([{"file": "EPI", "submission": 2, "line": 3, "verdict": "maybe"}]);
    let verify = |more: Value| {
        let mut body = said("verify");
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (case, name, body, wanted) in [
        (0, "appeal", json!({}), "appeal needs: text"),
        (0, "appeal", json!({"text": "  "}), "appeal needs: text"),
        (0, "appeal", json!({"text": "x".repeat(2001)}), "at most 2000"),
        (0, "appeal", json!({"text": "x", "proposal": "pay"}), "appeal takes no proposal"),
        (0, "appeal", json!({"text": "x", "verdicts": rows}), "appeal takes no verdicts"),
        (0, "note", json!({"text": "x", "letter_no": "1"}), "note takes no letter_no"),
        (1, "verify", json!({"found": "x", "proposal": "pay"}), "verify needs: on"),
        (1, "verify", verify(json!({"on": "2013-01-16"})), "has not come yet"),
        (1, "verify", verify(json!({"on": "2013-01-14"})), "before the unit was told"),
        (1, "verify", verify(json!({"proposal": "all"})), "all is none of"),
        (1, "verify", verify(json!({"percent": "5.00"})), "goes with partial"),
        (1, "verify", verify(json!({"verdicts": rows})), "EPI 2 99 is no row of the case"),
        (1, "verify", verify(json!({"verdicts": unsaid})), "maybe is none of"),
        (2, "resolve", json!({"text": "x"}), "needs a decision: pay, partial, withhold"),
        (2, "resolve", json!({"decision": "all", "text": "x"}), "needs a decision"),
        (
            2,
            "resolve",
            json!({"decision": "partial", "text": "x", "percent": "33.33"}),
            "condition",
        ),
        (
            2,
            "resolve",
            json!({"decision": "partial", "text": "x", "condition": "y", "percent": "100"}),
            "no percentage from 0.01 to 99.99",
        ),
        (2, "resolve", json!({"decision": "pay", "text": "x", "percent": "5"}), "no percentage"),
        (2, "note", json!({"decision": "pay", "text": "x"}), "note takes no decision"),
    ] {
        let (id, tag) = &made[case];
        let got = send(&site, *id, name, tag, &tokens[0], &body);
        assert_eq!((got.status, got.problem().as_str()), (422, "audit_step"), "{name} {body}");
        let detail = got.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(wanted), "{detail}");
    }
    // What cannot be read at all.
    let (id, tag) = &made[0];
    let target = format!("/api/v1/audit/cases/{id}/note");
    let of = |kind: &str, body: &str| {
        let token = &tokens[0];
        let headers =
            format!("If-Match: {tag}\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n");
        let got = post(&site, &target, &headers, body);
        (got.status, got.problem())
    };
    for (kind, body, status) in [
        ("application/json", "{", 400),
        ("application/json", r#"{"txt": "x"}"#, 400),
        ("application/json", r#"{"percent": 33.3}"#, 400),
        ("application/x-www-form-urlencoded", "txt=x", 400),
        ("application/x-www-form-urlencoded", "text=x&on=15-01-2013", 400),
        ("application/x-www-form-urlencoded", "text=x&verdict.EPI=confirmed", 400),
        ("application/x-www-form-urlencoded", "text=x&verdicts=a%0A1", 400),
        ("text/plain", "x", 415),
    ] {
        assert_eq!(of(kind, body).0, status, "{kind} {body}");
    }
    for target in [format!("/api/v1/audit/cases/{id}/pay"), "/api/v1/audit/cases/x/note".into()] {
        let got = post(&site, &target, &bearer(&tokens[0]), r#"{"text": "x"}"#);
        assert_eq!(got.status, 404, "{target}");
    }
}

#[test]
fn a_verification_says_of_each_row_what_was_found() {
    let site = site();
    let tokens = tokens(&site);
    let made = case_in(&site, &[CaseState::Appealed; 2]);
    let rows = |id: i64, more: &str| {
        get(&site, &format!("/api/v1/audit/cases/{id}/rows{more}"), &tokens[2])
    };
    // As JSON.
    let (id, tag) = &made[0];
    let body = json!({"on": "2013-01-15", "found": "x", "proposal": "partial", "percent": "50",
        "by": "เขต 10, สสจ.", "verdicts": [
            {"file": "epi", "submission": 2, "line": 3, "verdict": "refuted", "note": "เกิดก่อน"},
            {"file": "EPI", "submission": 2, "line": 7, "verdict": "missing"}]});
    let got = send(&site, *id, "verify", tag, &tokens[0], &body);
    assert_eq!(got.status, 200, "{}", got.text());
    let told = rows(*id, "").json();
    assert_eq!((&told["total"], &told["rows"][0]["verdict"]), (&json!(2), &json!("refuted")));
    assert_eq!(told["rows"][0]["note"], "เกิดก่อน");
    assert_eq!(told["rows"][1]["verdict"], "missing");
    let case = get(&site, &format!("/api/v1/audit/cases/{id}"), &tokens[2]).json();
    let last = case["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["by"], &last["percent"]), (&json!("เขต 10, สสจ."), &json!("50.00")));
    // As the CSV that the program gave, with verdicts filled in.
    let (id, tag) = &made[1];
    let csv = rows(*id, "?format=csv");
    assert_eq!(csv.status, 200);
    let text = csv.text().trim_start_matches('\u{feff}').to_owned();
    assert!(text.starts_with("file,submission,line,archive,pid,"), "{text}");
    let filled = text.replacen(",,,20,", ",confirmed,,20,", 1);
    assert_ne!(filled, text, "{text}");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("on", "2013-01-15"), ("found", "x"), ("proposal", "withhold")])
        .append_pair("verdicts", &filled)
        .append_pair("verdict.EPI.2.7", "refuted")
        .finish();
    let headers = format!(
        "If-Match: {tag}\r\nAuthorization: Bearer {}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\n",
        tokens[0]
    );
    let got = post(&site, &format!("/api/v1/audit/cases/{id}/verify"), &headers, &form);
    assert_eq!(got.status, 200, "{}", got.text());
    let verdicts: Vec<Value> = rows(*id, "").json()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["verdict"].clone())
        .collect();
    assert_eq!(verdicts, [json!("confirmed"), json!("refuted")]);
}
