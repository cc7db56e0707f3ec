//! Slow, silent, half-open, greedy and broken clients: everybody else is
//! served, in bounded time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::fixture::{Got, Site, hear, ms, site, site_with, wait};
use super::{LARGE_BYTES, begun};
use crate::http::transport::RESERVED;

/// A normal client is served at once.
fn served(site: &Site) {
    let begun = Instant::now();
    assert_eq!(site.get("/api/v1/status").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(3), "took {:?}", begun.elapsed());
}

#[test]
fn a_slow_head_has_one_deadline_for_all_of_it() {
    let site = site_with(|config| config.http.head = ms(700));
    let mut slow = site.connect();
    let begun = Instant::now();
    let mut got = Vec::new();
    // A byte now and then: each comes in time, the whole does not.
    slow.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if slow.write_all(&[*byte]).is_err() || slow.read_to_end(&mut got).is_ok() {
            break;
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(Got::read(&got).problem(), "slow_request");
    served(&site);
}

#[test]
fn a_silent_client_is_let_go_without_a_word() {
    let site = site_with(|config| config.http.head = ms(300));
    let mut silent = site.connect();
    let begun = Instant::now();
    assert_eq!(hear(&mut silent), b"");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn idle_connections_keep_nobody_out() {
    let site = site();
    let idle: Vec<TcpStream> = (0..200)
        .map(|at| {
            let mut stream = site.connect();
            if at % 2 == 0 {
                stream.write_all(b"GET / HT").unwrap();
            }
            stream
        })
        .collect();
    for _ in 0..10 {
        served(&site);
    }
    drop(idle);
    served(&site);
}

#[test]
fn who_loses_a_seat_is_told() {
    let site = site_with(|config| config.limits.connections = 4);
    let mut first = site.connect();
    first.write_all(b"GET /").unwrap();
    wait("its seat", || site.app.metrics.clients() == 1);
    // The rest of the seats, those in reserve, and one more.
    let _others: Vec<_> = (0..4 + RESERVED).map(|_| site.connect()).collect();
    let got = Got::read(&hear(&mut first));
    assert_eq!((got.status, got.problem().as_str()), (503, "too_many_connections"));
}

#[test]
fn when_all_are_being_answered_a_newcomer_gets_503() {
    let site = site_with(|config| {
        config.limits.connections = 2;
        config.limits.query_ms = 2000;
    });
    let mut busy: Vec<TcpStream> = (0..2).map(|_| site.connect()).collect();
    for stream in &mut busy {
        stream.write_all(b"GET /-/test/endless HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    wait("both to be answered", || begun(&site) == busy.len());
    let got = site.get("/api/v1/status");
    assert_eq!((got.status, got.problem().as_str()), (503, "too_many_connections"));
    // How it is, it says all the same.
    for path in ["/-/healthy", "/-/ready", "/metrics"] {
        assert_eq!(site.get(path).status, 200, "{path}");
    }
    for stream in &mut busy {
        assert_eq!(
            Got::read(&hear(stream)).problem(),
            "query_timeout",
            "who was first is answered"
        );
    }
    served(&site);
}

/// Clients that send a beginning and then a byte now and then, and come again
/// when they are let go; until told to stop.
fn drip(site: &Site, beginning: &str, clients: usize, stop: &AtomicBool) {
    let mut all: Vec<Option<TcpStream>> = (0..clients).map(|_| None).collect();
    while !stop.load(Ordering::Relaxed) {
        for one in &mut all {
            let alive = one.as_mut().is_some_and(|stream| {
                let mut said = [0; 64];
                // Whoever is told something has lost its seat.
                let told = stream.read(&mut said);
                told.is_err_and(|e| e.kind() == ErrorKind::WouldBlock)
                    && stream.write_all(b"x").is_ok()
            });
            if !alive {
                *one = TcpStream::connect(site.address).ok().and_then(|mut stream| {
                    stream.write_all(beginning.as_bytes()).ok()?;
                    stream.set_nonblocking(true).ok()?;
                    Some(stream)
                });
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn clients_that_drip_heads_forms_or_archives_keep_nobody_out() {
    let post = "Host: localhost\r\nX-Archive-Name: F43_10669_20130115070000.zip\r\n";
    for beginning in [
        "GET / HTTP/1.1\r\nX-Never: ".to_owned(),
        format!("POST /sign-in HTTP/1.1\r\n{post}Content-Length: 4000\r\n\r\n"),
        format!("POST /-/test/form HTTP/1.1\r\n{post}Transfer-Encoding: chunked\r\n\r\nfff\r\n"),
        format!("POST /-/test/archive HTTP/1.1\r\n{post}Content-Length: 900000\r\n\r\n"),
    ] {
        // Every deadline is far away: what helps is who gives up a seat.
        let site = site_with(|config| {
            let hour = ms(3_600_000);
            (config.http.head, config.http.form, config.http.body) = (hour, hour, hour);
            config.limits.connections = 16;
            config.limits.connections_per_peer = 12;
        });
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| drip(&site, &beginning, 40, &stop));
            let fields =
                format!("POST /-/test/form HTTP/1.1\r\n{post}Content-Length: 6\r\n\r\ntext=x");
            let archive = "x".repeat(200_000);
            let archive = format!(
                "POST /-/test/archive HTTP/1.1\r\n{post}Content-Length: 200000\r\n\r\n{archive}"
            );
            let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let honest =
                [get("/-/healthy"), get("/metrics"), get("/api/v1/units"), fields, archive];
            let served = (0..8).flat_map(|_| &honest).all(|asked| {
                // Once in a while somebody is taken for one of them.
                (0..5).any(|_| {
                    let mut stream = site.connect();
                    let mut got = Vec::new();
                    let said = stream.write_all(asked.as_bytes()).is_ok();
                    said && stream.read_to_end(&mut got).is_ok() && got.starts_with(b"HTTP/1.1 200")
                })
            });
            stop.store(true, Ordering::Relaxed);
            assert!(served, "{beginning}");
        });
    }
}

#[test]
fn clients_that_do_not_read_hold_nobody_up() {
    let site = site_with(|config| config.http.send = ms(1500));
    // More of them than workers; their replies are larger than all buffers.
    let greedy: Vec<TcpStream> = (0..6)
        .map(|_| {
            let mut stream = site.connect();
            stream.write_all(b"GET /-/test/large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream
        })
        .collect();
    wait("all to be answered", || begun(&site) == greedy.len());
    for _ in 0..5 {
        served(&site);
    }
    wait("all to be let go", || site.app.metrics.clients() == 0);
    for mut stream in greedy {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        assert!(bytes.len() < LARGE_BYTES, "it was let go");
    }
    let whole = site.get("/-/test/large");
    assert_eq!(whole.body.len(), LARGE_BYTES, "who reads gets all of it");
}

#[test]
fn half_open_clients_are_answered_and_gone_ones_forgotten() {
    let site = site();
    let mut half = site.connect();
    half.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Got::read(&hear(&mut half)).status, 200);
    for _ in 0..100 {
        let mut gone = site.connect();
        gone.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        drop(gone);
    }
    // Those whose request came whole are answered first; the seats of all are
    // free again in the end. One answer may come between two of theirs, so it
    // takes a run of them.
    let begun = Instant::now();
    while !(0..30).all(|_| site.get("/api/v1/status").status == 200) {
        assert!(begun.elapsed() < Duration::from_mins(1), "their seats are not given back");
    }
    served(&site);
}

#[test]
fn a_head_without_end_is_refused() {
    let site = site();
    let mut endless = site.connect();
    endless.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    let line = [b"X: ".as_slice(), &[b'y'; 1000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 64 << 20 && endless.write_all(&line).is_ok() {
        sent += line.len();
    }
    assert!(sent < 64 << 20, "somebody reads all this");
    let whole =
        [b"GET / HTTP/1.1\r\nHost: localhost\r\n".as_slice(), &line.repeat(17), b"\r\n"].concat();
    let got = site.say(&whole);
    assert_eq!((got.status, got.problem().as_str()), (431, "head_too_large"));
}

#[test]
fn malformed_and_pipelined_requests_get_one_answer() {
    let site = site();
    for bad in
        ["\0\0\0\0\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n", "\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n"]
    {
        assert_eq!(site.say(bad.as_bytes()).problem(), "malformed_request", "{bad:?}");
    }
    let one = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let got = site.say(one.repeat(20).as_bytes());
    assert_eq!((got.status, got.text()), (200, "ok\n"));
    let body = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(site.say(body.as_bytes()).problem(), "malformed_request");
}

#[test]
fn a_panic_is_a_500_and_costs_no_worker() {
    let site = site();
    for _ in 0..6 {
        let got = site.get("/-/test/panic");
        assert_eq!((got.status, got.problem().as_str()), (500, "internal_error"));
    }
    served(&site);
}

#[test]
fn the_server_behind_is_made_anew_when_its_accepting_ends() {
    let site = site();
    served(&site);
    let server = site.server.as_ref().unwrap();
    let before = server.upstream().socket().unwrap();
    server.upstream().request_restart();
    let until = Instant::now() + Duration::from_secs(5);
    while server.upstream().socket().is_none_or(|now| now.is(&before)) {
        assert!(Instant::now() < until);
        // Whoever asks in between waits a moment and is served.
        assert_eq!(site.get("/-/healthy").status, 200);
    }
    served(&site);
    wait("the old server to end", || before.connect().is_err());
}

#[test]
fn a_server_that_was_stopped_leaves_its_address_free() {
    let mut site = site();
    let idle = site.connect();
    let begun = Instant::now();
    site.server.take().unwrap().stop();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(TcpStream::connect(site.address).is_err());
    drop(idle);
}
