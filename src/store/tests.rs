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
            store.conn.prepare(&table.insert_sql()).unwrap();
            let sql = format!("SELECT * FROM \"{}\"", table.record);
            store.conn.prepare(&sql).unwrap().query([]).unwrap().next().unwrap();
            let (day, from) = table.event_sql();
            store.conn.prepare(&format!("SELECT {day} FROM {from}")).unwrap();
        }
        let report = store.verify(&catalog, 30).unwrap();
        assert_eq!(report, VerifyReport::default());
    }
}
