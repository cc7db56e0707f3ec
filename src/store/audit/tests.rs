//! Cases as they are kept.

use super::*;
use crate::catalog::Catalog;
use crate::store::{HoldAction, Store};

fn event<'a>(step: &'a str, was: &'a str, state: &'a str, data: &'a str) -> NewEvent<'a> {
    let at = "2014-08-01T09:00:00+07:00";
    NewEvent {
        step,
        was,
        state,
        at,
        by: "สมชาย",
        token: None,
        text: "",
        data,
        facts: &[],
        money: &[],
    }
}

fn fact(line: i64) -> AuditFact {
    let (file, pid, shown) = ("EPI".to_owned(), "7".to_owned(), "{}".to_owned());
    AuditFact { file, sub: 1, line, run: 1, pid, day: 20_130_801, shown, gone: false }
}

fn case() -> AuditCase {
    AuditCase {
        id: 0,
        round: 2557,
        tranche: "1".into(),
        hcode: "04001".into(),
        rule: "epi_age".into(),
        item: "EPI".into(),
        severity: "hold".into(),
        follows: None,
        run: 1,
        version: "v".into(),
        described: "{}".into(),
        numerator: 2,
        denominator: 100,
        peers: None,
    }
}

/// A store with one case of two rows that holds all, told and decided in part.
fn store(folder: &std::path::Path) -> Store {
    let mut store =
        Store::open(&folder.join("khlang.db"), &Catalog::builtin().unwrap(), 8).unwrap();
    let turn = store.audit_turn().unwrap();
    let at = "2014-08-01T09:00:00+07:00";
    turn.add_run(&NewRun {
        at, by: "ก", round: 2557, as_of: 0, rules: "{}", opened: 1, added: 0
    })
    .unwrap();
    let (facts, money) =
        ([fact(3), fact(4)], [HoldChange::Hold { share: 10_000, is_final: false }]);
    let first = NewEvent {
        facts: &facts,
        money: &money,
        ..event("selected", "", "selected", "{\"run\":1}")
    };
    let id = turn.open_case(&case(), &first).unwrap();
    let opened = AuditCase { id, ..case() };
    turn.add_event(&opened, &event("notified", "selected", "notified", "{}")).unwrap();
    let money = [HoldChange::Release(1), HoldChange::Hold { share: 6667, is_final: true }];
    turn.add_event(
        &opened,
        &NewEvent { money: &money, ..event("resolved", "notified", "resolved", "{}") },
    )
    .unwrap();
    turn.commit().unwrap();
    store
}

fn verified(store: &Store) -> Vec<String> {
    let report = store.verify(&Catalog::builtin().unwrap(), 30).unwrap();
    report.mismatches.into_iter().map(|mismatch| mismatch.what).collect()
}

#[test]
fn nothing_of_a_case_is_ever_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(verified(&store), Vec::<String>::new());
    for table in ["audit_run", "audit_case", "audit_fact", "audit_event", "audit_hold"] {
        let column = if table == "audit_hold" { "final" } else { "run" };
        let column = match table {
            "audit_run" => "added",
            "audit_event" => "after",
            _ => column,
        };
        for sql in [format!("UPDATE {table} SET {column} = 0"), format!("DELETE FROM {table}")] {
            let error = store.conn.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains("never overwritten"), "{sql}: {error}");
        }
    }
}

