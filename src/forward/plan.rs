//! Which rows go into which archive.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Why a part waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// Nothing of the file that has to go with it was there.
    Partner,
    /// What it could go with has other columns or another encoding. After some
    /// days it goes in the place of the newer rows.
    Form,
    /// What it could go with is of a year with other checks.
    Year,
}

/// A part that cannot be sent yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitingRows {
    /// The part.
    pub part: RowsOfFile,
    /// The file that has to go with it.
    pub needs: String,
    /// Why it waits.
    pub why: WaitReason,
}

/// What the planner asks about the files of one standard.
pub(super) trait Forms {
    /// Why a question cannot be answered.
    type Error;

    /// Files that a destination takes only together with this one.
    fn needs(&self, file: &str) -> &[String];

    /// Whether rows of two submissions can stand in one member: the same
    /// columns in the same order, and the same encoding.
    fn alike(&mut self, first: &RowsOfFile, second: &RowsOfFile) -> Result<bool, Self::Error>;

    /// Whether rows are judged in an archive that has the time of submission
    /// `of` as they were in their own.
    fn same_rules(&self, part: &RowsOfFile, of: i64) -> bool;

    /// Whether rows have waited for so long, when `of` came, that they go in
    /// the place of newer ones.
    fn has_waited(&self, part: &RowsOfFile, of: i64) -> bool;
}

/// The parts of an archive, by file.
type RowsByFile = BTreeMap<String, Vec<RowsOfFile>>;

