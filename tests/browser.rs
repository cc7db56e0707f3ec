//! The pages as a real browser sees them: Debian's Chromium, headless. Where
//! it is missing the tests say so and are left out, unless
//! `KHLANG_TEST_BROWSER` insists on it (as `tests/run` does).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Daemon, Site, UNIT_A};

/// The browser, when it is here.
#[allow(clippy::print_stderr, reason = "who runs the tests should know what was left out")]
fn chromium() -> Option<Command> {
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    assert!(
        found.is_some() || std::env::var_os("KHLANG_TEST_BROWSER").is_none(),
        "the browser tests were asked for, but there is no Chromium"
    );
    if found.is_none() {
        eprintln!("left out: no Chromium here (bash tests/run installs it)");
    }
    let mut command = Command::new(found?);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ]);
    Some(command)
}

/// The document after the browser has read it.
fn document(mut browser: Command, profile: &Path, address: &str) -> String {
    browser.arg(format!("--user-data-dir={}", profile.display())).arg("--dump-dom").arg(address);
    let out = browser.output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

fn address(daemon: &Daemon) -> String {
    let out = daemon.out();
    let at = out.find("http://").unwrap_or_else(|| panic!("no address in {out}"));
    out[at..].split_whitespace().next().unwrap().to_owned()
}

/// A site with one archive taken, one taken in part and one broken.
fn filled(site: &Site) -> (Daemon<'_>, String) {
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    site.drop_archive("F43_10670_20140101080000.zip", &Parcel::new(UNIT_A, 1, 3).zip());
    site.drop_archive("F43_10670_20140102080000.zip", &Parcel::new(UNIT_A, 10, 3).zip_in_part());
    site.drop_archive("F43_04001_20140101080000.zip", &broken());
    site.wait_for_receipt("10670/F43_10670_20140101080000.zip.receipt.json");
    site.wait_for_receipt("10670/F43_10670_20140102080000.zip.receipt.json");
    site.wait_for_receipt("04001/F43_04001_20140101080000.zip.receipt.json");
    let address = address(&daemon);
    (daemon, address)
}

/// What stands in the element that begins with `mark`, up to the next mark of
/// the same kind.
fn part<'t>(page: &'t str, mark: &str) -> &'t str {
    let at = page.find(mark).unwrap_or_else(|| panic!("no {mark} in {page}"));
    let end = page[at + 1..].find("</section>").map_or(page.len(), |end| at + 1 + end);
    &page[at..end]
}

#[test]
fn the_page_tells_what_came_in_today_and_what_was_broken() {
    let Some(browser) = chromium() else { return };
    let site = Site::new();
    let (mut daemon, address) = filled(&site);
    let page = document(browser, &site.root().join("profile"), &address);
    assert!(page.contains("<html lang=\"th\""), "{page}");
    let today = part(&page, "id=\"submissions\"");
    for (archive, status) in [
        ("F43_10670_20140101080000.zip", "accepted"),
        ("F43_10670_20140102080000.zip", "partial"),
        ("F43_04001_20140101080000.zip", "broken"),
    ] {
        assert!(today.contains(archive), "{archive} in {today}");
        assert!(today.contains(&format!("data-status=\"{status}\"")), "{status} in {today}");
    }
    let reasons = part(&page, "id=\"broken\"");
    assert!(reasons.contains("data-code=\"A01\""), "{reasons}");
    assert!(reasons.contains("วิธีแก้"), "{reasons}");
    assert!(part(&page, "id=\"inbox\"").contains("data-state="), "{page}");
    assert!(!page.contains("<script"), "the page needs no script");
    daemon.stop();
}

#[test]
fn one_submission_is_explained_in_both_languages() {
    let Some(browser) = chromium() else { return };
    let site = Site::new();
    let (mut daemon, address) = filled(&site);
    let receipt = site.wait_for_receipt("10670/F43_10670_20140102080000.zip.receipt.json");
    let at = format!("{address}submissions/{}", receipt["id"]);
    let thai = document(browser, &site.root().join("profile"), &at);
    assert!(thai.contains("data-code=\"M03\"") && thai.contains("data-file=\"SERVICE\""), "{thai}");
    let english = format!("{at}?lang=en");
    let english = document(chromium().unwrap(), &site.root().join("profile"), &english);
    assert!(english.contains("<html lang=\"en\""), "{english}");
    assert!(english.contains("lacks a required column"), "{english}");
    daemon.stop();
}

#[test]
fn the_page_is_drawn_on_a_desk_and_on_a_phone() {
    if chromium().is_none() {
        return;
    }
    let site = Site::new();
    let (mut daemon, address) = filled(&site);
    for width in [1280, 390] {
        let picture = site.root().join(format!("page-{width}.png"));
        let mut browser = chromium().unwrap();
        browser
            .arg(format!("--user-data-dir={}", site.root().join("profile").display()))
            .arg(format!("--window-size={width},1400"))
            .arg(format!("--screenshot={}", picture.display()))
            .arg(&address);
        assert!(browser.output().unwrap().status.success());
        let bytes = fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
        // A blank page of this size packs to a few kilobytes.
        assert!(bytes.len() > 20_000, "{width}: {} bytes", bytes.len());
    }
    daemon.stop();
}
