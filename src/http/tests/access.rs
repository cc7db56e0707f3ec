//! Who may ask for what: every route, every role, one's own and somebody
//! else's, and what is written into the access log.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use super::fixture::{Got, Site, site};
use super::tokens::{cookie, csrf};
use crate::credentials::{Role, Secret, SecretKind};
use crate::export::{FileLine, Manifest};
use crate::http::endpoint::{Access, Body};
use crate::http::routes::ENDPOINTS;
use crate::store::{AccessStore, NewToken};

/// Made long before the site's clock.
pub const LONG_AGO: &str = "2012-12-01T08:00:00+07:00";

/// The main unit of the unit; the third unit of the list is of another one.
pub const CUP: &str = "10944";
pub const UNIT: &str = "03590";
pub const OTHER: &str = "10669";

pub fn token(
    site: &Site,
    role: Role,
    hcode: Option<&str>,
    expires_at: Option<&str>,
) -> (i64, String) {
    let store = AccessStore::open(site.folder.path()).unwrap();
    let secret = Secret::new(SecretKind::Token).unwrap();
    let new = NewToken { name: "test", role, hcode, expires_at, by: "test" };
    let id = store.add_token(&new, &secret, LONG_AGO).unwrap();
    (id, secret.reveal().to_owned())
}

pub fn get(site: &Site, target: &str, token: &str) -> Got {
    site.ask("GET", target, &[("Authorization", &format!("Bearer {token}"))])
}

pub fn post(site: &Site, target: &str, headers: &str, form: &str) -> Got {
    let host = site.address;
    let length = form.len();
    site.say(
        format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}\r\n{form}"
        )
        .as_bytes(),
    )
}

/// Who asks: province, main unit, unit, monitoring, nobody.
const WHO: [&str; 5] = ["province", "cup", "unit", "metrics", "nobody"];

