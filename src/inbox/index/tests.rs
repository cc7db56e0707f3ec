use std::collections::BTreeMap;

use super::*;
use crate::files::write_whole;
use crate::inbox::IgnoredNames;

/// An inbox in a temporary folder, with a clock that is set.
struct Lab {
    folder: tempfile::TempDir,
    index: Index,
    start: Instant,
}

impl Lab {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            index: Index::default(),
            start: Instant::now(),
        }
    }

    fn moment(&self, ms: u64) -> Moment {
        Moment {
            instant: self.start + Duration::from_millis(ms),
            at: "2014-06-01T08:00:00+07:00".parse().unwrap(),
            settle: Duration::from_secs(2),
            retry: Duration::from_secs(30),
        }
    }

    fn write(&self, name: &str, bytes: usize) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        write_whole(&path, &vec![b'x'; bytes]).unwrap();
        path
    }

    /// Lists the folder and looks at what is due.
    fn list(&mut self, ms: u64) {
        let now = self.moment(ms);
        self.index.reconcile(
            &Listing::read(self.folder.path(), &IgnoredNames::default()).unwrap(),
            &|_| false,
            now,
        );
        self.index.ripen(&|_| false, now);
    }

    fn next(&self) -> Option<String> {
        let path = self.index.next(&|_, _| false)?;
        Some(path.file_name().unwrap().to_string_lossy().into_owned())
    }

    /// Takes one after the other.
    fn order(&mut self) -> Vec<String> {
        let mut order = Vec::new();
        while let Some(name) = self.next() {
            self.index.remove(&self.folder.path().join(&name));
            order.push(name);
        }
        order
    }
}

#[test]
fn small_ones_go_first_but_a_unit_keeps_its_order() {
    let mut lab = Lab::new();
    for (name, bytes) in [
        ("F43_10670_20140101000000.zip", 9000),
        ("F21_10670_25570201000000.zip", 10),
        ("F43_04001_20140301000000.zip", 200),
        ("F43_04002_20140301000000.zip", 100),
        ("nonsense.zip", 150),
    ] {
        lab.write(name, bytes);
    }
    lab.list(0);
    assert_eq!(lab.next(), None, "nothing has settled");
    lab.list(2000);
    let want = [
        "F43_04002_20140301000000.zip",
        "nonsense.zip",
        "F43_04001_20140301000000.zip",
        "F43_10670_20140101000000.zip",
        "F21_10670_25570201000000.zip",
    ];
    let told: Vec<String> = lab.index.first(100).into_iter().map(|line| line.name).collect();
    assert_eq!(told, want, "they are told in the order in which they go");
    assert_eq!(lab.index.first(2).len(), 2);
    assert_eq!(lab.order(), want);
    assert!(lab.index.is_empty() && lab.index.due().is_none() && lab.index.oldest().is_none());
}

#[test]
fn a_unit_waits_for_its_earliest_to_settle() {
    let mut lab = Lab::new();
    lab.write("F43_10670_20140201000000.zip", 10);
    lab.list(0);
    lab.list(1500);
    lab.write("F43_10670_20140101000000.zip", 9000);
    lab.list(2500);
    assert_eq!(lab.next(), None);
    lab.list(4500);
    assert_eq!(lab.next().unwrap(), "F43_10670_20140101000000.zip");
}

#[test]
fn a_file_settles_when_it_has_not_changed_for_the_time() {
    let mut lab = Lab::new();
    let path = lab.write("F43_10670_25570101080000.zip", 4);
    let settled = |lab: &mut Lab, ms| {
        lab.list(ms);
        lab.next().is_some()
    };
    assert!(!settled(&mut lab, 0));
    assert!(!settled(&mut lab, 1900));
    lab.write("F43_10670_25570101080000.zip", 5);
    assert!(!settled(&mut lab, 2100));
    assert!(!settled(&mut lab, 4000));
    assert!(settled(&mut lab, 4100));
    // Somebody goes on writing after all: it settles anew.
    lab.write("F43_10670_25570101080000.zip", 6);
    let at = lab.moment(5000);
    assert_eq!(lab.index.confirm(&path, false, at), None);
    assert_eq!(lab.next(), None);
    assert!(!settled(&mut lab, 6900));
    assert!(settled(&mut lab, 7000));
    let at = lab.moment(7000);
    assert_eq!(lab.index.confirm(&path, false, at).unwrap().bytes, 6);
}

