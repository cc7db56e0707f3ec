//! The commands, through the real program.

use serde_json::json;

use crate::support::case::{Khlang, zipped};

const PERSON: &str = "HOSPCODE|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|DISCHARGE|D_UPDATE\n\
    10670|1000000000011|1|003|ก|ข|1|19700101|099|1|9|20131220083000\n\
    10670|1000000000029|2|003|ก|ข|1|19700101|099|1|9|20131220083000\n";
const SCREEN: &str = "HOSPCODE|PID|DATE_SERV|SERVPLACE|WEIGHT|HEIGHT|WAIST_CM|SBP_1|DBP_1|BSLEVEL|BSTEST|D_UPDATE\n\
    10670|1|20131105|1|60.0|160|80|118|76|98.00|1|20131220083000\n";

fn screened() -> Khlang {
    let khlang = Khlang::new();
    let zip = zipped(&[("PERSON.txt", PERSON), ("NCDSCREEN.txt", SCREEN)]);
    let said = khlang.import("F43_10670_25570115080000.zip", &zip);
    assert_eq!(said["status"], "accepted", "{said}");
    khlang
}

#[test]
fn a_run_gives_the_document_of_the_contract() {
    let khlang = screened();
    let ran =
        khlang.run(&["kpi", "run", "dm_screen", "--period", "2557Q2", "--level", "unit", "--json"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    // Units that sent nothing are told apart from those that come to nothing.
    let silent = |code: &str, name: &str| {
        json!({"code": code, "name": name, "numerator": 0, "denominator": 0, "value": null,
            "target": null, "met": null, "not_sent": {"needs": "NCDSCREEN",
            "th": "ไม่ได้ส่ง NCDSCREEN ในช่วงนี้", "en": "sent nothing of NCDSCREEN in the period"}})
    };
    assert_eq!(
        ran.json(),
        json!({
            "kpi": "dm_screen",
            "period": {"name": "2557Q2", "start": "2013-10-01", "end": "2014-03-31"},
            "level": "unit",
            "rows": [silent("04001", "รพ.สต.หนึ่ง"), silent("04009", "รพ.สต.สอง"),
                {"code": "10670", "name": "โรงพยาบาลหนึ่ง", "numerator": 1,
                "denominator": 2, "value": "50.00", "target": null, "met": null},
                silent("10671", "โรงพยาบาลสอง")],
            "excluded": {}
        })
    );
}

#[test]
fn all_of_them_are_one_array_and_the_same_bytes_again() {
    let khlang = screened();
    let ask = ["kpi", "run", "--all", "--period", "2557", "--level", "province", "--json"];
    let first = khlang.run(&ask);
    assert_eq!(first.status(), 0, "{}", first.err());
    let all = first.json();
    let ids: Vec<&str> =
        all.as_array().unwrap().iter().map(|one| one["kpi"].as_str().unwrap()).collect();
    assert!(ids.len() > 50 && ids.is_sorted(), "{ids:?}");
    assert_eq!(khlang.run(&ask).out(), first.out());
}

#[test]
fn explaining_masks_unless_told_otherwise() {
    let khlang = screened();
    let ask = ["kpi", "explain", "dm_screen", "--unit", "10670", "--period", "2557", "--json"];
    let unit = khlang.run(&ask).json();
    assert_eq!(unit["missing"][0]["person"], "1-xxxx-xxxxx-02-9");
    assert_eq!(unit["missing"][0]["pid"], "2");
    assert_eq!(unit["missing"][0]["lacks"], "screened");
    let left: Vec<i64> =
        unit["funnel"].as_array().unwrap().iter().map(|s| s["left"].as_i64().unwrap()).collect();
    assert_eq!(left, [2, 2, 2, 2, 1, 1, 1, 1, 2, 1]);
    let open = khlang.run(&[&ask[..], &["--unmask"]].concat());
    assert_eq!(open.json()["missing"][0]["person"], "1000000000029");
    let person = khlang.run(&[&ask[..], &["--person", "1000000000011"]].concat());
    assert!(!person.out().contains("1000000000011"), "{}", person.out());
    let outcome = &person.json()["outcomes"][0];
    assert_eq!(outcome["in_numerator"], true);
    assert!(outcome["checks"].as_array().unwrap().iter().all(|check| check["met"] != false));
}

#[test]
fn a_number_that_is_a_citizen_id_is_masked_as_one() {
    let khlang = screened();
    khlang.write(
        "data/config/kpi/seen.sql",
        "SELECT HOSPCODE AS hcode, CID AS person, 1 AS den, 0 AS num, NULL AS reason FROM PERSON\n",
    );
    khlang.write("data/config/kpi/seen.toml", "name = { th = \"พบ\", en = \"seen\" }\nunit = { th = \"\", en = \"\" }\ncounts = \"rows\"\nsource = \"ours\"\n");
    let ask = ["kpi", "explain", "seen", "--unit", "10670", "--period", "2557", "--json"];
    assert_eq!(khlang.run(&ask).json()["missing"][0]["person"], "1-xxxx-xxxxx-01-1");
    let open = khlang.run(&[&ask[..], &["--unmask"]].concat());
    assert_eq!(open.json()["missing"][0]["person"], "1000000000011");
}

#[test]
fn reported_values_are_entered_all_or_none_and_behave_alike() {
    let khlang = Khlang::new();
    let head = "kpi,unit,period,numerator,denominator,note\n";
    let file = khlang.write("bad.csv", format!("{head}ha,10670,2563,65,68,\nha,99999,2563,1,1,\ndm_screen,10670,2563,1,1,\nha,10671,2020,1,0,\n"));
    let ran = khlang.run(&["kpi", "enter", file.to_str().unwrap(), "--json"]);
    assert_eq!(ran.status(), 2);
    assert_eq!(ran.json()["mistakes"].as_array().unwrap().len(), 3, "{}", ran.out());
    let file = khlang.write("good.csv", format!("{head}ha,10670,2563,64,68,ครั้งแรก\nha,10670,2563,65,68,แก้ไข\nthai_refer,10671,2563Q3,95.6,100,\n"));
    assert_eq!(khlang.run(&["kpi", "enter", file.to_str().unwrap()]).status(), 0);
    let run = |id: &str, period: &str| {
        khlang.run(&["kpi", "run", id, "--period", period, "--level", "province", "--json"]).json()
    };
    let ha = run("ha", "2563");
    assert_eq!(ha["rows"][0]["value"], "95.59");
    assert_eq!(ha["rows"][0]["target"], "98.00");
    assert_eq!(ha["rows"][0]["met"], false);
    assert_eq!(run("thai_refer", "2563Q3")["rows"][0]["numerator"], "95.6");
    let none = run("ha", "2564");
    assert_eq!(none["not_computable"]["needs"], "reported");
    assert_eq!(none["rows"], json!([]));
}

#[test]
fn a_kpi_of_the_province_itself_is_two_files() {
    let khlang = screened();
    khlang.write("data/config/kpi/known.sql", "SELECT HOSPCODE AS hcode, CAST(CID AS BIGINT) AS person, 1 AS den,\n  CASE WHEN SEX = :sex THEN 1 ELSE 0 END AS num, NULL AS reason FROM PERSON\n");
    let toml = "name = { th = \"ชาย\", en = \"men\" }\nunit = { th = \"ร้อยละ\", en = \"percent\" }\nsource = \"ours\"\nparameters = { sex = \"1\" }\n";
    khlang.write("data/config/kpi/known.toml", toml);
    let ask = ["kpi", "run", "known", "--period", "2557", "--level", "cup", "--json"];
    assert_eq!(khlang.run(&ask).json()["rows"][0]["value"], "100.00");
    // A mistake is named with its file.
    khlang.write("data/config/kpi/known.toml", toml.replace("sex =", "sax ="));
    let ran = khlang.run(&ask);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("known.toml") && ran.err().contains(":sex"), "{}", ran.err());
}

#[test]
fn a_query_that_runs_too_long_is_stopped_and_says_so() {
    let khlang = screened().env("KHLANG__LIMITS__KPI_MS", "200");
    khlang.write("data/config/kpi/slow.sql", "SELECT '10670' AS hcode, n AS person, 1 AS den, 1 AS num, NULL AS reason FROM (\n  WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t) AS q\n");
    khlang.write("data/config/kpi/slow.toml", "name = { th = \"ช้า\", en = \"slow\" }\nunit = { th = \"\", en = \"\" }\nsource = \"ours\"\n");
    let ran = khlang.run(&["kpi", "run", "slow", "--period", "2557"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("kpi_ms") && ran.err().contains("slow"), "{}", ran.err());
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    let khlang = screened();
    for (arguments, said) in [
        (["kpi", "run", "nothing", "--period", "2557"], "nothing"),
        (["kpi", "run", "dm_screen", "--period", "2014"], "2014"),
        (["kpi", "run", "dm_screen", "--period", "2557Q5"], "2557Q5"),
    ] {
        let ran = khlang.run(&arguments);
        assert_ne!(ran.status(), 0);
        assert!(ran.err().contains(said), "{}", ran.err());
    }
}
