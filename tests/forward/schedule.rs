//! The service sends on by itself, at its time.

use super::{NHSO, json, sent, site};
use crate::support::parcel::Parcel;
use crate::support::site::UNIT_B;

#[test]
fn the_service_sends_on_when_it_is_due_and_makes_up_for_what_it_missed() {
    // What is received from a day on goes by itself.
    let from = "since = \"2014-01-17\"\n";
    let site = site(&format!("{NHSO}schedule = \"0 18 * * *\"\n{from}"));
    let parcel = Parcel::new(UNIT_B, 1, 5);
    let serve = |now: &str| site.start(site.command(&["--now", now, "serve"]));
    let mut daemon = serve("2014-01-17T08:00:00+07:00");
    daemon.wait_until_ready();
    site.drop_archive(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
    site.wait_for_receipt(&format!("{UNIT_B}/F43_{UNIT_B}_20140116080000.zip.receipt.json"));
    daemon.stop();
    assert!(sent(&site, "nhso").is_empty(), "not before its time");
    // It was down at six, and makes up for it while it is up.
    let mut daemon = serve("2014-01-18T07:00:00+07:00");
    daemon.wait("it is sent on", || sent(&site, "nhso").len() == 1);
    daemon.wait_for_log("export forward/nhso: ");
    let ask = |path: &str| -> serde_json::Value {
        let url = format!("http://{}{path}", daemon.address());
        let text = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let told = ask("/api/v1/forward");
    assert_eq!(told["destinations"][0]["submissions"], 0, "{told}");
    assert_eq!(told["batches"][0]["rows"], parcel.rows(), "{told}");
    let batch = ask("/api/v1/forward/1");
    assert_eq!(batch["contents"][0]["parts"][0]["submission"], 1, "{batch}");
    assert_eq!(batch["contents"][0]["hcode"], UNIT_B, "{batch}");
    daemon.stop();
    let now = "2014-01-18T07:30:00+07:00";
    let list = json(&site, now, &["forward", "list"]);
    assert_eq!((&list[0]["by"], &list[0]["rows"]), (&"schedule".into(), &parcel.rows().into()));
    let mut daemon = serve(now);
    daemon.wait_until_ready();
    daemon.stop();
    assert_eq!(json(&site, now, &["forward", "list"]).as_array().unwrap().len(), 1);
    site.assert_verified();
}

/// A new destination, or an old one under another name, would get all that was
/// ever accepted.
#[test]
fn a_schedule_does_not_send_the_history_before_somebody_began() {
    let text = |name: &str, more: &str| {
        format!("[[forward]]\nname = \"{name}\"\nschedule = \"0 18 * * *\"\n{more}")
    };
    let site = site(&text("nhso", ""));
    let parcel = Parcel::new(UNIT_B, 1, 5);
    let path = site.write(format!("F43_{UNIT_B}_20140114080000.zip"), &parcel.zip());
    let path = path.to_str().unwrap();
    let (status, _, error) = site.run(&["--now", "2014-01-14T09:00:00+07:00", "import", path]);
    assert_eq!(status, Some(0), "{error}");
    json(&site, "2014-01-14T10:00:00+07:00", &["forward"]);
    let configure = |name: &str, more: &str| {
        site.write("config/khlang.toml", text(name, more).as_bytes());
    };
    configure("nhso-new", "");
    let before = "2014-01-15T08:00:00+07:00";
    let status = json(&site, before, &["forward", "status"]);
    assert_eq!(status[0]["not_begun"]["resembles"], "nhso", "{status}");
    let (_, told, _) = site.run(&["--now", before, "--lang", "en", "forward", "status"]);
    assert!(told.contains("adopt nhso-new") && told.contains("resembles nhso"), "{told}");

    let serve = |now: &str| {
        let mut daemon = site.start(site.command(&["--now", now, "serve"]));
        daemon.wait_until_ready();
        daemon
    };
    serve(before).stop();
    let mut daemon = serve("2014-01-15T19:00:00+07:00");
    daemon.wait_for_log("resembles nhso");
    daemon.stop();
    assert!(sent(&site, "nhso-new").is_empty());

    // Somebody begins: with what is received from a day on, or by hand.
    let now = "2014-01-16T08:00:00+07:00";
    configure("nhso-new", "since = \"2014-01-15\"\n");
    let status = json(&site, now, &["forward", "status"]);
    let told = ["submissions", "not_for", "not_begun"].map(|key| status[0][key].to_string());
    assert_eq!(told, ["0", "1", "null"], "{status}");
    configure("nhso-new", "");
    let adopted = json(&site, now, &["forward", "adopt", "nhso-new", "--until", "0"]);
    assert_eq!(adopted["submissions"], 0);
    let status = json(&site, now, &["forward", "status"]);
    assert_eq!((&status[0]["not_begun"], &status[0]["submissions"]), (&().into(), &1.into()));
    let mut daemon = serve("2014-01-16T19:00:00+07:00");
    daemon.wait("it is sent on", || sent(&site, "nhso-new").len() == 1);
    daemon.stop();
}