#[test]
fn what_is_gone_is_forgotten_and_what_came_whole_need_not_settle() {
    let mut lab = Lab::new();
    let path = lab.write("F43_10670_20140101000000.zip", 10);
    lab.write("F43_04001_20140101000000.zip", 10);
    lab.list(0);
    let at = lab.moment(1);
    lab.index.look(&path, true, at);
    assert_eq!(lab.next().unwrap(), "F43_10670_20140101000000.zip");
    std::fs::remove_file(&path).unwrap();
    lab.list(2);
    assert_eq!((lab.index.len(), lab.next()), (1, None));
    let mut changes = lab.index.changes();
    changes.sort_by(|one, other| one.0.cmp(&other.0));
    let told = changes.iter().map(|(place, line)| (place.hcode.as_deref(), line.is_some()));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [(Some("04001"), true), (Some("10670"), false)]);
    assert!(lab.index.changes().is_empty());
}

#[test]
fn what_cannot_be_taken_keeps_its_unit_waiting_and_is_looked_at_again() {
    let mut lab = Lab::new();
    let first = lab.write("F43_10670_20140101000000.zip", 10);
    lab.write("F43_10670_20140201000000.zip", 10);
    lab.write("F43_04001_20140101000000.zip", 20);
    lab.list(0);
    lab.list(2000);
    let obstacle = Obstacle::new(super::super::Reason::Trouble, &first, "disk full".to_owned());
    let at = lab.moment(2000);
    lab.index.block(&first, obstacle, at);
    assert_eq!(lab.next().unwrap(), "F43_04001_20140101000000.zip");
    let lines = lab.index.blocked_lines();
    assert_eq!((lines.len(), lines[0].behind), (1, 1));
    lab.list(31_999);
    assert_eq!(lab.index.blocked(), 1);
    lab.list(32_000);
    assert_eq!(lab.index.blocked(), 0);
    let waits = |unit: &str, _: NaiveDateTime| unit == "10670";
    let next = lab.index.next(&waits).unwrap();
    assert!(next.ends_with("F43_04001_20140101000000.zip"), "others' claims count, too");
    assert_eq!(lab.next().unwrap(), "F43_10670_20140101000000.zip");
}

/// What is in turn is asked of the index as of a list that is gone through
/// from end to end.
#[test]
fn the_index_agrees_with_a_search_through_all() {
    let mut random = 88_172_645_463_325_252_u64;
    let mut below = move |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % bound
    };
    let mut lab = Lab::new();
    let mut known: HashMap<String, u64> = HashMap::new();
    let mut told: BTreeMap<QueuePlace, u64> = BTreeMap::new();
    for step in 0..400_u64 {
        let name = format!("F43_0400{}_201401{:02}000000.zip", below(4), 1 + below(20));
        if below(3) == 0 {
            let _ = std::fs::remove_file(lab.folder.path().join(&name));
            known.remove(&name);
        } else {
            let bytes = 1 + below(50);
            lab.write(&name, bytes as usize);
            known.insert(name.clone(), bytes);
        }
        let at = lab.moment(step);
        lab.index.look(&lab.folder.path().join(&name), true, at);
        let mut heads: HashMap<&str, &str> = HashMap::new();
        for name in known.keys() {
            let head = heads.entry(&name[..9]).or_insert(name);
            *head = (*head).min(name);
        }
        let want = heads.values().min_by_key(|name| (known[**name], &name[10..], **name));
        assert_eq!(lab.next().as_deref(), want.copied(), "step {step}");
        assert_eq!(lab.index.len(), known.len());
        // Who is told of changes alone, now and then, knows the same.
        if below(5) == 0 || step == 399 {
            for (place, line) in lab.index.changes() {
                match line {
                    Some(line) => drop(told.insert(place, line.bytes)),
                    None => drop(told.remove(&place)),
                }
            }
            let all: HashMap<_, _> = told.iter().map(|(at, n)| (at.name.clone(), *n)).collect();
            assert_eq!((told.len(), all), (known.len(), known.clone()), "step {step}");
            assert!(told.keys().map(|place| &place.name).is_sorted(), "by unit and time");
        }
    }
}
