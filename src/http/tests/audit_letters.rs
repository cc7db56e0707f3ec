//! Letters over HTTP, and the links between a case and what it is about.

use super::access::{get, last_logged};
use super::audit::{case_in, said, send, tokens};
use super::fixture::site;
use crate::audit::steps::CaseState;

/// Case 2 of every site is of the unit, and told; 3 is of it, and not told.
#[test]
fn whoever_may_see_a_case_may_have_its_letter() {
    let site = site();
    let tokens = tokens(&site);
    let letter = |id: i64, query: &str, who: usize| {
        get(&site, &format!("/api/v1/audit/cases/{id}/letter{query}"), &tokens[who])
    };
    for who in 0..3 {
        let got = letter(2, "", who);
        assert_eq!(got.status, 200, "{}", got.text());
        assert!(got.header("content-type").unwrap().starts_with("text/html"));
        assert!(got.text().contains("อุทธรณ์") && got.text().contains("000861"), "{}", got.text());
        assert!(!got.text().contains("<script") && !got.text().contains("://"));
    }
    let log = last_logged(&site).unwrap();
    assert_eq!((log.action.as_str(), log.detail.as_str()), ("read", "audit case 2"));
    assert!(letter(2, "?lang=en", 2).text().contains("Of the data that"));
    for (id, query, who, status) in [
        (2, "", 3, 404),
        (2, "", 4, 404),
        (2, "", 5, 403),
        (2, "", 6, 401),
        (3, "", 2, 404),
        (3, "", 0, 409),
        (2, "?kind=result", 0, 409),
        (2, "?kind=results", 0, 400),
        (99, "", 0, 404),
    ] {
        let got = letter(id, query, who);
        assert_eq!(got.status, status, "{id}{query} by {who}: {}", got.text());
    }
    assert_eq!(letter(3, "", 0).problem(), "audit_state");
    let tag = get(&site, "/api/v1/audit/cases/2", &tokens[0]).json()["etag"].clone();
    let paid =
        send(&site, 2, "resolve pay", tag.as_str().unwrap(), &tokens[0], &said("resolve pay"));
    assert_eq!(paid.status, 200, "{}", paid.text());
    assert_eq!(letter(2, "?kind=result", 2).status, 200);
    // What was dismissed before anybody was told has no letter.
    let tag = get(&site, "/api/v1/audit/cases/3", &tokens[0]).json()["etag"].clone();
    let paid =
        send(&site, 3, "resolve pay", tag.as_str().unwrap(), &tokens[0], &said("resolve pay"));
    assert_eq!(paid.status, 200);
    assert_eq!(letter(3, "?kind=result", 0).status, 409);
}

#[test]
fn a_letter_of_several_cases_has_all_that_were_told_by_it_and_no_other() {
    let site = site();
    let tokens = tokens(&site);
    let made = case_in(&site, &[CaseState::Notified, CaseState::Selected, CaseState::Verified]);
    let (told, verified) = (made[0].0, made[2].0);
    let page = get(&site, "/api/v1/audit/cases/2/letter?together=yes&lang=en", &tokens[2]);
    assert_eq!(page.status, 200, "{}", page.text());
    let enclosed = |id: i64| page.text().contains(&format!("Enclosure: matter {id} "));
    for id in 1..=made[2].0 {
        assert_eq!(enclosed(id), [2, told, verified].contains(&id), "{id}");
    }
    let alone = get(&site, "/api/v1/audit/cases/2/letter?lang=en", &tokens[2]);
    assert!(!alone.text().contains(&format!("Enclosure: matter {told} ")));
    // Its decision is told of those only that are decided.
    let paid = send(&site, told, "resolve pay", &made[0].1, &tokens[0], &said("resolve pay"));
    assert_eq!(paid.status, 200, "{}", paid.text());
    let target = format!("/api/v1/audit/cases/{told}/letter?kind=result&together=yes");
    assert_eq!(get(&site, &target, &tokens[2]).status, 200);
    // The page of the case has them, and there is none of what nobody was told of.
    let page = |id: i64| get(&site, &format!("/audit/{id}?lang=en"), &tokens[0]).text().to_owned();
    assert!(page(told).contains("id=\"letter-notify-together\""), "{}", page(told));
    assert!(page(told).contains("id=\"letter-result\""));
    assert!(page(2).contains("id=\"letter-notify\"") && !page(2).contains("letter-result"));
    assert!(!page(3).contains("letter-"), "{}", page(3));
}

#[test]
fn a_submission_names_the_cases_of_its_rows_to_who_may_see_them() {
    let site = site();
    let tokens = tokens(&site);
    let named = |submission: i64, who: usize| -> Vec<i64> {
        let target = format!("/submissions/{submission}?lang=en");
        let got = get(&site, &target, &tokens[who]);
        assert_eq!(got.status, 200, "{}", got.text());
        (1..=4).filter(|id| got.text().contains(&format!("data-case=\"{id}\""))).collect()
    };
    // Of the rows of the second submission of 10944 there are cases of its sub-unit.
    assert_eq!(named(2, 0), [2, 3]);
    assert_eq!(named(2, 1), [2], "a main unit sees what its units were told");
    assert_eq!(named(1, 0), [0_i64; 0]);
    let case = get(&site, "/audit/2?lang=en", &tokens[1]).text().to_owned();
    assert!(case.contains("href=\"/submissions/2?lang=en\""), "and back: {case}");
}

#[test]
fn cases_are_counted_for_a_monitoring_system() {
    let site = site();
    let tokens = tokens(&site);
    let metrics = get(&site, "/metrics", &tokens[5]).text().to_owned();
    for line in [
        "khlang_audit_cases{state=\"selected\"} 1",
        "khlang_audit_cases{state=\"notified\"} 2",
        "khlang_audit_cases{state=\"resolved\"} 0",
        "khlang_audit_overdue 0",
        "khlang_audit_runs_total{outcome=\"failed\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}
