//! The API over a synthetic province, asked as each role: the numbers are those
//! of the command line, everybody sees their own, and small counts of others
//! can neither be seen nor reckoned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::parcel::Parcel;
use crate::support::site::{Daemon, Site, UNIT_A, wait};

const PERIOD: &str = "2557";

/// A site with a province in it; no token yet.
fn province() -> Site {
    let site = Site::new();
    let parcel = site.root().join("parcel");
    let folder = parcel.display().to_string();
    let args = [
        "sample",
        &folder,
        "--units",
        "12",
        "--persons",
        "1500",
        "--months",
        "4",
        "--start",
        "2013-10-01",
    ];
    let (status, _, error) = site.run(&[&args[..], &["--seed", "3"]].concat());
    assert_eq!(status, Some(0), "{error}");
    std::fs::copy(parcel.join("units.csv"), site.at("units.csv")).unwrap();
    let entries = std::fs::read_dir(&parcel).unwrap().map(|entry| entry.unwrap().path());
    let mut archives: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "zip"))
        .map(|path| path.display().to_string())
        .collect();
    archives.sort();
    let mut import = vec!["import"];
    import.extend(archives.iter().map(String::as_str));
    assert_ne!(site.run(&import).0, Some(1));
    let register = parcel.join("population.csv").display().to_string();
    assert_ne!(site.run(&["registry", "import", &register]).0, Some(1));
    site
}

fn token(site: &Site, args: &[&str]) -> String {
    let (status, out, error) =
        site.run(&[&["token", "create", "--json", "--role"][..], args].concat());
    assert_eq!(status, Some(0), "{error}");
    let made: Value = serde_json::from_str(&out).unwrap();
    made["token"].as_str().unwrap().to_owned()
}

fn json_of(site: &Site, args: &[&str]) -> Value {
    let (status, out, error) = site.run(args);
    assert_eq!(status, Some(0), "{args:?}: {error}");
    serde_json::from_str(&out).unwrap()
}

/// Somebody with a token.
struct Client {
    address: String,
    token: String,
    agent: ureq::Agent,
}

impl Client {
    fn new(daemon: &Daemon<'_>, token: &str) -> Self {
        let log = daemon.log();
        let address = log.split("serving at ").nth(1).unwrap().split('/').nth(2).unwrap();
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { address: address.to_owned(), token: token.to_owned(), agent: config.new_agent() }
    }

    /// A reply that is there: figures that are being counted are asked for
    /// again, as a program should.
    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.page(&format!("/api/v1{path}"), "")
    }

    /// The same of a page, which is there when it has a text.
    fn page(&self, path: &str, with: &str) -> (u16, Vec<u8>) {
        let mut last = None;
        wait(path, || {
            let request = self.agent.get(format!("http://{}{path}", self.address));
            let mut got =
                request.header("Authorization", format!("Bearer {}", self.token)).call().unwrap();
            let status = got.status().as_u16();
            let body = got.body_mut().read_to_vec().unwrap();
            let text = String::from_utf8_lossy(&body);
            let there = text.contains(with) && (status != 503 || !text.contains("being_computed"));
            last = there.then_some((status, body));
            there
        });
        last.unwrap()
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Rows of an indicator by code.
    fn rows(&self, kpi: &str, level: &str) -> BTreeMap<String, Value> {
        let got = self.json(&format!("/kpi/{kpi}?period={PERIOD}&level={level}"));
        let rows = got["rows"].as_array().unwrap().clone();
        rows.into_iter().map(|row| (row["code"].as_str().unwrap().to_owned(), row)).collect()
    }
}

/// The units of the list: code, main unit, district.
fn units(site: &Site) -> Vec<[String; 3]> {
    let mut reader = csv::Reader::from_path(site.at("units.csv")).unwrap();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| [row[0].to_owned(), row[4].to_owned(), row[6].to_owned()]).collect()
}

