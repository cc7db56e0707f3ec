//! The server under test, and a client that says exactly what it is told to.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use serde_json::Value;

use super::described::hold;
use crate::app::AppState;
use crate::archive::Standard;
use crate::catalog::{Catalog, Severity};
use crate::clock::{Clock, at_bangkok};
use crate::config::{Config, Span};
use crate::environment::Environment;
use crate::http::{Server, start};
use crate::store::{ForwardArchive, ForwardPart, NewForwardBatch, NewRep, NewRepRow, Store};
use crate::submission::{Counts, FindingLine, MonthCounts, Problem, Status, Submission, Texts};
use crate::units::Units;

/// A value that would be a script, a formula, or a turned-round name.
pub const HOSTILE: &str = "=<script>alert(1)</script>\u{202e}&\"'";

const UNITS: &str = "hcode,name,type,level,cup,network,district,province
10669,โรงพยาบาลใหญ่,05,A,10669,10669,เมือง,ตัวอย่าง
10944,โรงพยาบาลชุมชน <b>,07,F2,10944,10669,เหนือ,ตัวอย่าง
03590,รพ.สต.หนึ่ง,18,P,10944,10669,เหนือ,ตัวอย่าง
";

/// A running server with its folder.
pub struct Site {
    pub server: Option<Server>,
    pub address: SocketAddr,
    pub app: Arc<AppState>,
    pub folder: tempfile::TempDir,
}

/// The usual site: three units, four submissions (see [`fill`]).
pub fn site() -> Site {
    site_with(|_| {})
}

pub fn site_with(change: impl FnOnce(&mut Config)) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.http.workers = 2;
    config.limits.free_bytes = 1;
    change(&mut config);
    let app = Arc::new(app(folder.path(), config));
    let server = start(app.clone()).unwrap();
    let address = server.address();
    Site { server: Some(server), address, app, folder }
}

pub fn app(folder: &std::path::Path, config: Config) -> AppState {
    let listed = folder.join("units.csv");
    crate::files::write_whole(&listed, UNITS.as_bytes()).unwrap();
    crate::inbox::Folders::new(folder).create().unwrap();
    let environment =
        Environment::new(Catalog::builtin().unwrap(), Units::load(&listed).unwrap(), config)
            .unwrap();
    let database = folder.join("khlang.db");
    let mut store = Store::open(&database, &environment.catalog, 4).unwrap();
    fill(&mut store, &environment.catalog);
    super::audit::cases(&mut store);
    sent_on(&mut store);
    came_back(&mut store);
    drop(store);
    let clock = Clock::fixed(at(2013, 1, 15, 9));
    let folders = crate::inbox::Folders::new(folder);
    let uploads = crate::inbox::Uploads::open(&folders).unwrap();
    AppState::open(&folders, database, Arc::new(environment), clock, uploads).unwrap()
}

fn at(year: i32, month: u32, day: u32, hour: u32) -> chrono::DateTime<chrono::FixedOffset> {
    let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    at_bangkok(day.and_hms_opt(hour, 30, 0).unwrap())
}

pub fn empty(id: i64, archive: &str, hcode: Option<&str>, day: u32) -> Submission {
    Submission {
        id: Some(id),
        archive: archive.to_owned(),
        sha256: "ab".repeat(32),
        bytes: 2048,
        standard: Some(Standard::F21),
        hcode: hcode.map(str::to_owned),
        sent_at: Some(at(2013, 1, day, 7).to_rfc3339()),
        received_at: at(2013, 1, day, 8).to_rfc3339(),
        round: Some(2556),
        status: Status::Accepted,
        problems: Vec::new(),
        files: Vec::new(),
        findings: Vec::new(),
        findings_total: BTreeMap::new(),
        severities: BTreeMap::new(),
        findings_cut: false,
        notes: Vec::new(),
        void: None,
        freed: Vec::new(),
        stored: None,
        months: Vec::new(),
    }
}

pub fn store(store: &Store, s: &Submission) {
    let mut loading = store.load(s.id.unwrap(), 2556, false).unwrap();
    loading.record(s, &s.received_at).unwrap();
    loading.commit().unwrap();
}

