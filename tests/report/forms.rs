//! One table with everything that a table can hold, in its four forms.

use std::io::Cursor;
use std::path::PathBuf;

use calamine::{Data, Reader, Xlsx};
use chrono::{DateTime, FixedOffset, NaiveDate};
use khlang::report::chart::{Chart, ChartShape, Point};
use khlang::report::{Bilingual, Cell, Column, Document, Format, Kind, Lang, Part, Prose, Table};

fn made() -> DateTime<FixedOffset> {
    "2020-07-01T08:30:00+07:00".parse().unwrap()
}

/// Texts that a spreadsheet program would run, if it were let.
const FORMULAS: [&str; 6] =
    ["=HYPERLINK(\"http://evil\";\"x\")", "+1+1", "-2+3", "@SUM(A1:A2)", "\t=1+1", "＝1+1"];

fn columns() -> Vec<Column> {
    vec![
        Column::new("name", "ชื่อหน่วย", "Unit", Kind::Text),
        Column::new("persons", "จำนวน", "Number", Kind::Int)
            .of_unit(Bilingual::new("คน", "persons")),
        Column::new("weight", "น้ำหนัก", "Weight", Kind::Decimal(4)),
        Column::new("value", "ผลงาน", "Value", Kind::Percent(2))
            .of_unit(Bilingual::new("ร้อยละ", "%")),
        Column::new("day", "วันที่", "Day", Kind::Date),
    ]
}

fn table() -> Table {
    let decimal = |text: &str| text.parse().unwrap();
    let day = NaiveDate::from_ymd_opt(2020, 6, 30).unwrap();
    let mut table =
        Table::new("sample", Bilingual::new("ตารางตัวอย่าง", "A sample table"), columns());
    table.push(vec![
        Cell::text("รพ. ทดสอบ, \"ก\"\nบรรทัดสอง"),
        Cell::Int(1_234_567),
        Cell::Decimal(decimal("0.98765")),
        Cell::Percent(decimal("95.585")),
        Cell::Date(day),
    ]);
    table.push(vec![
        Cell::Bilingual(Bilingual::new("รวม & <อื่น>", "sum & <other>")),
        Cell::Int(-5),
        Cell::Decimal(decimal("-0.1")),
        Cell::Empty,
        Cell::Empty,
    ]);
    for formula in FORMULAS {
        let prose = Cell::Prose(Prose::new("1. **กลไก**\n2. บูรณาการ"));
        table.push(vec![Cell::text(formula), Cell::text("00123"), Cell::Empty, prose, Cell::Empty]);
    }
    let total = [Cell::text("รวม"), Cell::Int(1_234_562), Cell::Empty, Cell::Empty, Cell::Empty];
    table.push_total(total.into());
    table.notes.push(Bilingual::new("ค่าที่กำหนดเอง: เป้าหมาย", "local default: target"));
    table
}

fn document() -> Document {
    let mut document = Document::of_table(table());
    document.lines.push(Bilingual::new("ไตรมาส 3", "Quarter 3"));
    document
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/report/golden").join(name)
}

/// The bytes are those on record. A change that is meant is put there by
/// running the test with `KHLANG_TEST_RECORD=1`, and seen in review. The style
/// sheet of a page is left out: a change of a colour changes no document.
fn assert_golden(name: &str, bytes: &[u8]) {
    let path = golden(name);
    let text = without_style(String::from_utf8_lossy(bytes).into_owned());
    if std::env::var_os("KHLANG_TEST_RECORD").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name} is not what is on record");
}

/// A page without what is in its one style element; other texts as they are.
pub fn without_style(text: String) -> String {
    let (Some(begin), Some(end)) = (text.find("<style>"), text.find("</style>")) else {
        return text;
    };
    let begin = begin + "<style>".len();
    assert!(end - begin > 500, "the page embeds its style sheet");
    format!("{}{}", &text[..begin], &text[end..])
}

#[test]
fn text_forms_are_those_on_record() {
    for (format, lang, name) in [
        (Format::Csv, Lang::Th, "table.th.csv"),
        (Format::Json, Lang::Th, "table.json"),
        (Format::Html, Lang::Th, "table.th.html"),
        (Format::Html, Lang::En, "table.en.html"),
    ] {
        assert_golden(name, &document().write(format, lang, made()).unwrap());
    }
}

#[test]
fn a_spreadsheet_program_reads_the_csv_as_it_was_meant() {
    let bytes = document().write(Format::Csv, Lang::Th, made()).unwrap();
    assert_eq!(bytes[..3], [0xEF, 0xBB, 0xBF]);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[3..]);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(&rows[0], vec!["name", "persons", "weight", "value", "day"]);
    let first = ["รพ. ทดสอบ, \"ก\"\nบรรทัดสอง", "1234567", "0.9877", "95.59", "2020-06-30"];
    assert_eq!(&rows[1], first.to_vec());
    // A number of ours stays a number, with its sign; what was sent never acts.
    assert_eq!(&rows[2], vec!["รวม & <อื่น>", "-5", "-0.1000", "", ""]);
    for (row, formula) in rows[3..].iter().zip(FORMULAS) {
        assert_eq!(row[0], format!("'{formula}"));
        assert_eq!(&row[1], "00123");
    }
    assert_eq!(rows.len(), 3 + FORMULAS.len() + 1);
}

