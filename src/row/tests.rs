use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::line::{has_control, may_have_control, split};
use super::*;
use crate::archive::Standard;
use crate::catalog::Catalog;
use crate::config::Config;

/// A fiscal year in which every check is in force.
const LATE: i32 = 2560;

static BLANKS: LazyLock<Blanks> = LazyLock::new(|| Blanks::new(&Config::default().rows.blank));

/// Validates rows given as (field, value) changes against a clean F43 SERVICE row.
fn codes_of(file: &str, base: &[(&str, &str)], changes: &[(&str, &str)]) -> Vec<String> {
    let catalog = Catalog::builtin().unwrap();
    let (record, layout) = catalog.file(Standard::F43, file).unwrap();
    let compiled = CompiledLayout::new(&catalog, record, layout, LATE).unwrap();
    let orders = Order::of_versions(&compiled);
    let newest = &compiled.versions[1];
    let text: Vec<&str> = newest
        .iter()
        .map(|&at| {
            let name = compiled.columns[at].name.as_str();
            changes.iter().chain(base).find(|(n, _)| *n == name).map_or("", |(_, v)| v)
        })
        .collect();
    let units: FxHashSet<String> =
        ["10670", "04001", "04002"].map(str::to_owned).into_iter().collect();
    let may_send: FxHashSet<String> = ["10670", "04001"].map(str::to_owned).into_iter().collect();
    let mut index = OnePerson;
    let mut context = Context {
        sent_day: 20_140_210,
        on_time_days: 30,
        blanks: &BLANKS,
        units: &units,
        may_send: &may_send,
        persons: PersonContext::new(&mut index),
        store_answers: true,
        kept: 1000,
        warnings_kept: 1000,
        left: 1000,
    };
    let mut validator = Validator::new(&compiled, orders, &mut context);
    let mut batch = Batch::new(compiled.width);
    validator.row(&text.join("|"), 1, &mut batch);
    let mut codes: Vec<String> = validator
        .outcome
        .findings
        .iter()
        .map(|f| compiled.codes[usize::from(f.code)].code.clone())
        .collect();
    let stored = !batch.rows.is_empty();
    let errors =
        validator.outcome.findings.iter().any(|f| {
            compiled.codes[usize::from(f.code)].severity == crate::catalog::Severity::Error
        });
    assert_eq!(stored, !errors, "a row is stored unless it has an error: {codes:?}");
    codes.sort();
    codes
}

/// PID 7 is a woman born in 1980 who died on 2014-02-01.
struct OnePerson;

impl PersonIndex for OnePerson {
    fn find(&mut self, _: &str, pid: &str) -> Person {
        let known = pid == "7";
        Person { birth: 19_800_615, death: 20_140_201, sex: 2, known }
    }
}

const SERVICE: &[(&str, &str)] = &[
    ("HOSPCODE", "10670"),
    ("PID", "7"),
    ("SEQ", "000009"),
    ("DATE_SERV", "20140131"),
    ("INSTYPE", "0100"),
    ("TYPEIN", "1"),
    ("SERVPLACE", "1"),
    ("TYPEOUT", "1"),
    ("PRICE", "120.00"),
    ("PAYPRICE", "0"),
    ("ACTUALPAY", "0.00"),
    ("D_UPDATE", "20140131093000"),
];

#[test]
fn a_clean_row_has_no_findings() {
    assert_eq!(codes_of("SERVICE", SERVICE, &[]), Vec::<String>::new());
}

#[test]
fn each_fault_of_a_visit_gives_its_code() {
    for (field, value, codes) in [
        ("HOSPCODE", "", &["SE1101"][..]),
        ("HOSPCODE", "1067", &["SE1101"]),
        ("HOSPCODE", "99999", &["SE9201", "SE9509"]),
        ("HOSPCODE", "04002", &["SE9509"]),
        ("HOSPCODE", "04001", &[]),
        ("PID", "", &["SE1103"]),
        ("PID", "8", &["SE9200"]),
        ("SEQ", "", &["SE1104"]),
        ("DATE_SERV", "25570131", &["SE1105", "SE9507"]),
        ("DATE_SERV", "20140230", &["SE1105"]),
        ("DATE_SERV", "", &["SE1105"]),
        ("DATE_SERV", "20140211", &["SE9503", "SE9505"]),
        ("DATE_SERV", "19800614", &["SE9504"]),
        ("DATE_SERV", "20140202", &["SE9505"]),
        ("TYPEIN", "9", &["SE1109"]),
        ("D_UPDATE", "20140131", &["SE9511"]),
        ("D_UPDATE", "", &["SE9510"]),
        ("TIME_SERV", "0830", &["SE9511"]),
        ("SBP", "abc", &["SE9511"]),
        ("SBP", "400", &["SE9508"]),
        ("BTEMP", "20.0", &["SE9508"]),
        ("LOCATION", "7", &["SE9512"]),
        ("CID", "1234567890123", &["SE9506"]),
        ("CID", "1234567890121", &[]),
        ("CHIEFCOMP", "a\u{1}b", &["SE9502"]),
        ("HN", "1234567890123456", &["SE9501"]),
        ("CHIEFCOMP", "\"ไข้ ไอ", &[]),
    ] {
        assert_eq!(codes_of("SERVICE", SERVICE, &[(field, value)]), codes, "{field}={value}");
    }
}

