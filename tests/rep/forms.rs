//! Layouts and forms: whatever program wrote the file, the same rows are read.

use std::fs;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook};
use serde_json::json as j;

use super::{BACK, json, lines, refused, sent};
use crate::support::site::{Site, UNIT_B};

/// Lines of a table as text: titles, a header over two lines, three rows, a
/// sum.
fn table(archive: &str) -> Vec<Vec<String>> {
    let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
    vec![
        row(&["รายงานผลการตรวจสอบ งวด 5701"]),
        row(&[
            "หน่วยบริการ",
            "",
            "ชื่อไฟล์",
            "แฟ้ม",
            "LINE",
            "PID",
            "SEQ",
            "วันที่รับบริการ",
            "ผลการตรวจสอบ",
            "",
            "แต้ม",
        ]),
        row(&["รหัสหน่วยบริการ", "ชื่อ", "", "", "", "", "", "", "สถานะ", "รหัสข้อผิดพลาด", ""]),
        row(&[
            UNIT_B,
            "รพ.สต.",
            archive,
            "EPI",
            "2",
            "000861",
            "00000861",
            "10/01/2557",
            "ผ่าน",
            "",
            "1.00",
        ]),
        row(&[
            UNIT_B,
            "รพ.สต.",
            "",
            "EPI",
            "",
            "000862",
            "00000862",
            "10/1/2557",
            "ไม่ผ่าน",
            "EP1105",
            "",
        ]),
        row(&[
            UNIT_B,
            "รพ.สต.",
            "",
            "EPI",
            "",
            "000999",
            "00000999",
            "10/01/2557",
            "ไม่ผ่าน",
            "EP9200",
            "",
        ]),
        row(&["รวม", "", "", "", "", "", "", "", "3", "", "1.00"]),
    ]
}

fn text(lines: &[Vec<String>], between: &str) -> String {
    lines.iter().map(|line| line.join(between) + "\r\n").collect()
}

/// A workbook as a person sees it: numbers that lost their noughts, cells that
/// were merged, a day that is one.
fn workbook(lines: &[Vec<String>], path: &Path) {
    let mut book = Workbook::new();
    let cover = book.add_worksheet();
    cover.write_string(0, 0, "ปก").unwrap();
    let sheet = book.add_worksheet();
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (at, line) in (0_u32..).zip(lines) {
        for (column, cell) in (0_u16..).zip(line) {
            let number = cell.parse::<f64>().ok().filter(|_| at > 2);
            match (cell.as_str(), number) {
                ("", _) => {}
                ("10/01/2557", _) => {
                    // 10 January 2557: a day of the year 2557, as who typed it meant.
                    let typed = rust_xlsxwriter::ExcelDateTime::from_ymd(2557, 1, 10).unwrap();
                    sheet.write_datetime_with_format(at, column, &typed, &day).unwrap();
                }
                (_, Some(number)) => {
                    sheet.write_number(at, column, number).unwrap();
                }
                (text, None) => {
                    sheet.write_string(at, column, text).unwrap();
                }
            }
        }
    }
    sheet.merge_range(1, 0, 1, 1, "หน่วยบริการ", &Format::new()).unwrap();
    sheet.merge_range(1, 8, 1, 9, "ผลการตรวจสอบ", &Format::new()).unwrap();
    book.save(path).unwrap();
}

/// Writes the table in a form; gives where.
fn written(site: &Site, archive: &str, form: &str) -> PathBuf {
    let lines = table(archive);
    let (encoding, ending) = form.split_once('.').unwrap();
    let path = site.root().join(format!("rep-{encoding}.{ending}"));
    let between = if ending == "txt" { "|" } else { "," };
    let bytes = match encoding {
        "bom" => [b"\xef\xbb\xbf", text(&lines, between).as_bytes()].concat(),
        "874" => encoding_rs::WINDOWS_874.encode(&text(&lines, between)).0.into_owned(),
        _ => text(&lines, between).into_bytes(),
    };
    if ending == "xlsx" {
        workbook(&lines, &path);
    } else {
        fs::write(&path, bytes).unwrap();
    }
    path
}

#[test]
fn the_same_rows_are_read_in_every_form_by_either_layout() {
    let forms = ["utf8.csv", "bom.csv", "874.csv", "utf8.txt", "874.txt", "sheet.xlsx"];
    let pids = [("000861", true), ("000862", true)];
    let (site, archive) = sent(&pids, true);
    for (at, form) in forms.iter().enumerate() {
        let path = written(&site, &archive, form);
        let layout = if at % 2 == 0 { "op_sample" } else { "khlang" };
        let args = ["rep", "import", path.to_str().unwrap(), "--layout", layout];
        let imported = json(&site, BACK, &args);
        let counts = ["rows", "refused", "by_line", "by_key", "unmatched"];
        let counts = counts.map(|key| imported[key].as_u64().unwrap());
        assert_eq!(counts, [3, 2, 1, 1, 1], "{form}: {imported}");
        assert_eq!(imported["proven"], layout == "khlang", "{form}");
        let rows = lines(&site, imported["rep"].as_u64().unwrap());
        let of = |at: usize| {
            ["submission", "line", "matched", "day", "passed", "code", "hcode"]
                .map(|key| rows[at][key].clone())
        };
        let day = j!(20_140_110);
        let first = [j!(1), j!(2), j!("line"), day.clone(), j!(true), j!(""), j!(UNIT_B)];
        assert_eq!(of(0), first, "{form}");
        let second = [j!(1), j!(4), j!("key"), day, j!(false), j!("EP1105"), j!(UNIT_B)];
        assert_eq!(of(1), second, "{form}");
        assert_eq!((&rows[2]["submission"], &rows[2]["why"]), (&j!(null), &j!("not_stored")));
        assert_eq!(rows[0]["points"], "1.00", "{form}");
    }
    let list = json(&site, BACK, &["rep", "list"]);
    assert_eq!(list.as_array().unwrap().len(), forms.len());
    let (_, shown, _) = site.run(&["rep", "show", "1", "--lang", "en"]);
    assert!(shown.contains("not proven on real files"), "{shown}");
    site.assert_verified();
}

