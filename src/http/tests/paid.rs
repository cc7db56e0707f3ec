//! What was paid, over HTTP: each sees what is their own.

use std::sync::Arc;

use serde_json::Value;

use super::access::{CUP, OTHER, UNIT, get, token};
use super::fixture::site;
use crate::catalog::Catalog;
use crate::credentials::Role;
use crate::environment::Environment;
use crate::files::write_whole;
use crate::store::{Paid, PaidItem, PaidOn, PaidPool, PaidUnit, PartKind, PartOf, Store};
use crate::units::Units;

fn unit(hcode: &str, cup: &str, amount: i64) -> PaidUnit {
    let item = PaidItem { item: "OP".to_owned(), points: 100, amount, held: 0 };
    PaidUnit {
        hcode: hcode.to_owned(),
        name: hcode.to_owned(),
        cup: cup.to_owned(),
        points: 100,
        amount,
        items: vec![item],
        ..PaidUnit::default()
    }
}

fn paid() -> Paid {
    let on = PaidOn {
        submission: 4,
        rulebook: "ab".to_owned(),
        rulebook_file: "2557.toml".to_owned(),
        rulebook_text: String::new(),
        population: "person_rows".to_owned(),
        registry: None,
        units: "cd".to_owned(),
        program: "1".to_owned(),
        heads: 0,
        holds: Vec::new(),
    };
    let units = vec![unit(UNIT, CUP, 100), unit(OTHER, OTHER, 200), unit(CUP, CUP, 300)];
    Paid {
        of: PartOf { round: 2557, kind: PartKind::Quarter, part: "1".to_owned() },
        on,
        pool: PaidPool { own: 600, joined: 0, shared: 600, unshared: 0, points: 300 },
        units,
        corrections: Vec::new(),
        unshared: Vec::new(),
    }
}

#[test]
fn what_was_paid_through_others_is_not_told() {
    let site = site();
    let before = site.get("/api/v1/allocation?round=2557").json();
    assert_eq!(before["parts"][0]["closed"], Value::Null);
    let environment = site.app.environment();
    let mut store = Store::open(&site.app.database, &environment.catalog, 4).unwrap();
    store.pay_turn().unwrap().close(&paid(), "2013-01-15T09:00:00+07:00", "สมหญิง").unwrap();

    let province = token(&site, Role::Province, None, None).1;
    let cup = token(&site, Role::Cup, Some(CUP), None).1;
    let unit = token(&site, Role::Unit, Some(UNIT), None).1;
    let main = token(&site, Role::Unit, Some(CUP), None).1;
    for (who, through, sum, own) in [
        (&province, vec![OTHER, CUP], "6.00", 3),
        (&cup, vec![CUP], "4.00", 2),
        (&unit, vec![], "0.00", 1),
        (&main, vec![], "0.00", 1),
    ] {
        // What was kept of before the payment is not given.
        let money = get(&site, "/api/v1/allocation?round=2557", who).json();
        let closed = &money["parts"][0]["closed"];
        let cups: Vec<&str> =
            closed["cups"].as_array().unwrap().iter().map(|c| c["cup"].as_str().unwrap()).collect();
        assert_eq!(cups, through);
        assert_eq!((&closed["paid"], &closed["by"]), (&sum.into(), &"สมหญิง".into()));
        let cups = money["cups"].as_array().unwrap().iter();
        let units: Vec<&Value> = cups.flat_map(|cup| cup["units"].as_array().unwrap()).collect();
        assert_eq!(units.len(), own);
        for unit in units {
            assert_eq!(unit["quarters"]["1"]["closed"], true);
            assert_eq!(unit["quarters"]["1"]["amount"], unit["paid"]);
            // Nothing is stored, so that all of it was too much.
            assert!(unit["due"].as_str().unwrap().starts_with('-'));
        }
    }
    let statement = get(&site, &format!("/api/v1/statements/{CUP}?round=2557"), &cup).json();
    let table = &statement["tables"][1];
    assert_eq!((&table["name"], table["rows"].as_array().unwrap().len()), (&"paid".into(), 2));
}

#[test]
fn money_is_not_told_while_a_main_unit_is_not_in_the_list() {
    let site = site();
    let text = "hcode,name,type,level,cup,network,district,province\n\
                10669,ก,05,A,10669,,,\n03590,ข,18,P,10944,,,\n";
    let path = site.folder.path().join("units.csv");
    write_whole(&path, text.as_bytes()).unwrap();
    let config = site.app.environment().config.clone();
    let environment =
        Environment::new(Catalog::builtin().unwrap(), Units::load(&path).unwrap(), config);
    site.app.set_environment(Arc::new(environment.unwrap()));
    for target in ["/api/v1/allocation?round=2557", "/api/v1/statements/10669?round=2557"] {
        let got = site.get(target);
        assert_eq!(
            (got.status, got.json()["code"].as_str()),
            (500, Some("units_invalid")),
            "{target}"
        );
    }
    assert_eq!(site.get("/api/v1/score?round=2557").status, 200);
}
