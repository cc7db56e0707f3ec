//! Tokens and sessions: what proves who asks, and for how long.

use super::access::{LONG_AGO, OTHER, UNIT, get, last_logged, post, token};
use super::fixture::{Got, empty, site, site_with};
use crate::credentials::{Role, Secret, SecretKind};
use crate::store::{AccessStore, Store};

/// The cookie of a reply, as a browser sends it back.
pub fn cookie(got: &Got) -> String {
    got.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

pub fn csrf(cookie: &str) -> String {
    let secret = cookie.strip_prefix("khlang=").unwrap();
    Secret::parse(SecretKind::Session, secret).unwrap().derived("khlang csrf")
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
fn wrong_tokens_are_in_the_access_log_and_never_the_token() {
    let site = site_with(|config| config.http.wrong_tokens = 3);
    let (id, revoked) = token(&site, Role::Unit, Some(UNIT), None);
    let (_, province) = token(&site, Role::Province, None, None);
    let store = AccessStore::open(site.folder.path()).unwrap();
    assert!(store.revoke_token(id, "test", LONG_AGO).unwrap());
    let unknown = Secret::new(SecretKind::Token).unwrap();
    let lines = || store.logged(None, None, 1, 100).unwrap().rows;
    let from = |peer: &'static str, secret: &str| {
        let bearer = format!("Bearer {secret}");
        let headers = [("Authorization", bearer.as_str()), ("X-Forwarded-For", peer)];
        assert_eq!(site.ask("GET", "/api/v1/units", &headers).status, 401);
    };
    from("10.0.0.1", &revoked);
    from("10.0.0.2", unknown.reveal());
    from("10.0.0.3", "1103700123456");
    let form = format!("token={}&next=%2F", unknown.reveal());
    assert_eq!(post(&site, "/sign-in", "X-Forwarded-For: 10.0.0.4\r\n", &form).status, 401);
    let told: Vec<_> = lines()
        .into_iter()
        .rev()
        .map(|line| {
            assert_eq!(line.action, "refused");
            assert_eq!(line.at, "2013-01-15T09:30:00+07:00");
            (line.peer, line.route, line.token, line.role, line.detail)
        })
        .collect();
    let want = [
        ("10.0.0.1", "units", Some(id), "unit", "the token is revoked or expired"),
        ("10.0.0.2", "units", None, "none", "the token is unknown"),
        ("10.0.0.3", "units", None, "none", "the token is unknown"),
        ("10.0.0.4", "sign_in", None, "none", "the token is unknown"),
    ]
    .map(|(peer, route, token, role, detail)| {
        (peer.to_owned(), route.to_owned(), token, role.to_owned(), detail.to_owned())
    });
    assert_eq!(told, want);
    // An archive is refused by its head: that is one line, too.
    let archive = format!(
        "X-Archive-Name: F43_03590_20130115070000.zip\r\nAuthorization: Bearer {revoked}\r\n"
    );
    assert_eq!(post(&site, "/api/v1/archives", &archive, "zip").status, 401);
    assert_eq!((lines().len(), lines()[0].route.as_str()), (5, "send_archive"));
    // Who goes on guessing does not fill the log.
    for _ in 0..20 {
        get(&site, "/api/v1/units", "khl_guess");
    }
    assert_eq!(lines().len(), 8);
    assert!(lines()[0].detail.starts_with("too many"), "{}", lines()[0].detail);
    let page = get(&site, "/api/v1/access", &province).text().to_owned();
    for secret in [revoked.as_str(), unknown.reveal(), "1103700123456", "khl_guess"] {
        assert!(!page.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn many_clients_fill_the_log_no_more_than_some() {
    let site = site_with(|config| config.http.wrong_tokens = 2);
    let (_, good) = token(&site, Role::Province, None, None);
    let mut codes = std::collections::BTreeMap::<String, usize>::new();
    for client in 0..40 {
        let peer = format!("10.0.0.{client}");
        let headers = [("Authorization", "Bearer khl_guess"), ("X-Forwarded-For", peer.as_str())];
        let got = site.ask("GET", "/api/v1/units", &headers);
        *codes.entry(got.problem()).or_default() += 1;
    }
    assert_eq!((codes["invalid_token"], codes["too_many_wrong_tokens"]), (20, 20));
    let store = AccessStore::open(site.folder.path()).unwrap();
    assert_eq!(store.logged(None, None, 1, 1).unwrap().total, 21);
    assert_eq!(get(&site, "/api/v1/units", &good).status, 200, "a right one always passes");
}

#[test]
fn a_token_for_monitoring_is_told_what_it_is_for() {
    let site = site();
    let (_, metrics) = token(&site, Role::Metrics, None, None);
    for (lang, words) in [("", "ระบบเฝ้าดู"), ("?lang=en", "monitoring system")]
    {
        let got = post(&site, &format!("/sign-in{lang}"), "", &format!("token={metrics}&next=%2F"));
        assert_eq!((got.status, got.header("set-cookie")), (403, None));
        let page = got.text();
        assert!(page.contains("no_pages_for_role") && page.contains(words), "{page}");
        assert!(page.contains("/metrics") && page.contains("<form"), "{page}");
    }
    let bearer = format!("Bearer {metrics}");
    let people = [("Accept", "text/html"), ("Authorization", bearer.as_str())];
    assert_eq!(site.ask("GET", "/sign-in", &people).status, 200, "it may sign in as another");
    assert_eq!(get(&site, "/metrics", &metrics).status, 200);
}

#[test]
fn only_a_trusted_proxy_says_whom_it_speaks_for() {
    let trusting = site();
    let alone =
        site_with(|config| config.http.trusted_proxies = crate::config::Networks::default());
    for (site, peer, secure) in [(&trusting, "10.0.0.9", true), (&alone, "127.0.0.1", false)] {
        let (_, good) = token(site, Role::Province, None, None);
        let bearer = format!("Bearer {good}");
        let headers =
            [("Authorization", bearer.as_str()), ("X-Forwarded-For", "1.2.3.4, 10.0.0.9")];
        assert_eq!(site.ask("GET", "/api/v1/submissions/2", &headers).status, 200);
        assert_eq!(last_logged(site).unwrap().peer, peer);
        let form = format!("token={good}&next=%2F");
        let got = post(site, "/sign-in", "X-Forwarded-Proto: https\r\n", &form);
        assert_eq!(got.header("set-cookie").unwrap().contains("; Secure"), secure);
        // Nor of which site a page is.
        let session = cookie(&got);
        let headers = format!(
            "Cookie: {session}\r\nOrigin: https://khlang.example\r\nX-Forwarded-Host: khlang.example\r\n"
        );
        let got = post(site, "/sign-out", &headers, &format!("csrf={}", csrf(&session)));
        assert_eq!(got.status, if secure { 303 } else { 403 });
    }
    // What is handed on is not of this machine, trusted or not.
    let open = site_with(|config| config.http.trusted_proxies = crate::config::Networks::default());
    let told = [("X-Forwarded-For", "127.0.0.1")];
    assert_eq!(open.ask("GET", "/api/v1/status", &told).problem(), "not_local");
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
        assert_eq!((got.status, got.problem().as_str()), (403, "cross_site"), "{headers}{form}");
    }
    assert_eq!(read("/api/v1/status").status, 200);
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
fn nobody_waits_for_a_load_to_sign_in_or_to_be_logged() {
    let site = site();
    let (_, good) = token(&site, Role::Province, None, None);
    let environment = site.app.environment();
    let store = Store::open(&site.app.database, &environment.catalog, 4).unwrap();
    let mut loading = store.load(9, 2556, false).unwrap();
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
