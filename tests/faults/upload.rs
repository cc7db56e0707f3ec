//! An archive that comes by HTTP, and a kill at every step of its way in:
//! nothing is lost of what was answered for, nothing is doubled, and the inbox
//! never holds a part of one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Daemon, Site, UNIT_A, UNIT_B};

const NAME: &str = "F43_10670_20140101080000.zip";

/// Steps of an upload, in their order, and then those of every archive.
const STEPS: [&str; 8] = [
    "upload_begun",
    "upload_whole",
    "upload_promised",
    "upload_placed",
    "made_folder",
    "claimed",
    "committed",
    "moved",
];

/// Sends an archive; nothing when no answer came, or one that was cut off.
pub fn send(address: SocketAddr, name: &str, bytes: &[u8]) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let head = format!(
        "POST /api/v1/archives HTTP/1.1\r\nHost: {address}\r\nX-Archive-Name: {name}\r\n\
         Content-Length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(bytes).ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

fn serve_to_death<'s>(site: &'s Site, step: &str) -> Daemon<'s> {
    let mut command = site.command(&["serve"]);
    command.env("KHLANG_DIE_AT", step);
    let mut daemon = site.start(command);
    daemon.wait_until_ready();
    daemon
}

/// Whatever lies in the inbox is the whole archive.
fn no_part_to_be_seen(site: &Site, bytes: &[u8], step: &str) {
    for path in site.files("inbox") {
        assert_eq!(std::fs::read(site.at(&path)).unwrap(), bytes, "{step}: {}", path.display());
    }
    assert!(site.places_of(bytes).len() <= 1, "{step}");
}

#[test]
fn an_upload_outlives_a_kill_at_every_step() {
    for step in STEPS {
        let site = Site::new();
        let parcel = Parcel::new(UNIT_A, 100, 40);
        let bytes = parcel.zip();
        let mut daemon = serve_to_death(&site, step);
        let told = send(daemon.address(), NAME, &bytes);
        daemon.wait_for_end();
        no_part_to_be_seen(&site, &bytes, step);
        let answered = step >= "claimed" && !step.starts_with("upload");
        assert!(told.is_none() || answered, "{step}: {told:?}");
        // The client heard nothing, perhaps, and sends it again.
        let mut daemon = site.serve();
        daemon.wait_until_ready();
        let (status, again) = send(daemon.address(), NAME, &bytes).unwrap();
        assert_eq!(status, 202, "{step}: {again}");
        let id = again["id"].as_i64().unwrap();
        let receipts = || site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json"));
        daemon.wait("its receipt", || receipts().is_some_and(|receipt| receipt["id"] == id));
        daemon.wait("an empty inbox", || site.files("inbox").is_empty());
        daemon.stop();
        let snapshot = Snapshot::of(&site);
        snapshot.assert_sound();
        assert_eq!(snapshot.rows(), parcel.rows(), "{step}: its rows are there once");
        if let Some((_, first)) = told {
            assert_eq!(first["id"], 1, "{step}");
        }
        assert!(site.files(".uploads").is_empty(), "{step}");
        site.assert_verified();
    }
}

#[test]
fn what_was_answered_for_is_loaded_under_its_number() {
    // The later, smaller one is loaded first; each keeps what it was told.
    let mut site = Site::new();
    site.set("KHLANG__INBOX__POLL", "500ms");
    let (large, small) = (Parcel::new(UNIT_A, 100, 400), Parcel::new(UNIT_B, 1, 1));
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let (_, first) = send(daemon.address(), NAME, &large.zip()).unwrap();
    let of_b = "F43_04001_20140101080000.zip";
    let (_, second) = send(daemon.address(), of_b, &small.zip()).unwrap();
    for (unit, name, told) in [(UNIT_A, NAME, &first), (UNIT_B, of_b, &second)] {
        let path = format!("{unit}/{name}.receipt.json");
        let receipt = site.wait_for_receipt(&path);
        assert_eq!((&receipt["id"], &receipt["sha256"]), (&told["id"], &told["sha256"]));
    }
    assert_eq!((&first["id"], &second["id"]), (&1.into(), &2.into()));
    daemon.wait_until_idle();
    daemon.stop();
    site.assert_verified();
}

#[test]
fn a_kill_in_the_middle_of_a_body_leaves_nothing() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    let head = format!(
        "POST /api/v1/archives HTTP/1.1\r\nHost: localhost\r\nX-Archive-Name: {NAME}\r\n\
         Content-Length: 1000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&b"x".repeat(300_000)).unwrap();
    daemon.wait("some of it on disk", || !site.files(".uploads").is_empty());
    assert!(site.files("inbox").is_empty());
    daemon.kill();
    assert!(!site.files(".uploads").is_empty(), "it was in the middle");
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    assert!(site.files(".uploads").is_empty());
    assert!(site.is_idle());
    daemon.stop();
    assert!(Snapshot::of(&site).submissions().is_empty());
}
