//! The report on indicator 66 of a region of two provinces [KPI66-2563].

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use crate::support::case::{Khlang, zipped};

const NOW: &str = "2020-07-05T09:00:00+07:00";

/// Hospitals of every level, in two provinces.
const UNITS: &str = "hcode,name,type,level,cup,network,district,province\n\
    10001,รพศ.หนึ่ง,05,A,10001,10001,เมือง,สงขลา\n\
    10002,รพท.สอง,06,S,10002,10001,เมือง,ตรัง\n\
    10003,รพ.สาม,07,M1,10003,10001,ก,ตรัง\n\
    10004,รพ.สี่,07,M2,10004,10001,ข,สงขลา\n\
    10005,รพ.ห้า,07,F1,10005,10001,ค,สงขลา\n\
    10006,รพ.หก,07,F2,10006,10001,ง,ตรัง\n";

const REPORTED: &str = "kpi,unit,period,numerator,denominator,note\n\
    thai_refer,10001,2563Q3,1,1,\nthai_refer,10002,2563Q3,1,1,\nthai_refer,10006,2563Q3,1,1,\n\
    ha,10003,2563Q3,1,1,\nha,10004,2563Q3,1,1,\nha,10005,2563Q3,1,1,\nha,10006,2563Q3,0,1,รอ\n\
    thai_refer_quality,10001,2563Q3,95.6,100,\n";

const TEXT: &str =
    "1. พัฒนา **Thai Refer Dashboard**\n2. คณะกรรมการ CMI\n\n<script>alert(1)</script>\n";

/// Admissions of a hospital before and in the period, with these weights.
fn archive(hcode: &str, before: &str, now: &str) -> Vec<u8> {
    let person = format!(
        "HOSPCODE|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|D_UPDATE\n\
         {hcode}|1234567890121|1|003|ก|ข|1|19700101|099|1|20200701080000\n"
    );
    let mut admission =
        "HOSPCODE|PID|SEQ|AN|DATETIME_ADMIT|WARDADMIT|INSTYPE|TYPEIN|DATETIME_DISCH|\
         WARDDISCH|DISCHSTATUS|DISCHTYPE|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE|DRG|RW|ADJRW|ERROR|\
         WARNING|ACTLOS|GROUPER_VERSION\n"
            .to_owned();
    for (an, day, weight) in [("1", "20190301", before), ("2", "20200301", now)] {
        writeln!(
            admission,
            "{hcode}|1|1|{an}|{day}080000|00100|0100|1|{day}120000|00100|1|1|100.00|0.00|0.00|\
             20200701080000|00000|{weight}|{weight}|0|0|1|5.0"
        )
        .unwrap();
    }
    zipped(&[("PERSON.txt", person), ("ADMISSION.txt", admission)])
}

fn region() -> Khlang {
    let khlang = Khlang::new().now(NOW);
    khlang.write("data/units.csv", UNITS);
    for (hcode, before, now) in [
        ("10001", "1.5000", "1.8000"),
        ("10002", "1.2000", "1.4000"),
        ("10006", "0.6000", "0.5500"),
    ] {
        let name = format!("F43_{hcode}_20200702080000.zip");
        let said = khlang.import(&name, &archive(hcode, before, now));
        assert_eq!(said["status"], "accepted", "{said}");
        for file in said["files"].as_array().unwrap() {
            assert_eq!(file["rejected"], 0, "{said}");
        }
    }
    khlang.write("reported.csv", REPORTED);
    let ran = khlang.run(&["kpi", "enter", "reported.csv"]);
    assert_eq!(ran.status(), 0, "{}{}", ran.out(), ran.err());
    khlang.write("data/texts/kpi66/activities-2563Q3.md", TEXT);
    khlang
}

fn report(khlang: &Khlang, more: &[&str]) -> Vec<u8> {
    let args = ["report", "kpi66", "--period", "2563Q3", "--region", "12"];
    let ran = khlang.run(&[&args, more].concat());
    assert_eq!(ran.status(), 0, "{}", ran.err());
    ran.0.stdout
}

