//! The pages as a real browser sees them: Debian's Chromium, headless. Where
//! it is missing the tests say so and are left out, unless
//! `KHLANG_TEST_BROWSER` insists on it (as `tests/run` does).

mod audit;
mod driver;
mod journeys;

use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Daemon, Site, UNIT_A};

use driver::Browser;

/// Where the program serves, with the slash.
fn address(daemon: &Daemon) -> String {
    let out = daemon.out();
    let at = out.find("http://").unwrap_or_else(|| panic!("no address in {out}"));
    out[at..].split_whitespace().next().unwrap().to_owned()
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
