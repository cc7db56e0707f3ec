//! What came back from NHSO, as the officer of a unit sees and mends it.

use super::{Browser, sign_in, site, token};
use crate::support::case::zipped;
use std::fmt::Write as _;

const UNIT: &str = "04001";

/// Persons with a vaccination each; of one the day is wrong.
fn archive(days: &[(&str, &str)]) -> Vec<u8> {
    let mut persons = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE\r\n".to_owned();
    let mut doses = "PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE\r\n".to_owned();
    for (pid, day) in days {
        write!(persons, "{UNIT}|1234567890121|{pid}|สมชาย|1|19800101|1|20140110120000\r\n")
            .unwrap();
        write!(doses, "{UNIT}|{pid}|1|{day}|010|{UNIT}|20140110120000\r\n").unwrap();
    }
    zipped(&[("PERSON.txt", persons), ("EPI.txt", doses)])
}

#[test]
fn a_unit_sees_on_one_page_what_province_and_nhso_said_and_mends_it() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    site.write("config/khlang.toml", b"\n[[forward]]\nname = \"nhso\"\n");
    let run = |args: &[&str]| {
        let (status, out, error) = site.run(args);
        assert!(matches!(status, Some(0 | 2)), "{args:?}: {out}{error}");
        out
    };
    let name = format!("F21_{UNIT}_20140116080000.zip");
    let path = site.write(&name, &archive(&[("1", "20140110"), ("2", "20140230")]));
    run(&["import", path.to_str().unwrap()]);
    let made: serde_json::Value = serde_json::from_str(&run(&["forward", "--json"])).unwrap();
    let sent = made[0]["batches"][0]["archives"][0]["name"].as_str().unwrap();
    let text = format!("ARCHIVE,FILE,LINE,CODE\n{sent},EPI,2,EP1106\n{sent},PERSON,2,\n");
    let path = site.write("rep.csv", text.as_bytes());
    run(&["rep", "import", path.to_str().unwrap(), "--layout", "khlang"]);

    let unit = token(&site, "unit", Some(UNIT));
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let address = format!("http://{}/", daemon.address());
    browser.open(&format!("{address}units/{UNIT}"));
    sign_in(&browser, &unit);
    browser.wait_for("#rep-table");
    assert!(browser.text("#findings").contains("EP1105"), "what the province said");
    let said = browser.text("#rep");
    assert!(said.contains("สปสช.") && said.contains("EP1106"), "what NHSO said: {said}");
    assert!(browser.text("#rep-lines").contains(&format!("{UNIT}|1|")), "the row to be mended");
    browser.click("#rep-lines a");
    browser.wait_for("#submission");
    assert!(browser.has("#rep-table [data-file=EPI] .bad"), "{}", browser.page());

    // The province frees it, and the unit sends it again, corrected.
    run(&["rep", "free", "1", "--reason", "สปสช. ไม่รับ"]);
    let again = format!("F21_{UNIT}_20140117080000.zip");
    site.drop_archive(&again, &archive(&[("1", "20140111"), ("2", "20140112")]));
    let receipt = site.wait_for_receipt(&format!("{UNIT}/{again}.receipt.json"));
    let epi = receipt["files"].as_array().unwrap().iter().find(|f| f["file"] == "EPI").unwrap();
    assert_eq!((&epi["accepted"], &epi["rejected"]), (&2.into(), &0.into()), "{receipt}");
    browser.open(&format!("{address}submissions/1"));
    browser.wait_for("[data-freed=EPI]");
    browser.open(&format!("{address}units/{UNIT}"));
    browser.wait_for("#rep-table");
    assert!(!browser.has("#rep-lines"), "nothing is left to be mended");
    daemon.stop();
}
