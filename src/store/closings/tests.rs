use super::*;
use crate::catalog::Catalog;
use crate::store::{HoldOf, Reader, Store};

const TEXT: &str = "round = 2557";

fn paid(part: &str) -> Paid {
    use sha2::Digest as _;
    let on = PaidOn {
        submission: 0,
        rulebook: crate::files::hex(&sha2::Sha256::digest(TEXT)),
        rulebook_file: "2557.toml".into(),
        rulebook_text: TEXT.into(),
        population: "registry".into(),
        registry: Some(["ab".into(), "population.csv".into(), "2014-01-01".into()]),
        units: "cd".into(),
        program: "1".into(),
        heads: 10,
        holds: vec![1],
    };
    let item = |points, amount, held| PaidItem { item: "OP".into(), points, amount, held };
    let unit = |hcode: &str, points, amount, held| PaidUnit {
        hcode: hcode.into(),
        name: format!("name of {hcode}"),
        cup: "10670".into(),
        heads: 5,
        points,
        amount,
        held,
        items: vec![item(points, amount, held)],
        ..PaidUnit::default()
    };
    let line = |hcode: &str, amount| PaidCorrection {
        part: "9".into(),
        hcode: hcode.into(),
        amount,
        held: 1,
    };
    Paid {
        of: PartOf { round: 2557, kind: PartKind::Quarter, part: part.into() },
        on,
        pool: PaidPool { own: 100, joined: 11, shared: 111, unshared: 0, points: 30 },
        units: vec![unit("04001", 10, 37, 2), unit("10670", 20, 74, 0)],
        corrections: vec![line("04001", -5), line("10670", 3)],
        unshared: vec![("9".into(), 2)],
    }
}

fn deed(reason: &str) -> HoldAction {
    HoldAction {
        at: "2014-08-01T09:00:00+07:00".into(), by: "สมชาย".into(), reason: reason.into()
    }
}

struct Place {
    folder: tempfile::TempDir,
    store: Store,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.db");
    let mut store = Store::open(&path, &Catalog::builtin().unwrap(), 8).unwrap();
    let (hcode, item, tranche) = ("04001".into(), "OP".into(), "1".into());
    let of = HoldOf { round: 2557, hcode, item, tranche, share: 100 };
    store.add_hold(&of, &deed("x")).unwrap();
    Place { folder, store }
}

impl Place {
    fn close(&mut self, part: &str) -> crate::store::Result<i64> {
        self.store.pay_turn()?.close(&paid(part), "2014-08-01T09:00:00+07:00", "สมหญิง")
    }

    fn closings(&self) -> Vec<Closing> {
        let reader = Reader::open(&self.folder.path().join("khlang.db"), None).unwrap();
        reader.closings(2557, i64::MAX).unwrap()
    }

    fn troubles(&self) -> Vec<String> {
        let report = self.store.verify(&Catalog::builtin().unwrap(), 30).unwrap();
        report.mismatches.into_iter().map(|mismatch| mismatch.what).collect()
    }
}

#[test]
fn what_was_paid_is_read_back_as_it_was_written() {
    let mut place = place();
    let id = place.close("1").unwrap();
    let all = place.closings();
    assert_eq!(all.len(), 1);
    let closing = &all[0];
    assert_eq!((closing.id, closing.by.as_str()), (id, "สมหญิง"));
    assert_eq!(closing.paid, paid("1"));
    let cup = PaidCup {
        cup: "10670".into(),
        name: "name of 10670".into(),
        units: 2,
        amount: 111,
        held: 2,
        corrected: -2,
        corrected_held: 2,
    };
    assert_eq!(closing.cups, [cup]);
    assert_eq!(place.troubles(), [""; 0]);
}

#[test]
fn a_part_is_closed_once_and_taken_up_again_with_a_reason() {
    let mut place = place();
    place.close("1").unwrap();
    let again = place.close("1").unwrap_err().to_string();
    assert!(again.contains("closed by สมหญิง"), "{again}");
    let of = paid("1").of;
    let blank = place.store.pay_turn().unwrap().reopen(&of, &deed(""));
    assert!(blank.is_err(), "a reason is needed");
    place.store.pay_turn().unwrap().reopen(&of, &deed("คำนวณผิด")).unwrap();
    assert!(place.store.pay_turn().unwrap().reopen(&of, &deed("x")).is_err());
    place.close("1").unwrap();
    let all = place.closings();
    assert_eq!(all[0].reopened, Some(deed("คำนวณผิด")));
    assert_eq!((all.len(), &all[1].reopened), (2, &None));
    assert_eq!(place.troubles(), [""; 0]);
}