#[test]
fn another_program_reads_the_workbook() {
    let bytes = document().write(Format::Xlsx, Lang::Th, made()).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&bytes[..])).unwrap();
    assert_eq!(book.sheet_names(), ["ตารางตัวอย่าง"]);
    let formulas = book.worksheet_formula("ตารางตัวอย่าง").unwrap();
    assert!(formulas.used_cells().next().is_none(), "{formulas:?}");
    let sheet = book.worksheet_range("ตารางตัวอย่าง").unwrap();
    let at = |row: u32, column: u32| sheet.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(at(0, 0), Data::String("ตารางตัวอย่าง".to_owned()));
    assert_eq!(at(1, 0), Data::String("ไตรมาส 3".to_owned()));
    assert_eq!(at(2, 1), Data::String("จำนวน (คน)".to_owned()));
    assert_eq!(at(3, 0), Data::String("รพ. ทดสอบ, \"ก\"\nบรรทัดสอง".to_owned()));
    assert_eq!(at(3, 1), Data::Float(1_234_567.0));
    assert_eq!(at(3, 2), Data::Float(0.9877));
    assert_eq!(at(3, 3), Data::Float(95.59));
    let Data::DateTime(day) = at(3, 4) else { panic!("{:?}", at(3, 4)) };
    assert_eq!(day.to_ymd_hms_milli(), (2020, 6, 30, 0, 0, 0, 0));
    assert_eq!(at(4, 3), Data::Empty);
    for (row, formula) in (5..).zip(FORMULAS) {
        assert_eq!(at(row, 0), Data::String(formula.to_owned()));
        assert_eq!(at(row, 1), Data::String("00123".to_owned()), "a code is no number");
        assert_eq!(at(row, 3), Data::String("1. กลไก\n2. บูรณาการ".to_owned()));
    }
}

#[test]
fn the_same_document_and_time_give_the_same_bytes() {
    for &format in Format::ALL {
        let write = || document().write(format, Lang::Th, made()).unwrap();
        assert_eq!(write(), write(), "{format:?}");
    }
}

#[test]
fn each_table_has_its_own_csv_file_and_its_own_sheet() {
    let mut document = document();
    document.parts.push(Part::Table(Table { name: "second".to_owned(), ..table() }));
    let names = |format| -> Vec<String> {
        let files = document.files(format, Lang::En, made()).unwrap();
        files.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(Format::Csv), ["sample.csv", "second.csv"]);
    assert_eq!(names(Format::Html), ["sample.html"]);
    let bytes = document.write(Format::Xlsx, Lang::En, made()).unwrap();
    let book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&bytes[..])).unwrap();
    assert_eq!(book.sheet_names(), ["A sample table", "A sample table (2)"]);
}

#[test]
fn charts_say_in_words_what_they_show() {
    let point = |label: &str, value: Option<&str>, met| Point {
        met,
        ..Point::new(Bilingual::same(label), value.map(|value| value.parse().unwrap()))
    };
    let chart = |shape, points| {
        Part::Chart(Chart {
            shape,
            title: Bilingual::new("แนวโน้มรายเดือน", "Trend by month"),
            unit: Bilingual::new("ร้อยละ", "%"),
            percent: true,
            places: 2,
            points,
            target: Some("80".parse().unwrap()),
        })
    };
    let months = [("ต.ค. 62", Some("40.10")), ("พ.ย. 62", None), ("ธ.ค. 62", Some("82.5"))];
    let months = months.map(|(label, value)| point(label, value, None)).to_vec();
    let units = [("รพ. ก", Some("91.2"), Some(true)), ("รพ. ข", Some("12"), Some(false))];
    let units = units.map(|(label, value, met)| point(label, value, met)).to_vec();
    let mut document = document();
    document.parts = vec![chart(ChartShape::Trend, months), chart(ChartShape::Ranking, units)];
    let page = document.write(Format::Html, Lang::Th, made()).unwrap();
    assert_golden("charts.th.html", &page);
    let page = String::from_utf8(page).unwrap();
    assert_eq!(page.matches("role=\"img\"").count(), 2);
    assert!(page.contains(
        "<desc id=\"chart-2-0-d\">เป้าหมาย 80.00. รพ. ก 91.20 (ถึงเป้า); รพ. ข 12.00 (ไม่ถึงเป้า)</desc>"
    ));
    assert!(page.contains("91.20 ✓") && page.contains("12.00 ✗"));
}
