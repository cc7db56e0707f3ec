use rustc_hash::FxHashSet;

use super::line::{has_control, may_have_control};
use super::*;
use crate::archive::Standard;
use crate::catalog::Catalog;

/// Judges rows given as (field, value) changes against a clean F43 SERVICE row.
fn codes_of(file: &str, base: &[(&str, &str)], changes: &[(&str, &str)]) -> Vec<String> {
    let catalog = Catalog::builtin().unwrap();
    let (record, layout) = catalog.file(Standard::F43, file).unwrap();
    let plan = Plan::new(&catalog, record, layout).unwrap();
    let orders = Order::of_versions(&plan);
    let newest = &plan.versions[1];
    let text: Vec<&str> = newest
        .iter()
        .map(|&at| {
            let name = plan.columns[at].name.as_str();
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
        units: &units,
        may_send: &may_send,
        persons: Persons::new(&mut index),
        store_answers: true,
        kept: 1000,
        warnings_kept: 1000,
    };
    let mut judge = Judge::new(&plan, orders, &mut context);
    let mut batch = Batch::new(plan.width);
    judge.row(&text.join("|"), 1, &mut batch);
    let mut codes: Vec<String> = judge
        .verdicts
        .findings
        .iter()
        .map(|f| plan.codes[usize::from(f.code)].code.clone())
        .collect();
    let stored = !batch.rows.is_empty();
    let errors = judge
        .verdicts
        .findings
        .iter()
        .any(|f| plan.codes[usize::from(f.code)].severity == crate::catalog::Severity::Error);
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
