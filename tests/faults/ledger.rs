//! All that an outcome is about: every submission with its receipt, every row
//! with the archive that it came from. Two runs over the same archives have the
//! same ledger, whatever happened to one of them on the way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::archives::{Sent, given};
use crate::support::database::Snapshot;
use crate::support::site::Site;

/// Name and hash of an archive.
pub type Key = (String, String);

/// What was stored and told.
#[derive(Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Status and folder of each submission.
    pub submissions: BTreeMap<Key, String>,
    /// Receipts, without number and time.
    pub receipts: BTreeMap<Key, Value>,
    /// Rows by file and archive.
    rows: BTreeSet<String>,
}

impl Ledger {
    /// Of a site whose processes are all dead.
    pub fn of(site: &Site) -> Self {
        let snapshot = Snapshot::of(site);
        snapshot.assert_sound();
        let mut submissions = BTreeMap::new();
        for [archive, sha256, status, stored] in snapshot.outcomes() {
            let root = stored.split('/').next().unwrap_or_default();
            let before = submissions.insert((archive, sha256), format!("{status} in {root}"));
            assert_eq!(before, None, "a submission is there twice");
        }
        let rows = snapshot.stored_rows();
        let count = rows.len();
        let rows: BTreeSet<String> = rows.into_iter().collect();
        assert_eq!(rows.len(), count, "a row is there twice");
        Self { submissions, receipts: receipts(site), rows }
    }

    /// Of these archives, loaded one after the other without any trouble.
    pub fn undisturbed(before: &[Sent], archives: &[Sent]) -> Self {
        let site = Site::new();
        let all: Vec<Sent> = before.iter().chain(archives).cloned().collect();
        let (status, out, error) = import(&site, &all);
        assert!(matches!(status, Some(0 | 2)), "{status:?}: {out}{error}");
        let ledger = Self::of(&site);
        assert_eq!(ledger.submissions.len(), all.len());
        ledger
    }

    /// Is the other one, and nothing of the site is left over.
    pub fn assert_reached(&self, site: &Site, what: &str) {
        let found = Self::of(site);
        assert_eq!(found.submissions, self.submissions, "{what}");
        for (key, receipt) in &self.receipts {
            let told = found.receipts.get(key);
            assert_same(told.unwrap_or(&Value::Null), receipt, &format!("{what}: {key:?}"));
        }
        assert_eq!(found.receipts.len(), self.receipts.len(), "{what}");
        let (lost, more): (Vec<_>, Vec<_>) = (
            self.rows.difference(&found.rows).collect(),
            found.rows.difference(&self.rows).collect(),
        );
        assert!(lost.is_empty() && more.is_empty(), "{what}: lost {lost:?}, not sent {more:?}");
        let files = site.files("outbox");
        assert_eq!(files.len(), self.submissions.len() * 3, "{what}: {files:?}");
        assert!(site.is_idle(), "{what}: {:?}", site.files("work"));
        site.assert_verified();
    }

    /// Whatever has been told by now is true in the end.
    pub fn assert_nothing_else_told(&self, site: &Site, what: &str) {
        for (key, receipt) in receipts(site) {
            let whole = self.receipts.get(&key).unwrap_or(&Value::Null);
            assert_same(&receipt, whole, &format!("{what}: {key:?}"));
        }
    }
}

/// Two receipts say the same; of all they say only the difference is shown.
fn assert_same(one: &Value, other: &Value, what: &str) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                assert_same(&one[name], &other[name], &format!("{what}.{name}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (one, other)) in a.iter().zip(b).enumerate() {
                assert_same(one, other, &format!("{what}[{at}]"));
            }
        }
        _ => assert_eq!(one, other, "{what}"),
    }
}

/// Runs `import` over archives, in their order.
pub fn import(site: &Site, archives: &[Sent]) -> (Option<i32>, String, String) {
    let paths = given(site, archives);
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    site.run(&["import"].into_iter().chain(paths).collect::<Vec<_>>())
}

fn receipts(site: &Site) -> BTreeMap<Key, Value> {
    let mut found = BTreeMap::new();
    for path in site.files("outbox") {
        let Some(name) = path.to_str().filter(|name| name.ends_with(".receipt.json")) else {
            continue;
        };
        let mut receipt = site.receipt(name.strip_prefix("outbox/").unwrap()).unwrap();
        let text = |field: &str| receipt[field].as_str().unwrap().to_owned();
        let key = (text("archive"), text("sha256"));
        for field in ["id", "received_at"] {
            receipt.as_object_mut().unwrap().remove(field).unwrap();
        }
        // As they lie in the archive, or by name when the submission was read
        // from the store again: no order is promised.
        let files = receipt["files"].as_array_mut().unwrap();
        files.sort_by_key(|file| file["file"].as_str().map(str::to_owned));
        let before = found.insert(key, receipt);
        assert_eq!(before, None, "told twice");
    }
    found
}
