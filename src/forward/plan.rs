//! Which rows go into which archive.

use std::collections::BTreeMap;

/// The rows of one file of one submission that are to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowsOfFile {
    /// The submission.
    pub submission: i64,
    /// Position of the record in the catalogue.
    pub record: usize,
    /// The file, as the standard calls it.
    pub file: String,
    /// Lines of the rows in the member as received, ascending; never none.
    pub lines: Vec<u32>,
}

/// An archive that is to be written: for the submission `of`, with what waited
/// for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedArchive {
    /// The submission whose time is in its name.
    pub of: i64,
    /// Rows by file, the oldest submission first.
    pub files: BTreeMap<String, Vec<RowsOfFile>>,
}

/// A part that cannot be sent yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitingRows {
    /// The part.
    pub part: RowsOfFile,
    /// The file that has to go with it.
    pub needs: String,
}

/// What the planner asks about the files of one standard.
pub(super) trait Forms {
    /// Why a question cannot be answered.
    type Error;

    /// Files that a destination takes only together with this one.
    fn needs(&self, file: &str) -> &[String];

    /// Whether rows of two submissions can stand in one member: the same
    /// header or none, and the same encoding.
    fn alike(&mut self, first: &RowsOfFile, second: &RowsOfFile) -> Result<bool, Self::Error>;
}

/// Sorts what a unit sent by one standard, oldest first, into archives: one for
/// each submission. What may not go alone waits, and joins the next archive
/// that has what it needs.
pub(super) fn plan<F: Forms>(
    submissions: Vec<(i64, Vec<RowsOfFile>)>,
    forms: &mut F,
) -> Result<(Vec<PlannedArchive>, Vec<WaitingRows>), F::Error> {
    let mut archives = Vec::new();
    let mut waiting: Vec<WaitingRows> = Vec::new();
    for (of, own) in submissions {
        let mut files: BTreeMap<String, Vec<RowsOfFile>> = BTreeMap::new();
        for WaitingRows { part, needs } in std::mem::take(&mut waiting) {
            let joined = files.get(&part.file).map_or(&[][..], Vec::as_slice);
            let beside = own.iter().filter(|other| other.file == part.file).chain(joined);
            let mut fits = true;
            for other in beside {
                fits = fits && forms.alike(other, &part)?;
            }
            if fits {
                files.entry(part.file.clone()).or_default().push(part);
            } else {
                waiting.push(WaitingRows { part, needs });
            }
        }
        for part in own {
            files.entry(part.file.clone()).or_default().push(part);
        }
        while let Some((file, needs)) = lacking(&files, forms) {
            let parts = files.remove(&file).unwrap_or_default();
            waiting
                .extend(parts.into_iter().map(|part| WaitingRows { part, needs: needs.clone() }));
        }
        if !files.is_empty() {
            archives.push(PlannedArchive { of, files });
        }
        waiting.sort_by(|a, b| {
            let key = |w: &WaitingRows| (w.part.submission, w.part.file.clone());
            key(a).cmp(&key(b))
        });
    }
    Ok((archives, waiting))
}

/// A file that lacks another one, and that one.
fn lacking<F: Forms>(
    files: &BTreeMap<String, Vec<RowsOfFile>>,
    forms: &F,
) -> Option<(String, String)> {
    files.keys().find_map(|file| {
        let missing = forms.needs(file).iter().find(|need| !files.contains_key(*need))?;
        Some((file.clone(), missing.clone()))
    })
}

/// Lines as runs: `2-57,60`.
pub(super) fn runs(lines: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = lines;
    while let Some(&first) = rest.first() {
        let count = rest.iter().zip(first..).take_while(|(line, next)| **line == *next).count();
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&first.to_string());
        if count > 1 {
            text.push('-');
            text.push_str(&rest[count - 1].to_string());
        }
        rest = &rest[count..];
    }
    text
}