#[test]
fn of_two_officers_at_once_the_second_is_told_of_the_first() {
    let mut place = place();
    let path = place.folder.path().join("khlang.db");
    let mut other = Store::open(&path, &Catalog::builtin().unwrap(), 8).unwrap();
    let turn = place.store.pay_turn().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let second = std::thread::spawn(move || {
        tell.send(()).unwrap();
        let turn = other.pay_turn()?;
        turn.close(&paid("1"), "2014-08-01T09:00:01+07:00", "สมชาย")
    });
    told.recv().unwrap();
    turn.close(&paid("1"), "2014-08-01T09:00:00+07:00", "สมหญิง").unwrap();
    let error = second.join().unwrap().unwrap_err().to_string();
    assert!(error.contains("closed by สมหญิง"), "{error}");
    assert_eq!(place.closings().len(), 1);
}

#[test]
fn nothing_of_it_can_be_changed_taken_away_or_added_to() {
    let mut place = place();
    place.close("1").unwrap();
    place.store.pay_turn().unwrap().reopen(&paid("1").of, &deed("x")).unwrap();
    for (table, column) in [
        ("closing_rulebook", "text"),
        ("closing", "by"),
        ("closing_unit", "amount"),
        ("closing_item", "amount"),
        ("closing_correction", "amount"),
        ("closing_unshared", "amount"),
        ("closing_cup", "amount"),
        ("closing_hold", "hold"),
        ("closing_seal", "digest"),
        ("reopening", "reason"),
    ] {
        for sql in
            [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")]
        {
            let error = place.store.conn.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains("never overwritten"), "{sql}: {error}");
        }
    }
    for sql in [
        "INSERT INTO closing_unit VALUES (1, 'x', '', '', 0, 0, 0, 0, 0, 0)",
        "INSERT INTO closing_correction VALUES (1, 'x', '', 0, 0)",
        "INSERT INTO closing_unshared VALUES (1, 'x', 0)",
    ] {
        let error = place.store.conn.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("never added to"), "{sql}: {error}");
    }
}

/// Whoever gets around the triggers is found out.
#[test]
fn verify_finds_what_was_tampered_with() {
    let table = [
        ("closing_unit", "UPDATE closing_unit SET amount = amount + 1", "do not add up"),
        ("closing_unit", "UPDATE closing_unit SET name = 'x'", "not what was sealed"),
        ("closing_item", "UPDATE closing_item SET held = 9", "items of a unit"),
        ("closing_cup", "UPDATE closing_cup SET units = 1", "main units do not add up"),
        ("closing_correction", "UPDATE closing_correction SET amount = 0", "corrections of main"),
        ("closing", "UPDATE closing SET at = '2014-01-01'", "not what was sealed"),
        ("closing_seal", "UPDATE closing_seal SET digest = 'x'", "not what was sealed"),
        ("closing_rulebook", "UPDATE closing_rulebook SET text = 'x'", "another one"),
        ("reopening", "UPDATE reopening SET reason = 'y'", "reopening"),
    ];
    for (name, sql, wanted) in table {
        let mut place = place();
        place.close("1").unwrap();
        place.store.pay_turn().unwrap().reopen(&paid("1").of, &deed("x")).unwrap();
        place.close("2").unwrap();
        assert_eq!(place.troubles(), [""; 0]);
        let around = format!("DROP TRIGGER {name}_stays; {sql}");
        place.store.conn.execute_batch(&around).unwrap();
        let troubles = place.troubles();
        assert!(troubles.iter().any(|what| what.contains(wanted)), "{sql}: {troubles:?}");
    }
}

#[test]
fn a_past_state_has_what_was_paid_by_then() {
    let mut place = place();
    let submission = |place: &Place| {
        let sql = "INSERT INTO submission (archive, sha256, bytes, received_at, loaded_at, status)
                   VALUES ('a', 'b', 1, '', '', 'accepted')";
        place.store.conn.execute(sql, []).unwrap();
    };
    submission(&place);
    place.close("1").unwrap();
    submission(&place);
    place.store.pay_turn().unwrap().reopen(&paid("1").of, &deed("x")).unwrap();
    let reader = Reader::open(&place.folder.path().join("khlang.db"), None).unwrap();
    let states: Vec<Vec<bool>> = (0..3)
        .map(|as_of| {
            let closings = reader.closings(2557, as_of).unwrap();
            closings.iter().map(|closing| closing.reopened.is_some()).collect()
        })
        .collect();
    assert_eq!(states, [vec![], vec![false], vec![true]]);
}
