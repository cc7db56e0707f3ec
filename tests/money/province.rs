//! The small province of `worked.md`: its archives, registry and holds, all
//! through the real program.

use super::super::support::case::{Khlang, zipped};
use std::fmt::Write as _;

/// After everything that was sent.
const NOW: &str = "2014-07-15T09:00:00+07:00";

/// A citizen ID with a right check digit, different for every number.
pub fn cid(number: u32) -> String {
    let body = format!("1{number:011}");
    let sum: u32 = body.bytes().zip((2..=13).rev()).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", (11 - sum % 11) % 10)
}

/// Person, unit, scheme; the main unit follows from the unit.
const REGISTRY: [(u32, &str, &str); 12] = [
    (1, "10670", "UCS"),
    (2, "10670", "UCS"),
    (3, "10670", "SSS"),
    (4, "10670", "UCS"),
    (11, "04001", "UCS"),
    (13, "04001", "UCS"),
    (21, "10671", "UCS"),
    (22, "10671", "UCS"),
    (23, "10671", "UCS"),
    (24, "10671", "UCS"),
    (31, "04009", "UCS"),
    (99, "99999", "UCS"),
];

type File = (&'static str, &'static str, &'static [&'static str]);

const PERSON: &str = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|NATION|DISCHAR|D_UPDATE";
const SERVICE: &str = "PCUCODE|PID|SEQ|DATE_SERV|PRICE|INSTYPE|PAY|REFEROUT|D_UPDATE";
const DIAG: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|D_UPDATE";
const EPI: &str = "PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE";
const FP: &str = "PCUCODE|PID|SEQ|DATE_SERV|FPTYPE|DID|AMOUNT|FPPLACE|D_UPDATE";
const ANC: &str = "PCUCODE|PID|SEQ|DATE_SERV|APLACE|GRAVIDA|ANCNO|GA|ANCRES|D_UPDATE";
const SURVEIL: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGCODE|CODE506|ILLDATE|D_UPDATE";
const CHRONICFU: &str =
    "PCUCODE|PID|SEQ|DATE_SERV|WEIGHT|HEIGHT|WAIST_CM|SBP|DBP|FOOT|RETINA|D_UPDATE";
const LABFU: &str = "PCUCODE|PID|SEQ|DATE_SERV|LABTEST|LABRESULT|D_UPDATE";