#[cfg(test)]
/// The lines of runs; none when the text is not of that form.
pub(super) fn lines_of(runs: &str) -> Option<Vec<u32>> {
    let mut lines = Vec::new();
    for run in runs.split(',').filter(|run| !run.is_empty()) {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        lines.extend(first.parse::<u32>().ok()?..=last.parse().ok()?);
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// SERVICE and DIAG need each other, DRUG both; lines of the hundreds are
    /// of another form than those below.
    struct Pairs([Vec<String>; 3]);

    impl Pairs {
        fn new() -> Self {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Self([list(&["DIAG"]), list(&["SERVICE"]), list(&["SERVICE", "DIAG"])])
        }
    }

    impl Forms for Pairs {
        type Error = Infallible;

        fn needs(&self, file: &str) -> &[String] {
            match file {
                "SERVICE" => &self.0[0],
                "DIAG" => &self.0[1],
                "DRUG" => &self.0[2],
                _ => &[],
            }
        }

        fn alike(&mut self, first: &RowsOfFile, second: &RowsOfFile) -> Result<bool, Infallible> {
            Ok((first.lines[0] < 100) == (second.lines[0] < 100))
        }
    }

    fn part(submission: i64, file: &str, line: u32) -> RowsOfFile {
        RowsOfFile { submission, record: 0, file: file.to_owned(), lines: vec![line] }
    }

    /// Archives as `of: FILE submission …`, and what waits as `FILE submission`.
    fn planned(sent: &[(i64, &[(&str, u32)])]) -> (Vec<String>, Vec<String>) {
        let submissions = sent
            .iter()
            .map(|(id, files)| {
                (*id, files.iter().map(|(file, line)| part(*id, file, *line)).collect())
            })
            .collect();
        let (archives, waiting) = plan(submissions, &mut Pairs::new()).unwrap();
        let archives = archives.iter().map(|archive| {
            let files = archive.files.iter().map(|(file, parts)| {
                let of: Vec<String> = parts.iter().map(|p| p.submission.to_string()).collect();
                format!("{file} {}", of.join("+"))
            });
            format!("{}: {}", archive.of, files.collect::<Vec<_>>().join(", "))
        });
        let waiting = waiting.iter().map(|w| format!("{} {}", w.part.file, w.part.submission));
        (archives.collect(), waiting.collect())
    }

    #[test]
    fn what_may_not_go_alone_waits_for_its_partner() {
        let (archives, waiting) = planned(&[
            (1, &[("PERSON", 2), ("SERVICE", 2), ("DIAG", 2), ("DRUG", 2)]),
            // A corrected row: its visit was stored, and sent, before.
            (2, &[("DIAG", 7)]),
            (3, &[("EPI", 2)]),
            (4, &[("SERVICE", 3), ("DIAG", 3)]),
        ]);
        let wanted =
            ["1: DIAG 1, DRUG 1, PERSON 1, SERVICE 1", "3: EPI 3", "4: DIAG 2+4, SERVICE 4"];
        assert_eq!(archives, wanted);
        assert_eq!(waiting, [""; 0]);
    }

    #[test]
    fn two_that_wait_for_each_other_go_together() {
        let (archives, waiting) =
            planned(&[(1, &[("SERVICE", 2), ("DRUG", 2)]), (2, &[("DIAG", 2)])]);
        assert_eq!(archives, ["2: DIAG 2, DRUG 1, SERVICE 1"]);
        assert_eq!(waiting, [""; 0]);
    }

    #[test]
    fn rows_of_another_form_do_not_join() {
        let (archives, waiting) = planned(&[
            (1, &[("DIAG", 200)]),
            (2, &[("SERVICE", 3), ("DIAG", 3)]),
            (3, &[("SERVICE", 300), ("DIAG", 300)]),
        ]);
        assert_eq!(archives, ["2: DIAG 2, SERVICE 2", "3: DIAG 1+3, SERVICE 3"]);
        assert_eq!(waiting, [""; 0]);
        let (archives, waiting) = planned(&[(1, &[("DIAG", 2), ("EPI", 2)])]);
        assert_eq!((archives, waiting), (vec!["1: EPI 1".to_owned()], vec!["DIAG 1".to_owned()]));
    }

    proptest! {
        #[test]
        fn every_part_is_in_one_place_and_no_archive_lacks_what_it_needs(
            sent in proptest::collection::vec(proptest::collection::btree_map(
                proptest::sample::select(vec!["SERVICE", "DIAG", "DRUG", "EPI"]),
                prop_oneof![2_u32..50, 100_u32..150], 0..4), 0..9)
        ) {
            let all: Vec<(i64, Vec<RowsOfFile>)> = (1..).zip(&sent).map(|(id, files)| {
                (id, files.iter().map(|(file, line)| part(id, file, *line)).collect())
            }).collect();
            let (archives, waiting) = plan(all.clone(), &mut Pairs::new()).unwrap();
            let mut placed: Vec<RowsOfFile> = Vec::new();
            for archive in &archives {
                prop_assert!(lacking(&archive.files, &Pairs::new()).is_none());
                for parts in archive.files.values() {
                    placed.extend(parts.iter().cloned());
                    prop_assert!(parts.iter().all(|p| p.submission <= archive.of));
                    prop_assert!(parts.is_sorted_by_key(|p| p.submission));
                }
            }
            placed.extend(waiting.into_iter().map(|w| w.part));
            let key = |p: &RowsOfFile| (p.submission, p.file.clone());
            placed.sort_by_key(key);
            let mut wanted: Vec<RowsOfFile> = all.into_iter().flat_map(|(_, parts)| parts).collect();
            wanted.sort_by_key(key);
            prop_assert_eq!(placed, wanted);
        }

        #[test]
        fn runs_tell_every_line(lines in proptest::collection::btree_set(1_u32..300, 0..80)) {
            let lines: Vec<u32> = lines.into_iter().collect();
            prop_assert_eq!(lines_of(&runs(&lines)), Some(lines));
        }
    }

    #[test]
    fn a_run_is_short() {
        assert_eq!(runs(&[2, 3, 4, 7, 9, 10]), "2-4,7,9-10");
        assert_eq!(lines_of("2-x"), None);
    }
}
