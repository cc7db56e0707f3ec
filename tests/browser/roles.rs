//! Who signs in sees what is theirs, and no more.

use super::{Browser, filled, province, sign_in, site, token, units};

#[test]
fn each_role_signs_in_sees_its_own_and_signs_out() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    let province = token(&site, "province", None);
    let cup = token(&site, "cup", Some("10670"));
    let unit = token(&site, "unit", Some("04001"));

    // Nobody is told anything, and whoever comes is led to where they wanted.
    browser.open(&format!("{address}units/04001?lang=en"));
    browser.wait_for("html[lang=en] .sign-in");
    assert!(!browser.has(".menu") && !browser.page().contains("F43_"), "{}", browser.page());
    browser.write("#token", "khlang_this-is-no-token");
    browser.click(".sign-in button");
    browser.wait_for("#wrong[role=alert]");

    sign_in(&browser, &unit);
    assert!(browser.address().starts_with("/units/04001"), "{}", browser.address());
    assert_eq!(browser.script("return document.cookie", &[]), "", "no script reads the cookie");
    assert!(browser.has("#to-units[aria-current]") && !browser.has("#to-exports"));
    browser.open(&format!("{address}units/10670"));
    browser.wait_for("#refusal[data-code=not_allowed]");
    assert!(browser.has("#who"), "who is refused is still signed in");
    let of_others = site.wait_for_receipt("10670/F43_10670_20140101080000.zip.receipt.json");
    browser.open(&format!("{address}submissions/{}", of_others["id"]));
    browser.wait_for("#refusal[data-code=no_such_submission]");
    browser.click("#sign-out button");
    browser.wait_for(".sign-in");
    browser.open(&address);
    browser.wait_for(".sign-in");
    sign_in(&browser, &unit);
    assert_eq!(browser.address(), "/units/04001", "a unit begins on its own page");
    browser.click("#to-today");
    browser.wait_for("#submissions");
    assert!(!browser.page().contains("F43_10670"), "nothing of others: {}", browser.page());
    browser.click("#sign-out button");
    browser.wait_for(".sign-in");

    sign_in(&browser, &cup);
    browser.open(&address);
    browser.wait_for("#submissions");
    assert!(browser.text("#submissions").contains("04001"), "a unit of its own");
    assert!(!browser.has("#to-exports"));
    browser.open(&format!("{address}exports"));
    browser.wait_for("#refusal[data-code=not_allowed]");
    browser.click("#sign-out button");
    browser.wait_for(".sign-in");

    sign_in(&browser, &province);
    browser.open(&format!("{address}exports"));
    browser.wait_for("#to-exports[aria-current]");
    assert!(browser.text("#who").contains("province"));
    daemon.stop();
}

#[test]
fn an_indicator_is_followed_to_its_persons() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = province(&site);
    let units = units(&site);
    let own = units.last().unwrap();
    let unit = token(&site, "unit", Some(own));
    browser.open(&format!("{address}kpi"));
    sign_in(&browser, &unit);

    browser.wait_for("[data-kpi=dm_screen]");
    browser.click("[data-kpi=dm_screen] a");
    browser.wait_for("#ranking .rank .own");
    assert_eq!(
        browser.script(
            "return [...document.querySelectorAll('#ranking a[href*=explain]')].length",
            &[]
        ),
        1,
        "the persons of others are not led to"
    );
    browser.wait_for("#trend svg.chart");
    browser.click("#ranking .own a");
    browser.wait_for("#missing tbody tr");
    let cell = "#missing tbody tr:first-child td:nth-child(2)";
    let masked = browser.text(cell);
    assert!(masked.contains("-xxxx-xxxxx-"), "{masked}");
    let pid = browser.text("#missing tbody tr:first-child a");
    browser.click("#missing tbody tr:first-child a");
    browser.wait_for("#person .checks [data-met=no]");
    assert!(browser.text("#person-title").contains(&pid));
    browser.click("#cid-on");
    browser.wait_for("#cid-off");
    let whole = browser.text(cell);
    assert!(whole.len() == 13 && whole.bytes().all(|b| b.is_ascii_digit()), "{whole}");
    assert!(!browser.address().contains(&whole), "no address names a citizen ID");

    // Everybody with this number at the unit is found, and nobody is no mistake.
    browser.write("#pid", "no-such-number");
    browser.click("#missing form button");
    browser.wait_for("#person");
    assert!(!browser.has("#person .checks"));
    let other = units.iter().find(|hcode| *hcode != own).unwrap();
    browser.open(&format!("{address}kpi/dm_screen/explain?unit={other}"));
    browser.wait_for("#refusal[data-code=not_allowed]");
    daemon.stop();
}
