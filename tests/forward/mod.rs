//! Rows that are sent on: each once, as they were received, whatever happens.

mod flow;
mod forms;
mod kills;
mod oracle;
mod schedule;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use crate::support::case::zipped;
use crate::support::site::Site;

const NHSO: &str = "\n[[forward]]\nname = \"nhso\"\ntypes = [\"18\"]\n";

/// A site with destinations, as `khlang.toml` tells them.
fn site(destinations: &str) -> Site {
    let site = Site::new();
    site.write("config/khlang.toml", destinations.as_bytes());
    site
}

/// Runs a command that must succeed, and reads its JSON.
fn json(site: &Site, now: &str, args: &[&str]) -> Json {
    let all = [&["--now", now][..], args, &["--json"]].concat();
    let (status, out, error) = site.run(&all);
    assert_eq!(status, Some(0), "{args:?}: {out}{error}");
    serde_json::from_str(&out).unwrap()
}

/// Imports an archive; gives what became of it.
fn import(site: &Site, now: &str, name: &str, members: &[(&str, String)]) -> Json {
    let path = site.write(name, &zipped(members));
    let (status, out, error) =
        site.run(&["--now", now, "import", "--json", path.to_str().unwrap()]);
    assert!(matches!(status, Some(0 | 2)), "{name}: {out}{error}");
    serde_json::from_str::<Json>(&out).unwrap()[0].clone()
}

/// The archives of a destination, by name.
fn sent(site: &Site, destination: &str) -> BTreeMap<String, PathBuf> {
    let home = site.at("exports/forward").join(destination);
    let mut found = BTreeMap::new();
    let Ok(batches) = fs::read_dir(home) else { return found };
    for batch in
        batches.map(Result::unwrap).filter(|b| !b.file_name().to_str().unwrap().starts_with('.'))
    {
        for file in fs::read_dir(batch.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if file.path().extension().is_some_and(|extension| extension == "zip") {
                assert!(found.insert(name.clone(), file.path()).is_none(), "{name} twice");
            }
        }
    }
    found
}

/// The members of an archive as bytes.
fn members(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut member = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// Every stored row without where it came from, in order.
fn rows(site: &Site) -> Vec<String> {
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    let views: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'view' AND name = upper(name)")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut rows = Vec::new();
    for view in views {
        let mut query = conn.prepare(&format!("SELECT * FROM \"{view}\"")).unwrap();
        let own = |name: &str| !["SUBMISSION", "LINE"].contains(&name);
        let columns: Vec<usize> =
            (0..query.column_count()).filter(|at| own(query.column_name(*at).unwrap())).collect();
        let text = |row: &rusqlite::Row| {
            let values: Result<Vec<Value>, _> = columns.iter().map(|at| row.get(*at)).collect();
            Ok(format!("{view} {:?}", values?))
        };
        rows.extend(query.query_map([], text).unwrap().map(Result::unwrap));
    }
    rows.sort();
    rows
}
