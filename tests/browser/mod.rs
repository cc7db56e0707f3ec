//! The pages as a real browser sees them: Debian's Chromium, headless. Where
//! it is missing the tests say so and are left out, unless
//! `KHLANG_TEST_BROWSER` insists on it (as `tests/run` does).

mod audit;
mod back;
mod cases;
pub mod driver;
mod journeys;
mod roles;

use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Daemon, Site, UNIT_A};

use driver::Browser;

/// Where the program serves, with the slash.
fn address(daemon: &Daemon) -> String {
    format!("http://{}/", daemon.address())
}

/// A site whose pages renew themselves quickly.
fn site() -> Site {
    let mut site = Site::new();
    site.set("KHLANG__HTTP__RENEW", "1s");
    site
}

/// A daemon with one archive taken, one taken in part and one broken.
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

/// The day on which the province below is looked at.
const NOW: &str = "2014-06-20T09:00:00+07:00";

/// A small synthetic province, loaded through the inbox: some archives taken,
/// some in part, some broken for one reason or another.
fn province(site: &Site) -> (Daemon<'_>, String) {
    std::fs::remove_file(site.at("units.csv")).unwrap();
    let sample = ["--units", "4", "--persons", "700", "--months", "3", "--defects", "0.03"];
    let mut daemon = site.start(site.command(&[&["--now", NOW, "demo"][..], &sample].concat()));
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    let address = address(&daemon);
    (daemon, address)
}

/// HCODEs of the units of a site, main units first.
fn units(site: &Site) -> Vec<String> {
    let mut rows = csv::Reader::from_path(site.at("units.csv")).unwrap();
    let mut rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    rows.sort_by_key(|row| row[0] != row[4]);
    rows.iter().map(|row| row[0].to_owned()).collect()
}

/// Makes a token.
fn token(site: &Site, role: &str, hcode: Option<&str>) -> String {
    let mut arguments = vec!["token", "create", "--role", role, "--name", role, "--json"];
    arguments.extend(hcode.iter().flat_map(|hcode| ["--hcode", hcode]));
    let (status, out, error) = site.run(&arguments);
    assert_eq!(status, Some(0), "{error}");
    let made: serde_json::Value = serde_json::from_str(&out).unwrap();
    made["token"].as_str().unwrap().to_owned()
}

/// Signs in with a token on the page that is open.
fn sign_in(browser: &Browser, token: &str) {
    browser.write("#token", token);
    browser.click(".sign-in button");
    browser.wait_for("#who");
}
