//! Archives that come by HTTP: what is taken, what is refused and when, and
//! under which number they will stand.

use std::io::Write;

use serde_json::Value;

use super::fixture::{Got, Site, hear, site, site_with, wait};
use crate::clock::Clock;
use crate::files::hex;
use crate::inbox::{FileStamp, Folders, claim};
use crate::store::Reader;
use sha2::{Digest, Sha256};

const NAME: &str = "F43_10669_20130115070000.zip";
const OTHER: &str = "F43_10944_20130115070000.zip";

/// As a script sends it.
fn send(site: &Site, name: &str, bytes: &[u8]) -> Got {
    let name = format!("X-Archive-Name: {name}\r\n");
    say(site, &name, &format!("Content-Length: {}", bytes.len()), bytes)
}

fn say(site: &Site, first: &str, second: &str, bytes: &[u8]) -> Got {
    let path = "/api/v1/archives";
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{first}{second}\r\n\r\n");
    site.say(&[head.as_bytes(), bytes].concat())
}

/// As a browser sends a form: each part with its name, file name and bytes.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let head =
            format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(b"--cut--\r\n");
    body
}

fn send_form(site: &Site, body: &[u8]) -> Got {
    let kind = "Content-Type: multipart/form-data; boundary=cut\r\n";
    say(site, kind, &format!("Content-Length: {}", body.len()), body)
}

fn refused(got: &Got, status: u16, code: &str) {
    assert_eq!((got.status, got.problem().as_str()), (status, code), "{}", got.text());
}

