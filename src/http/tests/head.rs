//! The head reader alone.

use proptest::prelude::*;

use crate::http::problem::Problem;
use crate::http::transport::head::{HeadBuffer, RequestHead, is_loopback};

const LIMIT: usize = 16 << 10;

fn read(bytes: &[u8]) -> Result<Option<RequestHead>, Problem> {
    HeadBuffer::new(LIMIT).push(bytes)
}

fn code(bytes: &[u8]) -> &'static str {
    read(bytes).unwrap_err().kind.code()
}

fn whole(text: &str) -> RequestHead {
    read(text.as_bytes()).unwrap().unwrap()
}

#[test]
fn a_head_in_any_packets_is_the_same_head() {
    let text = b"GET /a?b=c HTTP/1.1\r\nHost: localhost:8043\r\nAccept: text/html\r\n\r\n";
    let want = read(text).unwrap().unwrap();
    assert_eq!((want.method.as_str(), want.target.as_str()), ("GET", "/a?b=c"));
    let forwarded = [("Accept", "text/html"), ("Host", "localhost:8043")];
    assert_eq!(want.forwarded, forwarded.map(|(name, value)| (name, value.to_owned())));
    for size in 1..text.len() {
        let mut buffer = HeadBuffer::new(LIMIT);
        let mut got = None;
        for packet in text.chunks(size) {
            assert!(got.is_none());
            got = buffer.push(packet).unwrap();
        }
        assert_eq!(got.as_ref(), Some(&want), "packets of {size}");
    }
}

#[test]
fn what_is_pipelined_after_a_head_is_left_alone() {
    let one = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(whole(&format!("{one}GET /\nnot http")), whole(one));
    assert_eq!(whole(&format!("\r\n\r\n{one}")), whole(one));
}

#[test]
fn a_head_has_a_largest_size() {
    let mut buffer = HeadBuffer::new(LIMIT);
    buffer.push(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ").unwrap();
    let packet = [b'x'; 1000];
    let refused = (0..17).find_map(|_| buffer.push(&packet).err()).unwrap();
    assert_eq!(refused.kind.status, 431);
    let endless = vec![b'\r'; LIMIT];
    assert_eq!(code(&endless), "head_too_large");
    let many = "X: y\r\n".repeat(65);
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    assert_eq!(code(head.as_bytes()), "head_too_large");
    let fits = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(15_000));
    assert!(read(fits.as_bytes()).unwrap().is_some());
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for bad in [
        "GET\r\n\r\n",
        "GET / HTTP/1.1\nHost: localhost\n\n",
        "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
        "GET /ก HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        assert_eq!(code(bad.as_bytes()), "malformed_request", "{bad:?}");
    }
    assert_eq!(code(b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"), "http_version");
    let coding = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n";
    assert_eq!(code(coding), "unknown_transfer_coding");
}

#[test]
fn only_names_of_this_machine_are_hosts() {
    for own in ["localhost", "LOCALHOST:8043", "127.0.0.1", "127.9.9.9:1", "[::1]:8043", "[::1]"] {
        assert!(is_loopback(own), "{own}");
    }
    for other in [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "10.0.0.1",
        "[::2]",
    ] {
        assert!(!is_loopback(other), "{other}");
    }
    assert!(whole("GET / HTTP/1.1\r\nHost: localhost:8043\r\n\r\n").local);
    assert!(!whole("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").local);
    assert!(!whole("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n").local);
    for handed_on in
        ["X-Forwarded-For: 10.0.0.9", "Forwarded: for=10.0.0.9", "Via: 1.1 a", "x-real-ip: ::1"]
    {
        let text = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{handed_on}\r\n\r\n");
        assert!(!whole(&text).local, "{handed_on}");
    }
    let proxied = whole("GET http://localhost/a?b HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(proxied.target, "/a?b");
    assert_eq!(whole("GET / HTTP/1.0\r\n\r\n").target, "/");
}

#[test]
fn the_server_behind_sees_one_request_and_no_body() {
    let head = whole(
        "POST /x HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nTE: chunked\r\nExpect: 100-continue\r\n\
         Content-Length: 7\r\nAccept-Encoding: gzip\r\nAccept-Encoding: br\r\nX-Own: 1\r\n\
         X-Khlang-Peer: 127.0.0.1\r\nX-Khlang-Local: yes\r\nVia: 1.1 proxy\r\n\r\n",
    );
    assert_eq!(head.body_bytes, Some(7));
    let text = String::from_utf8(head.canonical(&[])).unwrap();
    let want = "POST /x HTTP/1.1\r\nConnection: close\r\nAccept-Encoding: gzip, br\r\n\r\n";
    assert_eq!(text, want);
}

proptest! {
    /// Whatever comes, the reader neither panics nor grows without bound.
    #[test]
    fn any_bytes_are_read_or_refused(packets in prop::collection::vec(
        prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), any::<u8>()], 0..200), 0..20)
    ) {
        let mut buffer = HeadBuffer::new(1024);
        for packet in &packets {
            match buffer.push(packet) {
                Ok(None) => {}
                Ok(Some(head)) => {
                    prop_assert!(head.target.starts_with('/'));
                    break;
                }
                Err(_) => break,
            }
        }
    }
}
