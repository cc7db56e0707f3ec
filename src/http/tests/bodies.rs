//! What comes behind a head: with a length or in chunks, at any pace, asked
//! for or not.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::fixture::{Got, Site, hear, ms, site, site_with, wait};
use crate::files::hex;
use sha2::{Digest, Sha256};

/// The first lines of a request; archives have a name.
fn begin(path: &str) -> String {
    let name = "X-Archive-Name: F43_10669_20130115070000.zip";
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{name}\r\n")
}

fn post(site: &Site, path: &str, headers: &str, body: &[u8]) -> Got {
    let head = format!("{}{headers}\r\n", begin(path));
    site.say(&[head.as_bytes(), body].concat())
}

/// A body in chunks of these sizes, the last one as large as it must be.
fn chunked(body: &[u8], sizes: &[usize]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), body);
    for size in sizes.iter().copied().chain([usize::MAX]) {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        if !chunk.is_empty() {
            out.extend(format!("{:X};name=\"value\"\r\n", chunk.len()).into_bytes());
            out.extend([chunk, b"\r\n"].concat());
        }
        rest = after;
    }
    out.extend(b"0\r\nX-Trailer: y\r\n\r\n");
    out
}

/// Nothing is left of uploads that nobody took.
fn nothing_left(site: &Site) {
    let folder = site.folder.path().join(".uploads");
    wait("no upload to lie about", || std::fs::read_dir(&folder).unwrap().next().is_none());
}

#[test]
fn a_form_comes_through_with_a_length_or_in_chunks() {
    let site = site();
    let text = "text=%E0%B8%81+%26%3D&other=x";
    let length = format!("Content-Length: {}\r\n", text.len());
    let got = post(&site, "/-/test/form", &length, text.as_bytes());
    assert_eq!((got.status, got.text()), (200, "ก &="));
    let chunks = "Transfer-Encoding: chunked\r\n";
    for sizes in [vec![], vec![1, 2, 3], vec![1; text.len()]] {
        let got = post(&site, "/-/test/form", chunks, &chunked(text.as_bytes(), &sizes));
        assert_eq!((got.status, got.text()), (200, "ก &="), "{sizes:?}");
    }
    let got = post(&site, "/-/test/form", "", b"");
    assert_eq!((got.status, got.text()), (200, ""));
    // A path has a route for each of its methods.
    assert_eq!(site.get("/-/test/form").status, 200);
    let got = site.ask("PUT", "/-/test/form", &[]);
    assert_eq!((got.status, got.header("allow")), (405, Some("POST, GET, HEAD")));
}

#[test]
fn a_form_has_a_largest_size() {
    let site = site_with(|config| config.limits.form_bytes = 100);
    let fits = format!("text={}", "x".repeat(95));
    let got = post(&site, "/-/test/form", "Content-Length: 100\r\n", fits.as_bytes());
    assert_eq!(got.text().len(), 95);
    // Told before a byte of it is sent.
    let got = post(&site, "/-/test/form", "Content-Length: 101\r\n", b"");
    assert_eq!((got.status, got.problem().as_str()), (413, "body_too_large"));
    let long = "x".repeat(101);
    for sizes in [vec![], vec![60]] {
        let chunks = chunked(long.as_bytes(), &sizes);
        let got = post(&site, "/-/test/form", "Transfer-Encoding: chunked\r\n", &chunks);
        assert_eq!((got.status, got.problem().as_str()), (413, "body_too_large"));
    }
    let got =
        post(&site, "/-/test/form", "Transfer-Encoding: chunked\r\n", b"ffffffffffffffff\r\n");
    assert_eq!((got.status, got.problem().as_str()), (413, "body_too_large"));
}

