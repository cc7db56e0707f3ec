use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::Catalog;
use crate::row::{Batch, RowMeta, Value};

#[test]
fn the_tables_and_views_of_every_record_can_be_made_and_made_again() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.db");
    for _ in 0..2 {
        let store = Store::open(&path, &catalog, 8).unwrap();
        for table in &store.tables.list {
            for rows in [1, 16] {
                store.conn.prepare(&table.insert_sql(&table.columns, rows)).unwrap();
            }
            store.conn.prepare(&table.ours_sql()).unwrap();
            let sql = format!("SELECT * FROM \"{}\"", table.record);
            store.conn.prepare(&sql).unwrap().query([]).unwrap().next().unwrap();
            let (day, from) = table.event_sql();
            store.conn.prepare(&format!("SELECT {day} FROM {from}")).unwrap();
        }
        let report = store.verify(&catalog, 30).unwrap();
        assert_eq!(report, VerifyReport::default());
    }
}

/// What was found in archives of an older database is told as before.
#[test]
fn findings_of_an_older_database_are_kept() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.db");
    let conn = connection::of_version(&path, 6);
    conn.execute_batch(
        "INSERT INTO submission (id, archive, sha256, bytes, received_at, loaded_at, status)
         VALUES (1, 'a', '', 1, '2013-01-01T08:00:00+07:00', '', 'accepted'),
                (2, 'b', '', 1, '2013-01-01T09:00:00+07:00', '', 'accepted');
         INSERT INTO finding VALUES
           (1, 0, 'SE1105', 'error', 'SERVICE', 7, 'DATE_SERV', '25560101', '1|2'),
           (1, 1, 'SE9299', 'error', 'SERVICE', 8, NULL, '', '1|3'),
           (1, 2, 'SE1105', 'error', 'SERVICE', 9, 'DATE_SERV', 'x', '1|4'),
           (2, 0, 'SE9299', 'error', 'SERVICE', 2, NULL, '', '1|2');",
    )
    .unwrap();
    let all = |conn: &rusqlite::Connection| -> Vec<String> {
        let columns =
            "concat_ws('/', submission, seq, code, severity, file, line, field, value, key)";
        let sql = format!("SELECT {columns} FROM finding ORDER BY submission, seq");
        let mut query = conn.prepare(&sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
    };
    let before = all(&conn);
    drop(conn);
    let store = Store::open(&path, &catalog, 8).unwrap();
    assert_eq!(all(&store.conn), before);
    let kinds = "SELECT count(*) FROM finding_kind";
    assert_eq!(store.conn.query_row(kinds, [], |row| row.get::<_, i64>(0)).unwrap(), 3);
}

/// A reader cannot migrate, and tables of another form could give other figures:
/// it says what brings them up to date. What copies a database reads any.
#[test]
fn a_reader_refuses_a_database_that_was_not_migrated_and_says_what_helps() {
    let catalog = Catalog::builtin().unwrap();
    let latest = (migrations::KHLANG.latest)();
    for version in 1..latest {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("khlang.db");
        drop(connection::of_version(&path, version as usize));
        let Err(error) = Reader::open(&path, None) else { panic!("version {version} is read") };
        assert!(matches!(error, StoreError::Older(_)), "version {version}: {error}");
        let (th, en) = error.texts();
        assert!(th.contains("khlang verify") && en.contains("khlang verify"), "{th} / {en}");
        let old = Reader::open_any_version(&path).unwrap();
        assert!(old.archives_by_unit().unwrap().is_empty(), "version {version}");
        old.backup(&folder.path().join("copy.db")).unwrap();
        drop(Store::open(&path, &catalog, 8).unwrap());
        Reader::open(&path, None).unwrap().require_tables_of(&catalog).unwrap();
    }
}

