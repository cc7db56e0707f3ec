//! An audit case in a real browser, from the rows that raised it to the
//! statement: as province, unit and main unit, with two officers at once.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::audit::{look_at, look_here};
use super::{Browser, address, sign_in, token};
use crate::audit::flow;
use crate::support::site::{Daemon, Site};

/// The day on which the cases are looked at.
const NOW: &str = "2014-07-20T10:00:00+07:00";

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A province whose rules have selected one case of 04001, served.
fn selected(site: &Site) -> (Daemon<'_>, String) {
    let khlang = flow::province();
    let ran = khlang.run(&["audit", "run", "--round", "2557", "--rule", "epi_age"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    copy(&khlang.path("data"), &site.data());
    let mut daemon = site.start(site.command(&["--now", NOW, "serve"]));
    daemon.wait_until_ready();
    let address = address(&daemon);
    (daemon, address)
}

/// Signs out whoever is signed in, and somebody else in.
fn as_(browser: &Browser, address: &str, token: &str) {
    browser.open(address);
    if browser.has("#sign-out button") {
        browser.click("#sign-out button");
    }
    browser.wait_for(".sign-in");
    sign_in(browser, token);
}

/// Opens the form of a step, fills it in and sends it.
fn take(browser: &Browser, step: &str, fields: &[(&str, &str)]) {
    let form = format!("#step-{step}");
    if !browser.has(&format!("{form}[open]")) {
        browser.click(&format!("{form} > summary"));
    }
    for (name, text) in fields {
        browser.write(&format!("{form}-{name}"), text);
    }
    browser.click(&format!("{form} form > p > button"));
}

/// Whether the unit's money, as a viewer sees it, says that the unit was told.
fn beside_money(browser: &Browser, address: &str) -> bool {
    browser.wait("money", || {
        browser.open(&format!("{address}api/v1/allocation?round=2557&unit=04001"));
        browser.page().contains("\"cups\"")
    });
    browser.page().contains("\"state\":\"notified\"")
}

/// The letter about the case that is open.
fn letter(browser: &Browser, kind: &str) -> String {
    browser.wait("money", || browser.has("#held"));
    browser.click(&format!("#letter-{kind}"));
    let html = browser.downloaded(&format!("khlang-case-1-{kind}.html"));
    String::from_utf8(html).unwrap()
}

/// From a row of the case to the archive that it came in, and back.
fn to_the_archive_and_back(browser: &Browser) {
    browser.click("[data-row='EPI.1.2'] a");
    browser.wait_for("#submission[data-submission='1']");
    browser.click("#cases [data-case='1'] a");
    browser.wait_for("#step-appeal");
}

/// Chooses in a list.
fn choose(browser: &Browser, selector: &str, value: &str) {
    let script = "document.querySelector(arguments[0]).value = arguments[1]";
    browser.script(script, &[json!(selector), json!(value)]);
}

#[test]
fn a_case_is_followed_from_its_rows_to_the_statement() {
    let site = Site::new();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = selected(&site);
    let province = token(&site, "province", None);
    let cup = token(&site, "cup", Some("10670"));
    let unit = token(&site, "unit", Some("04001"));
    let case = format!("{address}audit/1");

    // Before the unit is told there is nothing for it to see.
    as_(&browser, &address, &unit);
    assert!(!browser.has("#cases"), "{}", browser.page());
    browser.open(&case);
    browser.wait_for("#refusal[data-code=no_such_case]");
    // The province sees what was found, and tells the unit, by keyboard alone.
    as_(&browser, &address, &province);
    browser.click("#to-audit");
    browser.wait_for("[data-case='1'][data-state=selected]");
    browser.wait("money", || !browser.has("#sums[data-renew]"));
    browser.click("[data-case='1'] a");
    browser.wait_for("#case[data-state=selected]");
    browser.wait("money", || browser.has("#held"));
    assert_eq!(browser.script("return document.querySelectorAll('#rows tbody tr').length", &[]), 6);
    assert!(browser.text("#why").contains("[OPPP-2557 s. 41]"));
    browser.script("document.querySelector('#step-notify > summary').focus()", &[]);
    browser.press(ENTER);
    browser.wait_for("#step-notify[open]");
    browser.press(TAB);
    let focus = "return document.activeElement.name";
    assert_eq!(browser.script(focus, &[]), "letter_no");
    take(&browser, "notify", &[("text", "อายุไม่เหมาะสม"), ("letter_no", "สธ 1/2557")]);
    browser.wait_for("#done[role=status]");
    assert!(browser.has("#case[data-state=notified]"));
    assert_eq!(browser.text("#left"), "เหลือ 15 วัน");

    // The letter, as the page has it.
    assert!(letter(&browser, "notify").contains("สธ 1"));

    // The unit finds it on its own page, and appeals.
    as_(&browser, &address, &unit);
    assert!(beside_money(&browser, &address), "{}", browser.page());
    browser.open(&format!("{address}units/04001"));
    browser.wait_for("#cases [data-case='1']");
    assert!(browser.text("#cases").contains("เหลือ 15 วัน"));
    browser.click("#cases [data-case='1'] a");
    browser.wait_for("#step-appeal");
    assert!(!browser.has("#step-notify") && !browser.has("#step-resolve-pay"));
    to_the_archive_and_back(&browser);
    let mark = "บันทึกวันเกิดผิด <b>";
    take(&browser, "appeal", &[("text", mark)]);
    browser.wait_for("#case[data-state=appealed]");
    assert!(browser.text("#history").contains(mark), "as it was written");

    // Its main unit adds what it knows.
    as_(&browser, &address, &cup);
    browser.open(&format!("{address}audit?lang=en"));
    browser.click("[data-case='1'] a");
    browser.wait_for("html[lang=en] #step-note");
    take(&browser, "note", &[("text", "seen the register")]);
    browser.wait_for("#done");

    // The province verifies row by row.
    as_(&browser, &address, &province);
    browser.open(&case);
    look_at(
        &browser,
        &address,
        &[("audit", "audit"), ("audit-case", "audit/1"), ("audit-rules", "audit/rules")],
    );
    browser.open(&case);
    browser.click("#step-verify > summary");
    look_here(&browser, "audit-verify");
    choose(&browser, "#step-verify-proposal", "partial");
    choose(&browser, "[name='verdict.EPI.1.2']", "refuted");
    choose(&browser, "[name='verdict.EPI.1.3']", "confirmed");
    let found = [("found", "ทะเบียนตรง 1 ราย"), ("percent", "33.33"), ("by", "เขต 10")];
    take(&browser, "verify", &found);
    browser.wait_for("#case[data-state=verified]");
    assert!(browser.text("[data-row='EPI.1.2']").contains("ข้อมูลถูกต้อง"));

    // Meanwhile another officer writes something: the decision is not taken, and
    // what was typed is still there.
    let by_hand = ["--now", NOW, "audit", "note", "1", "--text", "รอเอกสาร", "--by", "สมศรี"];
    assert_eq!(site.run(&by_hand).0, Some(0));
    let decide = [("text", "ตามข้อเสนอ"), ("percent", "33.33"), ("condition", "ส่งทะเบียนใน 30 วัน")];
    take(&browser, "resolve-partial", &decide);
    browser.wait_for("#refused[role=alert][data-code=case_changed]");
    assert!(browser.text("#refused").contains("สมศรี"), "{}", browser.text("#refused"));
    assert!(browser.text("#history").contains("รอเอกสาร"));
    browser.wait_for("#step-resolve-partial[open]");
    look_here(&browser, "audit-refused");
    take(&browser, "resolve-partial", &[]);
    browser.wait_for("#case[data-state=resolved]");
    browser.wait("money", || browser.has("#held"));
    assert!(browser.text("#money").contains("66.67 %"), "{}", browser.text("#money"));
    assert!(browser.print().starts_with(b"%PDF"));

    // The statement of the main unit names the case.
    let statement = browser.script("return document.querySelector('#to-statement').href", &[]);
    assert!(statement.as_str().unwrap().contains("/api/v1/statements/10670"), "{statement}");
    browser.click("#to-statement");
    let html = browser.downloaded("khlang-statement-2557-10670.html");
    let html = String::from_utf8(html).unwrap();
    assert!(html.contains("1 epi_age resolved") && html.contains("audit&#x2f;"), "{html}");

    // The unit reads what was decided; it can only write a note.
    as_(&browser, &address, &unit);
    assert!(!browser.has("#cases"), "what is decided is not waiting any more");
    browser.open(&format!("{case}?lang=en"));
    browser.wait_for("#case[data-state=resolved]");
    assert!(browser.has("#step-note") && !browser.has("#step-appeal"));
    let letter = letter(&browser, "result");
    assert!(letter.contains("33.33") && letter.contains("ส่งทะเบียนใน 30 วัน"), "{letter}");
    assert!(browser.text("#history").contains("33.33 %"));
    look_at(&browser, &address, &[("audit-case-unit", "audit/1")]);
    daemon.stop();
    site.assert_verified();
}
