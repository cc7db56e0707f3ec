//! All that waits in the inbox, page by page.

use super::access::{CUP, OTHER, UNIT, get, token};
use super::fixture::{Got, Site, site};
use crate::app::WaitingArchive;
use crate::credentials::Role;
use crate::inbox::{QueuePlace, unit_and_time};

/// Archives of each unit.
const EACH: usize = 120;

fn name(hcode: &str, number: usize) -> String {
    format!("F43_{hcode}_201401{:02}{:02}0000.zip", 1 + number / 24, number % 24)
}

/// Puts an archive on the board, or takes it away.
fn put(site: &Site, name: &str, there: bool) {
    let of = unit_and_time(name);
    let hcode = of.as_ref().map(|(hcode, _)| hcode.clone());
    let place = QueuePlace {
        hcode: hcode.clone(),
        time: of.map(|(_, time)| time),
        name: name.to_owned(),
        path: std::path::Path::new(name).into(),
    };
    let since = "2014-02-01T09:00:00+07:00".to_owned();
    let waiting = WaitingArchive { name: name.to_owned(), hcode, bytes: 5, since, settling: false };
    site.app.inbox().put(place, there.then_some(waiting));
}

fn names(got: &Got) -> Vec<String> {
    let rows = got.json()["rows"].as_array().unwrap().clone();
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// Follows the links from page to page.
fn all(site: &Site, target: &str, token: &str) -> Vec<String> {
    let (mut target, mut all) = (target.to_owned(), Vec::new());
    loop {
        let got = get(site, &target, token);
        all.extend(names(&got));
        let Some(link) = got.header("link") else { return all };
        target = link.split(['<', '>']).nth(1).unwrap().to_owned();
    }
}

#[test]
fn every_archive_that_waits_is_on_one_page_for_whom_it_may_concern() {
    let site = site();
    let mut want = vec!["nobody's.zip".to_owned()];
    for hcode in [UNIT, OTHER, CUP] {
        // Put there in another order than that in which they will be taken.
        for number in (0..EACH).rev() {
            put(&site, &name(hcode, number), true);
        }
    }
    put(&site, &want[0], true);
    let mut codes = [UNIT, OTHER, CUP];
    codes.sort_unstable();
    want.extend(codes.iter().flat_map(|hcode| (0..EACH).map(|number| name(hcode, number))));

    let province = token(&site, Role::Province, None, None).1;
    for per_page in ["", "?per_page=1", "?per_page=7", "?per_page=120", "?per_page=361"] {
        let got = all(&site, &format!("/api/v1/inbox{per_page}"), &province);
        assert_eq!(got, want, "{per_page}");
    }
    let far = get(&site, "/api/v1/inbox?page=999999", &province);
    assert_eq!((names(&far).len(), far.json()["total"].as_u64()), (0, Some(361)));

    let of = |hcode: &str| (0..EACH).map(|number| name(hcode, number)).collect::<Vec<_>>();
    assert_eq!(all(&site, &format!("/api/v1/inbox?hcode={OTHER}"), &province), of(OTHER));
    let unit = token(&site, Role::Unit, Some(UNIT), None).1;
    assert_eq!(all(&site, "/api/v1/inbox?per_page=50", &unit), of(UNIT));
    let cup = token(&site, Role::Cup, Some(CUP), None).1;
    let own = want.iter().filter(|name| name.contains(UNIT) || name.contains(CUP)).cloned();
    assert_eq!(all(&site, "/api/v1/inbox?per_page=50", &cup), own.collect::<Vec<_>>());

    put(&site, &name(UNIT, 0), false);
    assert_eq!(all(&site, "/api/v1/inbox", &unit), of(UNIT)[1..]);
    for number in 1..EACH {
        put(&site, &name(UNIT, number), false);
    }
    assert_eq!(get(&site, "/api/v1/inbox", &unit).json()["total"], 0);
}

#[test]
fn the_page_of_what_waits_goes_on_to_the_last() {
    let site = site();
    for number in 0..EACH {
        put(&site, &name(OTHER, number), true);
    }
    site.app.inbox().waiting_total = EACH;
    site.app.inbox().waiting = vec![WaitingArchive::default()];
    assert!(site.get("/").text().contains("href=\"/inbox\""), "from the first page");
    let last = site.get("/inbox?page=3&lang=en");
    let html = last.text();
    for there in [
        format!("data-waiting=\"{}\"", name(OTHER, EACH - 1)),
        "Page 3 of 3".to_owned(),
        "/inbox?page=2&amp;lang=en#waiting".to_owned(),
    ] {
        assert!(html.contains(&there), "{there} is not in\n{html}");
    }
    assert_eq!(html.matches("data-waiting").count(), EACH - 100);
    assert!(site.get("/inbox?hcode=10944").text().contains("ไม่มีไฟล์รอ"));
    assert_eq!(site.get("/inbox?hcode=00000").problem(), "no_such_unit");
}
