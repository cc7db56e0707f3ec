//! The whole program under clients that mean ill, or mean too much: everybody
//! else is served meanwhile, memory stays bounded, archives go on being loaded,
//! and it recovers without a restart.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::parcel::Parcel;
use crate::support::site::{Daemon, Site, UNIT_A, wait};

/// What the crowd may cost, in bytes: the stacks and buffers of all seats are
/// far less, a thread or a buffer for each client would be more.
const MEMORY_BYTES: u64 = 96 << 20;

/// A reply's status; none while the server cannot be reached.
fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    reply.split(' ').nth(1)?.parse().ok()
}

/// Somebody who behaves is served, if not at the first try.
fn served(daemon: &mut Daemon, what: &str) {
    let address = daemon.address();
    daemon.wait(what, || status(address, "/api/v1/status") == Some(200));
}

/// Memory that the program uses, in bytes.
fn resident(daemon: &Daemon) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

fn descriptors(daemon: &Daemon) -> usize {
    fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap().count()
}

fn threads(daemon: &Daemon) -> usize {
    fs::read_dir(format!("/proc/{}/task", daemon.id())).unwrap().count()
}

/// What a client says who will never finish.
fn beginning(kind: usize, address: SocketAddr) -> Vec<u8> {
    let post = format!(
        "POST /api/v1/archives HTTP/1.1\r\nHost: {address}\r\n\
         X-Archive-Name: F43_10670_20140101080000.zip\r\n"
    );
    match kind % 6 {
        0 => Vec::new(),
        1 => b"GET / HT".to_vec(),
        2 => format!("GET / HTTP/1.1\r\nHost: {address}\r\nX: {}", "y".repeat(2000)).into_bytes(),
        3 => format!("{post}Content-Length: 1000000\r\n\r\nhalf of it").into_bytes(),
        4 => format!("{post}Transfer-Encoding: chunked\r\n\r\nfffff\r\nx").into_bytes(),
        _ => {
            format!("GET /api/v1/units HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(20).into_bytes()
        }
    }
}

/// Connects so many clients of every kind; gives those who got through.
fn crowd(address: SocketAddr, size: usize) -> Vec<TcpStream> {
    (0..size)
        .filter_map(|kind| {
            let mut stream =
                TcpStream::connect_timeout(&address, Duration::from_millis(500)).ok()?;
            stream.set_write_timeout(Some(Duration::from_millis(200))).ok()?;
            // A client that was refused at once may fail here; it counts, too.
            let _ = stream.write_all(&beginning(kind, address));
            Some(stream)
        })
        .collect()
}

#[test]
fn thousands_of_bad_clients_keep_nobody_out_and_no_archive_waiting() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    served(&mut daemon, "a first request");
    let (address, before, own) = (daemon.address(), resident(&daemon), descriptors(&daemon));
    let running = threads(&daemon);
    let mut peak = 0;
    let mut most = 0;
    for round in 0..4 {
        let bad = crowd(address, 700);
        assert!(bad.len() > 300, "the crowd came: {}", bad.len());
        served(&mut daemon, "a request in a crowd");
        let parcel = Parcel::new(UNIT_A, 100 + round * 100, 20);
        let name = format!("F43_10670_2014010{}080000.zip", round + 1);
        site.drop_archive(&name, &parcel.zip());
        let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{name}.receipt.json"));
        assert_eq!(receipt["status"], "accepted");
        peak = peak.max(resident(&daemon));
        most = most.max(threads(&daemon));
        drop(bad);
    }
    assert!(peak < before + MEMORY_BYTES, "{before} bytes before, {peak} at most");
    assert!(most < 250, "{most} threads");
    let id = daemon.id();
    wait("descriptors as before", || {
        fs::read_dir(format!("/proc/{id}/fd")).unwrap().count() <= own + 12
    });
    wait("threads as before", || {
        fs::read_dir(format!("/proc/{id}/task")).unwrap().count() <= running + 4
    });
    served(&mut daemon, "a request afterwards");
    assert!(site.files(".uploads").is_empty(), "half uploads are gone");
    daemon.stop();
    site.assert_verified();
}