#[test]
fn what_is_not_right_is_refused_as_a_whole_and_says_why() {
    let (site, archive) = sent(&[("1", true)], true);
    let good = format!("ARCHIVE,FILE,LINE,CODE,RESULT\n{archive},EPI,2,,A\n");
    let table: [(&str, String, &str); 9] = [
        ("a.csv", "HCODE,แฟ้ม,ผล\n1,EPI,A\n".to_owned(), "code (CODE, ERROR CODE"),
        ("b.csv", good.replace(",A\n", ",OK\n"), "result = OK"),
        ("c.csv", good.replace("EPI,2", "EPI,zwei"), "line = zwei"),
        ("d.csv", "FILE,CODE,DATE_SERV\nEPI,,31/02/2557\n".to_owned(), "day = 31/02/2557"),
        ("e.csv", "FILE,CODE,POINT\nEPI,,1.234\n".to_owned(), "points = 1.234"),
        ("f.csv", "FILE,CODE\n".to_owned(), "no lines with data"),
        ("g.pdf", good.clone(), "no files of this ending"),
        ("h.xlsx", good.clone(), "cannot be read as a spreadsheet"),
        ("i.csv", "FILE,CODE,CODE\nEPI,,\n".to_owned(), "more than one column code"),
    ];
    for (name, text, wanted) in table {
        let path = site.root().join(name);
        fs::write(&path, text).unwrap();
        let told =
            refused(&site, BACK, &["rep", "import", path.to_str().unwrap(), "--layout", "khlang"]);
        assert!(told.contains(wanted), "{name}: {told}");
    }
    let path = site.root().join("bytes.csv");
    fs::write(&path, b"FILE,CODE\nEPI,\xff\xfe\xdb\n").unwrap();
    let told =
        refused(&site, BACK, &["rep", "import", path.to_str().unwrap(), "--layout", "khlang"]);
    assert!(told.contains("no text in an encoding"), "{told}");
    let told =
        refused(&site, BACK, &["rep", "import", path.to_str().unwrap(), "--layout", "khlan"]);
    assert!(told.contains("khlang"), "the nearest layout: {told}");
    assert_eq!(json(&site, BACK, &["rep", "list"]), j!([]), "nothing half is there");
}

#[test]
fn the_same_file_is_imported_once() {
    let (site, archive) = sent(&[("1", true)], true);
    let text = format!("ARCHIVE,FILE,LINE,CODE\n{archive},EPI,2,\n");
    super::back(&site, "rep.csv", &text);
    let other = site.root().join("other.csv");
    fs::write(&other, &text).unwrap();
    let told =
        refused(&site, BACK, &["rep", "import", other.to_str().unwrap(), "--layout", "khlang"]);
    assert!(told.contains("is there already as 1"), "{told}");
}

#[test]
fn what_is_too_large_is_refused() {
    let (mut site, archive) = sent(&[("1", true)], true);
    let path = written(&site, &archive, "sheet.xlsx");
    let args = ["rep", "import", path.to_str().unwrap(), "--layout", "khlang"];
    for (limit, value, wanted) in [
        ("REP_BYTES", "1000", "more than 1000 bytes"),
        ("REP_INFLATED_BYTES", "1000", "more than 1000 bytes"),
        ("REP_SHEETS", "1", "more than 1 worksheets"),
        ("REP_CELLS", "10", "more than 10 cells"),
    ] {
        let name = format!("KHLANG__LIMITS__{limit}");
        site.set(&name, value);
        let told = refused(&site, BACK, &args);
        assert!(told.contains(wanted), "{limit}: {told}");
        let largest = if limit == "REP_SHEETS" { "50" } else { "67108864" };
        site.set(&name, largest);
    }
    json(&site, BACK, &args);
}

#[test]
fn a_layout_of_the_province_is_proven_at_start() {
    let (site, _) = sent(&[("1", true)], true);
    let own = include_str!("../../config/rep/khlang.toml");
    let own = own.replace("id = \"khlang\"", "id = \"ours\"").replace("\npid =", "\npids =");
    site.write("data/config/rep/ours.toml", own.as_bytes());
    let told = refused(&site, BACK, &["config", "check"]);
    let line = own.lines().position(|line| line.starts_with("pids")).unwrap() + 1;
    assert!(told.contains(&format!("config/rep/ours.toml:{line}: no word pids")), "{told}");
}
