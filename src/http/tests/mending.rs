//! What makes people do the right thing: what is still to be mended, what was
//! only taken, which round and which month is meant, and where to find it.

use super::fixture::{self, Site, site};
use crate::catalog::{Catalog, Severity};
use crate::row::{Batch, RowMeta, Value};
use crate::store::Store;
use crate::submission::{Counts, FindingLine, MonthCounts, Texts};

const UNIT: &str = "10669";

/// Rows of a submission: received, stored, duplicate, rejected.
fn months(rows: [u64; 4]) -> Vec<MonthCounts> {
    let [received, accepted, duplicate, rejected] = rows;
    let counts = Counts { received, accepted, duplicate, rejected, warned: 0, on_time: accepted };
    vec![MonthCounts { file: "SERVICE".to_owned(), month: 201_301, counts }]
}

fn line(catalog: &Catalog, code: &str, severity: Severity, number: u32) -> FindingLine {
    FindingLine {
        code: code.into(),
        severity,
        file: "SERVICE".into(),
        line: number,
        field: None,
        value: "x".to_owned(),
        key: format!("10669|{number}|{number}|20130114"),
        texts: Texts::find(catalog, code, Some(crate::archive::Standard::F21)).into(),
    }
}

/// Submission 5 has three rejected rows (lines 2 to 4), two warnings and forty
/// duplicates; 6 stores the row of line 2.
fn mended_in_part() -> Site {
    let (site, catalog) = (site(), Catalog::builtin().unwrap());
    let store = Store::open(&site.app.database, &catalog, 4).unwrap();
    let mut s = fixture::empty(5, "F21_10669_25560115080000.zip", Some(UNIT), 15);
    s.months = months([45, 2, 40, 3]);
    let all = [("SE9511", Severity::Error, 2..5), ("SE1110", Severity::Warning, 5..7)];
    for (code, severity, lines) in all.into_iter().chain([("SE9299", Severity::Error, 7..47)]) {
        s.count(code, severity, u64::from(lines.end - lines.start));
        s.findings.extend(lines.map(|number| line(&catalog, code, severity, number)));
    }
    fixture::store(&store, &s);

    let again = fixture::empty(6, "F21_10669_25560115090000.zip", Some(UNIT), 15);
    let mut loading = store.load(6, 2556, false).unwrap();
    let table = store.table("SERVICE").unwrap();
    let record = &catalog.records[table];
    let mut batch = Batch::new(record.columns.len());
    let mut values = vec![Value::Null; record.columns.len()];
    for (name, value) in [("HOSPCODE", 10669), ("PID", 2), ("SEQ", 2), ("DATE_SERV", 20_130_114)] {
        values[record.column(name).unwrap()] = Value::Int(value);
    }
    batch.values.extend(values);
    batch.rows.push(RowMeta { line: 2, month: 201_301, warned: false, on_time: true });
    (batch.epoch, batch.visits) = (1, vec![0]);
    loading.insert(table, &batch, &vec![true; record.columns.len()], |_| ()).unwrap();
    loading.record(&again, &again.received_at).unwrap();
    loading.commit().unwrap();
    site
}

