use super::*;
use crate::catalog::Catalog;

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
    let conn = open::of_version(&path, 6);
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

/// Archives of an older database are counted when it is brought up to date, and
/// the self-check sees when what is kept is not what is counted.
#[test]
fn totals_are_made_for_what_was_there_and_are_proven() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.db");
    let conn = open::of_version(&path, 5);
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