/// Archives of an older database are counted when it is brought up to date, and
/// the self-check sees when what is kept is not what is counted.
#[test]
fn totals_are_made_for_what_was_there_and_are_proven() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.db");
    let conn = connection::of_version(&path, 5);
    conn.execute_batch(
        "INSERT INTO submission (id, archive, sha256, bytes, received_at, loaded_at, status)
         VALUES (1, 'a', '', 1, '2013-01-01T08:00:00+07:00', '', 'accepted'),
                (2, 'b', '', 1, '2013-01-01T09:00:00+07:00', '', 'void'),
                (3, 'c', '', 1, '2013-01-02T09:00:00+07:00', '', 'broken');
         INSERT INTO tally VALUES (1, 'SERVICE', 201301, 5, 0, 2, 3, 0, 0),
                                  (1, 'SERVICE', 201212, 4, 0, 4, 0, 0, 0),
                                  (2, 'SERVICE', 201301, 7, 0, 7, 0, 0, 0);
         INSERT INTO problem VALUES (3, 0, 'A01', '', NULL, '', NULL);
         INSERT INTO finding_total VALUES (1, 'SE1105', 3), (2, 'SE1105', 1);",
    )
    .unwrap();
    drop(conn);
    let store = Store::open(&path, &catalog, 8).unwrap();
    assert_eq!(store.verify(&catalog, 30).unwrap().mismatches, []);
    let reader = store.reader().unwrap().unwrap();
    let all = reader.overview(&None).unwrap();
    assert_eq!((all.received, all.duplicate, all.rejected, all.last_submission), (9, 6, 3, 3));
    assert_eq!(all.submissions.values().sum::<u64>(), 3);
    let codes = reader.codes().unwrap();
    assert_eq!((codes["SE1105"], codes["A01"]), (4, 1));
    for spoil in [
        "UPDATE submission SET rejected = rejected + 1 WHERE id = 1",
        "UPDATE day_total SET duplicate = 0 WHERE status = 'accepted'",
        "DELETE FROM day_total WHERE status = 'broken'",
        "INSERT INTO day_total VALUES ('2013-01-09', 'accepted', 1, 1, 0, 0, 0, 0)",
        "UPDATE code_total SET total = 5 WHERE code = 'SE1105'",
        "DELETE FROM code_total",
    ] {
        store.conn.execute_batch(&format!("BEGIN; {spoil}")).unwrap();
        assert!(!store.verify(&catalog, 30).unwrap().mismatches.is_empty(), "{spoil}");
        store.conn.execute_batch("ROLLBACK").unwrap();
    }
}

/// Totals of an older database get the severity that its kept findings tell;
/// where they do not, the catalogue tells it for the archive's standard.
#[test]
fn totals_of_an_older_database_say_how_bad_each_code_was() {
    use crate::archive::Standard::{F21, F43};
    use crate::catalog::Severity::{Error, Warning};
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.db");
    let conn = connection::of_version(&path, 8);
    conn.execute_batch(
        "INSERT INTO submission (id, archive, sha256, bytes, standard, hcode, round, received_at,
           loaded_at, status, findings_cut) VALUES
           (1, 'a', '', 1, 'F21', '10670', 2556, '2013-01-01T08:00:00+07:00', '', 'accepted', 0),
           (2, 'b', '', 1, 'F43', '10670', 2556, '2013-01-01T09:00:00+07:00', '', 'accepted', 1);
         INSERT INTO finding_kind VALUES
           (1, 0, 'SE1110', 'warning', 'SERVICE', 'SERVPLACE'),
           (1, 1, 'SE9511', 'error', 'SERVICE', 'SEQ'),
           (1, 2, 'SE9511', 'warning', 'SERVICE', 'PRICE'),
           (2, 0, 'SE1110', 'error', 'SERVICE', 'SERVPLACE'),
           (2, 1, 'SE9511', 'warning', 'SERVICE', 'PRICE');
         INSERT INTO finding_line VALUES
           (1, 0, 0, 2, '7', ''), (1, 1, 1, 3, 'x', ''), (1, 2, 2, 4, 'x', ''),
           (1, 3, 2, 5, 'x', ''), (2, 0, 0, 2, '7', ''), (2, 1, 1, 3, 'x', '');
         INSERT INTO finding_total VALUES
           (1, 'SE1110', 1), (1, 'SE9511', 3),
           (2, 'SE1110', 5), (2, 'SE9511', 9), (2, 'FP1104', 4);",
    )
    .unwrap();
    drop(conn);
    let store = Store::open(&path, &catalog, 8).unwrap();
    assert_eq!(store.verify(&catalog, 30).unwrap().mismatches, []);
    let totals = store.reader().unwrap().unwrap().totals_of_unit("10670", 2556, &catalog).unwrap();
    let found: Vec<_> = totals
        .findings
        .iter()
        .map(|(told, times)| (told.code.as_str(), told.standard.unwrap(), told.severity, *times))
        .collect();
    let expected = [
        ("FP1104", F43, Warning, 4),
        ("SE1110", F21, Warning, 1),
        ("SE1110", F43, Error, 5),
        ("SE9511", F21, Warning, 2),
        ("SE9511", F21, Error, 1),
        // Not all are kept, so nobody knows how many of them were which.
        ("SE9511", F43, Error, 9),
    ];
    assert_eq!(found, expected);
    let codes = store.reader().unwrap().unwrap().codes().unwrap();
    assert_eq!((codes["SE1110"], codes["SE9511"], codes["FP1104"]), (6, 12, 4));
    let one = store.submission(1, &catalog).unwrap().unwrap();
    assert_eq!((one.findings_total["SE9511"], one.findings[0].severity), (3, Warning));
    store
        .conn
        .execute_batch("UPDATE finding_total SET severity = 'note' WHERE code = 'SE1110'")
        .unwrap();
    assert!(!store.verify(&catalog, 30).unwrap().mismatches.is_empty());
}