#[test]
fn the_province_is_told_what_the_command_line_tells() {
    let site = province();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let client = Client::new(&daemon, &token(&site, &["province"]));
    let score = json_of(&site, &["score", "--round", "2557", "--json"]);
    assert_eq!(client.json("/score?round=2557"), score);
    let money = json_of(&site, &["allocate", "--round", "2557", "--json"]);
    assert_eq!(client.json("/allocation?round=2557"), money);
    // What is paid beside the service is seen at once.
    let paid = ["allocate", "close", "--round", "2557", "--quarter", "2", "--by", "x", "--json"];
    assert_eq!(json_of(&site, &paid)["closed"]["by"], "x");
    let money = json_of(&site, &["allocate", "--round", "2557", "--json"]);
    assert_eq!(money["pools"]["quarters"]["2"]["closed"], true);
    assert_eq!(client.json("/allocation?round=2557"), money);
    let quality = client.json("/quality?round=2557");
    for (unit, of) in
        score["units"].as_array().unwrap().iter().zip(quality["units"].as_array().unwrap())
    {
        assert_eq!((&unit["hcode"], &unit["quality"]), (&of["hcode"], &of["quality"]));
    }
    let args = ["kpi", "run", "dm_screen", "--period", PERIOD, "--level", "district", "--json"];
    let mut told = client.json(&format!("/kpi/dm_screen?period={PERIOD}&level=district"));
    for row in told["rows"].as_array_mut().unwrap() {
        assert_eq!(row.as_object_mut().unwrap().remove("suppressed"), Some(false.into()));
    }
    assert_eq!(told, json_of(&site, &args));
    let list = json_of(&site, &["kpi", "list", "--json"]);
    assert_eq!(client.json("/kpi"), list);
    let cup = &units(&site)[0][1];
    let out = site.root().join("statement.json").display().to_string();
    let args = ["statement", "--round", "2557", "--cup", cup, "--format", "json", "--out", &out];
    assert_eq!(site.run(&args).0, Some(0));
    let mut by_hand: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    let mut by_http = client.json(&format!("/statements/{cup}?round=2557"));
    for one in [&mut by_hand, &mut by_http] {
        one["made_at"] = Value::Null;
    }
    assert_eq!(by_http, by_hand);
    let (status, book) = client.get(&format!("/statements/{cup}?round=2557&format=xlsx"));
    assert!(status == 200 && book.starts_with(b"PK"));
    let (_, table) = client.get(&format!("/kpi/dm_screen?period={PERIOD}&format=csv"));
    assert!(table.starts_with("\u{feff}code,name,".as_bytes()));
    // A new archive, or a hold, is in the figures; nothing old is told.
    assert_eq!(client.get("/score?round=2557&unit=99999").0, 404, "no empty table");
    assert_eq!(client.get("/score?round=2599").0, 404);
    let newest = score["as_of_submission"].as_i64().unwrap().to_string();
    let (status, _, error) = site.run(&["submissions", "void", &newest, "--reason", "test"]);
    assert_eq!(status, Some(0), "{error}");
    let again = json_of(&site, &["score", "--round", "2557", "--json"]);
    assert_eq!(client.json("/score?round=2557"), again);
    daemon.stop();
}

#[test]
fn small_counts_of_others_are_neither_shown_nor_to_be_reckoned() {
    let site = province();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let all = Client::new(&daemon, &token(&site, &["province"]));
    let units = units(&site);
    let own = units.iter().find(|[hcode, cup, _]| hcode != cup).unwrap()[0].clone();
    let client = Client::new(&daemon, &token(&site, &["unit", "--hcode", &own]));
    let (mut hidden_in_all, mut shown_in_all) = (0, 0);
    for kpi in ["anc12", "dm_screen", "newborn", "epi1"] {
        let (whole, seen) = (all.rows(kpi, "unit"), client.rows(kpi, "unit"));
        assert_eq!(whole.keys().collect::<Vec<_>>(), seen.keys().collect::<Vec<_>>());
        let mut hidden = BTreeSet::new();
        for (code, row) in &seen {
            let (numerator, denominator) = (
                whole[code]["numerator"].as_u64().unwrap(),
                whole[code]["denominator"].as_u64().unwrap(),
            );
            let small = [numerator, denominator, denominator - numerator];
            let small = small.iter().any(|count| (1..5).contains(count));
            if row["suppressed"] == true {
                assert!(row["numerator"].is_null() && row["denominator"].is_null());
                assert!(row["value"].is_null() && row["met"].is_null());
                assert_ne!(*code, own, "one's own is one's own");
                hidden.insert(code.clone());
            } else {
                assert!(!small || *code == own, "{kpi} of {code} is small and shown");
                assert_eq!(row, &whole[code]);
            }
        }
        hidden_in_all += hidden.len();
        shown_in_all += seen.len() - hidden.len();
        // Whoever adds up what is shown, at any level, is left with two
        // unknowns at least.
        for (level, at) in [("cup", 1), ("district", 2)] {
            for (code, row) in client.rows(kpi, level) {
                let members = units.iter().filter(|unit| unit[at] == code);
                let unknown = members.filter(|unit| hidden.contains(&unit[0])).count();
                assert!(row["suppressed"] == true || unknown != 1, "{kpi}, {level} {code}");
            }
        }
        let province = client.rows(kpi, "province");
        let told = province.values().any(|row| row["suppressed"] == false);
        assert!(!told || hidden.len() != 1, "{kpi}: the only one hidden");
        let (_, table) = client.get(&format!("/kpi/{kpi}?period={PERIOD}&format=csv"));
        let text = String::from_utf8(table).unwrap();
        for code in &hidden {
            let line = text.lines().find(|line| line.starts_with(code.as_str())).unwrap();
            assert!(line.contains(",,,"), "{kpi}: {line}");
        }
    }
    assert!(hidden_in_all > 0 && shown_in_all > 0, "{hidden_in_all} hidden, {shown_in_all} shown");
    daemon.stop();
}

