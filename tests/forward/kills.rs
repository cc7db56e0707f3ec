//! A kill at every step: what is seen is whole and known to the ledger, and
//! every row is sent once.

use std::fs;

use super::{NHSO, json, sent, site};
use crate::support::parcel::Parcel;
use crate::support::site::UNIT_B;

#[test]
fn a_kill_at_any_step_leaves_nothing_half_and_every_row_is_sent_once() {
    for (step, named) in
        [("forward_written", false), ("forward_recorded", false), ("forward_named", true)]
    {
        let site = site(NHSO);
        let parcel = Parcel::new(UNIT_B, 1, 20);
        let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
        assert!(site.import(&path, None).success());
        let now = "2014-01-17T08:00:00+07:00";
        let mut dying = site.command(&["--now", now, "forward"]);
        let died = dying.env("KHLANG_DIE_AT", step).output().unwrap();
        assert_eq!(died.status.code(), None, "no kill at {step}");
        assert_eq!(sent(&site, "nhso").len(), usize::from(named), "{step}: what is seen");
        let later = "2014-01-18T08:00:00+07:00";
        json(&site, later, &["forward"]);
        let all = sent(&site, "nhso");
        assert_eq!(all.len(), 1, "{step}");
        let list = json(&site, later, &["forward", "list"]);
        assert_eq!(list.as_array().unwrap().len(), 1, "{step}: {list}");
        assert_eq!(list[0]["rows"], parcel.rows(), "{step}");
        // Of what the ledger had, the time of sending stands.
        let made = if step == "forward_written" { later } else { now };
        assert_eq!(list[0]["made_at"], made, "{step}");
        let home = site.at("exports/forward/nhso");
        let hidden = fs::read_dir(home).unwrap().map(Result::unwrap);
        let hidden = hidden.filter(|e| e.file_name().to_str().unwrap().starts_with('.'));
        assert_eq!(hidden.count(), 0, "{step}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_rows_waiting() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    let parcel = Parcel::new(UNIT_B, 1, 3);
    let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
    assert!(site.import(&path, None).success());
    // A plain file stands where the folder of the destination belongs; that
    // stops root too.
    let home = site.write("data/exports/forward/nhso", b"");
    fs::set_permissions(home.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let (status, _, error) = site.run(&["--now", now, "forward"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("exports/forward/nhso"), "{error}");
    fs::remove_file(home).unwrap();
    let made = json(&site, now, &["forward"]);
    assert_eq!(made[0]["batches"][0]["rows"], parcel.rows());
}