#[test]
fn whoever_gets_around_the_triggers_is_told_by_the_seals() {
    let changes = [
        ("audit_event", "UPDATE audit_event SET text = 'other' WHERE step = 'notified'"),
        ("audit_event", "UPDATE audit_event SET by = 'other' WHERE step = 'resolved'"),
        ("audit_event", "DELETE FROM audit_event WHERE step = 'notified'"),
        ("audit_fact", "UPDATE audit_fact SET line = 9 WHERE line = 3"),
        ("audit_fact", "DELETE FROM audit_fact WHERE line = 3"),
        ("audit_case", "UPDATE audit_case SET hcode = '04002'"),
        ("audit_hold", "UPDATE audit_hold SET final = 0"),
        ("audit_hold", "DELETE FROM audit_hold WHERE hold = 2"),
    ];
    for (table, change) in changes {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let triggers: Vec<String> = store
            .conn
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1")
            .unwrap()
            .query_map([table], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        store.conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        for trigger in triggers {
            store.conn.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        store.conn.execute_batch(change).unwrap();
        assert!(!verified(&store).is_empty(), "{change}");
    }
}

#[test]
fn of_two_who_decide_at_once_the_second_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let turn = store.audit_turn().unwrap();
    let opened = AuditCase { id: 1, ..case() };
    let error =
        turn.add_event(&opened, &event("resolved", "notified", "resolved", "{}")).unwrap_err();
    assert!(error.to_string().contains("stands otherwise"), "{error}");
}

#[test]
fn a_hold_of_a_case_ends_with_the_case() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let deed = HoldAction {
        at: "2014-08-02T09:00:00+07:00".into(),
        by: "ก".into(),
        reason: "case 1".into(),
    };
    let error = store.release_hold(2, &deed).unwrap_err().to_string();
    assert!(error.contains("audit case 1"), "{error}");
    let held = store.audit_turn().unwrap().holds(1).unwrap();
    let told: Vec<_> =
        held.iter().map(|hold| (hold.hold, hold.share, hold.is_final, hold.ended)).collect();
    assert_eq!(told, [(1, 10_000, false, true), (2, 6667, true, false)]);
}

#[test]
fn a_second_first_case_is_refused_and_so_is_a_second_that_follows() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let turn = store.audit_turn().unwrap();
    let first = event("selected", "", "selected", "{\"run\":1}");
    assert!(turn.open_case(&case(), &first).is_err());
    let follows = AuditCase { follows: Some(1), ..case() };
    turn.open_case(&follows, &first).unwrap();
    assert!(turn.open_case(&follows, &first).is_err());
}

#[test]
fn a_turn_that_is_cut_short_leaves_neither_case_nor_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let count = |store: &Store| {
        ["audit_run", "audit_case", "audit_event", "audit_fact", "audit_hold", "hold"].map(
            |table| {
                let sql = format!("SELECT count(*) FROM {table}");
                store.conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
            },
        )
    };
    let before = count(&store);
    let turn = store.audit_turn().unwrap();
    let at = "2014-08-01T09:00:00+07:00";
    let run = NewRun { at, by: "ก", round: 2557, as_of: 0, rules: "{}", opened: 1, added: 0 };
    turn.add_run(&run).unwrap();
    let other = AuditCase { hcode: "04002".into(), run: 2, ..case() };
    let money = [HoldChange::Hold { share: 10_000, is_final: false }];
    let facts = [AuditFact { run: 2, ..fact(9) }];
    let data = "{\"run\":2}";
    let first =
        NewEvent { facts: &facts, money: &money, ..event("selected", "", "selected", data) };
    turn.open_case(&other, &first).unwrap();
    // As a kill would: whatever was written so far was never committed.
    drop(turn);
    assert_eq!(count(&store), before);
    assert_eq!(verified(&store), Vec::<String>::new());
}

#[test]
fn the_mark_differs_once_a_submission_or_a_row_was_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    store.conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let mut marks = std::collections::BTreeSet::new();
    for change in [
        "",
        "INSERT INTO freed_row VALUES
           (1, 'EPI', 3, 'EPI', 1, '', '04001', '7', NULL, '{}', 'now', 'x', 'x', 1)",
        "INSERT INTO void VALUES (1, 'now', 'x', 'x', 'accepted', 0)",
    ] {
        store.conn.execute_batch(change).unwrap();
        marks.insert(store.audit_turn().unwrap().mark().unwrap());
    }
    assert_eq!(marks.len(), 3);
}
