//! A process without descriptors: more clients than it may have open files.
//! It loads what has come when they are gone, if not before, and serves again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::archives::{Maker, all_places};
use super::effort::{Random, rounds};
use super::ledger::Ledger;
use super::upload::send;
use crate::support::site::{Site, sha256, wait};

/// Clients that stay: of some the head never ends, some say nothing.
fn crowd(address: SocketAddr, clients: u64, random: &mut Random) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..clients {
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(5)) else {
            continue; // its queue is full: that is what is meant
        };
        if random.one_in(2) {
            let _ = stream.write_all(b"POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nX-Sl");
        }
        all.push(stream);
    }
    all
}

/// How many files a running process may have open.
fn limit(process: u32, files: u64) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &process.to_string(), &format!("--nofile={files}:")]);
    assert!(prlimit.status().unwrap().success());
}

fn healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let ask =
            format!("GET /-/healthy HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn crowded(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut site = Site::new();
    site.set("KHLANG__LIMITS__FREE_BYTES", "1");
    site.set("KHLANG__LIMITS__CONNECTIONS", "512");
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let address = daemon.address();
    let mut maker = Maker::new();
    let mut sent = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.extend(crowd(address, random.below(60), &mut random));
        // More than it needs at rest, and often fewer than it has open by now.
        limit(daemon.id(), 48 + random.below(40));
        let archive = maker.make(&mut random);
        if archive.plain {
            site.drop_archive(&archive.name, &archive.bytes);
            sent.push(archive);
        }
    }
    let held = clients.len() as u64;
    // Who sends in the middle of it is told that it is not the time, or nothing.
    let late = maker.make(&mut random);
    let answer = late.plain.then(|| send(address, &late.name, &late.bytes)).flatten();
    let status = answer.map(|(status, _)| status);
    assert!(status.is_none_or(|status| status == 202 || status >= 500), "{status:?}");
    drop(clients);
    wait("its answer", || healthy(address));
    daemon.wait_until_idle();
    daemon.stop();
    // It may have been taken although its answer was lost, never the other way.
    let hash = sha256(&late.bytes);
    let taken = all_places(&site).iter().any(|(other, _)| *other == hash);
    assert!(taken || status != Some(202), "it was answered for");
    if taken {
        sent.push(late);
    }
    // tiny_http gives up in a panic without descriptors, and is made anew.
    assert!(!daemon.log().contains("panicked at src/"), "{}", daemon.log());
    Ledger::undisturbed(&[], &sent).assert_reached(&site, "after the crowd");
    held
}

#[test]
fn a_daemon_outlives_a_want_of_descriptors() {
    rounds("a_daemon_outlives_a_want_of_descriptors", 3, crowded);
}