/// A row of keys for the test below: of a unit, a visit and a person, so few
/// that many are alike.
fn few(catalog: &Catalog, record: usize, number: u64) -> Vec<Value> {
    let record = &catalog.records[record];
    let mut values = vec![Value::Null; record.columns.len()];
    let mut spread = number;
    for name in ["HOSPCODE", "SEQ", "DATE_SERV", "PID"] {
        if let Some(at) = record.column(name) {
            values[at] = Value::Int(20_130_101 + (spread % 5) as i64);
        }
        spread /= 5;
    }
    let own = record.key.iter().copied().filter(|&at| values[at] == Value::Null);
    for at in own.collect::<Vec<_>>() {
        values[at] =
            if spread.is_multiple_of(3) { Value::Null } else { Value::Int((spread % 3) as i64) };
        spread /= 3;
    }
    values
}

/// Whether rows come in runs of new ones or of known ones or one among the
/// other, each is told for what it is, and the first stays.
#[test]
fn of_rows_with_one_key_the_first_is_stored_and_the_others_are_known() {
    let catalog = Catalog::builtin().unwrap();
    for record in ["PERSON", "SERVICE", "DIAGNOSIS_OPD", "EPI"] {
        let store = Store::temporary(&catalog, 8).unwrap();
        let table = store.table(record).unwrap();
        let width = catalog.records[table].columns.len();
        let mut stored: BTreeMap<Vec<String>, (i64, u32)> = BTreeMap::new();
        let mut visits: BTreeMap<Vec<String>, u32> = BTreeMap::new();
        let (mut counter, mut random, mut told) = (0_u64, 1_u64, BTreeSet::new());
        for submission in 1..=3 {
            let mut loading = store.load(submission, 2556, false).unwrap();
            let mut line = 1;
            // New rows, then some of them again, then old and new mixed.
            for (rows, mix) in [(100, 0), (50, 1), (333, 2), (15, 2), (1, 0), (64, 1)] {
                let mut batch = Batch::new(width);
                for _ in 0..rows {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let again = mix == 1 || mix == 2 && (random >> 33).is_multiple_of(4);
                    counter += u64::from(!again);
                    let number = if again { (random >> 35) % counter } else { counter };
                    batch.values.extend(few(&catalog, table, number));
                    line += 1;
                    let (month, warned, on_time) = (201_301, false, false);
                    batch.rows.push(RowMeta { line, month, warned, on_time });
                    let row = batch.row(batch.rows.len() - 1);
                    let key = visit_of(&catalog, table, row, &batch);
                    let next = visits.len() as u32;
                    batch.visits.push(*visits.entry(key).or_insert(next));
                }
                batch.epoch = submission as u32;
                let sent = vec![true; width];
                let insert = |row: InsertedRow| {
                    let values = batch.row(row.index);
                    let columns = catalog.records[table].key.iter();
                    let key = columns.map(|&at| batch.display(values[at])).collect();
                    let new = !stored.contains_key(&key);
                    assert_eq!(row.stored, new, "{record}: row {} of {rows}", row.index);
                    stored.entry(key).or_insert((submission, batch.rows[row.index].line));
                    told.insert(new);
                };
                loading.insert(table, &batch, &sent, insert).unwrap();
            }
            loading.commit().unwrap();
        }
        assert_eq!(told.len(), 2);
        let names: Vec<String> = catalog.records[table]
            .key
            .iter()
            .map(|&at| format!("coalesce(\"{}\", '')", catalog.records[table].columns[at].name))
            .collect();
        let sql = format!("SELECT SUBMISSION, LINE, {} FROM \"{record}\"", names.join(", "));
        let mut query = store.conn.prepare(&sql).unwrap();
        let mut rows = query.query([]).unwrap();
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next().unwrap() {
            let part = |at: usize| match row.get_ref(at + 2).unwrap() {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap().to_owned(),
            };
            let key: Vec<String> = (0..names.len()).map(part).collect();
            found.insert(key, (row.get(0).unwrap(), row.get(1).unwrap()));
        }
        assert_eq!(found, stored, "{record}");
    }
}

fn visit_of(catalog: &Catalog, record: usize, row: &[Value], batch: &Batch) -> Vec<String> {
    let columns = VISIT.map(|name| catalog.records[record].column(name));
    columns.iter().flatten().map(|&at| batch.display(row[at])).collect()
}
