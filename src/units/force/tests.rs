use std::fs;

use super::*;
use crate::files::write_whole;

const HEAD: &str = "hcode,name,type,level,cup,network,district,province\n";
const A: &str = "10670,ก,07,F2,10670,10670,ข,ค\n";
const B: &str = "04001,ง,18,P,10670,10670,ข,ค\n";
const C: &str = "04002,จ,18,P,10670,10670,ข,ค\n";

/// Where no list is.
const NONE: &str = "/nowhere/units.csv";

struct Place {
    data: tempfile::TempDir,
    sent: Option<BTreeMap<String, u64>>,
}

impl Place {
    /// A data folder with a list of three in force; two of them have sent.
    fn new() -> Self {
        let sent = [("10670", 4), ("04001", 1)];
        let sent = sent.map(|(hcode, count)| (hcode.to_owned(), count)).into();
        let place = Self { data: tempfile::tempdir().unwrap(), sent: Some(sent) };
        place.write(format!("{HEAD}{A}{B}{C}").as_bytes());
        place.taken();
        place
    }

    fn write(&self, list: &[u8]) {
        write_whole(&self.data.path().join(OWN), list).unwrap();
    }

    fn look(&self) -> Result<Units, UnitsError> {
        Units::in_force(self.data.path(), Path::new(NONE), &|| self.sent.clone())
    }

    /// What is in force, and kept from now on.
    fn taken(&self) -> Vec<String> {
        let units = self.look().unwrap();
        assert_eq!(units.held, None);
        units.keep(self.data.path()).unwrap();
        units.by_code.into_keys().collect()
    }
}

#[test]
fn a_list_that_is_empty_damaged_or_drops_senders_is_held_back() {
    let whole = format!("{HEAD}{A}{B}{C}");
    let not_text = [HEAD.as_bytes(), A.as_bytes(), b"04001,\xe0\xb8", b",18"].concat();
    let cases: [(&str, Vec<u8>, HoldReason, &[&str]); 12] = [
        ("no bytes", Vec::new(), HoldReason::Empty, &["04001", "10670"]),
        ("a mark and blanks", "\u{feff}\n \n".into(), HoldReason::Empty, &["04001", "10670"]),
        ("a header alone", HEAD.into(), HoldReason::Empty, &["04001", "10670"]),
        ("half a character", not_text, HoldReason::Unreadable, &[]),
        ("half a line", whole[..whole.len() - 24].into(), HoldReason::Unreadable, &[]),
        ("half a header", "hcode,name,ty".into(), HoldReason::Unreadable, &[]),
        ("other columns", format!("hcode,name\n{A}").into(), HoldReason::Unreadable, &[]),
        ("twice", format!("{HEAD}{A}{A}{B}{C}").into(), HoldReason::Unreadable, &[]),
        ("no HCODE", format!("{HEAD}{A}{B}{C}1,x,,,,,,\n").into(), HoldReason::Unreadable, &[]),
        ("the last field cut", whole[..whole.len() - 4].into(), HoldReason::Cut, &[]),
        ("a line without its end", format!("{HEAD}{A}{}", B.trim()).into(), HoldReason::Cut, &[]),
        ("a sender dropped", format!("{HEAD}{A}{C}").into(), HoldReason::DropsUnits, &["04001"]),
    ];
    for (what, list, why, dropped) in cases {
        let place = Place::new();
        place.write(&list);
        for _ in 0..2 {
            let units = place.look().unwrap();
            let held = units.held.clone().unwrap_or_else(|| panic!("{what} is in force"));
            assert_eq!(held.why, why, "{what}: {held:?}");
            let codes: Vec<_> = held.dropped.iter().map(|unit| unit.hcode.as_str()).collect();
            assert_eq!(codes, dropped, "{what}");
            assert_eq!(units.by_code.len(), 3, "{what}: the list before stays");
            assert!(held.en.contains(OWN) && held.th.contains(OWN), "{what}");
            // Nothing is kept of what is held back.
            units.keep(place.data.path()).unwrap();
        }
        let held = place.look().unwrap().held.unwrap();
        assert_eq!(held.can_be_accepted(), why != HoldReason::Unreadable, "{what}");
        if held.can_be_accepted() {
            held.accept(place.data.path()).unwrap();
            let units = place.look().unwrap();
            assert_eq!(units.held, None, "{what}");
            assert_eq!(Some(units.by_code.len()), held.units, "{what}");
        }
        // The right list is in force again by itself.
        place.write(whole.as_bytes());
        assert_eq!(place.taken().len(), 3, "{what}");
    }
}

