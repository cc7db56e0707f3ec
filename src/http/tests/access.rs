//! Who may ask for what: every route, every role, one's own and somebody
//! else's; tokens, sessions, and what is written into the access log.

use std::collections::BTreeSet;

use super::fixture::{Got, Site, empty, site, site_with};
use crate::access::{Role, Secret, SecretKind};
use crate::export::{FileLine, Manifest};
use crate::http::routes::{Access, Body, ROUTES};
use crate::store::{AccessStore, NewToken, Store};

/// Made long before the site's clock.
const LONG_AGO: &str = "2012-12-01T08:00:00+07:00";

/// The main unit of the unit; the third unit of the list is of another one.
const CUP: &str = "10944";
const UNIT: &str = "03590";
const OTHER: &str = "10669";

fn token(site: &Site, role: Role, hcode: Option<&str>, expires_at: Option<&str>) -> (i64, String) {
    let store = AccessStore::open(site.folder.path()).unwrap();
    let secret = Secret::new(SecretKind::Token).unwrap();
    let new = NewToken { name: "test", role, hcode, expires_at, by: "test" };
    let id = store.add_token(&new, &secret, LONG_AGO).unwrap();
    (id, secret.reveal().to_owned())
}

fn get(site: &Site, target: &str, token: &str) -> Got {
    site.ask("GET", target, &[("Authorization", &format!("Bearer {token}"))])
}

fn post(site: &Site, target: &str, headers: &str, form: &str) -> Got {
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
    ("script", "/assets/khlang.js", ALL, None),
    ("docs_page", "/api", ALL, None),
    ("style", "/assets/khlang.css", ALL, None),
    ("healthy", "/-/healthy", ALL, None),
    ("ready", "/-/ready", ALL, None),
    ("openapi", "/api/v1/openapi.json", ALL, None),
    ("status", "/api/v1/status", DATA, None),
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
    ("sign_in_page", "/sign-in", [303, 303, 303, 303, 200], None),
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
    ("exports", "/api/v1/exports", PROVINCE, None),
    ("export_file", "/api/v1/exports/daily/2013-01-14/kpi.csv", PROVINCE, None),
];

/// A finished export.
fn export(site: &Site) {
    let folder = site.folder.path().join("exports/daily/2013-01-14");
    std::fs::create_dir_all(&folder).unwrap();
    let file = FileLine { name: "kpi.csv".to_owned(), bytes: 4, sha256: String::new() };
    let manifest = Manifest {
        export: "daily".to_owned(),
        made_at: site.shared.clock.now(),
        files: vec![file],
        ..Manifest::default()
    };
    let write = |name: &str, bytes: &[u8]| crate::files::write_whole(&folder.join(name), bytes);
    write("manifest.json", &serde_json::to_vec(&manifest).unwrap()).unwrap();
    write("kpi.csv", b"a,b\n").unwrap();
    write("secret.txt", b"not of the export").unwrap();
}