proptest::proptest! {
    #[test]
    fn a_block_without_control_characters_has_no_row_with_one(
        lines in proptest::collection::vec("[ a\\t\\rก\u{85}\u{a0}\u{7f}\u{1}é]{0,8}", 1..20),
    ) {
        let text = lines.join("\r\n");
        // As the loader cuts lines: one line end is no part of the line.
        let any = text.split('\n').any(|line| has_control(line.strip_suffix('\r').unwrap_or(line)));
        proptest::prop_assert!(!any || may_have_control(&text));
    }
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());

/// What fields may hold, good and bad, near the edges of what is told at a
/// glance.
const VALUES: &[&str] = &[
    "",
    "",
    "0",
    "1",
    "2",
    "3",
    "5",
    "9",
    "01",
    "02",
    "11",
    "23",
    "99",
    "007",
    "NULL",
    "-",
    "j00.9",
    "J009",
    "J0.09",
    "89.38",
    "8938",
    "๑๒",
    "x1",
    "0100",
    "00100",
    "10670",
    "04001",
    "04002",
    "99999",
    "1067",
    "ก067",
    "20140131",
    "20140211",
    "25570131",
    "20140230",
    "19800614",
    "20140131093000",
    "20150131093000",
    "25570131093000",
    "083000",
    "240000",
    "0830",
    "37.8",
    "20.0",
    "30",
    "45.0",
    "45.1",
    "0.1",
    "300",
    "300.0",
    "300.1",
    "120.00",
    "120.0",
    "0120.00",
    "-120.00",
    ".50",
    "5.",
    "1,000",
    "1e3",
    "-5",
    "-",
    "0.00",
    "0.01",
    "500",
    "499",
    "7",
    "8",
    "A",
    "S720",
    "Z00",
    "J00",
    "2312",
    "24",
    "8765432",
    " x ",
    "\t1",
    "a\u{1}b",
    "\u{85}",
    "ไข้ ไอ",
    "\"",
    "1234567890121",
    "1234567890123",
    "0012345678901",
    "123456789012",
    "999999999999",
    "1234567890123456",
    "12345678901234567",
    "123456789012345678",
    "1234567890123456789",
    "123456789012345678901234",
    "12345678901234567890123a",
    "12345678901234567890.00",
    "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij",
    "กขคงจฉชซญกขคงจฉชซญกขคงจฉชซญกขคงจฉชซญ",
];

/// What came of the rows of a member: what was said, and what is stored.
type Outcome = (ValidationOutcome, Vec<RowMeta>, Vec<(Value, String)>);

/// Validates lines with a batch for each `per_batch` stored rows.
fn outcome(compiled: &CompiledLayout, lines: &[String], per_batch: usize, slow: bool) -> Outcome {
    let units: FxHashSet<String> =
        ["10670", "04001", "04002"].map(str::to_owned).into_iter().collect();
    let may_send: FxHashSet<String> = ["10670", "04001"].map(str::to_owned).into_iter().collect();
    let mut index = OnePerson;
    let mut context = Context {
        sent_day: 20_140_210,
        on_time_days: 30,
        blanks: &BLANKS,
        units: &units,
        may_send: &may_send,
        persons: PersonContext::new(&mut index),
        store_answers: true,
        kept: 7,
        warnings_kept: 3,
        left: 1000,
    };
    let mut validator = Validator::new(compiled, Order::of_versions(compiled), &mut context);
    validator.slow = slow;
    let mut batch = Batch::new(compiled.width);
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (line, number) in lines.iter().zip(1..) {
        validator.row(line, number, &mut batch);
        if batch.rows.len() == per_batch || number as usize == lines.len() {
            rows.append(&mut batch.rows);
            let shown = |&value: &Value| match value {
                Value::Text(_) => (Value::Text(TextPlace::new(0, 0)), batch.display(value)),
                value => (value, String::new()),
            };
            values.extend(batch.values.iter().map(shown));
            batch.clear(compiled.width);
        }
    }
    (validator.outcome, rows, values)
}

