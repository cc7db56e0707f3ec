//! Money received beside money allocated.

use std::fs;

use serde_json::{Value as Json, json as j};

use super::{BACK, json, refused, sent};
use crate::support::site::UNIT_A;

#[test]
fn what_was_received_is_compared_to_the_satang() {
    let (site, _) = sent(&[("1", true)], true);
    let cup = UNIT_A;
    let path = site.root().join("statement.csv");
    let text = format!(
        "ใบแจ้งยอด,,,,,\nปีงบประมาณ,ประเภทเงิน,งวด,CUP,จำนวนเงิน,เลขที่เอกสาร,วันที่โอน\n\
         2557,VOLUME,1,{cup},\"1,234.50\",D-1,31/01/2557\n\
         2557,ไตรมาส,1,{cup},-0.25,D-2,\n2557,สนับสนุน,,{cup},10.00,,\nรวม,,,,1244.25,,\n"
    );
    fs::write(&path, &text).unwrap();
    let args = ["statement", "import", path.to_str().unwrap(), "--layout", "khlang_statement"];
    let told = json(&site, BACK, &args);
    assert_eq!(told["rows"], 3, "{told}");
    let compared = json(&site, BACK, &["statement", "compare", "--round", "2557"]);
    let lines = compared["lines"].as_array().unwrap();
    let of = |part: &str| -> &Json {
        let is = |line: &&Json| line["part"] == part && line["cup"] == cup;
        lines.iter().find(is).unwrap()
    };
    let quarter = of("quarter");
    assert_eq!(quarter["received"], "1234.25", "{quarter}");
    assert_eq!(quarter["documents"], j!(["D-1", "D-2"]), "{quarter}");
    let satang = |text: &Json| -> i64 { text.as_str().unwrap().replace('.', "").parse().unwrap() };
    for line in lines {
        let [allocated, received, difference] =
            ["allocated", "received", "difference"].map(|key| satang(&line[key]));
        assert_eq!(difference, received - allocated, "{line}");
    }
    assert_eq!(of("support")["received"], "10.00");
    let (status, out, _) = site.run(&["statement", "compare", "--round", "2557", "--lang", "en"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("1,234.25"), "{out}");
    site.assert_verified();

    for (from, to, wanted) in [
        ("VOLUME,1", "VOLUME,", "period"),
        ("VOLUME", "GIFT", "part = GIFT"),
        ("2557,VOLUME", "2014,VOLUME", "round = 2014"),
        ("-0.25", "-0.255", "amount = -0.255"),
        (&format!("1,{cup},-0.25") as &str, "1,,-0.25", "cup"),
        ("VOLUME,1", "VOLUME,ครึ่งแรก", "line 3: period = ครึ่งแรก"),
        ("VOLUME,1", "VOLUME,Q0", "period = Q0"),
    ] {
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let told = refused(&site, BACK, &args);
        assert!(told.contains(wanted), "{from}: {told}");
    }
    let wrong = ["rep", "import", path.to_str().unwrap(), "--layout", "khlang_statement"];
    assert!(refused(&site, BACK, &wrong).contains("khlang_statement"));
}

#[test]
fn a_statement_that_was_saved_again_is_refused_and_a_period_is_its_number() {
    let (site, _) = sent(&[("1", true)], true);
    let cup = UNIT_A;
    let path = site.root().join("statement.csv");
    let args = ["statement", "import", path.to_str().unwrap(), "--layout", "khlang_statement"];
    let write = |lines: &str| {
        let header = "ปีงบประมาณ,ประเภทเงิน,งวด,CUP,จำนวนเงิน,เลขที่เอกสาร,วันที่โอน";
        fs::write(&path, format!("{header}\n{lines}")).unwrap();
    };
    let first = format!("2557,VOLUME,01,{cup},100.00,D-1,\n2557,VOLUME,Q1,{cup},5.00,,\n");
    write(&first);
    json(&site, BACK, &args);
    // The same document in other bytes, after lines that are new.
    write(&format!("2557,VOLUME,2,{cup},7.00,D-2,\n2557,VOLUME,ไตรมาสที่ 1,{cup},\"100.00\",D-1,\n"));
    let told = refused(&site, BACK, &args);
    assert!(told.contains("D-1") && told.contains("statement.csv"), "{told}");
    // Another part of the same document, and a line without a document.
    write(&format!("2557,VOLUME,2,{cup},7.00,D-1,\n2557,VOLUME,1,{cup},1.00,,\n"));
    json(&site, BACK, &args);
    let compared = json(&site, BACK, &["statement", "compare", "--round", "2557"]);
    let lines = compared["lines"].as_array().unwrap();
    let received = lines.iter().filter(|line| line["received"] != "0.00" && line["cup"] == cup);
    let received: Vec<(&Json, &Json)> =
        received.map(|line| (&line["period"], &line["received"])).collect();
    assert_eq!(received, [(&j!("1"), &j!("106.00")), (&j!("2"), &j!("7.00"))], "{compared}");
    site.assert_verified();
}