#[test]
fn what_adds_renames_or_drops_who_never_sent_is_in_force_by_itself() {
    let place = Place::new();
    for (list, count) in [
        (format!("{HEAD}{A}{B}"), 2),
        (format!("{HEAD}{A}{B}{C}04003,ฉ,18,P,10670,10670,ข,ค\n"), 4),
        (format!("\u{feff}{HEAD}{C}{A}{}", B.replace('ง', "ใหม่")), 3),
        // Written without a last line end, but whole.
        (format!("{HEAD}{A}{B}{}", C.trim()), 3),
        (format!("{HEAD}{A}{}", B.trim()), 2),
    ] {
        place.write(list.as_bytes());
        assert_eq!(place.taken().len(), count, "{list}");
    }
}

#[test]
fn a_list_that_is_gone_is_held_back_and_never_becomes_the_sample() {
    let place = Place::new();
    fs::remove_file(place.data.path().join(OWN)).unwrap();
    let units = place.look().unwrap();
    assert_eq!(units.held.as_ref().map(|held| held.why), Some(HoldReason::Missing));
    assert_eq!(units.by_code.len(), 3);
    // One that leads nowhere, or that is no file, is no better.
    std::os::unix::fs::symlink("/nowhere/at/all", place.data.path().join(OWN)).unwrap();
    assert_eq!(place.look().unwrap().held.unwrap().why, HoldReason::Unreadable);
}

#[test]
fn when_nobody_can_say_who_has_sent_everybody_may_have() {
    let mut place = Place::new();
    place.sent = None;
    place.write(format!("{HEAD}{A}{B}").as_bytes());
    let held = place.look().unwrap().held.unwrap();
    assert_eq!((held.why, held.dropped[0].hcode.as_str()), (HoldReason::DropsUnits, "04002"));
    assert_eq!(held.dropped[0].submissions, None);
}

#[test]
fn a_first_list_must_have_units() {
    let place = Place { data: tempfile::tempdir().unwrap(), sent: Some(BTreeMap::new()) };
    for list in ["", HEAD] {
        place.write(list.as_bytes());
        let error = place.look().unwrap_err().to_string();
        assert!(error.contains("no units") && error.contains("หน่วยบริการ"), "{error}");
    }
    place.write(format!("{HEAD}{A}").as_bytes());
    assert_eq!(place.taken(), ["10670"]);
}

#[test]
fn any_change_of_the_files_is_seen_and_keeping_is_none() {
    let place = Place::new();
    let stamp = || ListStamp::now(place.data.path(), Path::new(NONE));
    let before = place.look().unwrap().stamp;
    assert!(!stamp().is_other(&before, false));
    // Another file of the same time and size.
    let own = place.data.path().join(OWN);
    let time = own.metadata().unwrap().modified().unwrap();
    let other = place.data.path().join("other");
    let list = format!("{HEAD}{A}{B}{}", C.replace('จ', "ช"));
    write_whole(&other, list.as_bytes()).unwrap();
    fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
    fs::rename(&other, &own).unwrap();
    assert!(stamp().is_other(&before, false));
    let before = stamp();
    place.taken();
    assert!(!stamp().is_other(&before, false), "what was kept is no news");
    assert!(stamp().is_other(&before, true), "what was accepted is");
}