/// Goes on dripping over many connections until told to stop; who is let go
/// comes again.
fn drip(address: SocketAddr, beginning: &str, clients: usize, stop: &AtomicBool) {
    let mut all: Vec<Option<TcpStream>> = (0..clients).map(|_| None).collect();
    while !stop.load(Ordering::Relaxed) {
        for one in &mut all {
            let alive = one.as_mut().is_some_and(|stream| {
                let told = stream.read(&mut [0; 64]);
                told.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
                    && stream.write_all(b"x").is_ok()
            });
            if !alive {
                let stream = TcpStream::connect_timeout(&address, Duration::from_millis(500));
                *one = stream.ok().and_then(|mut stream| {
                    stream.write_all(beginning.as_bytes()).ok()?;
                    stream.set_nonblocking(true).ok()?;
                    Some(stream)
                });
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What a client hears to the end; nothing when it was let go.
fn say(address: SocketAddr, bytes: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    stream.write_all(bytes).ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    Some(reply)
}

#[test]
fn dripped_forms_and_slow_uploads_of_one_token_keep_nobody_out() {
    let site = Site::new();
    let (code, out, error) =
        site.run(&["token", "create", "--role", "province", "--expires", "never"]);
    assert_eq!(code, Some(0), "{error}");
    let token = out.split_whitespace().find(|word| word.starts_with("khl_")).unwrap();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let address = daemon.address();
    let bearer = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n");
    let name = "X-Archive-Name: F43_10670_20140101080000.zip\r\n";
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\n{bearer}\r\n").into_bytes();
    for (round, (beginning, clients)) in [
        (format!("POST /sign-in HTTP/1.1\r\nHost: {address}\r\nContent-Length: 4000\r\n\r\n"), 70),
        (
            format!(
                "POST /api/v1/archives HTTP/1.1\r\n{bearer}{name}Content-Length: 900000\r\n\r\n"
            ),
            100,
        ),
    ]
    .iter()
    .enumerate()
    {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| drip(address, beginning, *clients, &stop));
            for _ in 0..5 {
                for path in ["/-/healthy", "/-/ready", "/metrics", "/api/v1/status"] {
                    let good = |reply: String| reply.starts_with("HTTP/1.1 200 ");
                    let mut tries = 0;
                    while !say(address, &get(path)).is_some_and(good) {
                        tries += 1;
                        if tries > 20 {
                            stop.store(true, Ordering::Relaxed);
                            panic!("{path} is not answered beside {beginning}");
                        }
                    }
                }
            }
            // A right archive comes through and is loaded.
            let own = format!("F43_10670_2014010{}080000.zip", round + 2);
            let zip = Parcel::new(UNIT_A, 500 + round as u32 * 100, 20).zip();
            let head = format!(
                "POST /api/v1/archives HTTP/1.1\r\n{bearer}X-Archive-Name: {own}\r\nContent-Length: {}\r\n\r\n",
                zip.len()
            );
            let asked = [head.as_bytes(), &zip].concat();
            let sent = (0..20).any(|_| {
                say(address, &asked).is_some_and(|reply| reply.starts_with("HTTP/1.1 202 "))
            });
            stop.store(true, Ordering::Relaxed);
            assert!(sent, "an archive beside {beginning}");
            let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{own}.receipt.json"));
            assert_eq!(receipt["status"], "accepted");
        });
    }
    daemon.stop();
}

/// Lowers or raises how many descriptors the program may have.
fn allow(daemon: &Daemon, descriptors: u64) {
    let pid = Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
    let limit = |current| Rlimit { current: Some(current), maximum: None };
    let now = rustix::process::getrlimit(Resource::Nofile);
    let limit = Rlimit { maximum: now.maximum, ..limit(descriptors) };
    prlimit(Some(pid), Resource::Nofile, limit).unwrap();
}

/// What the log says when nobody can be accepted.
const REFUSED: &str = "accepting an HTTP client";

#[test]
fn without_descriptors_it_waits_and_then_goes_on() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    served(&mut daemon, "a first request");
    let address = daemon.address();
    // Not one more than it has: nobody can be accepted, no reply be fetched.
    for spare in [0, 1, 2, 3] {
        allow(&daemon, descriptors(&daemon) as u64 + spare);
        let told = daemon.log().matches(REFUSED).count();
        let waiting = crowd(address, 60);
        daemon.wait_for_log_times(REFUSED, told + 1);
        drop(waiting);
        allow(&daemon, 1024);
        served(&mut daemon, "a request when there are descriptors again");
    }
    // What came in meanwhile is loaded, and the program is the same.
    let name = "F43_10670_20140101080000.zip";
    site.drop_archive(name, &Parcel::new(UNIT_A, 100, 20).zip());
    let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{name}.receipt.json"));
    assert_eq!(receipt["status"], "accepted");
    daemon.stop();
    site.assert_verified();
}

#[test]
fn few_descriptors_mean_few_seats_and_never_a_failed_load() {
    let site = Site::new();
    let program = site.command(&["serve"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 170; exec \"$0\" \"$@\""]).arg(program.get_program());
    site.prepare(&mut command);
    command.arg("serve");
    let mut daemon = site.start(command);
    daemon.wait_until_ready();
    daemon.wait_for_log("descriptors are enough for 7 only");
    let bad = crowd(daemon.address(), 300);
    for month in 1..=3 {
        let name = format!("F43_10670_20140{month}01080000.zip");
        site.drop_archive(&name, &Parcel::new(UNIT_A, month * 100, 20).zip());
        let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{name}.receipt.json"));
        assert_eq!(receipt["status"], "accepted");
    }
    served(&mut daemon, "a request beside a crowd");
    assert!(!daemon.log().contains("Too many open files"), "{}", daemon.log());
    drop(bad);
    daemon.stop();
}