/// A unit that sent nothing is told apart from one that comes to nothing, for
/// programs and for people in both languages.
#[test]
fn a_unit_that_sent_nothing_is_told_apart() {
    let site = province();
    let list = std::fs::read_to_string(site.at("units.csv")).unwrap();
    let main = units(&site)[0][0].clone();
    let silent = format!("09998,รพ.สต.เงียบ,18,P,{main},{main},อำเภอ,จังหวัด\n");
    let office = format!("09999,สำนักงาน,02,P,{main},{main},อำเภอ,จังหวัด\n");
    std::fs::write(site.at("units.csv"), list + &silent + &office).unwrap();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let client = Client::new(&daemon, &token(&site, &["province"]));
    let rows = client.rows("visit_share", "unit");
    let row = &rows["09998"];
    assert_eq!(row["not_sent"]["needs"], "SERVICE");
    assert_eq!((&row["value"], &row["met"]), (&Value::Null, &Value::Null));
    assert!(!rows.contains_key("09999"), "an office is not asked");
    assert!(rows.values().filter(|row| row["not_sent"].is_null()).count() > 5);
    let path = format!("/kpi/visit_share?period={PERIOD}&level=unit");
    for (lang, said) in [("th", "ไม่ได้ส่ง SERVICE ในช่วงนี้"), ("en", "sent nothing of SERVICE")]
    {
        let (_, page) = client.page(&format!("{path}&lang={lang}"), "id=\"ranking\"");
        let page = String::from_utf8(page).unwrap();
        assert_eq!(page.matches(said).count(), 1, "{page}");
    }
    let (_, table) = client.get(&format!("{path}&format=csv&lang=en"));
    let table = String::from_utf8(table).unwrap();
    let line = table.lines().find(|line| line.starts_with("09998")).unwrap();
    assert!(line.contains("SERVICE"), "{line}");
    daemon.stop();
}