#[test]
fn what_was_mended_is_no_longer_on_the_list_of_what_to_mend() {
    let site = mended_in_part();
    let page =
        |query: &str| site.get(&format!("/units/{UNIT}?round=2556{query}")).text().to_owned();
    let html = page("");
    for there in [
        "data-left=\"2\" data-mended=\"1\"",
        "findings.csv?round=2556&amp;severity=error&amp;state=open",
        "ต้องแก้และส่งใหม่ (ไม่ถูกจัดเก็บ)",
        "id=\"code-SE9511-error-F21\"",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    assert!(html.contains("|3|3|20130114") && !html.contains("|2|2|20130114"), "{html}");
    let mended = page("&state=mended&lang=en");
    assert!(mended.contains("|2|2|20130114") && !mended.contains("|3|3|20130114"), "{mended}");
    let rows = |query: &str| {
        let csv = site.get(&format!("/units/{UNIT}/findings.csv?round=2556{query}"));
        csv.text().lines().count() - 1
    };
    let api = |query: &str| {
        let found = site.get(&format!("/api/v1/submissions/5/findings?per_page=100{query}")).json();
        let csv = site.get(&format!("/api/v1/submissions/5/findings?format=csv{query}"));
        assert_eq!(csv.text().lines().count() as u64 - 1, found["total"], "{query}");
        usize::try_from(found["total"].as_u64().unwrap()).unwrap()
    };
    for (query, of_unit) in [
        ("", 45),
        ("&state=open", 2),
        ("&state=mended", 1),
        ("&severity=error", 3),
        ("&severity=error&state=open", 2),
        ("&severity=warning", 2),
        ("&severity=duplicate", 40),
        ("&code=SE9299", 40),
        ("&code=SE9299&severity=error", 40),
        ("&file=service", 45),
        ("&file=DIAG", 0),
    ] {
        assert_eq!((rows(query), api(query)), (of_unit, of_unit), "{query}");
    }
    let catalog = Catalog::builtin().unwrap();
    let mut store = Store::open(&site.app.database, &catalog, 4).unwrap();
    store.void(6, "test", "wrong month", "2013-01-15T10:00:00+07:00").unwrap();
    assert_eq!(api("&state=open"), 3, "what was taken back is open again");
}

#[test]
fn errors_warnings_and_duplicates_stand_apart() {
    let site = mended_in_part();
    let html = site.get(&format!("/units/{UNIT}?round=2556&lang=en")).text().to_owned();
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is not in\n{html}"));
    let (errors, warnings) = (place("id=\"errors\""), place("id=\"warnings\""));
    let duplicates = place("<details class=\"more\" id=\"duplicates\"");
    assert!(errors < warnings && warnings < duplicates);
    let card = place("id=\"code-SE9299-error-F21\"");
    assert!(card > duplicates && place("id=\"code-SE9511-error-F21\"") < warnings);
    assert!(!html.contains(">SE9299</a></td>"), "the list begins with what is to be mended");
    let only = site.get(&format!("/units/{UNIT}?round=2556&severity=duplicate")).text().to_owned();
    assert_eq!(only.matches("SE9299</a></td>").count(), 40);
    assert!(only.contains("<option value=\"duplicate\" selected>"), "{only}");
}

/// That an archive was taken does not say that anything of it was stored.
#[test]
fn taken_is_told_with_what_was_stored() {
    let (site, catalog) = (site(), Catalog::builtin().unwrap());
    let store = Store::open(&site.app.database, &catalog, 4).unwrap();
    let cases = [
        (5, [9, 0, 9, 0], "duplicates", "none", "รับแล้ว ซ้ำทั้งหมด", "all duplicates"),
        (6, [10, 7, 0, 3], "some", "partial", "รับแล้ว มี 3 แถวต้องแก้", "with 3 rows to mend"),
        (7, [9, 0, 4, 5], "nothing", "broken", "แต่ไม่ได้จัดเก็บแถวใด", "no row was stored"),
        (8, [0; 4], "empty", "none", "แต่ไม่มีแถวข้อมูล", "without rows"),
        (9, [9, 9, 0, 0], "accepted", "accepted", "รับแล้ว</span>", "Accepted</span>"),
    ];
    for (id, rows, ..) in cases {
        let name = format!("F21_10669_2556011508000{id}.zip");
        let mut s = fixture::empty(id, &name, Some(UNIT), 15);
        s.months = months(rows);
        fixture::store(&store, &s);
        let last = site.get("/units").text().to_owned();
        let (_, _, outcome, ..) = cases[id as usize - 5];
        let line = last.split("data-unit=\"10669\"").nth(1).unwrap();
        assert!(line.contains(&format!("data-outcome=\"{outcome}\"")), "{line}");
    }
    for (id, _, outcome, class, th, en) in cases {
        for (lang, word) in [("", th), ("?lang=en", en)] {
            for page in ["/", "/submissions", "/units/10669", &format!("/submissions/{id}")] {
                let html = site.get(&format!("{page}{lang}")).text().to_owned();
                let mark = format!(
                    "<span class=\"status {class}\" data-status=\"accepted\" data-outcome=\"{outcome}\">"
                );
                let said = html.split(&mark).nth(1);
                let said = said.unwrap_or_else(|| panic!("{page}{lang}: {mark} in\n{html}"));
                let said = &said[..said.find("</span>\n").map_or(300.min(said.len()), |at| at + 8)];
                assert!(said.contains(word), "{page}{lang}: {word} in {said}");
            }
        }
    }
}

#[test]
fn what_was_sent_is_found_by_day_unit_and_status_and_units_by_name() {
    let site = site();
    let ids = |query: &str| -> Vec<String> {
        let html = site.get(&format!("/submissions{query}")).text().to_owned();
        let found = html.split("data-submission=\"").skip(1);
        found.map(|rest| rest[..rest.find('"').unwrap()].to_owned()).collect()
    };
    assert_eq!(ids(""), ["4", "3", "2", "1"]);
    assert_eq!(ids("?from=2013-01-14&to=2013-01-14"), ["1"]);
    assert_eq!(ids("?from=2556-01-15"), ["4", "3", "2"]);
    assert_eq!(ids("?status=broken&hcode="), ["4", "3"]);
    assert_eq!(ids("?hcode=10944&lang=en"), ["2"]);
    assert_eq!(ids("?status=void"), [""; 0]);
    let units = |query: &str| -> Vec<String> {
        let html = site.get(&format!("/units{query}")).text().to_owned();
        let found = html.split("data-unit=\"").skip(1);
        found.map(|rest| rest[..5].to_owned()).collect()
    };
    assert_eq!(units(""), ["03590", "10669", "10944"]);
    assert_eq!(units("?q=%E0%B9%82%E0%B8%A3%E0%B8%87"), ["10669", "10944"]);
    assert_eq!(units("?q=0359"), ["03590"]);
    assert_eq!(units("?cup=10944"), ["03590", "10944"]);
    assert_eq!(units("?district=%E0%B9%80%E0%B8%A1%E0%B8%B7%E0%B8%AD%E0%B8%87"), ["10669"]);
    assert_eq!(units("?last=broken"), ["03590"]);
    assert_eq!(units("?last=never"), [""; 0]);
    let html = site.get("/submissions?hcode=10944&status=partial").text().to_owned();
    assert!(
        html.contains("value=\"10944\"") && html.contains("<option value=\"partial\" selected>")
    );
    assert!(html.contains("id=\"to-submissions\" href=\"/submissions\" aria-current=\"page\""));
    assert!(!html.contains("id=\"to-today\" href=\"/\" aria-current"), "one page is here");
    assert!(site.get("/").text().contains("id=\"other-days\" href=\"/submissions\""));
}

/// A year from 2400 on is of the Buddhist era on every page and in the API.
#[test]
fn a_month_is_the_same_in_both_eras_and_one_far_from_ours_is_a_mistake() {
    let site = site();
    let get = |target: &str| {
        let mut last = None;
        fixture::wait(target, || {
            let got = site.ask("GET", target, &[("Accept", "text/html")]);
            let counted = got.status != 503;
            last = Some(got);
            counted
        });
        last.unwrap()
    };
    for path in ["/expected", "/api/v1/expected"] {
        let [ce, be] = ["2013-01", "2556-01"].map(|month| get(&format!("{path}?month={month}")));
        assert_eq!((ce.status, be.status), (200, 200), "{path}");
        for said in ["2013-01", "from"] {
            assert_eq!(ce.text().contains(said), be.text().contains(said), "{path} {said}");
        }
        assert_eq!(ce.text().contains("ม.ค. 2556"), be.text().contains("ม.ค. 2556"), "{path}");
        for wrong in ["3100-03", "0012-01", "2556-13", "2399-01", "9999-01"] {
            assert_eq!(get(&format!("{path}?month={wrong}")).status, 400, "{path} {wrong}");
        }
    }
    assert_eq!(get("/api/v1/expected?month=2556-01").json()["from"], "2013-01-01");
    let of_month = |period: &str| get(&format!("/api/v1/kpi/anc5?period={period}")).json();
    assert_eq!(of_month("2013-01")["period"], of_month("2556-01")["period"]);
    assert_eq!(of_month("2013-01")["period"]["start"], "2013-01-01");
}

#[test]
fn a_unit_opens_on_the_latest_round_that_has_rules() {
    let (site, catalog) = (site(), Catalog::builtin().unwrap());
    let store = Store::open(&site.app.database, &catalog, 4).unwrap();
    let mut older = fixture::empty(5, "F21_10669_25550115080000.zip", Some(UNIT), 15);
    older.round = Some(2555);
    fixture::store(&store, &older);
    let round = || {
        let html = site.get(&format!("/units/{UNIT}")).text().to_owned();
        let at = html.find(" selected>").unwrap();
        html[at + 10..at + 14].to_owned()
    };
    assert_eq!(round(), "2556", "no round has rules: the latest begun");
    let books = site.folder.path().join("config/rulebooks");
    std::fs::create_dir_all(&books).unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/rulebooks/2557.toml");
    let book = std::fs::read_to_string(shipped).unwrap();
    crate::files::write_whole(&books.join("2555.toml"), book.as_bytes()).unwrap();
    assert_eq!(round(), "2555");
}

/// Tabs of a browser have a picture, prints their time and state, and what is
/// told to administrators in English does not stand among Thai.
#[test]
fn pages_have_a_picture_and_prints_say_of_when_they_are() {
    let site = site();
    let icon = site.get("/favicon.ico");
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    for (target, time, state) in [
        ("/", "พิมพ์เมื่อ 15 ม.ค. 2556 09:30", "ข้อมูลถึงการส่งครั้งที่ 4"),
        ("/units?lang=en", "Printed 15 Jan 2013 (B.E. 2556) 09:30", "data up to submission 4"),
    ] {
        let html = site.get(target).text().to_owned();
        assert!(html.contains("<link rel=\"icon\" type=\"image/svg+xml\" href=\"/favicon.ico\">"));
        assert!(html.contains(time) && html.contains(state), "{html}");
    }
    let refused = site.ask("GET", "/units/00000", &[("Accept", "text/html")]);
    let folded = "<summary>รายละเอียดสำหรับผู้ดูแลระบบ</summary><p class=\"quiet\" lang=\"en\">404";
    assert!(refused.text().contains(folded), "{}", refused.text());
}
