//! Values that would do something where they are shown: scripts, formulas,
//! terminal codes, letters that turn the direction of writing, endless ones. In
//! every field of an archive, in names of members and of columns, they are
//! followed to every form in which anything leaves.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use calamine::{Reader, Xlsx};
use serde_json::Value;

use crate::support::parcel::{Packing, zip};
use crate::support::site::{Site, UNIT_A, wait};

const NAME: &str = "F43_10670_20140101080000.zip";

/// What is put into each field. None has the delimiter in it.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "{{ 7 * 7 }}{% raw %}",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
        "=cmd' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1:A9)",
        "＝1+1",
        "';DROP TABLE submission;--",
        "\u{202e}fdp.exe",
        "\u{2066}\u{200f}x\u{2069}",
        "\u{1b}[31mred\u{7}",
        "a\u{0}b",
        "%n%s%x",
    ]
    .map(str::to_owned)
    .into();
    values.push("ก".repeat(6000));
    values.push(format!("<b>{}", "x".repeat(20_000)));
    values
}

/// A sound row of each file; every field in turn has every value.
fn members() -> Vec<(&'static str, String)> {
    let files = [
        (
            "PERSON.txt",
            "HOSPCODE|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|D_UPDATE",
            "10670|3900000001007|P#|003|ชื่อ|สกุล|1|19800115|099|1|20131220083000",
        ),
        (
            "SERVICE.txt",
            "HOSPCODE|PID|SEQ|DATE_SERV|INSTYPE|TYPEIN|SERVPLACE|TYPEOUT|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE",
            "10670|P1|#|20131205|0100|1|1|1|120.00|0.00|0.00|20131220083000",
        ),
        (
            "DIAGNOSIS_OPD.txt",
            "HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|D_UPDATE",
            "10670|P1|#|20131205|1|J00|00100|20131220083000",
        ),
    ];
    let mut number = 0;
    let mut of_file = |header: &str, row: &str| {
        let mut text = format!("{header}\r\n");
        for at in 0..header.split('|').count() {
            // A member with NUL bytes is no text: that is for another member.
            for value in values().iter().filter(|value| !value.contains('\0')) {
                number += 1;
                let row = row.replace('#', &number.to_string());
                let mut fields: Vec<&str> = row.split('|').collect();
                fields[at] = value;
                let _ = write!(text, "{}\r\n", fields.join("|"));
            }
        }
        text
    };
    let mut members: Vec<_> =
        files.into_iter().map(|(name, header, row)| (name, of_file(header, row))).collect();
    members.push(("DEATH.txt", "HOSPCODE|<script>alert(1)</script>|=1+1\r\n1|2|3\r\n".to_owned()));
    members.push(("CARD.txt", "HOSPCODE|PID\r\na\0b|\0\r\n".to_owned()));
    members.push(("<script>alert(1)<_script>.txt", "x\r\n".to_owned()));
    members.push(("=cmd' _C calc'!A0.txt", "x\r\n".to_owned()));
    members.push(("\u{202e}txt.NOSREP.txt", "x\r\n".to_owned()));
    members
}

/// Head and body of a reply.
fn get(address: SocketAddr, path: &str) -> (String, Vec<u8>) {
    let mut whole = None;
    // Figures are counted in the background.
    wait(path, || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(reply[..end].to_vec()).unwrap();
        let there = head.starts_with("HTTP/1.1 200 ");
        assert!(there || head.starts_with("HTTP/1.1 503 "), "{path}: {head}");
        whole = there.then(|| (head, reply[end..].to_vec()));
        there
    });
    whole.unwrap()
}