/// Results by their KPI's place in the list and group: value, target, outcome.
fn results(told: &Value) -> Vec<(i64, String, String, String, String)> {
    let rows = told["tables"][1]["rows"].as_array().unwrap();
    let text = |value: &Value| match value {
        Value::Object(both) => both["en"].as_str().unwrap().to_owned(),
        other => other.as_str().unwrap_or("").to_owned(),
    };
    let row = |row: &Value| {
        let number = row["number"].as_i64().unwrap();
        (number, text(&row["group"]), text(&row["value"]), text(&row["target"]), text(&row["met"]))
    };
    rows.iter().map(row).collect()
}

#[test]
fn results_stand_against_their_targets() {
    let khlang = region();
    let told: Value = serde_json::from_slice(&report(&khlang, &["--json"])).unwrap();
    let expected = [
        (1, "all", "100.00", "100.00", "✓ met"),
        (2, "all", "95.60", "", ""),
        (3, "all", "75.00", "98.00", "✗ not met"),
        (4, "all", "", "100.00", "not computable: nothing was reported for 2563Q3"),
        (5, "A–F2", "0.15", "0.25", "✗ not met"),
        (5, "A", "0.30", "0.25", "✓ met"),
        (5, "S", "0.20", "0.25", "✗ not met"),
        (5, "M1", "", "0.25", "sent nothing of ADMISSION in the period"),
        (5, "M2", "", "0.25", "sent nothing of ADMISSION in the period"),
        (5, "F1", "", "0.25", "sent nothing of ADMISSION in the period"),
        (5, "F2", "-0.05", "0.25", "✗ not met"),
    ];
    let told = results(&told);
    let told: Vec<_> = told
        .iter()
        .map(|(n, a, b, c, d)| (*n, a.as_str(), b.as_str(), c.as_str(), d.as_str()))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn the_page_has_title_indicator_and_text() {
    let khlang = region();
    let page = String::from_utf8(report(&khlang, &[])).unwrap();
    for said in [
        "ตัวชี้วัดที่ 66 ร้อยละของเขตสุขภาพที่มีการพัฒนาระบบบริหารจัดการที่มีประสิทธิภาพ",
        "ไตรมาส 3 ปีงบประมาณ พ.ศ. 2563 รอบ 9 เดือน (1 ต.ค. 2562 – 30 มิ.ย. 2563)",
        "เขตสุขภาพที่ 12",
        "เป้าหมายปีงบประมาณ พ.ศ. 2563",
        "Small success รอบ 12 เดือน",
        "ร้อยละ 100",
        "<strong>Thai Refer Dashboard</strong>",
        "✗ ไม่ถึงเป้าหมาย",
        "size: A4",
    ] {
        assert!(page.contains(said), "no {said} in {page}");
    }
    assert!(!page.contains("alert(1)"), "{page}");
    assert!(!page.contains("class=\"hints\""), "nothing is left to do: {page}");
}

#[test]
fn a_report_without_texts_says_so_above_the_print_and_not_in_it() {
    let khlang = region();
    std::fs::remove_file(khlang.path("data/texts/kpi66/activities-2563Q3.md")).unwrap();
    let page = String::from_utf8(report(&khlang, &["--lang", "en"])).unwrap();
    let place = page.find("texts&#x2f;kpi66&#x2f;activities-2563Q3.md").unwrap();
    assert!(place < page.find("<header>").unwrap(), "above: {page}");
    assert_eq!(page.matches("activities-2563Q3.md").count(), 1, "and nowhere else: {page}");
    assert!(page.contains("@media print { .hints { display: none; } }"), "{page}");
    assert!(page.contains("Health region 12"), "{page}");
    for format in ["json", "csv"] {
        let text = String::from_utf8(report(&khlang, &["--format", format])).unwrap();
        assert!(!text.contains("activities-2563Q3"), "{format}: {text}");
    }
}

#[test]
fn the_heading_of_the_small_success_comes_from_the_texts() {
    let khlang = region();
    let heading = |page: &str| page.contains(">Small success รอบ 12 เดือน</th>");
    let page = String::from_utf8(report(&khlang, &[])).unwrap();
    assert!(heading(&page) && page.contains("ร้อยละ 100"), "that of the layout: {page}");
    khlang.write("data/texts/kpi66/success.md", "# Small success รอบ 9 เดือน\n\n1. กลไก **เขต**\n");
    let page = String::from_utf8(report(&khlang, &[])).unwrap();
    assert!(!heading(&page) && page.contains(">Small success รอบ 9 เดือน</th>"), "{page}");
    assert!(page.contains("<strong>เขต</strong>") && !page.contains("# Small"), "{page}");
    // The period's own goes before it; without a heading the column has a plain one.
    khlang.write("data/texts/kpi66/success-2563Q3.md", "ผลสำเร็จของไตรมาส\n");
    let page = String::from_utf8(report(&khlang, &[])).unwrap();
    assert!(page.contains(">Small success</th>") && page.contains("ผลสำเร็จของไตรมาส"), "{page}");
}

#[test]
fn values_of_a_province_and_a_region_can_be_entered() {
    let khlang = region();
    let head = "kpi,unit,period,numerator,denominator,note\n";
    let enter = |lines: &str| {
        khlang.write("more.csv", format!("{head}{lines}"));
        let ran = khlang.run(&["kpi", "enter", "more.csv", "--json"]);
        (ran.status(), ran.json()["mistakes"].as_array().unwrap().len())
    };
    // What nobody can mean is refused, all of it.
    for (lines, mistakes) in [
        ("ha,region:14,2563Q3,1,1,\n", 1),
        ("ha,region:,2563Q3,1,1,\n", 1),
        ("ha,province:เชียงใหม่,2563Q3,1,1,\n", 1),
        ("ha,class:F3,2563Q3,1,1,\n", 1),
        ("ha,unit:10001,2563Q3,1,1,\n", 1),
        ("ha,เชียงใหม่,2563Q3,1,1,\nha,region:12,2563Q3,-1,1,\n", 2),
        ("cmi,region:12,2563Q3,1,1,\ncmi_change,region:12,2563Q3,0.1,0,\n", 2),
    ] {
        assert_eq!(enter(lines), (2, mistakes), "{lines}");
    }
    let told = enter(
        "cmi_change,region:12,2563Q3,0.10,1,cmi@moph\ncmi_change,class:M1,2563Q3,-0.02,1,cmi@moph\n\
         cmi_change,ตรัง,2563Q3,0.31,1,\nha,region:12,2563Q3,65,68,\nha,province:สงขลา,2563Q3,9,10,\n",
    );
    assert_eq!(told, (0, 0));
    let run = |id: &str, level: &str, code: &str| {
        let args = ["kpi", "run", id, "--period", "2563Q3", "--level", level, "--json"];
        let rows = khlang.run(&args).json()["rows"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["code"] == code).unwrap_or_default();
        (row["value"].as_str().unwrap_or("").to_owned(), row["met"].as_bool())
    };
    assert_eq!(run("cmi_change", "province", "ตรัง"), ("0.31".to_owned(), Some(true)));
    assert_eq!(run("cmi_change", "class", "M1"), ("-0.02".to_owned(), Some(false)));
    assert_eq!(run("cmi_change", "class", "A"), ("0.30".to_owned(), Some(true)), "as computed");
    assert_eq!(run("ha", "province", "สงขลา"), ("90.00".to_owned(), Some(false)));
    let told: Value = serde_json::from_slice(&report(&khlang, &["--json"])).unwrap();
    let rows = results(&told);
    let of = |number: i64, group: &str| {
        let row = rows.iter().find(|row| row.0 == number && row.1 == group).unwrap();
        (row.2.as_str(), row.4.as_str())
    };
    assert_eq!(of(3, "all"), ("95.59", "✗ not met"), "as the region reports it");
    assert_eq!(of(5, "A–F2"), ("0.10", "✗ not met"));
    assert_eq!(of(5, "M1"), ("-0.02", "✗ not met"));
    assert_eq!(of(5, "A"), ("0.30", "✓ met"));
    let other = ["report", "kpi66", "--period", "2563Q3", "--region", "11", "--json"];
    let told: Value = khlang.run(&other).json();
    assert!(results(&told).iter().any(|row| row.0 == 3 && row.2 == "75.00"), "{told}");
}

#[test]
fn the_other_forms_are_written_by_the_ending() {
    let khlang = region();
    let file = |name: &str| {
        assert!(report(&khlang, &["--out", name]).is_empty());
        std::fs::read(khlang.path(name)).unwrap()
    };
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file("r.xlsx"))).unwrap();
    let sheet = book.worksheet_range_at(1).unwrap().unwrap();
    let ha = sheet.rows().find(|row| row[0] == Data::Float(3.0)).unwrap();
    assert_eq!(ha[5], Data::Float(75.0));
    assert_eq!(ha[6], Data::Float(98.0));
    let csv = String::from_utf8(file("r.csv")).unwrap();
    assert!(csv.starts_with("\u{feff}indicator,target,success,description\r\n"), "{csv}");
    assert!(csv.contains("\r\n\r\nnumber,result,group,numerator"), "{csv}");
    assert!(csv.contains(",F2,0.55,1,-0.05,0.25,"), "{csv}");
}

