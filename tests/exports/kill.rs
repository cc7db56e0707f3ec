//! The service is killed at every step of an export's way: no half folder is
//! ever seen, and after the next start it is there, once.

use std::fs::{self, File};

use super::{assert_whole, command, half, manifest, serve, site, visible, wait_for_a_turn};

const STEPS: [&str; 6] = [
    "export_begun",
    "export_writing",
    "export_written",
    "export_named",
    "export_aside",
    "export_done",
];

/// Steps at which the new folder bears its name.
const NAMED: [&str; 3] = ["export_named", "export_aside", "export_done"];

const FIRST: &str = "2014-01-02T08:00:00+07:00";
const SECOND: &str = "2014-01-03T08:00:00+07:00";

#[test]
fn a_kill_leaves_no_half_folder_and_the_export_is_made_once() {
    for step in STEPS {
        let site = site("0 6 * * *", 1);
        serve(&site, "2014-01-01T07:00:00+07:00").stop();
        let mut daemon = serve(&site, FIRST);
        daemon.wait("the first export", || visible(&site).contains("2014-01-02"));
        wait_for_a_turn(&site, &mut daemon, 1);
        daemon.stop();
        let mut dying = command(&site, SECOND, &["serve"]);
        dying.env("KHLANG_DIE_AT", step);
        let mut daemon = site.start(dying);
        let status = daemon.wait_for_end();
        assert_eq!(status.code(), None, "no kill at {step}: {status}\n{}", daemon.log());
        assert_whole(&site, step);
        let named = visible(&site).contains("2014-01-03");
        assert_eq!(named, NAMED.contains(&step), "{step}: {:?}", visible(&site));
        // Three turns of the loop are enough to make it a second time.
        let mut daemon = serve(&site, SECOND);
        daemon.wait("the export", || visible(&site).contains("2014-01-03"));
        for turn in 2..5 {
            wait_for_a_turn(&site, &mut daemon, turn);
        }
        daemon.stop();
        assert_whole(&site, step);
        assert!(half(&site).is_empty(), "{step}: {:?}", half(&site));
        assert!(!visible(&site).iter().any(|name| name.starts_with("2014-01-03-")), "{step}");
        assert_eq!(manifest(&site, "2014-01-03")["due"], "2014-01-03T06:00:00+07:00", "{step}");
    }
}

#[test]
fn what_another_process_is_making_is_left_to_it() {
    let site = site("0 6 * * *", 1);
    serve(&site, "2014-01-01T07:00:00+07:00").stop();
    for name in [".making-2014-01-01", ".aside-2013-01-01"] {
        site.write(format!("data/exports/daily/{name}/kpi.json"), b"half");
    }
    let lock = File::create(site.at("exports/daily/.lock")).unwrap();
    lock.lock().unwrap();
    serve(&site, "2014-01-01T07:30:00+07:00").stop();
    assert_eq!(half(&site).len(), 2, "somebody holds the turn");
    drop(lock);
    serve(&site, "2014-01-01T07:45:00+07:00").stop();
    assert!(half(&site).is_empty(), "{:?}", half(&site));
    assert!(fs::exists(site.at("exports/daily/.schedule.json")).unwrap());
}