/// 1: yesterday, accepted. 2: today, partial, with hostile values. 3: today,
/// broken. 4: today, from nobody known, broken.
fn fill(into: &mut Store, catalog: &Catalog) {
    let months = |received, accepted| {
        let counts = Counts {
            received,
            accepted,
            duplicate: 0,
            rejected: received - accepted,
            warned: 0,
            on_time: accepted,
        };
        vec![MonthCounts { file: "SERVICE".to_owned(), month: 201_301, counts }]
    };
    let problem = |code: &str, member: Option<&str>, detail: &str| Problem {
        code: code.to_owned(),
        member: member.map(str::to_owned),
        line: None,
        detail: detail.to_owned(),
        nearest: None,
        texts: Texts::find(catalog, code, Some(Standard::F21)),
    };
    let mut one = empty(1, "F21_10669_25560114073000.zip", Some("10669"), 14);
    one.months = months(120, 120);
    store(into, &one);
    let mut two = empty(2, "F21_10944_25560115073000.zip", Some("10944"), 15);
    two.status = Status::Partial;
    two.problems = vec![problem("M02", Some(HOSTILE), "DIAGCOD")];
    two.months = months(1500, 1250);
    two.count("SE1105", Severity::Error, 250);
    two.findings = (0..250).map(|line| finding(catalog, line + 2)).collect();
    store(into, &two);
    let mut three = empty(3, "F21_03590_25560115073000.zip", Some("03590"), 15);
    three.status = Status::Broken;
    three.problems = vec![problem("A01", None, "")];
    store(into, &three);
    let mut four = empty(4, "F21_99999_<i>.zip", None, 15);
    (four.status, four.standard, four.sent_at) = (Status::Broken, None, None);
    four.problems = vec![problem("A04", None, "F21_99999_<i>.zip")];
    store(into, &four);
}

/// What the first unit sent was sent on.
fn sent_on(store: &mut Store) {
    let parts = vec![ForwardPart {
        submission: 1,
        file: "SERVICE".to_owned(),
        first: 1,
        rows: 120,
        lines: "2-121".to_owned(),
    }];
    let archive = ForwardArchive {
        name: "F21_10669_25560115080000.zip".to_owned(),
        standard: "F21".to_owned(),
        hcode: "10669".to_owned(),
        bytes: 2048,
        sha256: "cd".repeat(32),
        rows: 120,
        parts,
    };
    let batch = NewForwardBatch {
        id: 1,
        destination: "nhso",
        made_at: "2013-01-15T08:00:00+07:00",
        by: "test",
        folder: "exports/forward/nhso/20130115080000",
        sent: true,
    };
    store.record_forward(&batch, &[archive]).unwrap();
}

/// Of what was sent on one row was refused; another answer is about a row of
/// the last unit that nobody knows.
fn came_back(store: &mut Store) {
    let refused = NewRepRow {
        at: 2,
        hcode: "10669".to_owned(),
        archive: "F21_10669_25560115080000.zip".to_owned(),
        told_line: Some(2),
        file: "SERVICE".to_owned(),
        record: "SERVICE".to_owned(),
        of: Some((1, 2)),
        how: "line",
        key: "10669|7|9".to_owned(),
        day: Some(20_130_110),
        code: "SE1105".to_owned(),
        ..NewRepRow::default()
    };
    let unknown = NewRepRow {
        at: 3,
        hcode: "03590".to_owned(),
        file: "SERVICE".to_owned(),
        record: "SERVICE".to_owned(),
        why: "not_stored",
        key: "03590|7|9".to_owned(),
        code: HOSTILE.to_owned(),
        ..NewRepRow::default()
    };
    for (sha256, row) in [("one", refused), ("two", unknown)] {
        let rep = NewRep {
            destination: "nhso",
            kind: "rows",
            layout: "op_sample",
            proven: false,
            version: "ef",
            file: "rep.csv",
            sha256,
            bytes: 100,
            at: "2013-01-15T08:30:00+07:00",
            by: "test",
        };
        store.record_rep(&rep, &[row]).unwrap();
    }
}

pub fn finding(catalog: &Catalog, line: u32) -> FindingLine {
    FindingLine {
        code: "SE1105".into(),
        severity: Severity::Error,
        file: "SERVICE".into(),
        line,
        field: Some("DATE_SERV".into()),
        value: HOSTILE.to_owned(),
        key: "10944|1103700123456|9".to_owned(),
        texts: Texts::find(catalog, "SE1105", Some(Standard::F21)).into(),
    }
}

/// A reply as it came.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Got {
    /// Cuts a reply up.
    pub fn read(bytes: &[u8]) -> Self {
        let end = memchr::memmem::find(bytes, b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no reply: {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(own, _)| own == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} stands twice");
        first
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    /// The code of a problem; proves that it is one.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert!(
            json["title"].is_string() && json["detail"].is_string() && json["type"].is_string()
        );
        json["code"].as_str().unwrap().to_owned()
    }
}

impl Site {
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Says `bytes`, and hears everything until the server closes. JSON must be
    /// as the `OpenAPI` document says.
    pub fn say(&self, bytes: &[u8]) -> Got {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        let got = Got::read(&hear(&mut stream));
        hold(bytes, &got);
        got
    }

    /// A request with headers.
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Got {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        self.say(format!("{text}\r\n").as_bytes())
    }

    pub fn get(&self, target: &str) -> Got {
        self.ask("GET", target, &[])
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

/// Everything until the server closes.
pub fn hear(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Milliseconds as a configured span.
pub fn ms(ms: u64) -> Span {
    Span(Duration::from_millis(ms))
}

/// Waits until something is so.
pub fn wait(what: &str, mut so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_mins(1);
    while !so() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