fn last_logged(site: &Site) -> Option<crate::store::AccessLine> {
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
    let read: BTreeSet<&str> = ROUTES
        .iter()
        .filter(|route| here(route.path) && route.body == Body::None)
        .map(|route| route.name)
        .collect();
    assert_eq!(named, read, "every route has a row here, and every row a route");
    for (name, own, statuses, foreign) in TABLE {
        let route = ROUTES.iter().find(|route| route.name == *name).unwrap();
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
    let public: BTreeSet<&str> = ROUTES
        .iter()
        .filter(|route| here(route.path) && route.access == Access::Public)
        .map(|route| route.name)
        .collect();
    let want = [
        "script",
        "docs_page",
        "healthy",
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
        let mut inbox = site.shared.inbox();
        for hcode in [OTHER, UNIT] {
            inbox.waiting.push(crate::http::Waiting {
                hcode: Some(hcode.to_owned()),
                ..crate::http::Waiting::default()
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
    let page = get(&site, "/", &unit);
    assert!(!page.text().contains("F21_10669") && !page.text().contains("F21_10944"));
    assert!(page.text().contains("F21_03590"));
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
fn a_token_that_is_revoked_or_expired_or_unknown_is_worth_nothing() {
    let site = site();
    assert_eq!(site.get("/api/v1/status").status, 200, "without any token this machine is let in");
    let (id, good) = token(&site, Role::Province, None, Some("2013-01-16T00:00:00+07:00"));
    assert_eq!(site.get("/api/v1/status").problem(), "not_signed_in");
    assert_eq!(get(&site, "/api/v1/status", &good).status, 200);
    let (_, old) = token(&site, Role::Province, None, Some("2013-01-15T09:30:00+07:00"));
    let unknown = Secret::new(SecretKind::Token).unwrap();
    let mixed = format!("{}{}", &good[..20], &old[20..]);
    for wrong in [&*old, unknown.reveal(), &mixed, &good[..40], "", "x y"] {
        let got = get(&site, "/api/v1/status", wrong);
        assert_eq!((got.status, got.problem().as_str()), (401, "invalid_token"), "{wrong}");
        assert!(got.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
    let basic = site.ask("GET", "/-/healthy", &[("Authorization", &format!("Basic {good}"))]);
    assert_eq!(basic.problem(), "invalid_token");
    let line = |id: i64| {
        let tokens = AccessStore::open(site.folder.path()).unwrap().tokens().unwrap();
        tokens.into_iter().find(|token| token.id == id).unwrap()
    };
    assert_eq!(line(id).last_used_at.as_deref(), Some("2013-01-15T09:30:00+07:00"));
    let store = AccessStore::open(site.folder.path()).unwrap();
    assert!(store.revoke_token(id, "test", LONG_AGO).unwrap());
    assert!(!store.revoke_token(id, "test", LONG_AGO).unwrap());
    assert_eq!(get(&site, "/api/v1/status", &good).problem(), "invalid_token");
    assert_eq!(site.get("/api/v1/status").status, 401, "the door stays closed");
}

#[test]
fn who_guesses_is_told_to_wait_and_nobody_else_is() {
    let site = site_with(|config| config.http.wrong_tokens = 3);
    let (_, good) = token(&site, Role::Unit, Some(UNIT), None);
    let codes: Vec<String> =
        (0..5).map(|_| get(&site, "/api/v1/status", "khl_guess").problem()).collect();
    assert_eq!(codes[..3], ["invalid_token"; 3]);
    assert_eq!(codes[3..], ["too_many_wrong_tokens"; 2]);
    let got = get(&site, "/api/v1/status", "khl_guess");
    assert_eq!((got.status, got.header("retry-after")), (429, Some("60")));
    let form = post(&site, "/sign-in", "", "token=khl_guess&next=%2F");
    assert_eq!(form.status, 429, "the form counts, too");
    assert_eq!(get(&site, "/api/v1/status", &good).status, 200);
    let other = [("Authorization", "Bearer khl_guess"), ("X-Forwarded-For", "10.0.0.9")];
    assert_eq!(site.ask("GET", "/api/v1/status", &other).problem(), "invalid_token");
}

#[test]
fn what_was_handed_on_is_not_of_this_machine() {
    let site = site();
    for header in
        [("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("Via", "1.1 x")]
    {
        let got = site.ask("GET", "/api/v1/status", &[header]);
        assert_eq!((got.status, got.problem().as_str()), (403, "not_local"), "{header:?}");
    }
    let own = [("X-Khlang-Local", "yes"), ("X-Forwarded-For", "10.0.0.9")];
    assert_eq!(site.ask("GET", "/api/v1/status", &own).problem(), "not_local");
    let (_, good) = token(&site, Role::Province, None, None);
    let bearer = format!("Bearer {good}");
    let proxied = [("Authorization", bearer.as_str()), ("X-Forwarded-For", "10.0.0.9")];
    assert_eq!(site.ask("GET", "/api/v1/submissions/2", &proxied).status, 200);
    assert_eq!(last_logged(&site).unwrap().peer, "10.0.0.9");
    let host = site.say(
        format!(
            "GET /api/v1/status HTTP/1.1\r\nHost: khlang.example\r\nAuthorization: {bearer}\r\n\r\n"
        )
        .as_bytes(),
    );
    assert_eq!(host.status, 200, "with tokens any name of the machine will do");
}

/// The cookie of a reply, as a browser sends it back.
fn cookie(got: &Got) -> String {
    got.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn csrf(cookie: &str) -> String {
    let secret = cookie.strip_prefix("khlang=").unwrap();
    Secret::parse(SecretKind::Session, secret).unwrap().derived("khlang csrf")
}

#[test]
fn a_browser_signs_in_and_out() {
    let site = site();
    let (id, good) = token(&site, Role::Unit, Some(UNIT), None);
    let people = [("Accept", "text/html")];
    let away = site.ask("GET", "/submissions/3?page=1", &people);
    assert_eq!(
        (away.status, away.header("location")),
        (303, Some("/sign-in?next=%2Fsubmissions%2F3%3Fpage%3D1"))
    );
    let wrong = post(&site, "/sign-in", "", "token=nonsense&next=%2F");
    assert!(wrong.status == 401 && wrong.text().contains("<form"));
    let form = format!("token={good}&next=%2Fsubmissions%2F3");
    let got = post(&site, "/sign-in", "X-Forwarded-Proto: https\r\n", &form);
    assert_eq!((got.status, got.header("location")), (303, Some("/submissions/3")));
    let set = got.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Secure", "Max-Age=28800"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains(&good));
    let plain = post(&site, "/sign-in", "", &form);
    assert!(!plain.header("set-cookie").unwrap().contains("Secure"));
    let cookie = cookie(&got);
    let read = |target: &str| site.ask("GET", target, &[("Cookie", &format!("a=b; {cookie}"))]);
    assert_eq!(read("/submissions/3").status, 200);
    assert_eq!(read("/submissions/1").status, 404);
    assert_eq!(last_logged(&site).unwrap().token, Some(id));
    // Out only by a form of this session, from a page of ours.
    let own = format!("csrf={}", csrf(&cookie));
    let stranger = format!("Cookie: {cookie}\r\nSec-Fetch-Site: cross-site\r\n");
    let other = format!("Cookie: {cookie}\r\nOrigin: https://evil.example\r\n");
    let ours = format!("Cookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n");
    let silent = format!("Cookie: {cookie}\r\n");
    for (headers, form) in
        [(&stranger, &*own), (&other, &*own), (&silent, &*own), (&ours, ""), (&ours, "csrf=x")]
    {
        let got = post(&site, "/sign-out", headers, form);
        assert_eq!((got.status, got.problem().as_str()), (403, "cross_origin"), "{headers}{form}");
    }
    assert_eq!(read("/").status, 200);
    let origin = format!("Cookie: {cookie}\r\nOrigin: http://{}\r\n", site.address);
    let out = post(&site, "/sign-out", &origin, &own);
    assert_eq!((out.status, out.header("location")), (303, Some("/sign-in")));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(read("/api/v1/status").status, 401, "the session is over");
}

#[test]
fn a_session_ends_with_its_token_and_with_its_time() {
    let site = site_with(|config| config.http.session = super::fixture::ms(0));
    let (_, good) = token(&site, Role::Province, None, None);
    let got = post(&site, "/sign-in", "", &format!("token={good}&next=//evil.example"));
    assert_eq!(got.header("location"), Some("/"), "nobody is sent to a stranger");
    let over = site.ask("GET", "/api/v1/status", &[("Cookie", &cookie(&got))]);
    assert_eq!(over.problem(), "not_signed_in");
    let site = super::fixture::site();
    let (id, good) = token(&site, Role::Province, None, None);
    let cookie = cookie(&post(&site, "/sign-in", "", &format!("token={good}")));
    let status = || site.ask("GET", "/api/v1/status", &[("Cookie", &cookie)]).status;
    assert_eq!(status(), 200);
    AccessStore::open(site.folder.path()).unwrap().revoke_token(id, "test", LONG_AGO).unwrap();
    assert_eq!(status(), 401);
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
    assert_eq!(send(again, &session).problem(), "cross_origin", "no CSRF token");
    let header = format!("{session}X-CSRF-Token: {}\r\n", csrf(&cookie));
    assert_eq!(send(again, &header).status, 202);
}

#[test]
fn nobody_waits_for_a_load_to_sign_in_or_to_be_logged() {
    let site = site();
    let (_, good) = token(&site, Role::Province, None, None);
    let world = site.shared.world();
    let store = Store::open(&site.shared.database, &world.catalog, 4).unwrap();
    let mut loading = store.load(9, 2556).unwrap();
    let nine = empty(9, "F21_10669_25560115093000.zip", Some(OTHER), 15);
    loading.record(&nine, &nine.received_at).unwrap();
    // The writer of the database is held; nothing here needs it.
    let got = post(&site, "/sign-in", "", &format!("token={good}"));
    assert_eq!(got.status, 303);
    let read = site.ask("GET", "/api/v1/submissions/2", &[("Cookie", &cookie(&got))]);
    assert_eq!(read.status, 200);
    assert_eq!(last_logged(&site).unwrap().submission, Some(2));
    token(&site, Role::Metrics, None, None);
    loading.commit().unwrap();
}

#[test]
fn what_cannot_be_logged_is_not_shown() {
    let site = site();
    let path = AccessStore::path(site.folder.path());
    // Somebody has taken the table away.
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch("ALTER TABLE access_log RENAME TO gone").unwrap();
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
    let conn = rusqlite::Connection::open(AccessStore::path(site.folder.path())).unwrap();
    for sql in ["DELETE FROM access_log", "UPDATE access_log SET name = 'x'"] {
        assert!(conn.execute(sql, []).is_err(), "{sql}");
    }
    use std::os::unix::fs::PermissionsExt as _;
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