/// A route, an address of it that is the unit's own, the statuses that WHO
/// get for it; and the same for what is the other main unit's, if anything is.
type Row = (&'static str, &'static str, [u16; 5], Option<(&'static str, [u16; 5])>);

const ALL: [u16; 5] = [200; 5];
const DATA: [u16; 5] = [200, 200, 200, 403, 401];
const FOREIGN: [u16; 5] = [200, 403, 403, 403, 401];
const NONE_OF: [u16; 5] = [200, 404, 404, 403, 401];
const PROVINCE: [u16; 5] = [200, 403, 403, 403, 401];

/// Every route that is read. What changes something has tests of its own.
const TABLE: &[Row] = &[
    ("page", "/", DATA, None),
    ("inbox_page", "/inbox?hcode=03590", DATA, Some(("/inbox?hcode=10669", FOREIGN))),
    (
        "submissions_page",
        "/submissions?hcode=03590",
        DATA,
        Some(("/submissions?hcode=10669", FOREIGN)),
    ),
    ("units_page", "/units", [200, 200, 403, 403, 401], None),
    ("submission_page", "/submissions/3", DATA, Some(("/submissions/1", NONE_OF))),
    ("unit_page", "/units/03590", DATA, Some(("/units/10669", FOREIGN))),
    (
        "unit_findings",
        "/units/03590/findings.csv",
        DATA,
        Some(("/units/10669/findings.csv", FOREIGN)),
    ),
    ("expected_page", "/expected", DATA, None),
    ("quality_page", "/quality?round=2557", DATA, None),
    ("kpis_page", "/kpi?period=2556", DATA, None),
    ("kpi_page", "/kpi/dm_screen?period=2556", DATA, None),
    (
        "explain_page",
        "/kpi/dm_screen/explain?period=2556&unit=03590",
        DATA,
        Some(("/kpi/dm_screen/explain?period=2556&unit=10669", FOREIGN)),
    ),
    ("exports_page", "/exports", PROVINCE, None),
    ("icon", "/favicon.ico", ALL, None),
    ("forward_page", "/forward/1", PROVINCE, None),
    ("script", "/assets/khlang.js", ALL, None),
    ("docs_page", "/api", ALL, None),
    ("style", "/assets/khlang.css", ALL, None),
    ("healthy", "/-/healthy", ALL, None),
    ("ready", "/-/ready", ALL, None),
    ("metrics", "/metrics", [200, 403, 403, 200, 401], None),
    ("openapi", "/api/v1/openapi.json", ALL, None),
    ("status", "/api/v1/status", DATA, None),
    ("inbox", "/api/v1/inbox?hcode=03590", DATA, Some(("/api/v1/inbox?hcode=10669", FOREIGN))),
    ("units", "/api/v1/units", DATA, None),
    (
        "submissions",
        "/api/v1/submissions?hcode=03590",
        DATA,
        Some(("/api/v1/submissions?hcode=10669", FOREIGN)),
    ),
    ("submission", "/api/v1/submissions/3", DATA, Some(("/api/v1/submissions/1", NONE_OF))),
    (
        "findings",
        "/api/v1/submissions/3/findings",
        DATA,
        Some(("/api/v1/submissions/1/findings?format=csv", NONE_OF)),
    ),
    ("sign_in_page", "/sign-in", [303, 303, 303, 200, 200], None),
    ("access_log", "/api/v1/access", PROVINCE, None),
    ("expected", "/api/v1/expected?month=2013-01", DATA, None),
    (
        "score",
        "/api/v1/score?round=2557&unit=03590",
        DATA,
        Some(("/api/v1/score?round=2557&unit=10669", FOREIGN)),
    ),
    (
        "quality",
        "/api/v1/quality?round=2557&unit=03590",
        DATA,
        Some(("/api/v1/quality?round=2557&unit=10669", FOREIGN)),
    ),
    (
        "allocation",
        "/api/v1/allocation?round=2557&unit=03590",
        DATA,
        Some(("/api/v1/allocation?round=2557&unit=10669", FOREIGN)),
    ),
    (
        "statement",
        "/api/v1/statements/10944?round=2557&format=xlsx",
        [200, 200, 403, 403, 401],
        Some(("/api/v1/statements/10669?round=2557", FOREIGN)),
    ),
    ("kpis", "/api/v1/kpi", DATA, None),
    ("kpi", "/api/v1/kpi/dm_screen?period=2556&format=csv", DATA, None),
    (
        "kpi_explain",
        "/api/v1/kpi/dm_screen/explain?period=2556&unit=03590",
        DATA,
        Some(("/api/v1/kpi/dm_screen/explain?period=2556&unit=10669", FOREIGN)),
    ),
    ("audit_page", "/audit?round=2556", DATA, None),
    ("audit_rules_page", "/audit/rules", DATA, None),
    ("audit_case_page", "/audit/2", DATA, Some(("/audit/1", NONE_OF))),
    ("audit_rules", "/api/v1/audit/rules", DATA, None),
    ("audit_cases", "/api/v1/audit/cases", DATA, Some(("/api/v1/audit/cases?unit=10669", FOREIGN))),
    ("audit_case", "/api/v1/audit/cases/2", DATA, Some(("/api/v1/audit/cases/1", NONE_OF))),
    (
        "audit_rows",
        "/api/v1/audit/cases/2/rows?format=csv",
        DATA,
        Some(("/api/v1/audit/cases/1/rows", NONE_OF)),
    ),
    (
        "audit_letter",
        "/api/v1/audit/cases/2/letter",
        DATA,
        Some(("/api/v1/audit/cases/1/letter", NONE_OF)),
    ),
    ("exports", "/api/v1/exports", PROVINCE, None),
    ("forward", "/api/v1/forward", PROVINCE, None),
    ("reps", "/api/v1/rep", DATA, None),
    ("rep", "/api/v1/rep/2", DATA, Some(("/api/v1/rep/1?format=csv", NONE_OF))),
    (
        "rep_unit",
        "/api/v1/rep/2/units/03590?format=html",
        DATA,
        Some(("/api/v1/rep/2/units/10669", FOREIGN)),
    ),
    (
        "submission_rep",
        "/api/v1/submissions/3/rep",
        DATA,
        Some(("/api/v1/submissions/1/rep", NONE_OF)),
    ),
    (
        "received",
        "/api/v1/statements/10944/received?round=2557",
        [200, 200, 403, 403, 401],
        Some(("/api/v1/statements/10669/received?round=2557", FOREIGN)),
    ),
    ("forward_batch", "/api/v1/forward/1", PROVINCE, None),
    ("export_file", "/api/v1/exports/daily/2013-01-14/kpi.csv", PROVINCE, None),
];

/// A finished export.
fn export(site: &Site) {
    let folder = site.folder.path().join("exports/daily/2013-01-14");
    std::fs::create_dir_all(&folder).unwrap();
    let file = FileLine { name: "kpi.csv".to_owned(), bytes: 4, sha256: String::new() };
    let manifest = Manifest {
        export: "daily".to_owned(),
        made_at: site.app.clock.now(),
        files: vec![file],
        ..Manifest::default()
    };
    let write = |name: &str, bytes: &[u8]| crate::files::write_whole(&folder.join(name), bytes);
    write("manifest.json", &serde_json::to_vec(&manifest).unwrap()).unwrap();
    write("kpi.csv", b"a,b\n").unwrap();
    write("secret.txt", b"not of the export").unwrap();
}

pub fn last_logged(site: &Site) -> Option<crate::store::AccessLine> {
    let store = AccessStore::open(site.folder.path()).unwrap();
    store.logged(None, None, 1, 1).unwrap().rows.pop()
}

#[test]
fn every_route_shows_every_role_its_own() {
    let site = site();
    export(&site);
    let province = token(&site, Role::Province, None, None).1;
    let cup = token(&site, Role::Cup, Some(CUP), None).1;
    let unit = token(&site, Role::Unit, Some(UNIT), None).1;
    let metrics = token(&site, Role::Metrics, None, None).1;
    let tokens = [Some(province), Some(cup), Some(unit), Some(metrics), None];
    let named: BTreeSet<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    let here = |path: &str| !path.starts_with("/-/test/");
    let read: BTreeSet<&str> = ENDPOINTS
        .iter()
        .filter(|route| here(route.path) && route.body == Body::None)
        .map(|route| route.name)
        .collect();
    assert_eq!(named, read, "every route has a row here, and every row a route");
    for (name, own, statuses, foreign) in TABLE {
        let route = ENDPOINTS.iter().find(|route| route.name == *name).unwrap();
        let asked = [Some((*own, *statuses, true)), foreign.map(|(to, of)| (to, of, false))];
        for (target, statuses, is_own) in asked.into_iter().flatten() {
            for ((who, token), want) in WHO.iter().zip(&tokens).zip(statuses) {
                let before = last_logged(&site).map_or(0, |line| line.id);
                let got = match token {
                    Some(token) => get(&site, target, token),
                    None => site.get(target),
                };
                assert_eq!(
                    got.status,
                    want,
                    "{who} {target}: {}",
                    String::from_utf8_lossy(&got.body)
                );
                let line = last_logged(&site).filter(|line| line.id > before);
                let shown = route.personal && want == 200;
                if !shown {
                    let quiet = line.is_none() || *name == "export_file";
                    assert!(quiet, "{who} {target}: {line:?}");
                    continue;
                }
                let line = line.unwrap_or_else(|| panic!("{who} {target} is not logged"));
                assert_eq!((line.action.as_str(), line.route.as_str()), ("read", *name));
                assert_eq!(line.role, *who);
                assert_eq!(line.peer, "127.0.0.1");
                if is_own && *who == "unit" {
                    assert_eq!(line.unit.as_deref(), Some(UNIT), "{target}");
                }
            }
            if statuses == NONE_OF {
                // Somebody else's is as if it were not there.
                let token = tokens[2].as_deref().unwrap();
                let there = get(&site, target, token).json();
                let none =
                    get(&site, &target.replace('1', "99").replace("v99", "v1"), token).json();
                assert_eq!(there["code"], none["code"], "{target}");
            }
        }
    }
    let public: BTreeSet<&str> = ENDPOINTS
        .iter()
        .filter(|route| here(route.path) && route.access == Access::Public)
        .map(|route| route.name)
        .collect();
    let want = [
        "script",
        "docs_page",
        "healthy",
        "icon",
        "openapi",
        "ready",
        "sign_in",
        "sign_in_page",
        "sign_out",
        "style",
    ];
    assert_eq!(public, BTreeSet::from(want), "nothing else is for everybody");
}

#[test]
fn lists_and_totals_are_of_one_s_own_units() {
    let site = site();
    {
        let mut inbox = site.app.inbox();
        for hcode in [OTHER, UNIT] {
            inbox.waiting.push(crate::app::WaitingArchive {
                hcode: Some(hcode.to_owned()),
                since: site.app.clock.stamp(),
                ..crate::app::WaitingArchive::default()
            });
        }
        inbox.trouble = Some("of ours".to_owned());
    }
    let cup = token(&site, Role::Cup, Some(CUP), None).1;
    let unit = token(&site, Role::Unit, Some(UNIT), None).1;
    let codes = |token: &str, target: &str, name: &str| -> BTreeSet<String> {
        let json = get(&site, target, token).json();
        let rows = json["rows"].as_array().or(json["units"].as_array()).unwrap().clone();
        rows.iter().map(|row| row[name].as_str().unwrap_or("-").to_owned()).collect()
    };
    for (list, name) in [
        ("/api/v1/submissions", "hcode"),
        ("/api/v1/units", "hcode"),
        ("/api/v1/expected?month=2013-01", "hcode"),
        ("/api/v1/score?round=2557", "hcode"),
        ("/api/v1/quality?round=2557", "hcode"),
    ] {
        assert_eq!(codes(&unit, list, name), BTreeSet::from([UNIT.to_owned()]), "{list}");
        let both = BTreeSet::from([UNIT.to_owned(), CUP.to_owned()]);
        assert_eq!(codes(&cup, list, name), both, "{list}");
    }
    let status = get(&site, "/api/v1/status", &unit).json();
    assert_eq!(status["totals"]["submissions"], serde_json::json!({"broken": 1}));
    assert_eq!(status["totals"]["received"], 0);
    assert_eq!(status["last_submission"]["id"], 3);
    assert_eq!(status["inbox"]["waiting"].as_array().unwrap().len(), 1);
    assert!(status["inbox"]["trouble"].is_null());
    assert_eq!(get(&site, "/api/v1/status", &cup).json()["totals"]["received"], 1500);
    let money = get(&site, "/api/v1/allocation?round=2557", &unit).json();
    let cups = money["cups"].as_array().unwrap();
    assert_eq!((cups.len(), cups[0]["units"].as_array().unwrap().len()), (1, 1));
    assert_eq!(cups[0]["units"][0]["hcode"], UNIT);
    assert_eq!(cups[0]["amount"], cups[0]["units"][0]["amount"], "no sum tells of the others");
    let page = get(&site, "/", &cup);
    assert!(!page.text().contains("F21_10669") && page.text().contains("F21_10944"));
}

#[test]
fn a_submission_of_nobody_known_is_the_province_s() {
    let site = site();
    let unit = token(&site, Role::Cup, Some(CUP), None).1;
    let province = token(&site, Role::Province, None, None).1;
    assert_eq!(get(&site, "/api/v1/submissions/4", &unit).status, 404);
    assert_eq!(get(&site, "/api/v1/submissions/4", &province).status, 200);
}

#[test]
fn an_archive_is_taken_from_its_unit_alone_and_logged() {
    let site = site();
    let (id, unit) = token(&site, Role::Unit, Some(UNIT), None);
    let (_, metrics) = token(&site, Role::Metrics, None, None);
    let send = |name: &str, headers: &str| {
        post(&site, "/api/v1/archives", &format!("X-Archive-Name: {name}\r\n{headers}"), "zip")
    };
    let own = "F43_03590_20130115070000.zip";
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    assert_eq!(send(own, "").problem(), "not_signed_in");
    assert_eq!(send(own, &bearer(&metrics)).problem(), "not_allowed");
    let other = "F43_10944_20130115070000.zip";
    assert_eq!(send(other, &bearer(&unit)).problem(), "other_unit");
    let got = send(own, &bearer(&unit));
    assert_eq!(got.status, 202, "{}", got.text());
    let line = last_logged(&site).unwrap();
    assert_eq!(
        (line.action.as_str(), line.token, line.unit.as_deref()),
        ("change", Some(id), Some(UNIT))
    );
    let number = got.json()["id"].as_i64();
    assert_eq!(line.submission, number);
    let place = format!("/api/v1/submissions/{}", number.unwrap());
    assert_eq!(get(&site, &place, &unit).status, 202);
    let (_, stranger) = token(&site, Role::Unit, Some(OTHER), None);
    assert_eq!(get(&site, &place, &stranger).status, 404);
    let cookie = cookie(&post(&site, "/sign-in", "", &format!("token={unit}")));
    let session = format!("Cookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n");
    let again = "F43_03590_20130115080000.zip";
    assert_eq!(send(again, &session).problem(), "cross_site", "no CSRF token");
    let header = format!("{session}X-CSRF-Token: {}\r\n", csrf(&cookie));
    assert_eq!(send(again, &header).status, 202);
}

#[test]
fn what_cannot_be_logged_is_not_shown() {
    let site = site();
    let store = AccessStore::open(site.folder.path()).unwrap();
    // Somebody has taken the table away.
    store.meddle("ALTER TABLE access_log RENAME TO gone").unwrap();
    let got = site.get("/api/v1/submissions/2");
    assert_eq!((got.status, got.problem().as_str()), (503, "database_unavailable"));
    assert_eq!(site.get("/api/v1/submissions").status, 200, "a list shows no person");
}

#[test]
fn the_access_log_is_read_by_day_and_page_and_never_changed() {
    let site = site();
    for _ in 0..3 {
        site.get("/api/v1/submissions/2");
    }
    let log = site.get("/api/v1/access?per_page=2").json();
    assert_eq!((&log["total"], log["rows"].as_array().unwrap().len()), (&3.into(), 2));
    assert_eq!(log["rows"][0]["at"], "2013-01-15T09:30:00+07:00");
    assert_eq!(log["rows"][0]["name"], "local");
    assert_eq!(site.get("/api/v1/access?from=2013-01-16").json()["total"], 0);
    assert_eq!(site.get("/api/v1/access?from=2013-01-15&to=2013-01-15").json()["total"], 3);
    let store = AccessStore::open(site.folder.path()).unwrap();
    for sql in ["DELETE FROM access_log", "UPDATE access_log SET name = 'x'"] {
        assert!(store.meddle(sql).is_err(), "{sql}");
    }
    let mode = AccessStore::path(site.folder.path()).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn readiness_tells_why_only_to_who_looks_after_the_machine() {
    let site = site();
    let unit = token(&site, Role::Unit, Some(UNIT), None).1;
    let metrics = token(&site, Role::Metrics, None, None).1;
    let checks = |got: Got| got.json()["checks"].as_array().unwrap().len();
    assert_eq!(checks(site.get("/-/ready")), 0);
    assert_eq!(checks(get(&site, "/-/ready", &unit)), 0);
    assert!(checks(get(&site, "/-/ready", &metrics)) >= 4);
}

#[test]
fn exports_are_looked_up_and_never_searched_by_path() {
    let site = site();
    export(&site);
    std::fs::create_dir_all(site.folder.path().join("exports/forward/x")).unwrap();
    let list = site.get("/api/v1/exports").json();
    assert_eq!((&list["total"], &list["rows"][0]["stamp"]), (&1.into(), &"2013-01-14".into()));
    let got = site.get("/api/v1/exports/daily/2013-01-14/kpi.csv");
    assert_eq!((got.status, got.text()), (200, "a,b\n"));
    assert!(got.header("content-disposition").unwrap().contains("khlang-daily-2013-01-14-kpi.csv"));
    assert_eq!(
        site.get("/api/v1/exports/daily/2013-01-14/manifest.json").json()["export"],
        "daily"
    );
    for none in [
        "daily/2013-01-14/secret.txt",
        "daily/2013-01-15/kpi.csv",
        "weekly/2013-01-14/kpi.csv",
        "daily/2013-01-14/..%2f..%2f..%2faccess.db",
        "..%2f/2013-01-14/kpi.csv",
        "daily/..%2f2013-01-14/kpi.csv",
        "daily/2013-01-14/%2e%2e",
        ".lock/x/y",
    ] {
        let got = site.get(&format!("/api/v1/exports/{none}"));
        assert_eq!((got.status, got.problem().as_str()), (404, "no_such_export"), "{none}");
    }
}

#[test]
fn what_came_back_is_of_one_s_own_units_and_stands_beside_ours() {
    let site = site();
    let province = token(&site, Role::Province, None, None).1;
    let unit = token(&site, Role::Unit, Some(UNIT), None).1;
    let reps = |token: &str| {
        let json = get(&site, "/api/v1/rep", token).json();
        json["reps"].as_array().unwrap().iter().map(|rep| rep["rep"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((reps(&province).len(), reps(&unit)), (2, vec![2.into()]));
    let beside = get(&site, "/api/v1/submissions/1/rep", &province).json();
    let sum = &beside["sums"][0];
    let counts = ["received", "passed", "refused", "accepted", "passed_here_only"];
    assert_eq!(counts.map(|key| sum[key].as_i64().unwrap()), [1, 0, 1, 1, 1], "{beside}");
    assert_eq!(beside["codes"][0]["code"], "SE1105", "{beside}");
    assert_eq!(beside["codes"][0]["of"], "theirs", "{beside}");
    let page = get(&site, "/submissions/1", &province);
    let text = page.text();
    assert!(text.contains("id=\"rep-table\"") && text.contains("สปสช."), "{text}");
    assert!(text.contains("op_sample"), "a layout that was not proven is named");
    assert!(!get(&site, "/submissions/2", &province).text().contains("id=\"rep-table\""));
    let page = get(&site, "/units/10669", &province);
    let page = page.text();
    assert!(page.contains("id=\"rep-lines\"") && page.contains("10669|7|9"), "{page}");
    let page = get(&site, "/quality?round=2556", &province);
    assert!(page.status == 404 || page.text().contains("data-rep=\"10669\""), "{}", page.text());
}