#[test]
fn chunks_are_read_strictly() {
    let site = site();
    let endless = [b"1;".as_slice(), &[b'x'; 5000], b"\r\n"].concat();
    let trailer = [b"0\r\n".as_slice(), &b"X: y\r\n".repeat(2000), b"\r\n"].concat();
    let bad: [&[u8]; 9] = [
        b"x\r\n",
        b"\r\n",
        b"-1\r\n",
        b" 1\r\nx\r\n0\r\n\r\n",
        b"10000000000000000\r\n",
        b"1\nx\r\n0\r\n\r\n",
        b"1\r\nxy\r\n0\r\n\r\n",
        &endless,
        &trailer,
    ];
    for bad in bad {
        let got = post(&site, "/-/test/form", "Transfer-Encoding: chunked\r\n", bad);
        assert_eq!(got.problem(), "malformed_request", "{:?}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn a_body_that_ends_early_is_none() {
    let site = site();
    for path in ["/-/test/form", "/-/test/archive"] {
        for (headers, body) in
            [("Content-Length: 10\r\n", "short"), ("Transfer-Encoding: chunked\r\n", "a\r\nshort")]
        {
            let mut stream = site.connect();
            let head = format!("{}{headers}\r\n{body}", begin(path));
            stream.write_all(head.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(Got::read(&hear(&mut stream)).problem(), "malformed_request");
        }
    }
    nothing_left(&site);
}

#[test]
fn a_body_that_nobody_wants_is_refused_unread() {
    let site = site();
    // Three bytes of a terabyte: the answer does not wait for the rest.
    let length = "Content-Length: 1099511627776\r\n";
    let got = post(&site, "/nowhere", length, b"abc");
    assert_eq!((got.status, got.problem().as_str()), (404, "no_such_route"));
    let got = post(&site, "/api/v1/status", length, b"abc");
    assert_eq!((got.status, got.problem().as_str()), (405, "method_not_allowed"));
    let got = site.ask("GET", "/api/v1/status", &[("Content-Length", "3")]);
    assert_eq!((got.status, got.problem().as_str()), (400, "malformed_request"));
    let got = post(&site, "/-/test/archive", length, b"abc");
    assert_eq!((got.status, got.problem().as_str()), (413, "body_too_large"));
}

#[test]
fn an_archive_comes_to_disk_as_it_was_sent() {
    let site = site();
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| ((n * 31) >> 3) as u8).collect();
    let want = format!("{} {}", body.len(), hex(&Sha256::digest(&body)));
    let length = format!("Content-Length: {}\r\n", body.len());
    assert_eq!(post(&site, "/-/test/archive", &length, &body).text(), want);
    let chunks = chunked(&body, &[1, 70_000, 1 << 20, 3]);
    assert_eq!(
        post(&site, "/-/test/archive", "Transfer-Encoding: chunked\r\n", &chunks).text(),
        want
    );
    nothing_left(&site);
}

#[test]
fn an_archive_over_the_limit_is_stopped_on_its_way() {
    let site = site_with(|config| config.limits.archive_bytes = 2 << 20);
    let mut stream = site.connect();
    let head = format!("{}Transfer-Encoding: chunked\r\n\r\n", begin("/-/test/archive"));
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    let sent = (0..64).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!(sent < 64, "somebody takes all this");
    let mut answer = Vec::new();
    // Who goes on sending may find the connection broken instead of the reply.
    if stream.read_to_end(&mut answer).is_ok() && !answer.is_empty() {
        assert_eq!(Got::read(&answer).problem(), "body_too_large");
    }
    nothing_left(&site);
}

#[test]
fn a_client_that_waits_is_told_to_go_on_only_when_it_may() {
    let site = site_with(|config| config.limits.form_bytes = 100);
    let mut stream = site.connect();
    let head = "POST /-/test/form HTTP/1.1\r\nHost: localhost\r\nExpect: 100-Continue\r\n";
    stream.write_all(format!("{head}Content-Length: 6\r\n\r\n").as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"text=x").unwrap();
    assert_eq!(Got::read(&hear(&mut stream)).text(), "x");
    let got = site.say(format!("{head}Content-Length: 600\r\n\r\n").as_bytes());
    assert_eq!(got.status, 413);
    let got = site.say(format!("{head}Content-Length: 6\r\n\r\ntext=y").as_bytes());
    assert_eq!((got.status, got.text()), (200, "y"), "who does not wait is not told");
    let odd = head.replace("100-Continue", "miracles");
    let got = site.say(format!("{odd}Content-Length: 6\r\n\r\n").as_bytes());
    assert_eq!((got.status, got.problem().as_str()), (417, "unknown_expectation"));
}

/// Goes on as it is told until the server says something.
fn drip(site: &Site, path: &str, first: &[u8], more: bool) -> Got {
    let mut slow = site.connect();
    let head = format!("{}Content-Length: 9000000\r\n\r\n", begin(path));
    slow.write_all(&[head.as_bytes(), first].concat()).unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let (begun, mut got) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_secs(20) {
        if more && slow.write_all(b"x").is_err() || slow.read_to_end(&mut got).is_ok() {
            break;
        }
    }
    Got::read(&got)
}

#[test]
fn a_slow_body_has_a_deadline_of_its_kind() {
    let hour = ms(3_600_000);
    for (path, form, body) in [("/-/test/form", ms(500), hour), ("/-/test/archive", hour, ms(500))]
    {
        let site = site_with(|config| {
            (config.http.form, config.http.body) = (form, body);
            config.limits.form_bytes = 10_000_000;
        });
        // Silent, and dripping: each byte comes in time, the whole does not.
        for more in [false, true] {
            let got = drip(&site, path, b"", more);
            assert_eq!((got.status, got.problem().as_str()), (408, "slow_body"), "{path}");
        }
        nothing_left(&site);
    }
}

#[test]
fn who_was_fast_at_first_cannot_be_slow_for_long() {
    let site = site_with(|config| {
        config.http.body = ms(500);
        // A byte buys a second: the first megabyte would buy eleven days.
        config.http.least_rate = 1;
    });
    let got = drip(&site, "/-/test/archive", &vec![b'x'; 1 << 20], false);
    assert_eq!((got.status, got.problem().as_str()), (408, "slow_body"));
    nothing_left(&site);
}