/// Archives in the order of sending; `#1` is the citizen ID of person 1, `$`
/// the time of the last change.
const ARCHIVES: [(&str, &[File]); 6] = [
    (
        "F21_10670_20130915090000.zip",
        &[
            (
                "PERSON",
                PERSON,
                &[
                    "10670|#1|1|ก|2|19850520|1|099|9|$",
                    "10670|#2|2|ข|2|19850520|1|099|9|$",
                    "10670|#3|3|ค|2|19850520|4|099|9|$",
                ],
            ),
            (
                "SERVICE",
                SERVICE,
                &[
                    "10670|1|1|20130710|100|0100|0|0|$",
                    "10670|1|2|20130710|100|0100|0|0|$",
                    "10670|2|3|20130820|100|0100|0|0|$",
                    "10670|3|4|20130901|100|0100|0|0|$",
                ],
            ),
            (
                "DIAG",
                DIAG,
                &[
                    "10670|1|1|20130710|1|J00|00100|$",
                    "10670|1|2|20130710|1|R51|00100|$",
                    "10670|2|3|20130820|1|J00|00100|$",
                    "10670|3|4|20130901|1|J00|00100|$",
                ],
            ),
        ],
    ),
    (
        "F21_10670_20131205090000.zip",
        &[(
            "EPI",
            EPI,
            &[
                "10670|1|5|20131110|106|10670|$",
                "10670|2|6|20131112|106|10670|$",
                "10670|1|5|20131110|106|10670|$",
                "10670|2|7|20131113|ZZZ|10670|$",
            ],
        )],
    ),
    (
        "F21_10671_20131215090000.zip",
        &[
            (
                "PERSON",
                PERSON,
                &["10671|#21|1|ง|2|19850520|1|099|9|$", "10671|#22|2|จ|2|19850520|1|099|9|$"],
            ),
            (
                "SERVICE",
                SERVICE,
                &["10671|1|1|20131201|100|0100|0|0|$", "10671|2|2|20131202|100|0100|0|0|$"],
            ),
            (
                "DIAG",
                DIAG,
                &["10671|1|1|20131201|1|A90|00100|$", "10671|2|2|20131202|1|Z340|00100|$"],
            ),
            ("SURVEIL", SURVEIL, &["10671|1|1|20131201|A90|66|20131130|$"]),
            ("ANC", ANC, &["10671|2|2|20131202|10671|1|1|12|1|$"]),
        ],
    ),
    (
        "F21_04001_20140210090000.zip",
        &[
            (
                "PERSON",
                PERSON,
                &["04001|#11|1|ฉ|2|19850520|1|099|9|$", "04001|#12|2|ช|2|19850520|1|099|9|$"],
            ),
            (
                "SERVICE",
                SERVICE,
                &["04001|1|1|20140120|100|0100|0|0|$", "04001|2|2|20140125|100|0100|0|0|$"],
            ),
            (
                "DIAG",
                DIAG,
                &["04001|1|1|20140120|1|J00|00100|$", "04001|2|2|20140125|1|J00|00100|$"],
            ),
            ("FP", FP, &["04001|1|1|20140120|1|P|1|04001|$"]),
        ],
    ),
    (
        "F21_04009_20140520090000.zip",
        &[
            ("PERSON", PERSON, &["04009|#31|1|ซ|2|19850520|1|099|9|$"]),
            ("SERVICE", SERVICE, &["04009|1|1|20140415|100|0100|0|0|$"]),
            ("DIAG", DIAG, &["04009|1|1|20140415|1|J00|00100|$"]),
            ("CHRONICFU", CHRONICFU, &["04009|1|1|20140415|60.0|160|80|120|80|1|1|$"]),
            ("LABFU", LABFU, &["04009|1|1|20140415|01|100.00|$"]),
        ],
    ),
    (
        "F21_10671_20140610090000.zip",
        &[
            ("SERVICE", SERVICE, &["04009|1|2|20140601|100|0100|0|0|$"]),
            ("DIAG", DIAG, &["04009|1|2|20140601|1|J00|00100|$"]),
        ],
    ),
];

fn zip(files: &[File]) -> Vec<u8> {
    let members: Vec<(String, String)> = files
        .iter()
        .map(|(file, header, rows)| {
            let rows: Vec<String> = rows
                .iter()
                .map(|row| {
                    let cells = row.split('|').map(|cell| {
                        cell.strip_prefix('#').map_or_else(
                            || cell.replace('$', "20130801120000"),
                            |number| cid(number.parse().unwrap()),
                        )
                    });
                    cells.collect::<Vec<_>>().join("|")
                })
                .collect();
            (format!("{file}.txt"), format!("{header}\n{}\n", rows.join("\n")))
        })
        .collect();
    zipped(&members)
}

/// An archive that was sent the day after the last: two vaccinations, one of
/// them twice.
pub fn too_late() -> (&'static str, Vec<u8>) {
    let rows = &[
        "04009|1|8|20140610|106|04009|$",
        "04009|1|9|20140611|106|04009|$",
        "04009|1|8|20140610|106|04009|$",
    ];
    ("F21_04009_20140801000000.zip", zip(&[("EPI", EPI, rows)]))
}

/// Rows in all archives.
pub fn rows() -> usize {
    ARCHIVES.iter().flat_map(|(_, files)| files.iter()).map(|(_, _, rows)| rows.len()).sum()
}

/// Sends one of the archives again.
pub fn send(khlang: &Khlang, at: usize) {
    let (name, files) = &ARCHIVES[at];
    khlang.import(name, &zip(files));
}

