//! What falls due, what was missed, and that nothing is done twice.

use std::fs;

use super::{assert_whole, half, manifest, serve, site, visible, wait_for_a_turn};

const SIX: &str = "0 6 * * *";

#[test]
fn a_schedule_falls_due_while_serving_and_loading() {
    let site = site("* * * * * *", 3);
    let mut daemon = serve(&site, "");
    daemon.wait("the first export", || !visible(&site).is_empty());
    let first = visible(&site).pop_first().unwrap();
    wait_for_a_turn(&site, &mut daemon, 1);
    // It goes on falling due; of all that was made so many are kept.
    daemon.wait("the first export makes room", || !visible(&site).contains(&first));
    daemon.stop();
    assert_whole(&site, "after the stop");
    assert!(visible(&site).len() <= 4, "{:?}", visible(&site));
    let due = visible(&site).into_iter().map(|name| manifest(&site, &name)["due"].clone());
    let mut due: Vec<String> = due.map(|due| due.as_str().unwrap().to_owned()).collect();
    let all = due.len();
    due.sort();
    due.dedup();
    assert_eq!(due.len(), all, "a time was answered twice");
    // The next start clears what the stop may have left half made.
    serve(&site, "2014-01-01T00:00:00+07:00").stop();
    assert!(half(&site).is_empty(), "{:?}", half(&site));
}

#[test]
fn one_that_was_missed_is_made_up_exactly_once() {
    let site = site(SIX, 10);
    // Watched from here on; nothing was missed before.
    let mut daemon = serve(&site, "2014-01-01T07:00:00+07:00");
    wait_for_a_turn(&site, &mut daemon, 1);
    daemon.stop();
    assert!(visible(&site).is_empty(), "{:?}", visible(&site));
    // Three mornings pass; the last of them is made up.
    for turn in 2..4 {
        let mut daemon = serve(&site, "2014-01-04T08:00:00+07:00");
        daemon.wait("the export", || !visible(&site).is_empty());
        wait_for_a_turn(&site, &mut daemon, turn);
        daemon.stop();
        assert_eq!(visible(&site).into_iter().collect::<Vec<_>>(), ["2014-01-04"]);
    }
    assert_whole(&site, "made up");
    let told = manifest(&site, "2014-01-04");
    assert_eq!(told["due"], "2014-01-04T06:00:00+07:00");
    assert_eq!(told["made_at"], "2014-01-04T08:00:00+07:00");
    // The next one has its own time, and not a moment before.
    let mut daemon = serve(&site, "2014-01-05T05:59:59+07:00");
    wait_for_a_turn(&site, &mut daemon, 4);
    daemon.stop();
    assert_eq!(visible(&site).len(), 1);
    let mut daemon = serve(&site, "2014-01-05T06:00:00+07:00");
    daemon.wait("the next export", || visible(&site).len() == 2);
    daemon.stop();
    assert!(visible(&site).contains("2014-01-05"));
}

#[test]
fn a_record_that_was_lost_makes_nothing_twice() {
    let site = site(SIX, 10);
    serve(&site, "2014-01-01T07:00:00+07:00").stop();
    let mut daemon = serve(&site, "2014-01-02T08:00:00+07:00");
    daemon.wait("the export", || !visible(&site).is_empty());
    daemon.stop();
    fs::remove_file(site.at("exports/daily/.schedule.json")).unwrap();
    let mut daemon = serve(&site, "2014-01-02T09:00:00+07:00");
    wait_for_a_turn(&site, &mut daemon, 1);
    daemon.stop();
    assert_eq!(visible(&site).len(), 1, "{:?}", visible(&site));
}

#[test]
fn a_schedule_that_is_changed_has_missed_nothing() {
    let site = site(SIX, 10);
    serve(&site, "2014-01-01T07:00:00+07:00").stop();
    // At five it is due at four, which is past, and nobody waited for it then.
    site.write("own.toml", super::configuration("0 4 * * *", 10).as_bytes());
    let mut daemon = serve(&site, "2014-01-02T05:00:00+07:00");
    wait_for_a_turn(&site, &mut daemon, 1);
    daemon.stop();
    assert!(visible(&site).is_empty(), "{:?}", visible(&site));
}

#[test]
fn a_mistake_in_an_export_is_refused_at_the_start_and_on_reload() {
    let site = site("61 6 * * *", 10);
    let (status, _, error) = site.run(&["--config", "own.toml", "serve"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("daily") && error.contains("61 6"), "{error}");
    site.write("own.toml", super::configuration(SIX, 10).as_bytes());
    let mut daemon = serve(&site, "2014-01-01T07:00:00+07:00");
    let wrong = super::configuration(SIX, 10).replace("dm_screen", "dm_sceen");
    site.write("own.toml", wrong.as_bytes());
    daemon.signal("HUP");
    daemon.wait_for_log("stays in force");
    assert!(daemon.log().contains("did you mean dm_screen"), "{}", daemon.log());
    daemon.stop();
}
