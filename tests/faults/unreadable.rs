//! Archives that the service may not read: seen before they are claimed, left
//! where they are, named with owner, mode and what to do, and taken by itself
//! once they can be.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

use crate::support::parcel::Parcel;
use crate::support::site::{NOBODY, Site, UNIT_A, UNIT_B, run_as_nobody};

const FIRST: &str = "F43_10670_20140101080000.zip";
const LATER: &str = "F43_10670_20140102080000.zip";
const OTHER: &str = "F43_04001_20140101080000.zip";

fn get(address: SocketAddr, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// The program as a user who may not read everything: root is made another
/// user, anybody else is one.
fn command(site: &Site) -> Command {
    let program = site.root().join("khlang");
    fs::copy(env!("CARGO_BIN_EXE_khlang"), &program).unwrap();
    let mut command = Command::new(&program);
    site.prepare(&mut command);
    command.arg("serve");
    run_as_nobody(site, &mut command);
    command
}

/// Makes a file of the inbox one that the service may not read, and back.
fn set(site: &Site, name: &str, mode: u32) {
    let path = site.at("inbox").join(name);
    if site.data().metadata().unwrap().uid() == NOBODY {
        chown(&path, Some(0), Some(0)).unwrap();
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_unreadable_archive_stays_is_named_and_is_taken_once_it_can_be() {
    let mut site = Site::new();
    // What is fixed is seen by the system's hint, not by trying again.
    site.set("KHLANG__INBOX__RETRY", "1h");
    site.drop_archive(FIRST, &Parcel::new(UNIT_A, 1, 3).zip_of_persons());
    site.drop_archive(LATER, &Parcel::new(UNIT_A, 1, 3).zip_without_persons());
    site.drop_archive(OTHER, &Parcel::new(UNIT_B, 1, 3).zip());
    let command = command(&site);
    set(&site, FIRST, 0o000);
    let owner = if site.at("inbox").join(FIRST).metadata().unwrap().uid() == 0 {
        "root:root".to_owned()
    } else {
        String::new()
    };
    let mut daemon = site.start(command);
    site.wait_for_receipt(&format!("{UNIT_B}/{OTHER}.receipt.json"));
    daemon.wait_for_log("may not read this file");
    let address = daemon.address();
    let status = |path: &str| get(address, path);
    daemon.wait("that it is told", || status("/api/v1/status").contains("\"blocked_total\":1"));
    let reply = status("/api/v1/status");
    let json = reply.split("\r\n\r\n").nth(1).unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let blocked = &json["inbox"]["blocked"][0];
    assert_eq!((&blocked["path"], &blocked["hcode"]), (&FIRST.into(), &UNIT_A.into()));
    assert_eq!((&blocked["mode"], &blocked["behind"]), (&"0000".into(), &1.into()));
    assert!(blocked["owner"].as_str().unwrap().contains(&owner), "{blocked}");
    assert!(blocked["en"].as_str().unwrap().contains("wait for this one"), "{blocked}");
    assert!(blocked["th"].as_str().unwrap().contains("อ่านไฟล์นี้ไม่ได้"), "{blocked}");
    for (target, said) in [("/", "อ่านไฟล์นี้ไม่ได้"), ("/?lang=en", "may not read this file")]
    {
        let page = status(target);
        assert!(page.contains(said) && page.contains(FIRST) && page.contains("0000"), "{page}");
    }
    let metrics = status("/metrics");
    assert!(metrics.contains("khlang_inbox_blocked 1"), "{metrics}");
    assert!(metrics.contains(&format!("khlang_inbox_blocked_file{{file=\"{FIRST}\"")));
    assert!(status("/-/ready").starts_with("HTTP/1.1 503"));
    // Nothing was claimed, and the unit waits.
    assert_eq!(site.files("inbox").len(), 2);
    assert!(site.files("work").is_empty());
    set(&site, FIRST, 0o644);
    let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{LATER}.receipt.json"));
    assert_eq!(receipt["findings_total"], serde_json::json!({}), "its persons came before it");
    daemon.wait_until_idle();
    daemon.wait("that it is over", || status("/-/ready").starts_with("HTTP/1.1 200"));
    daemon.stop();
}

/// Samba and the like tell nobody of a change of mode: it is tried again.
#[test]
fn a_folder_that_cannot_be_looked_into_is_named() {
    let mut site = Site::new();
    site.set("KHLANG__INBOX__RETRY", "100ms");
    site.drop_archive(format!("closed/{FIRST}"), &Parcel::new(UNIT_A, 1, 3).zip());
    let command = command(&site);
    set(&site, "closed", 0o700);
    fs::set_permissions(site.at("inbox/closed"), Permissions::from_mode(0o000)).unwrap();
    let mut daemon = site.start(command);
    daemon.wait_until_ready();
    let address = daemon.address();
    daemon.wait("that it is told", || {
        let reply = get(address, "/api/v1/status");
        reply.contains("\"path\":\"closed\"") && reply.contains("may not look into this folder")
    });
    fs::set_permissions(site.at("inbox/closed"), Permissions::from_mode(0o777)).unwrap();
    site.wait_for_receipt(&format!("{UNIT_A}/{FIRST}.receipt.json"));
    daemon.wait("that it is over", || get(address, "/api/v1/status").contains("\"blocked\":[]"));
    daemon.stop();
}