#[test]
fn the_report_is_exported_and_a_layout_of_ones_own_goes_before() {
    let khlang = region();
    khlang.write(
        "own.toml",
        "[[export]]\nname = \"kpi66\"\nschedule = \"0 7 5 1,4,7,10 *\"\nreport = \"kpi66\"\n\
         region = \"12\"\nperiod = \"previous quarter\"\nformats = [\"html\", \"csv\"]\n",
    );
    let run = || {
        let ran = khlang.run(&["--config", "own.toml", "export", "run", "kpi66", "--json"]);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        ran.json()
    };
    let told = run();
    assert_eq!(told["periods"], serde_json::json!(["2563Q3"]));
    assert_eq!(told["region"], "12");
    assert_eq!(told["report"][0], "kpi66");
    let names: Vec<&str> =
        told["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["kpi66-indicators.csv", "kpi66-results.csv", "kpi66.html"]);
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/reports/kpi66.toml");
    let own = std::fs::read_to_string(built_in)
        .unwrap()
        .replace("เขตสุขภาพที่ {region}", "เขต {region} เอง");
    khlang.write("data/config/reports/kpi66.toml", own);
    assert_ne!(run()["report"][1], told["report"][1], "the version tells of the change");
    let page = String::from_utf8(report(&khlang, &[])).unwrap();
    assert!(page.contains("เขต 12 เอง"), "{page}");
}

#[test]
fn charts_rank_units_and_follow_the_months() {
    let khlang = region();
    let args = ["report", "kpi", "--kpi", "cmi", "--period", "2563Q3", "--trend", "--lang", "en"];
    let ran = khlang.run(&args);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    let page = ran.out();
    let ranked = page.find("รพศ.หนึ่ง 1.80; รพท.สอง 1.40; รพ.หก 0.55");
    assert!(ranked.is_some(), "from the best to the worst: {page}");
    // One line a province: nine months, of which one has discharges.
    assert_eq!(page.matches("by month, ").count(), 4, "two headings and two titles");
    assert!(page.contains("Feb 2020 no data; Mar 2020 1.80; Apr 2020 no data"), "{page}");
    assert!(page.contains("Jun 2020 no data</desc>"), "nothing of the months to come: {page}");
}