#[test]
fn an_indicator_is_followed_to_its_persons_by_their_unit_alone() {
    let site = province();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let units = units(&site);
    let own = units.iter().find(|[hcode, cup, _]| hcode != cup).unwrap().clone();
    let stranger = units.iter().find(|[hcode, cup, _]| hcode != cup && cup != &own[1]).unwrap();
    let client = Client::new(&daemon, &token(&site, &["unit", "--hcode", &own[0]]));
    let main = Client::new(&daemon, &token(&site, &["cup", "--hcode", &own[1]]));
    let other = Client::new(&daemon, &token(&site, &["unit", "--hcode", &stranger[0]]));
    let path = format!("/kpi/dm_screen/explain?period={PERIOD}&unit={}", own[0]);
    let funnel = client.json(&path);
    let row = &client.rows("dm_screen", "unit")[&own[0]];
    let missing = row["denominator"].as_u64().unwrap() - row["numerator"].as_u64().unwrap();
    assert!(missing > 2);
    assert_eq!(funnel["total"], missing);
    assert_eq!(main.json(&path), funnel);
    assert_eq!(other.get(&path).0, 403);
    let second = client.json(&format!("{path}&per_page=2&page=2"));
    assert_eq!(second["missing"][0], funnel["missing"][2]);
    let (_, table) = client.get(&format!("{path}&format=csv"));
    assert_eq!(String::from_utf8(table).unwrap().lines().count() as u64, missing + 1);
    let cid = funnel["missing"][0]["person"].as_str().unwrap();
    assert_eq!(cid.len(), 13, "its own unit sees whom it is to look for");
    let person = format!("/kpi/dm_screen/explain?period={PERIOD}&person={cid}");
    let at = |told: &Value| -> BTreeSet<String> {
        let outcomes = told["outcomes"].as_array().unwrap().iter();
        outcomes.map(|outcome| outcome["hcode"].as_str().unwrap().to_owned()).collect()
    };
    let told = client.json(&person);
    assert_eq!(at(&told), BTreeSet::from([own[0].clone()]));
    let told = main.json(&person);
    assert!(at(&told).contains(&own[0]));
    let nothing = other.json(&person);
    let nobody = other.json(&person.replace(cid, "1101700207030"));
    assert!(!at(&nothing).contains(&own[0]));
    assert_eq!(nobody["registered"], serde_json::json!([]));
    let all = Client::new(&daemon, &token(&site, &["province"]));
    let log = all.json("/access?per_page=1000");
    let lines = log["rows"].as_array().unwrap();
    let reads = lines.iter().filter(|line| line["route"] == "kpi_explain").count();
    assert!(reads >= 8, "{reads}");
    assert!(!log.to_string().contains(cid) && !daemon.log().contains(cid), "no person in a log");
    daemon.stop();
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let site = Site::new();
    let made = json_of(
        &site,
        &[
            "token",
            "create",
            "--role",
            "unit",
            "--hcode",
            "04001",
            "--expires",
            "2099-09-30",
            "--name",
            "ก",
            "--json",
        ],
    );
    assert_eq!(made["expires_at"], "2099-10-01T00:00:00+07:00");
    let secret = made["token"].as_str().unwrap();
    let list = json_of(&site, &["token", "list", "--json"]);
    assert_eq!(
        (&list[0]["name"], &list[0]["role"], &list[0]["hcode"]),
        (&"ก".into(), &"unit".into(), &"04001".into())
    );
    assert!(!list.to_string().contains(secret), "shown once");
    let bytes = std::fs::read(site.at("access.db")).unwrap();
    assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "and kept nowhere");
    for wrong in [
        &["--role", "unit"][..],
        &["--role", "cup", "--hcode", "04001"],
        &["--role", "unit", "--hcode", "99999"],
        &["--role", "province", "--hcode", "04001"],
        &["--role", "king"],
        &["--role", "province", "--expires", "2012-01-01"],
        &["--role", "province", "--expires", "soon"],
    ] {
        let (status, _, error) = site.run(&[&["token", "create"][..], wrong].concat());
        assert_eq!(status, Some(1), "{wrong:?}");
        assert!(error.contains("khlang: "), "{error}");
    }
    let id = made["id"].to_string();
    assert_eq!(json_of(&site, &["token", "revoke", &id, "--json"])["revoked"], true);
    assert_eq!(json_of(&site, &["token", "revoke", &id, "--json"])["revoked"], false);
    assert_eq!(site.run(&["token", "revoke", "77"]).0, Some(1));
    let (_, shown, _) = site.run(&["token", "list", "--lang", "en"]);
    assert!(shown.contains("revoked") && shown.contains(&secret[..10]));
    let (status, out, _) =
        site.run(&["token", "create", "--role", "metrics", "--expires", "never"]);
    assert!(status == Some(0) && out.starts_with("khl_") && out.contains("never"));
}

#[test]
fn a_backup_takes_tokens_along_and_brings_back_none_that_is_revoked() {
    let site = Site::new();
    let sent = site.write("sent/F43_10670_20140131080000.zip", &Parcel::new(UNIT_A, 1, 2).zip());
    assert!(site.import(&sent, None).success());
    let copy = site.root().join("copy.db").to_string_lossy().into_owned();
    let id = json_of(&site, &["token", "create", "--role", "province", "--json"])["id"].to_string();
    assert_eq!(site.run(&["backup", &copy]).0, Some(0));
    assert_eq!(json_of(&site, &["token", "revoke", &id, "--json"])["revoked"], true);
    // Where tokens are kept already, they go before those of the backup.
    assert_eq!(site.run(&["restore", &copy]).0, Some(0));
    assert!(json_of(&site, &["token", "list", "--json"])[0]["revoked_at"].is_string());
    let other = Site::new();
    assert_eq!(other.run(&["restore", &copy]).0, Some(0));
    let list = json_of(&other, &["token", "list", "--json"]);
    assert!(list[0]["revoked_at"].is_null() && list[0]["role"] == "province", "{list}");
}