/// Turns the direction of writing, or what follows, where a person reads.
fn misleads(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn page_is_harmless(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    for tag in ["<script>alert", "<img src=x", "<b>xxx", "onerror=alert(1)>"] {
        assert!(!text.contains(tag), "{what} has {tag}");
    }
    assert_eq!(text.chars().find(|letter| misleads(*letter)), None, "{what}");
    assert!(!text.contains(&"ก".repeat(3000)), "{what} shows an endless value");
    assert!(!text.contains("{{ 7") || text.contains("7 * 7"), "{what} was a template");
    assert!(!text.contains("href=\"javascript:"), "{what}");
}

fn table_is_harmless(what: &str, bytes: &[u8]) {
    assert!(bytes.starts_with("\u{feff}".as_bytes()), "{what} has no byte order mark");
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(&bytes[3..]);
    let mut cells = 0;
    for record in reader.records() {
        for cell in &record.unwrap() {
            let start = cell.trim_start_matches([' ', '\u{feff}']).chars().next();
            let runs = start.is_some_and(|c| "=+-@＝＋－＠\t\r".contains(c));
            let number = cell.parse::<f64>().is_ok();
            assert!(!runs || number, "{what}: {cell:?} would be run");
            cells += 1;
        }
    }
    assert!(cells > 0, "{what} is empty");
}

fn workbook_is_harmless(what: &str, bytes: Vec<u8>) {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    for sheet in book.sheet_names() {
        let formulas = book.worksheet_formula(&sheet).unwrap();
        assert!(formulas.used_cells().all(|(_, _, text)| text.is_empty()), "{what}: {sheet}");
        let range = book.worksheet_range(&sheet).unwrap();
        assert!(range.get_size().0 > 0, "{what}: {sheet} is empty");
    }
}

/// Every text in a document.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
        Value::Object(map) => map.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

#[test]
fn hostile_values_of_every_field_do_nothing_anywhere() {
    let mut site = Site::new();
    site.set("KHLANG__LIMITS__WARNINGS", "1000");
    site.write(
        "data/units.csv",
        "hcode,name,type,level,cup,network,district,province\n\
         10670,=1+1<script>alert(1)</script>,07,F2,10670,10670,\"@SUM(A1)\",<b>xxx\n"
            .as_bytes(),
    );
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    site.drop_archive(NAME, &zip(&members(), Packing::Deflated));
    let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{NAME}.receipt.json"));
    assert_eq!(receipt["status"], "partial", "{}", receipt["problems"]);
    daemon.wait_until_idle();
    let address = daemon.address();

    // For programs: the values as they are, in a form that nothing runs.
    let (head, json) = get(address, "/api/v1/submissions/1");
    assert!(head.contains("Content-Type: application/json") && head.contains("nosniff"), "{head}");
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["findings"], receipt["findings"]);
    let mut found = Vec::new();
    texts(&json["findings"], &mut found);
    for value in ["<script>alert(1)</script>", "=cmd' /C calc'!A0", "\u{202e}fdp.exe"] {
        assert!(found.contains(&value), "{value:?} was said as it was sent");
    }

    // For people.
    for path in ["/", "/?lang=en", "/submissions/1", "/submissions/1?lang=en&page=2", "/api"] {
        let (head, page) = get(address, path);
        assert!(head.contains("default-src 'none'"), "{path}: {head}");
        page_is_harmless(path, &page);
    }
    let kpis: Value = serde_json::from_slice(&get(address, "/api/v1/kpi").1).unwrap();
    let ids = kpis.as_array().unwrap().iter().map(|kpi| kpi["id"].as_str().unwrap());
    let path = |id: &str, format: &str| format!("/api/v1/kpi/{id}?period=2557&format={format}");
    // One that has something to say of this unit, by its name.
    let mut counted = ids.map(|id| (id, get(address, &path(id, "csv")).1));
    let lines = |table: &[u8]| String::from_utf8_lossy(table).lines().count();
    let (id, table) = counted.find(|(_, table)| lines(table) > 1).unwrap();
    table_is_harmless("the KPI table", &table);
    page_is_harmless("the KPI page", &get(address, &path(id, "html")).1);
    workbook_is_harmless("the KPI workbook", get(address, &path(id, "xlsx")).1);
    let statement = |format: &str| format!("/api/v1/statements/10670?round=2557&format={format}");
    page_is_harmless("the statement", &get(address, &statement("html")).1);
    workbook_is_harmless("its workbook", get(address, &statement("xlsx")).1);
    let (head, table) = get(address, "/api/v1/submissions/1/findings?format=csv");
    assert!(head.contains("Content-Disposition: attachment"), "{head}");
    table_is_harmless("the findings", &table);

    // What is written beside.
    let of =
        |ending: &str| std::fs::read(site.at(format!("outbox/{UNIT_A}/{NAME}{ending}"))).unwrap();
    table_is_harmless("the receipt's table", &of(".findings.csv"));
    let text = String::from_utf8(of(".receipt.txt")).unwrap();
    assert_eq!(text.chars().find(|letter| misleads(*letter) && *letter != '\u{feff}'), None);
    assert!(!daemon.log().contains("\u{1b}[31m") && !daemon.log().contains("DROP TABLE"));
    daemon.stop();
    site.assert_verified();
}
