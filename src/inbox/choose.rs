//! Which waiting archive goes next: among units the smallest, within a unit
//! the earliest, because a later one may need the persons of an earlier one.

use chrono::NaiveDateTime;

use crate::archive::ArchiveName;

/// An archive that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// It is complete.
    pub settled: bool,
}

/// Position of the archive that goes next. A unit whose earliest archive is
/// still being written waits for it.
pub fn next(waiting: &[Waiting]) -> Option<usize> {
    let mut heads: Vec<(String, Option<NaiveDateTime>, usize)> = Vec::new();
    for (at, archive) in waiting.iter().enumerate() {
        let (unit, time) = match ArchiveName::parse(&archive.name) {
            Ok(name) => (name.hcode, Some(name.sent_at)),
            // What has no readable name is nobody's and waits for nobody.
            Err(_) => (format!("?{}", archive.name), None),
        };
        match heads.iter_mut().find(|head| head.0 == unit) {
            Some(head) if (time, &archive.name) < (head.1, &waiting[head.2].name) => {
                (head.1, head.2) = (time, at);
            }
            Some(_) => {}
            None => heads.push((unit, time, at)),
        }
    }
    heads
        .into_iter()
        .filter(|head| waiting[head.2].settled)
        .min_by_key(|head| (waiting[head.2].bytes, head.1, waiting[head.2].name.clone()))
        .map(|head| head.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(mut waiting: Vec<Waiting>) -> Vec<String> {
        let mut order = Vec::new();
        while let Some(at) = next(&waiting) {
            order.push(waiting.remove(at).name);
        }
        order
    }

    fn archive(name: &str, bytes: u64) -> Waiting {
        Waiting { name: name.to_owned(), bytes, settled: true }
    }

    #[test]
    fn small_ones_go_first_but_a_unit_keeps_its_order() {
        let order = order(vec![
            archive("F43_10670_20140101000000.zip", 9000),
            archive("F43_10670_25570201000000.zip", 10),
            archive("F43_04001_20140301000000.zip", 200),
            archive("F43_04002_20140301000000.zip", 100),
            archive("nonsense.zip", 150),
        ]);
        assert_eq!(
            order,
            [
                "F43_04002_20140301000000.zip",
                "nonsense.zip",
                "F43_04001_20140301000000.zip",
                "F43_10670_20140101000000.zip",
                "F43_10670_25570201000000.zip",
            ]
        );
    }

    #[test]
    fn a_unit_waits_for_its_earliest_to_settle() {
        let mut waiting = vec![
            archive("F43_10670_20140101000000.zip", 9000),
            archive("F43_10670_20140201000000.zip", 10),
        ];
        waiting[0].settled = false;
        assert_eq!(next(&waiting), None);
    }
}