fn inbox(site: &Site) -> Vec<String> {
    let entries = std::fs::read_dir(site.folder.path().join("inbox")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Claims an archive as the daemon does.
fn claimed(site: &Site, name: &str) -> crate::inbox::Claimed {
    let folders = Folders::new(site.folder.path());
    let numbers = Reader::open(&site.app.database, None).unwrap();
    let last = || numbers.last_submission();
    let path = folders.inbox().join(name);
    let now = site.app.clock.now();
    let seen = FileStamp::from_metadata(&path.symlink_metadata().unwrap());
    claim(&folders, &site.app.uploads, (&path, seen), &last, now).unwrap().unwrap()
}

#[test]
fn an_archive_is_in_the_inbox_whole_and_has_its_number() {
    let site = site();
    let bytes = b"not even a zip: that is for the gate of the loader".repeat(5000);
    let got = send(&site, NAME, &bytes);
    assert_eq!(got.status, 202, "{}", got.text());
    assert_eq!(got.header("location"), Some("/api/v1/submissions/5"));
    let want: Value = serde_json::json!({
        "id": 5, "archive": NAME, "bytes": bytes.len(), "status": "waiting",
        "sha256": hex(&Sha256::digest(&bytes)),
    });
    assert_eq!(got.json(), want);
    assert_eq!(std::fs::read(site.folder.path().join("inbox").join(NAME)).unwrap(), bytes);
    assert_eq!(inbox(&site), [NAME]);
    let asked = site.get("/api/v1/submissions/5");
    assert_eq!((asked.status, asked.json()), (202, want.clone()));
    assert_eq!(asked.header("retry-after"), Some("2"));
    // The next one has the next number, whichever is loaded first.
    assert_eq!(send(&site, OTHER, b"other").json()["id"], 6);
    let claim = claimed(&site, NAME);
    assert_eq!(claim.id, 5);
    assert_eq!(site.get("/api/v1/submissions/5").json()["status"], "loading");
    // What is dropped by hand takes no number that was promised.
    let folders = Folders::new(site.folder.path());
    crate::files::write_whole(&folders.inbox().join("F43_03590_20130115070000.zip"), b"x").unwrap();
    assert_eq!(claimed(&site, "F43_03590_20130115070000.zip").id, 7);
    assert_eq!(claimed(&site, OTHER).id, 6);
}

#[test]
fn the_same_bytes_have_the_same_number_until_they_are_judged() {
    let site = site();
    assert_eq!(send(&site, NAME, b"bytes").json()["id"], 5);
    for _ in 0..3 {
        let again = send(&site, NAME, b"bytes");
        assert_eq!((again.status, &again.json()["id"]), (202, &5.into()));
    }
    let again = form(&[("archive", Some(NAME), b"bytes")]);
    assert_eq!(send_form(&site, &again).json()["id"], 5);
    refused(&send(&site, NAME, b"other bytes"), 409, "name_waits");
    assert_eq!(std::fs::read(site.folder.path().join("inbox").join(NAME)).unwrap(), b"bytes");
    let claim = claimed(&site, NAME);
    assert_eq!(send(&site, NAME, b"bytes").json()["id"], 5, "it is being loaded");
    assert!(inbox(&site).is_empty());
    // Others of that name may come meanwhile; and when the first is done, the
    // same bytes are a submission like any other.
    assert_eq!(send(&site, NAME, b"other bytes").json()["id"], 6);
    let catalog = &site.app.environment().catalog;
    let judged = super::fixture::empty(5, NAME, Some("10669"), 15);
    super::fixture::store(
        &crate::store::Store::open(&site.app.database, catalog, 4).unwrap(),
        &judged,
    );
    std::fs::remove_dir_all(claim.folder).unwrap();
    assert_eq!(claimed(&site, NAME).id, 6);
    assert_eq!(send(&site, NAME, b"bytes").json()["id"], 7);
}

#[test]
fn what_was_dropped_by_hand_is_not_replaced_but_gets_a_number() {
    let site = site();
    crate::files::write_whole(&site.folder.path().join("inbox").join(NAME), b"dropped").unwrap();
    refused(&send(&site, NAME, b"sent"), 409, "name_waits");
    assert_eq!(send(&site, NAME, b"dropped").json()["id"], 5);
    assert_eq!(send(&site, NAME, b"dropped").json()["id"], 5);
    assert_eq!(claimed(&site, NAME).id, 5);
}

#[test]
fn a_name_that_is_not_right_is_refused_before_the_body() {
    let site = site();
    let length = "Content-Length: 1000000";
    for (name, code) in [
        ("report.zip", "A04"),
        ("../F43_10669_20130115070000.zip", "A04"),
        ("x\\..\\F43_10669_20130115070000.zip", "A04"),
        ("Thumbs.db", "A04"),
        ("F43_10669_20130115070000.zip.bak", "A04"),
        ("F43_10669_20130115070000.zip:Zone.Identifier", "A04"),
        (".F43_10669_20130115070000.zip", "A04"),
        ("F43_10669_20130115070000.zip.part", "A04"),
        ("F43_99999_20130115070000.zip", "A05"),
        ("F43_10669_20139915070000.zip", "A06"),
        ("F43_10669_20130215070000.zip", "A06"),
    ] {
        let got = say(&site, &format!("X-Archive-Name: {name}\r\n"), length, b"");
        refused(&got, 400, "archive_name");
        assert!(got.json()["detail"].as_str().unwrap().starts_with(code), "{name}");
        refused(&send_form(&site, &form(&[("a", Some(name), b"x")])), 400, "archive_name");
    }
    refused(&say(&site, "", length, b""), 400, "archive_name");
    refused(&send(&site, NAME, b""), 400, "malformed_request");
    assert!(inbox(&site).is_empty());
}

#[test]
fn the_file_of_a_form_is_an_archive() {
    let site = site();
    let bytes: Vec<u8> = b"\r\n--cu\r\n-- cut--cut\r\n\0\xff".repeat(20_000);
    let body =
        form(&[("csrf", None, b"x"), ("archive", Some(NAME), &bytes), ("button", None, b"")]);
    let got = send_form(&site, &body);
    assert_eq!((got.status, &got.json()["id"]), (202, &5.into()), "{}", got.text());
    assert_eq!(got.json()["sha256"], hex(&Sha256::digest(&bytes)));
    // The head may say the name, too.
    let kind = "Content-Type: Multipart/Form-Data; boundary=\"cut\"\r\n";
    let body = form(&[("archive", Some("C:\\fakepath\\x.zip"), b"bytes")]);
    let head = format!("{kind}X-Archive-Name: {OTHER}\r\n");
    let got = say(&site, &head, &format!("Content-Length: {}", body.len()), &body);
    assert_eq!(got.json()["archive"], OTHER);
    let two = form(&[("a", Some(NAME), b"a"), ("b", Some(NAME), b"b")]);
    refused(&send_form(&site, &two), 400, "malformed_request");
    refused(&send_form(&site, &form(&[("a", None, b"a")])), 400, "malformed_request");
    refused(&send_form(&site, b"--cut\r\nno form"), 400, "malformed_request");
    refused(&send_form(&site, &two[..two.len() / 2]), 400, "malformed_request");
    let none = say(&site, "Content-Type: multipart/form-data\r\n", "Content-Length: 5", b"12345");
    refused(&none, 415, "unsupported_media_type");
    assert_eq!(inbox(&site), [NAME, OTHER]);
}

#[test]
fn a_name_may_come_with_its_path_or_in_the_extended_form() {
    let path = format!("C:\\Users\\ผู้ใช้\\{NAME}");
    for disposition in [
        format!("filename=\"{path}\""),
        format!("filename=\"/tmp/{NAME}\""),
        format!("filename={NAME}"),
        format!("filename*=UTF-8''{NAME}"),
        format!("filename*=UTF-8''C%3A%5C%E0%B8%81%5C{NAME}"),
        format!("filename=\"other.zip\"; filename*=UTF-8''{NAME}"),
        format!("filename*=UTF-8''{NAME}; filename=\"other.zip\""),
    ] {
        let site = site();
        let head =
            format!("--cut\r\nContent-Disposition: form-data; name=\"a\"; {disposition}\r\n\r\n");
        let got = send_form(&site, &[head.as_bytes(), b"bytes\r\n--cut--\r\n"].concat());
        assert_eq!((got.status, &got.json()["archive"]), (202, &NAME.into()), "{disposition}");
        assert_eq!(inbox(&site), [NAME]);
    }
    let site = site();
    let got = send(&site, &format!("C:\\data\\{NAME}"), b"bytes");
    assert_eq!((got.status, &got.json()["archive"]), (202, &NAME.into()), "{}", got.text());
}

#[test]
fn sizes_are_held_to_early_and_on_the_way() {
    let site = site_with(|config| config.limits.archive_bytes = 1000);
    let head = format!("X-Archive-Name: {NAME}\r\n");
    refused(&say(&site, &head, "Content-Length: 1001", b""), 413, "body_too_large");
    let chunk = [b"3e9\r\n".as_slice(), &[b'x'; 1001], b"\r\n0\r\n\r\n"].concat();
    refused(&say(&site, &head, "Transfer-Encoding: chunked", &chunk), 413, "body_too_large");
    refused(&send_form(&site, &form(&[("a", Some(NAME), &[b'x'; 1001])])), 413, "body_too_large");
    assert!(inbox(&site).is_empty());
    assert_eq!(send(&site, NAME, &[b'x'; 1000]).status, 202);
    assert_eq!(send_form(&site, &form(&[("a", Some(OTHER), &[b'x'; 1000])])).status, 202);
}

#[test]
fn a_disk_without_room_and_a_full_queue_are_told_early() {
    let site = site_with(|config| config.limits.free_bytes = u64::MAX);
    let head = format!("X-Archive-Name: {NAME}\r\n");
    refused(&say(&site, &head, "Content-Length: 1000", b""), 507, "no_space");
    let site = site_with(|config| config.limits.queue = 1);
    assert_eq!(send(&site, NAME, b"x").status, 202);
    site.app.inbox().waiting.push(crate::app::WaitingArchive::default());
    let got = say(&site, &head, "Content-Length: 1000", b"");
    refused(&got, 503, "queue_full");
    assert_eq!(got.header("retry-after"), Some("2"));
}

#[test]
fn a_page_of_another_site_sends_nothing() {
    let site = site();
    let name = format!("X-Archive-Name: {NAME}\r\nContent-Length: 1\r\n");
    for strange in [
        "Origin: https://evil.example",
        "Origin: null",
        "Origin: http://localhost:1",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        refused(&say(&site, &name, strange, b"x"), 403, "cross_site");
    }
    assert!(inbox(&site).is_empty());
    let own = "Origin: http://localhost\r\nSec-Fetch-Site: same-origin";
    assert_eq!(say(&site, &name, own, b"x").status, 202);
}

#[test]
fn what_is_taken_back_leaves_its_number_unused() {
    let site = site();
    assert_eq!(send(&site, NAME, b"bytes").json()["id"], 5);
    std::fs::remove_file(site.folder.path().join("inbox").join(NAME)).unwrap();
    refused(&site.get("/api/v1/submissions/5"), 404, "no_such_submission");
    site.app.uploads.settle(4).unwrap();
    assert_eq!(send(&site, OTHER, b"bytes").json()["id"], 6, "5 was promised to somebody else");
    // From here on nobody can be given 5.
    site.app.uploads.settle(6).unwrap();
    let work = site.folder.path().join("work");
    assert!(!work.join("5").exists() && work.join("6").exists());
}

#[test]
fn promises_outlive_the_program_and_half_uploads_do_not() {
    let site = site();
    assert_eq!(send(&site, NAME, b"bytes").json()["id"], 5);
    let mut half = site.connect();
    let head = format!("X-Archive-Name: {OTHER}\r\nContent-Length: 100");
    let head = format!("POST /api/v1/archives HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\nhalf");
    half.write_all(head.as_bytes()).unwrap();
    let uploads = site.folder.path().join(".uploads");
    wait("half an upload", || std::fs::read_dir(&uploads).unwrap().next().is_some());
    let folders = Folders::new(site.folder.path());
    let next = crate::inbox::Uploads::open(&folders).unwrap();
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0);
    assert_eq!(next.find(5).unwrap().0.name, NAME);
    assert!(next.is_open(5) && next.knows(&folders.inbox().join(NAME)));
    let clock = Clock::fixed(site.app.clock.now());
    let left = crate::inbox::recover(&folders, &next, &clock, &|_| false).unwrap();
    assert!(left.claims.is_empty() && left.troubles.is_empty(), "a promise is no claim: {left:?}");
    assert_eq!(inbox(&site), [NAME]);
    half.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(Got::read(&hear(&mut half)).status, 400);
}
