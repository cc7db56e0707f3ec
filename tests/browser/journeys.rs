//! What people come for, from the first page to what they take away.

use super::{Browser, address, filled, site};
use crate::support::parcel::{Parcel, broken};
use crate::support::site::UNIT_A;

#[test]
fn the_page_tells_what_came_in_today_and_what_was_broken() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    browser.open(&address);
    assert!(browser.has("html[lang=th]"));
    for (archive, status) in [
        ("F43_10670_20140101080000.zip", "accepted"),
        ("F43_10670_20140102080000.zip", "partial"),
        ("F43_04001_20140101080000.zip", "broken"),
    ] {
        let item = browser.text(&format!("#submissions .item[data-status={status}]"));
        assert!(item.contains(archive), "{archive} in {item}");
    }
    let reasons = browser.text("#broken [data-code=A01]");
    assert!(reasons.contains("วิธีแก้"), "{reasons}");
    assert!(browser.has("#inbox[data-state]"));
    daemon.stop();
}

#[test]
fn an_archive_is_watched_as_it_arrives_and_its_correction_too() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    browser.open(&address(&daemon));
    assert!(browser.has("#submissions .empty"));
    // The page that is open tells it: nobody loads it again.
    browser.script("window.sameDocument = true", &[]);
    site.drop_archive("F43_10670_20140101080000.zip", &broken());
    browser.wait_for("#submissions .item.broken");
    site.drop_archive("F43_10670_20140101080001.zip", &Parcel::new(UNIT_A, 1, 3).zip_in_part());
    browser.wait_for("#submissions .item.partial");
    assert_eq!(browser.script("return window.sameDocument", &[]), true);

    browser.click("#submissions .item.partial .who a");
    browser.wait_for("#submission[data-status=partial]");
    let why = browser.text("#problems [data-code=M03]");
    assert!(why.contains("DEATH") && why.contains("วิธีแก้"), "{why}");
    browser.click("#back");
    browser.wait_for("#submissions");

    site.drop_archive("F43_10670_20140101080002.zip", &Parcel::new(UNIT_A, 20, 3).zip());
    browser.wait_for("#submissions .item.accepted");
    daemon.stop();
}

#[test]
fn rows_without_a_person_are_read_about_and_taken_home_as_csv() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let lost = Parcel::new(UNIT_A, 1, 3).zip_without_persons();
    site.drop_archive("F43_10670_20140101080000.zip", &lost);
    site.wait_for_receipt("10670/F43_10670_20140101080000.zip.receipt.json");
    browser.open(&format!("{}units/10670", address(&daemon)));
    let said = browser.text("#findings [data-severity=error]");
    assert!(said.contains("วิธีแก้"), "{said}");
    browser.click("#findings a.code");
    browser.wait_for("#lines .code");
    let code = browser.text("#lines-title .code");
    assert!(browser.text("#lines tbody").contains(&code), "{code}");
    browser.click("#download");
    let bytes = browser.downloaded("khlang-10670-2557-findings.csv");
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("\u{feff}submission,archive,received_at,code,"), "{}", lines[0]);
    assert!(lines.len() > 3 && lines[1..].iter().all(|line| line.contains(&code)), "{text}");

    // Sent again with the persons: what was rejected is taken now.
    site.drop_archive("F43_10670_20140102080000.zip", &Parcel::new(UNIT_A, 1, 3).zip());
    site.wait_for_receipt("10670/F43_10670_20140102080000.zip.receipt.json");
    browser.open(&format!("{}units/10670", address(&daemon)));
    let newest = browser.text("#sent .item [data-count=accepted]");
    assert_eq!(newest, "9");
    // What was mended is off the list, and was all there was.
    let left = browser.text("#left");
    assert!(browser.has("#left[data-left='0']") && left.contains("แก้ครบแล้ว"), "{left}");
    assert!(!browser.has("#findings [data-severity=error]"), "{}", browser.text("#findings"));
    browser.click("#left a");
    browser.wait_for("#lines tbody tr");
    assert!(browser.text("#lines tbody").contains(&code), "{code}");
    daemon.stop();
}

#[test]
fn the_language_is_switched_where_one_is() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    browser.open(&format!("{address}units/10670?round=2557&live=off"));
    browser.click("#to-lang");
    browser.wait_for("html[lang=en]");
    assert_eq!(browser.address(), "/units/10670?round=2557&lang=en");
    assert!(browser.text("#last").contains("In part"), "{}", browser.text("#last"));
    browser.click("#sent .item.partial a");
    browser.wait_for("#submission");
    assert!(browser.text("#problems").contains("How to mend it"));
    browser.click("#to-lang");
    browser.wait_for("html[lang=th]");
    assert!(browser.text("#problems").contains("วิธีแก้"));
    daemon.stop();
}

#[test]
fn a_page_is_printed_without_what_is_only_for_the_screen() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    browser.open(&format!("{address}units/10670"));
    let pdf = site.write("unit.pdf", &browser.print());
    let said = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        let out = command.args(arguments).arg(&pdf).arg("-").output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let text = said("pdftotext", &["-layout"]);
    assert!(text.contains("10670") && text.contains("F43_10670_20140102080000.zip"), "{text}");
    assert!(!text.contains("English"), "the switch is for the screen: {text}");
    assert!(text.matches('\u{c}').count() >= 1, "pages end with a form feed");
    daemon.stop();
}

#[test]
fn without_a_mouse_one_gets_past_the_menu_to_the_content() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    browser.open(&format!("{address}?live=off"));
    // Tab, then Enter: the first thing is the way past what all pages have.
    browser.press("\u{e004}");
    let focus = "return document.activeElement.className";
    assert_eq!(browser.script(focus, &[]), "skip");
    let seen = "const r = document.activeElement.getBoundingClientRect(); return r.left >= 0 && r.top >= 0";
    assert_eq!(browser.script(seen, &[]), true);
    browser.press("\u{e007}");
    assert_eq!(browser.script("return document.activeElement.id", &[]), "content");
    daemon.stop();
}

#[test]
fn without_a_script_a_page_renews_itself_too() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    browser.without_scripts();
    browser.open(&address(&daemon));
    browser.wait_for("#submissions .empty");
    browser.script("window.sameDocument = true", &[]);
    site.drop_archive("F43_10670_20140101080000.zip", &broken());
    browser.wait_for("#submissions .item.broken");
    assert!(browser.script("return window.sameDocument ?? null", &[]).is_null(), "it was reloaded");
    daemon.stop();
}