/// What comes when it is late: services of quarter 1, the PERSON register of
/// the next round with other people under the same numbers, services of June.
const LATE: [(&str, &[File]); 3] = [
    (
        "F21_10670_20140714090000.zip",
        &[
            ("PERSON", PERSON, &["10670|#4|4|ฌ|2|19850520|1|099|9|$"]),
            ("SERVICE", SERVICE, &["10670|4|40|20130711|100|0100|0|0|$"]),
            ("DIAG", DIAG, &["10670|4|40|20130711|1|J00|00100|$"]),
        ],
    ),
    (
        "F21_10670_20140714100000.zip",
        &[(
            "PERSON",
            PERSON,
            &["10670|#24|1|ก|2|19850520|1|099|9|$", "10670|#23|2|ข|2|19850520|1|099|9|$"],
        )],
    ),
    (
        "F21_10671_20140714110000.zip",
        &[
            ("PERSON", PERSON, &["10671|#22|22|จ|2|19850520|1|099|9|$"]),
            ("SERVICE", SERVICE, &["10671|22|90|20140605|100|0100|0|0|$"]),
            ("DIAG", DIAG, &["10671|22|90|20140605|1|J00|00100|$"]),
        ],
    ),
];

/// Sends something that is late.
pub fn send_late(khlang: &Khlang, at: usize) {
    let (name, files) = &LATE[at];
    khlang.import(name, &zip(files));
}

/// Imports a registry of those persons of the usual one whose bit is set.
pub fn registry_of(khlang: &Khlang, members: u16) {
    import(khlang, |at| members >> at & 1 == 1);
}

/// Sends what the province sent, in this order.
fn send_all(khlang: &Khlang, order: &[usize]) {
    for &at in order {
        let (name, files) = &ARCHIVES[at];
        let said = khlang.import(name, &zip(files));
        assert_eq!(said["status"], "accepted", "{said:#}");
    }
}

fn import(khlang: &Khlang, has: impl Fn(usize) -> bool) {
    let mut text = "cid,hcode,hmain,scheme\n".to_owned();
    let members = REGISTRY.into_iter().enumerate().filter(|(at, _)| has(*at));
    for (_, (person, unit, scheme)) in members {
        let main = match unit {
            "04001" => "10670",
            "04009" => "10671",
            other => other,
        };
        writeln!(text, "{},{unit},{main},{scheme}", cid(person)).unwrap();
    }
    let path = khlang.write("population.csv", text);
    let ran = khlang.run(&["registry", "import", path.to_str().unwrap()]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
}

/// The province without holds, with its archives sent in some order.
pub fn sent_as(order: &[usize]) -> Khlang {
    let khlang = Khlang::new().now(NOW);
    send_all(&khlang, order);
    import(&khlang, |_| true);
    khlang
}

/// The whole province.
pub fn whole() -> Khlang {
    let khlang = sent_as(&[0, 1, 2, 3, 4, 5]);
    let broken = khlang.write("F21_10671_20140612090000.zip", "no zip");
    khlang.run(&["import", broken.to_str().unwrap()]);
    let holds = [
        ["04009", "OP", "2", "50"],
        ["10671", "performance", "1", "100"],
        ["10670", "EPI", "1", "100"],
    ];
    for [unit, item, tranche, percent] in holds {
        let ran = khlang.run(&[
            "hold",
            "add",
            "--round",
            "2557",
            "--unit",
            unit,
            "--item",
            item,
            "--tranche",
            tranche,
            "--percent",
            percent,
            "--reason",
            "<b>รอตรวจ</b>",
            "--by",
            "สมหญิง",
        ]);
        assert_eq!(ran.status(), 0, "{}", ran.err());
    }
    let ran = khlang.run(&["hold", "release", "3", "--reason", "ถูกต้อง", "--by", "สมชาย"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    khlang
}