/// Sorts what a unit sent by one standard, oldest first, into archives: one for
/// each submission. What may not go alone waits, and joins the next archive
/// that has what it needs. When it cannot join for its form it goes, after some
/// time, in the place of the newer rows of that file, which wait in its stead
/// for rows that are like them.
pub(super) fn plan<F: Forms>(
    submissions: Vec<(i64, Vec<RowsOfFile>)>,
    forms: &mut F,
) -> Result<(Vec<PlannedArchive>, Vec<WaitingRows>), F::Error> {
    let mut archives = Vec::new();
    let mut waiting: Vec<WaitingRows> = Vec::new();
    for (of, own) in submissions {
        let mut files = RowsByFile::new();
        let mut apart = Vec::new();
        for rows in std::mem::take(&mut waiting) {
            let file = &rows.part.file;
            if !forms.same_rules(&rows.part, of) {
                waiting.push(WaitingRows { why: WaitReason::Year, ..rows });
                continue;
            }
            let joined = files.get(file).map_or(&[][..], Vec::as_slice);
            let beside = own.iter().filter(|other| other.file == *file).chain(joined);
            if all_alike(beside, &rows.part, forms)? {
                files.entry(file.clone()).or_default().push(rows.part);
            } else {
                apart.push(WaitingRows { why: WaitReason::Form, ..rows });
            }
        }
        for part in own {
            files.entry(part.file.clone()).or_default().push(part);
        }
        while let Some((file, needs)) = lacking(&files, forms) {
            let why = WaitReason::Partner;
            let parts = files.remove(&file).unwrap_or_default();
            let wait = |part| WaitingRows { part, needs: needs.clone(), why };
            waiting.extend(parts.into_iter().map(wait));
        }
        waiting.extend(take_turns(&mut files, apart, of, forms)?);
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

/// Puts what waited long for rows of its form in the place of those that came
/// instead; gives what waits then. Only what an archive has is replaced, so
/// that it still has what it needs.
fn take_turns<F: Forms>(
    files: &mut RowsByFile,
    apart: Vec<WaitingRows>,
    of: i64,
    forms: &mut F,
) -> Result<Vec<WaitingRows>, F::Error> {
    let mut waiting = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for rows in apart {
        let file = rows.part.file.clone();
        let Some(there) = files.get_mut(&file).filter(|_| forms.has_waited(&rows.part, of)) else {
            waiting.push(rows);
            continue;
        };
        if taken.contains(&file) {
            if all_alike(there.iter(), &rows.part, forms)? {
                there.push(rows.part);
            } else {
                waiting.push(rows);
            }
            continue;
        }
        let newer = std::mem::replace(there, vec![rows.part]);
        let WaitingRows { needs, why, .. } = rows;
        let wait = |part| WaitingRows { part, needs: needs.clone(), why };
        waiting.extend(newer.into_iter().map(wait));
        taken.insert(file);
    }
    Ok(waiting)
}

fn all_alike<'p, F: Forms>(
    beside: impl Iterator<Item = &'p RowsOfFile>,
    part: &RowsOfFile,
    forms: &mut F,
) -> Result<bool, F::Error> {
    for other in beside {
        if !forms.alike(other, part)? {
            return Ok(false);
        }
    }
    Ok(true)
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

    /// SERVICE and DIAG need each other, DRUG both. The hundreds of a line are
    /// its form, those of a submission its year; what is beyond line 1000 waits
    /// only for one submission of another form.
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
            let form = |part: &RowsOfFile| part.lines[0] / 100 % 10;
            Ok(form(first) == form(second))
        }

        fn same_rules(&self, part: &RowsOfFile, of: i64) -> bool {
            part.submission / 100 == of / 100
        }

        fn has_waited(&self, part: &RowsOfFile, of: i64) -> bool {
            part.lines[0] >= 1000 && of > part.submission + 1
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
        let waiting = waiting.iter().map(|w| {
            let why = match w.why {
                WaitReason::Partner => "",
                WaitReason::Form => " form",
                WaitReason::Year => " year",
            };
            format!("{} {}{why}", w.part.file, w.part.submission)
        });
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
            (3, &[("SERVICE", 210), ("DIAG", 210)]),
        ]);
        assert_eq!(archives, ["2: DIAG 2, SERVICE 2", "3: DIAG 1+3, SERVICE 3"]);
        assert_eq!(waiting, [""; 0]);
        let (archives, waiting) = planned(&[(1, &[("DIAG", 2), ("EPI", 2)])]);
        assert_eq!((archives, waiting), (vec!["1: EPI 1".to_owned()], vec!["DIAG 1".to_owned()]));
    }

    #[test]
    fn what_waited_long_for_its_form_goes_in_the_place_of_newer_rows() {
        let (archives, waiting) = planned(&[
            (1, &[("DIAG", 1200)]),
            (2, &[("SERVICE", 3), ("DIAG", 3)]),
            (3, &[("SERVICE", 3), ("DIAG", 3), ("DRUG", 3)]),
        ]);
        assert_eq!(archives, ["2: DIAG 2, SERVICE 2", "3: DIAG 1, DRUG 3, SERVICE 3"]);
        assert_eq!(waiting, ["DIAG 3 form"]);
        // What made room goes with the next of its own form.
        let (archives, waiting) = planned(&[
            (1, &[("DIAG", 1200)]),
            (3, &[("SERVICE", 3), ("DIAG", 3)]),
            (4, &[("SERVICE", 3), ("DIAG", 3)]),
        ]);
        assert_eq!(archives, ["3: DIAG 1, SERVICE 3", "4: DIAG 3+4, SERVICE 4"]);
        assert_eq!(waiting, [""; 0]);
        // Several of one form go together; what is of a third one waits on.
        let (archives, waiting) = planned(&[
            (1, &[("DIAG", 1200)]),
            (2, &[("DIAG", 1300)]),
            (3, &[("DIAG", 1200)]),
            (6, &[("SERVICE", 3), ("DIAG", 3)]),
        ]);
        assert_eq!(archives, ["6: DIAG 1+3, SERVICE 6"]);
        assert_eq!(waiting, ["DIAG 2 form", "DIAG 6 form"]);
    }

    #[test]
    fn rows_do_not_join_those_of_a_year_with_other_checks() {
        let (archives, waiting) =
            planned(&[(99, &[("DIAG", 2)]), (100, &[("SERVICE", 3), ("DIAG", 3)])]);
        assert_eq!(archives, ["100: DIAG 100, SERVICE 100"]);
        assert_eq!(waiting, ["DIAG 99 year"]);
        // Nor when the newer ones have nothing of that file.
        let (archives, waiting) = planned(&[(99, &[("SERVICE", 2)]), (100, &[("DIAG", 3)])]);
        assert_eq!(archives, [""; 0]);
        assert_eq!(waiting, ["SERVICE 99 year", "DIAG 100"]);
    }

    proptest! {
        #[test]
        fn every_part_is_in_one_place_and_no_archive_lacks_what_it_needs(
            sent in proptest::collection::vec(proptest::collection::btree_map(
                proptest::sample::select(vec!["SERVICE", "DIAG", "DRUG", "EPI"]),
                prop_oneof![2_u32..50, 100_u32..150, 1100_u32..1300], 0..4), 0..9)
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