proptest::proptest! {
    #[test]
    fn what_is_told_at_a_glance_is_what_is_found_at_length(
        file in proptest::prelude::any::<proptest::sample::Index>(),
        rows in proptest::collection::vec(
            // Which fields are not those of the row before, and what they are.
            proptest::collection::vec((0..40_u8, 0..VALUES.len()), 60), 1..25),
        per_batch in 1..9_usize,
    ) {
        let layouts = CATALOG.records.iter().flat_map(|r| r.layouts().map(move |l| (r, l)));
        let layouts: Vec<_> = layouts.collect();
        let (record, layout) = layouts[file.index(layouts.len())];
        let compiled = CompiledLayout::new(&CATALOG, record, layout, LATE).unwrap();
        let good = compiled.versions[0].iter().map(|&at| match compiled.columns[at].name.as_str() {
            "HOSPCODE" | "PCUCODE" => "10670",
            "PID" => "7",
            name if name.contains("DATE") => "20140131",
            "D_UPDATE" => "20140131093000",
            _ => "",
        });
        let good: Vec<&str> = good.collect();
        let mut fields = good.clone();
        let lines: Vec<String> = rows
            .iter()
            .map(|changes| {
                for ((field, (change, value)), good) in fields.iter_mut().zip(changes).zip(&good) {
                    match change {
                        0 => *field = VALUES[*value],
                        1..=5 => *field = good,
                        _ => {}
                    }
                }
                fields.join("|")
            })
            .collect();
        let (slow, fast) =
            (outcome(&compiled, &lines, per_batch, true), outcome(&compiled, &lines, per_batch, false));
        proptest::prop_assert_eq!(&fast.0.findings, &slow.0.findings);
        proptest::prop_assert_eq!(&fast.0.totals, &slow.0.totals);
        proptest::prop_assert_eq!(&fast.0.rejected, &slow.0.rejected);
        proptest::prop_assert_eq!(fast.0.rows, slow.0.rows);
        proptest::prop_assert_eq!(fast.1, slow.1);
        proptest::prop_assert_eq!(fast.2, slow.2);
    }
}

#[test]
fn fields_are_cut_at_every_delimiter_and_trimmed() {
    let mut fields = Vec::new();
    for length in 0..40 {
        for step in 1..6 {
            let byte =
                |at: usize| if at.is_multiple_of(step) { '|' } else { ['a', ' ', 'b'][at % 3] };
            let text: String = (0..length).map(byte).collect();
            split(&text, &mut fields);
            let cut: Vec<&str> =
                fields.iter().map(|&(start, end)| &text[start as usize..end as usize]).collect();
            let expected: Vec<&str> = text.split('|').map(str::trim_ascii).collect();
            assert_eq!(cut, expected, "{text:?}");
        }
    }
}

#[test]
fn a_code_is_kept_as_it_is_meant_and_a_word_for_nothing_is_not_kept() {
    let (record, layout) = CATALOG.file(Standard::F43, "DIAGNOSIS_OPD").unwrap();
    let compiled = CompiledLayout::new(&CATALOG, record, layout, LATE).unwrap();
    let line = |code: &str, provider: &str| {
        format!("10670|7|1|20140131|1|{code}|00100|{provider}|20140131093000")
    };
    let lines = [line("J009", "1"), line("j00.9", "null"), line("J00.9", "-"), line("J009", "1")];
    let (_, rows, values) = outcome(&compiled, &lines, 9, false);
    assert_eq!(rows.iter().map(|row| row.warned).collect::<Vec<_>>(), [false, true, true, false]);
    let kept = |name: &str| -> Vec<&str> {
        let at = compiled.columns.iter().find(|column| column.name == name).unwrap().column;
        values.chunks(compiled.width).map(|row| row[at].1.as_str()).collect()
    };
    assert_eq!(kept("DIAGCODE"), ["J009"; 4]);
    let at = compiled.columns.iter().find(|column| column.name == "PROVIDER").unwrap().column;
    let nothing: Vec<bool> =
        values.chunks(compiled.width).map(|row| row[at].0 == Value::Null).collect();
    assert_eq!(nothing, [false, true, true, false]);
}

#[test]
fn a_value_that_the_own_list_of_a_column_has_is_never_nothing() {
    let words = ["1".to_owned(), "9".to_owned()];
    let blanks = Blanks::new(&words);
    let (record, layout) = CATALOG.file(Standard::F43, "PERSON").unwrap();
    let compiled = CompiledLayout::new(&CATALOG, record, layout, LATE).unwrap();
    let sex = compiled.columns.iter().find(|column| column.name == "SEX").unwrap();
    assert!(blanks.have("1") && sex.is_listed("1") && !sex.is_listed("9"));
}

#[test]
fn codes_have_the_same_places_in_every_year() {
    for record in &CATALOG.records {
        for layout in record.layouts() {
            let of = |year| CompiledLayout::new(&CATALOG, record, layout, year).unwrap();
            let (before, after) = (of(2557), of(LATE));
            assert_eq!(before.codes, after.codes, "{}", layout.file);
        }
    }
}
