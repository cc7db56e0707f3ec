//! Every route, over TCP.

use std::collections::BTreeSet;
use std::io::Read;

use serde_json::Value;

use super::fixture::{HOSTILE, app, site, site_with, wait};
use crate::app::{LoadingArchive, WaitingArchive};
use crate::config::Config;
use crate::credentials::{Role, Secret, SecretKind};
use crate::http::endpoint::READS;
use crate::http::openapi;
use crate::http::routes::ENDPOINTS;
use crate::http::start;
use crate::store::{AccessStore, NewToken};

#[test]
fn alive_and_ready() {
    let site = site();
    let healthy = site.get("/-/healthy");
    assert_eq!((healthy.status, healthy.text()), (200, "ok\n"));
    let ready = site.get("/-/ready");
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert_eq!(ready.json()["ready"], true);
    assert_eq!(ready.json()["checks"].as_array().unwrap().len(), 6);
    let left: Vec<_> = std::fs::read_dir(site.folder.path().join("inbox")).unwrap().collect();
    assert!(left.is_empty(), "a check leaves nothing behind");
}

#[test]
fn ready_says_what_is_wrong() {
    let failed = |got: &super::fixture::Got| -> BTreeSet<String> {
        assert_eq!(got.status, 503);
        let json = got.json();
        let checks = json["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false);
        checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
    };
    let site = site_with(|config| config.limits.free_bytes = u64::MAX);
    assert_eq!(failed(&site.get("/-/ready")), BTreeSet::from(["disk".to_owned()]));
    std::fs::remove_dir(site.folder.path().join("inbox")).unwrap();
    std::fs::rename(&site.app.database, site.folder.path().join("gone")).unwrap();
    let all = ["database", "disk", "inbox"].map(str::to_owned);
    assert_eq!(failed(&site.get("/-/ready")), BTreeSet::from(all));
    assert_eq!(site.get("/-/healthy").status, 200);
    // Workers that have not opened the database yet say so, too.
    let got = site.get("/api/v1/status");
    assert_eq!((got.status, got.problem().as_str()), (503, "database_unavailable"));
    assert_eq!(got.header("retry-after"), Some("2"));
}

#[test]
fn a_clock_of_the_buddhist_era_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.limits.free_bytes = 1;
    let mut app = app(folder.path(), config);
    let wrong = chrono::DateTime::parse_from_rfc3339("2556-01-15T08:00:00+07:00").unwrap();
    app.clock = crate::clock::Clock::fixed(wrong);
    let server = start(std::sync::Arc::new(app)).unwrap();
    let url = format!("http://{}/-/ready", server.address());
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut got = agent.get(&url).call().unwrap();
    assert_eq!(got.status(), 503);
    let text = got.body_mut().read_to_string().unwrap();
    assert!(text.contains(r#""name":"clock","ok":false"#), "{text}");
    server.stop();
}

#[test]
fn status_tells_the_whole() {
    let site = site();
    let status = site.get("/api/v1/status").json();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["now"], "2013-01-15T09:30:00+07:00");
    assert!(!status["data"].as_str().unwrap().contains('/'));
    assert_eq!(
        status["totals"]["submissions"],
        serde_json::json!({"accepted": 1, "broken": 2, "partial": 1})
    );
    assert_eq!(status["totals"]["received"], 1620);
    assert_eq!(status["today"]["day"], "2013-01-15");
    assert_eq!(status["today"]["submissions"], serde_json::json!({"broken": 2, "partial": 1}));
    assert_eq!(status["today"]["rejected"], 250);
    assert_eq!(status["last_submission"]["id"], 4);
    assert_eq!(status["inbox"]["waiting"], serde_json::json!([]));
}

#[test]
fn units_have_what_they_sent() {
    let site = site();
    let units = site.get("/api/v1/units").json();
    assert_eq!(units["total"], 3);
    let of = |hcode: &str| -> Value {
        units["rows"].as_array().unwrap().iter().find(|u| u["hcode"] == hcode).unwrap().clone()
    };
    assert_eq!((&of("03590")["broken"], &of("03590")["last_submission"]), (&1.into(), &3.into()));
    assert_eq!(of("10669")["last_status"], "accepted");
    let cup = site.get("/api/v1/units?cup=10944&per_page=1&page=2").json();
    assert_eq!((&cup["total"], cup["rows"].as_array().unwrap().len()), (&2.into(), 1));
    assert_eq!(cup["rows"][0]["hcode"], "10944");
}

#[test]
fn submissions_are_listed_newest_first_and_filtered() {
    let site = site();
    let ids = |query: &str| -> Vec<i64> {
        let got = site.get(&format!("/api/v1/submissions{query}"));
        assert_eq!(got.status, 200, "{query}: {}", got.text());
        got.json()["rows"].as_array().unwrap().iter().map(|s| s["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(""), [4, 3, 2, 1]);
    assert_eq!(ids("?hcode=10944"), [2]);
    assert_eq!(ids("?status=broken"), [4, 3]);
    assert_eq!(ids("?to=2013-01-14"), [1]);
    assert_eq!(ids("?from=2013-01-15"), [4, 3, 2]);
    assert_eq!(ids("?from=2013-01-14&to=2013-01-14&hcode="), [1]);
    assert_eq!(ids("?per_page=3&page=2"), [1]);
    assert_eq!(ids("?page=999999999&per_page=1000"), [0_i64; 0]);
    let two = &site.get("/api/v1/submissions?hcode=10944").json()["rows"][0];
    assert_eq!((&two["received"], &two["rejected"]), (&1500.into(), &250.into()));
    assert_eq!(two["problems"], serde_json::json!(["M02"]));
}

#[test]
fn what_cannot_be_asked_is_a_400_that_says_why() {
    let site = site();
    for query in [
        "page=0",
        "page=x",
        "page=-1",
        "page=1000000001",
        "per_page=1001",
        "per_page=0",
        "status=ok",
        "hcode=1",
        "hcode=10944&hcode=10944",
        "from=2013-1-1",
        "from=2013-02-30",
        "from=2013-01-02&to=2013-01-01",
        "hcodee=10944",
        "page=%2B1",
    ] {
        let got = site.get(&format!("/api/v1/submissions?{query}"));
        assert_eq!((got.status, got.problem().as_str()), (400, "invalid_parameter"), "{query}");
        let name = query.split('=').next().unwrap();
        assert!(got.json()["detail"].as_str().unwrap().contains(name), "{query}");
    }
    assert_eq!(site.get("/api/v1/submissions/2/findings?format=xml").status, 400);
    // A page is for people: it lets strange parameters pass.
    assert_eq!(site.get("/?utm_source=x").status, 200);
}

#[test]
fn one_submission_is_as_stored() {
    let site = site();
    let got = site.get("/api/v1/submissions/2").json();
    assert_eq!(
        (&got["id"], &got["status"], &got["round"]),
        (&2.into(), &"partial".into(), &2556.into())
    );
    assert_eq!(got["problems"][0]["member"], HOSTILE);
    assert_eq!(got["findings"].as_array().unwrap().len(), 250);
    assert_eq!(got["findings"][0]["value"], HOSTILE);
    assert_eq!(got["findings_total"]["SE1105"], 250);
    for none in [
        "/api/v1/submissions/99",
        "/api/v1/submissions/x",
        "/api/v1/submissions/-1",
        "/submissions/99",
    ] {
        let got = site.get(none);
        assert_eq!((got.status, got.problem().as_str()), (404, "no_such_submission"), "{none}");
    }
    assert_eq!(site.get("/api/v1/submissions/99/findings").status, 404);
    assert_eq!(site.get("/api/v1/submissions/99/findings?format=csv").status, 404);
}

#[test]
fn findings_are_paged_and_downloaded_whole() {
    let site = site();
    let page = site.get("/api/v1/submissions/2/findings?page=3").json();
    assert_eq!((&page["total"], page["rows"].as_array().unwrap().len()), (&250.into(), 50));
    assert_eq!(page["rows"][0]["line"], 202);
    assert_eq!(
        page["rows"][0]["key"], "10944|1103700123456|9",
        "the province sees whom it is about"
    );
    let got = site.get("/api/v1/submissions/2/findings?format=csv");
    assert_eq!(got.status, 200);
    assert!(got.header("content-type").unwrap().starts_with("text/csv"));
    assert!(got.header("content-disposition").unwrap().contains("khlang-2-findings.csv"));
    let text = got.text().strip_prefix('\u{feff}').unwrap();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 250);
    assert_eq!(&rows[0][5], format!("'{HOSTILE}"), "no formula");
}

#[test]
fn there_is_nothing_elsewhere_and_no_other_method() {
    let site = site();
    for path in ["/nowhere", "/api/v1", "/api/v1/submissions/", "//", "/../etc/passwd", "/%2e%2e/"]
    {
        let got = site.get(path);
        assert_eq!((got.status, got.problem().as_str()), (404, "no_such_route"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let got = site.ask(method, "/api/v1/status", &[]);
        assert_eq!((got.status, got.problem().as_str()), (405, "method_not_allowed"), "{method}");
        assert_eq!(got.header("allow"), Some("GET, HEAD"));
    }
    assert_eq!(site.ask("POST", "/nowhere", &[("Content-Length", "3")]).status, 404);
    let huge = [("Content-Length", "99999999999999")];
    assert_eq!(site.ask("POST", "/api/v1/status", &huge).problem(), "method_not_allowed");
    let people = site.ask("GET", "/nowhere", &[("Accept", "text/html,*/*;q=0.8")]);
    assert_eq!(people.status, 404);
    assert!(
        people.text().contains("no_such_route") && people.text().contains("<html lang=\"th\">")
    );
}

#[test]
fn head_is_get_without_a_body() {
    let site = site();
    let (get, head) =
        (site.get("/api/v1/submissions/2"), site.ask("HEAD", "/api/v1/submissions/2", &[]));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("etag"), get.header("etag"));
    assert_eq!(get.header("content-length").unwrap(), get.body.len().to_string());
}

#[test]
fn a_version_that_the_client_has_is_not_sent_again() {
    let site = site();
    let first = site.get("/api/v1/submissions/2");
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 32);
    for tag in [etag.to_owned(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let again = site.ask("GET", "/api/v1/submissions/2", &[("If-None-Match", &tag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{tag}");
        assert_eq!(again.header("etag"), Some(etag));
    }
    let other = site.ask("GET", "/api/v1/submissions/3", &[("If-None-Match", etag)]);
    assert_eq!(other.status, 200);
}

#[test]
fn replies_are_compressed_for_who_takes_it() {
    let site = site();
    let plain = site.get("/api/v1/submissions/2");
    assert_eq!(plain.header("content-encoding"), None);
    let packed = site.ask("GET", "/api/v1/submissions/2", &[("Accept-Encoding", "br, gzip;q=0.5")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.header("vary").unwrap().contains("Accept-Encoding"));
    assert_ne!(packed.header("etag"), plain.header("etag"), "strong means of these bytes");
    assert!(packed.body.len() * 5 < plain.body.len());
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut text).unwrap();
    assert_eq!(text, plain.body);
    let etag = packed.header("etag").unwrap().to_owned();
    let headers = [("Accept-Encoding", "gzip"), ("If-None-Match", etag.as_str())];
    assert_eq!(site.ask("GET", "/api/v1/submissions/2", &headers).status, 304);
    let refused = site.ask("GET", "/api/v1/submissions/2", &[("Accept-Encoding", "gzip;q=0")]);
    assert_eq!(refused.header("content-encoding"), None);
    let small = site.ask("GET", "/-/healthy", &[("Accept-Encoding", "gzip")]);
    assert_eq!(small.header("content-encoding"), None);
}

#[test]
fn every_reply_keeps_a_browser_on_a_short_leash() {
    let site = site();
    for target in ["/", "/api/v1/status", "/nowhere", "/-/healthy", "/assets/khlang.css"] {
        let got = site.get(target);
        let policy = got.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{target}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(got.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(got.header("server"), Some("khlang"));
        assert_eq!(got.header("connection"), Some("close"));
        let cache = got.header("cache-control").unwrap();
        assert_eq!(cache == "no-store", target != "/assets/khlang.css", "{target}");
    }
    let host = site.say(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!((host.status, host.problem().as_str()), (403, "not_local"));
    assert!(host.header("content-security-policy").is_some());
}

#[test]
fn a_query_that_takes_too_long_is_stopped() {
    let site = site_with(|config| config.limits.query_ms = 300);
    let begun = std::time::Instant::now();
    let got = site.get("/-/test/endless");
    assert_eq!((got.status, got.problem().as_str()), (503, "query_timeout"));
    assert!(begun.elapsed().as_secs() < 5);
    assert_eq!(site.get("/api/v1/status").status, 200, "the connection is still good");
}

#[test]
fn only_this_machine_may_be_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.http.listen = "0.0.0.0:0".parse().unwrap();
    let error = start(std::sync::Arc::new(app(folder.path(), config))).err().unwrap();
    assert!(error.to_string().contains("0.0.0.0:0"), "{error:#}");
    // With a token other machines may come in.
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.http.listen = "0.0.0.0:0".parse().unwrap();
    let open = app(folder.path(), config);
    let secret = Secret::new(SecretKind::Token).unwrap();
    let new = NewToken { name: "", role: Role::Metrics, hcode: None, expires_at: None, by: "test" };
    let tokens = AccessStore::open(folder.path()).unwrap();
    tokens.add_token(&new, &secret, "2013-01-01T00:00:00+07:00").unwrap();
    start(std::sync::Arc::new(open)).unwrap().stop();
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.http.listen = site.address;
    let error = start(std::sync::Arc::new(app(folder.path(), config))).err().unwrap();
    assert!(error.to_string().contains(&site.address.to_string()), "{error:#}");
}

/// Each reply is held against the document by the fixture.
#[test]
fn real_replies_are_as_the_openapi_document_says() {
    let site = site();
    {
        let mut inbox = site.app.inbox();
        let since = site.app.clock.stamp();
        let waiting = WaitingArchive { since: since.clone(), ..WaitingArchive::default() };
        inbox.waiting.push(waiting);
        inbox.loading = Some(LoadingArchive { since, ..LoadingArchive::default() });
        inbox.ignored.push(crate::app::IgnoredFile::default());
    }
    let document = site.get("/api/v1/openapi.json").json();
    assert_eq!(document, openapi::document(&ENDPOINTS, 1000));
    let mut tried = 0;
    for route in ENDPOINTS.iter().filter(|route| route.schema.is_some() && route.methods == READS) {
        let more = match route.name {
            "score" | "quality" | "allocation" | "statement" | "received" => "?round=2557",
            "kpi_explain" => "?period=2556&unit=03590",
            _ => "",
        };
        let path = route.path.replace("{id}", "2").replace("{cup}", "10944");
        let path = path.replace("{batch}", "1").replace("{hcode}", "03590");
        let got = site.get(&(path.replace("{kpi}", "dm_screen") + more));
        assert_eq!(got.status, 200, "{}: {}", route.path, got.text());
        assert_eq!(got.header("content-type"), Some("application/json"), "{}", route.path);
        tried += 1;
    }
    assert!(tried >= 15);
    let target = "/api/v1/kpi/dm_screen/explain?period=2556&person=1103700123456";
    assert_eq!(site.get(target).status, 200);
    let names: BTreeSet<_> = ENDPOINTS.iter().map(|route| route.name).collect();
    assert_eq!(names.len(), ENDPOINTS.len(), "a name stands for one route");
}

#[test]
fn a_list_names_its_next_page_and_is_sorted_as_asked() {
    let site = site();
    let first = site.get("/api/v1/submissions?per_page=3&from=2013-01-01&sort=id");
    let next = "</api/v1/submissions?per_page=3&from=2013-01-01&sort=id&page=2>; rel=\"next\"";
    assert_eq!(first.header("link"), Some(next));
    let target = next.trim_start_matches('<').split('>').next().unwrap();
    let last = site.get(target);
    assert_eq!((last.json()["rows"][0]["id"].as_i64(), last.header("link")), (Some(4), None));
    let findings = site.get("/api/v1/submissions/2/findings?per_page=200");
    assert!(findings.header("link").unwrap().starts_with("</api/v1/submissions/2/findings?"));
    for (sort, want) in [
        ("id", [1, 2, 3, 4]),
        ("-id", [4, 3, 2, 1]),
        ("hcode", [4, 3, 1, 2]),
        ("archive", [3, 1, 2, 4]),
    ] {
        let got = site.get(&format!("/api/v1/submissions?sort={sort}")).json();
        let ids = got["rows"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap());
        assert_eq!(ids.collect::<Vec<_>>(), want, "{sort}");
    }
    assert_eq!(site.get("/api/v1/submissions?sort=sha256").status, 400);
}

#[test]
fn what_many_ask_for_is_counted_once_and_who_has_waited_in_vain_is_told_so() {
    let site = site_with(|config| config.limits.figures_wait_ms = 0);
    let target = "/api/v1/score?round=2557";
    let first = site.get(target);
    assert_eq!((first.status, first.problem().as_str()), (503, "being_computed"));
    assert_eq!(first.header("retry-after"), Some("2"));
    wait("the figures", || site.get(target).status != 503);
    // From here on it is there at once, for everything that rests on it.
    assert_eq!(site.get("/api/v1/allocation?round=2557").status, 200);
    assert_eq!(site.get("/api/v1/quality?round=2557").status, 200);
}

/// A code that nobody has is an error with the nearest, and no empty table.
#[test]
fn a_unit_that_is_not_known_is_told() {
    let site = site();
    let known = site.app.environment().units.by_code.keys().next().unwrap().clone();
    let last = known.chars().last().unwrap();
    let wrong = (b'A'..=b'Z')
        .map(|end| format!("{}{}", &known[..4], char::from(end)))
        .find(|code| !site.app.environment().units.knows(code))
        .unwrap();
    assert_ne!(wrong.chars().last(), Some(last));
    for route in [
        "submissions?hcode=",
        "units?cup=",
        "expected?cup=",
        "score?round=2557&unit=",
        "quality?round=2557&unit=",
        "allocation?round=2557&unit=",
        "kpi/anc5?period=2557&unit=",
        "kpi/anc5?period=2557&group=",
        "kpi/anc5/explain?period=2557&unit=",
        "statements/X?round=2557",
    ] {
        // A main unit is named in the path.
        let target = match route.split_once('X') {
            Some((before, after)) => format!("/api/v1/{before}{wrong}{after}"),
            None => format!("/api/v1/{route}{wrong}"),
        };
        let got = site.get(&target);
        assert_eq!((got.status, got.problem().as_str()), (404, "no_such_unit"), "{route}");
        if !route.contains('X') && !route.contains("explain") {
            assert!(got.text().contains(&known[..4]), "{route}: {}", got.text());
        }
    }
    for (path, status) in [
        ("/api/v1/score?round=2558", 404),
        ("/api/v1/kpi/anc6?period=2557", 404),
        ("/api/v1/kpi/anc5?period=2557Q5", 400),
        ("/api/v1/quality?round=2557&tranche=77", 400),
        ("/api/v1/quality?round=2557&tranche=4", 400),
        ("/api/v1/submissions?status=done", 400),
    ] {
        let got = site.get(path);
        assert_eq!(got.status, status, "{path}: {}", got.text());
    }
}
