//! What a run does to the cases that there are. Pure: the same findings and
//! cases give the same plan.
//!
//! The same facts never open a second case. An open case takes rows that are
//! new as evidence, and is cleared when nothing of it is left. After one that
//! was decided only rows that are in no earlier case count, and they alone have
//! to raise the next. A rate is the one fact of its unit, tranche and rule: it
//! opens one case, ever.

use super::case::RowPlaces;
use super::find::{AuditFinding, counted};
use super::rows::{RowKey, SuspiciousRow, UnitRows};
use super::rule::{AuditRule, CaseSeverity, RuleKind};

/// A case as far as a run needs to know it.
#[derive(Debug, Clone)]
pub struct KnownCase {
    /// Its number.
    pub id: i64,
    /// Whether it is decided.
    pub resolved: bool,
    /// How bad it is.
    pub severity: CaseSeverity,
    /// The rows that are kept of it.
    pub places: RowPlaces,
    /// How many rows it rested on when it was last looked at.
    pub counted: u64,
    /// How many of those that it was ever given are still there.
    pub still: u64,
    /// Whether the submissions of all of them were taken back.
    pub all_gone: bool,
    /// Of rows that are not kept one by one, all of submissions up to this one
    /// are known.
    pub cut_until: Option<i64>,
    /// Whether it was cleared when it was last looked at.
    pub cleared: bool,
}

/// What becomes of a unit's finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A case is opened.
    Open {
        /// After this one.
        follows: Option<i64>,
        /// How bad it is.
        severity: CaseSeverity,
        /// With these rows; of more than are kept of a case, the latest.
        rows: Vec<SuspiciousRow>,
        /// All that it rests on, with these; of rates nothing.
        standing: Vec<RowKey>,
    },
    /// A case gets rows, loses some that were taken back, or is worse than it was.
    Evidence(Evidence),
    /// Nothing of a case is left.
    Cleared {
        /// Which.
        case: i64,
    },
}

/// What has changed of what an open case rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The case.
    pub case: i64,
    /// Rows that it gets; of more than are kept of a case, the latest.
    pub rows: Vec<SuspiciousRow>,
    /// How many it gets.
    pub joined: u64,
    /// How many of it were taken back since it was last looked at.
    pub gone: u64,
    /// How many it rests on now; of rates the numerator.
    pub numerator: u64,
    /// All that was found of it now, with those that it gets; of rates nothing.
    pub standing: Vec<RowKey>,
    /// It holds money from now on.
    pub raised: bool,
}

/// What becomes of what a rule found at a unit in a tranche, with the cases of
/// the same in order.
pub fn change(
    rule: &AuditRule,
    finding: Option<&AuditFinding>,
    cases: &[KnownCase],
) -> Option<Change> {
    let open = cases.iter().rev().find(|case| !case.resolved);
    match rule.kind {
        RuleKind::Rows => rows(rule, finding, cases, open),
        RuleKind::Rate => rate(finding, cases, open),
    }
}

fn rate(
    finding: Option<&AuditFinding>,
    cases: &[KnownCase],
    open: Option<&KnownCase>,
) -> Option<Change> {
    let severity = finding.and_then(|finding| finding.severity);
    match (open, severity) {
        (Some(case), None) => (!case.cleared).then_some(Change::Cleared { case: case.id }),
        (Some(case), Some(severity)) => {
            let raised = severity > case.severity;
            let says = raised || case.cleared;
            says.then(|| {
                Change::Evidence(Evidence {
                    case: case.id,
                    rows: Vec::new(),
                    joined: 0,
                    gone: 0,
                    numerator: finding.map_or(0, |finding| finding.numerator),
                    standing: Vec::new(),
                    raised,
                })
            })
        }
        (None, Some(severity)) if cases.is_empty() => {
            let (rows, standing) = (Vec::new(), Vec::new());
            Some(Change::Open { follows: None, severity, rows, standing })
        }
        (None, _) => None,
    }
}

fn rows(
    rule: &AuditRule,
    finding: Option<&AuditFinding>,
    cases: &[KnownCase],
    open: Option<&KnownCase>,
) -> Option<Change> {
    let none = UnitRows::default();
    let found = finding.map_or(&none, |finding| &finding.rows);
    let denominator = finding.map_or(0, |finding| finding.denominator);
    let known = |case: &KnownCase, key: &RowKey| {
        case.cut_until.is_some_and(|until| key.sub <= until)
            || case.places.contains(&(key.file.to_string(), key.sub, key.line))
    };
    let decided = |key: &&RowKey| cases.iter().any(|case| case.resolved && known(case, key));
    // What was decided is not judged again.
    let left: Vec<&RowKey> = found.keys().filter(|key| !decided(key)).collect();
    let worst = |rows: &[&RowKey]| {
        rule.judge(counted(rule, rows.iter().copied()), rows.len() as u64, denominator)
    };
    let whole = |wanted: &dyn Fn(&RowKey) -> bool| -> Vec<SuspiciousRow> {
        found.rows.iter().filter(|row| wanted(&row.key)).cloned().collect()
    };
    let Some(case) = open else {
        let severity = worst(&left)?;
        let rows = whole(&|key| !decided(&key));
        let standing = left.into_iter().cloned().collect();
        let follows = cases.last().map(|case| case.id);
        return Some(Change::Open { follows, severity, rows, standing });
    };
    // Of an earlier case that was taken up again the rows stay there: no row is
    // in two open cases.
    let elsewhere = |key: &&RowKey| cases.iter().any(|one| one.id != case.id && known(one, key));
    let left: Vec<&RowKey> = left.into_iter().filter(|key| !elsewhere(key)).collect();
    let joined = left.iter().filter(|key| !known(case, key)).count() as u64;
    let raised = worst(&left).is_some_and(|severity| severity > case.severity);
    let gone = case.counted.saturating_sub(case.still);
    if joined > 0 || raised || (gone > 0 && !left.is_empty()) {
        let rows = whole(&|key| !decided(&key) && !elsewhere(&key) && !known(case, key));
        let standing = left.into_iter().cloned().collect();
        let (case, numerator) = (case.id, case.still + joined);
        let evidence = Evidence { case, rows, joined, gone, numerator, standing, raised };
        return Some(Change::Evidence(evidence));
    }
    let nothing = left.is_empty() && case.all_gone;
    (nothing && !case.cleared).then_some(Change::Cleared { case: case.id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::RuleLibrary;

    fn row(sub: i64, line: i64) -> SuspiciousRow {
        let key = RowKey { file: "EPI".into(), sub, line, group: 0 };
        SuspiciousRow { key, pid: "1".to_owned(), day: 20_130_801, shown: "{}".to_owned() }
    }

    fn lines(sub: i64, lines: std::ops::Range<i64>) -> Vec<SuspiciousRow> {
        lines.map(|line| row(sub, line)).collect()
    }

    fn keys(rows: &[SuspiciousRow]) -> Vec<RowKey> {
        rows.iter().map(|row| row.key.clone()).collect()
    }

    fn opened(follows: Option<i64>, rows: Vec<SuspiciousRow>) -> Change {
        let standing = keys(&rows);
        Change::Open { follows, severity: CaseSeverity::Hold, rows, standing }
    }

    fn finding(rows: Vec<SuspiciousRow>) -> AuditFinding {
        let numerator = rows.len() as u64;
        let severity = (numerator >= 5).then_some(CaseSeverity::Hold);
        AuditFinding {
            hcode: "04001".into(),
            rows: UnitRows { rows, rest: Vec::new() },
            numerator,
            denominator: 100,
            severity,
            peers: None,
        }
    }

    fn known(id: i64, resolved: bool, rows: &[SuspiciousRow]) -> KnownCase {
        let places =
            rows.iter().map(|row| (row.key.file.to_string(), row.key.sub, row.key.line)).collect();
        let severity = CaseSeverity::Hold;
        KnownCase {
            id,
            resolved,
            severity,
            places,
            counted: rows.len() as u64,
            still: rows.len() as u64,
            all_gone: false,
            cut_until: None,
            cleared: false,
        }
    }

    /// At five rows `epi_age` holds, at three it warns.
    fn change_of(rows: Vec<SuspiciousRow>, cases: &[KnownCase]) -> Option<Change> {
        let library = RuleLibrary::load(None).unwrap();
        change(&library.rules["epi_age"], Some(&finding(rows)), cases)
    }

    #[test]
    fn a_case_is_opened_once_for_the_same_rows() {
        let five = lines(1, 0..5);
        assert_eq!(change_of(five.clone(), &[]), Some(opened(None, five.clone())));
        assert_eq!(change_of(five.clone(), &[known(1, false, &five)]), None);
        assert_eq!(change_of(five.clone(), &[known(1, true, &five)]), None);
        assert_eq!(change_of(lines(1, 0..2), &[]), None, "two rows raise nothing");
    }

    #[test]
    fn new_rows_join_an_open_case() {
        let five = lines(1, 0..5);
        let more = [five.clone(), lines(2, 0..1)].concat();
        let joined = Change::Evidence(Evidence {
            case: 1,
            rows: lines(2, 0..1),
            joined: 1,
            gone: 0,
            numerator: 6,
            standing: keys(&more),
            raised: false,
        });
        assert_eq!(change_of(more, &[known(1, false, &five)]), Some(joined));
        let warned = KnownCase { severity: CaseSeverity::Warn, ..known(1, false, &lines(1, 0..3)) };
        let raised = Change::Evidence(Evidence {
            case: 1,
            rows: lines(1, 3..5),
            joined: 2,
            gone: 0,
            numerator: 5,
            standing: keys(&five),
            raised: true,
        });
        assert_eq!(change_of(five, &[warned]), Some(raised));
    }

    #[test]
    fn rows_that_were_taken_back_are_no_longer_counted() {
        let (eight, left) = (lines(1, 0..8), lines(1, 0..6));
        let case = KnownCase { still: 6, ..known(1, false, &eight) };
        let fallen = Evidence {
            case: 1,
            rows: Vec::new(),
            joined: 0,
            gone: 2,
            numerator: 6,
            standing: keys(&left),
            raised: false,
        };
        let of = |rows: Vec<SuspiciousRow>| change_of(rows, std::slice::from_ref(&case));
        assert_eq!(of(left.clone()), Some(Change::Evidence(fallen.clone())));
        let more = [left.clone(), lines(2, 0..1)].concat();
        let grown = Evidence {
            rows: lines(2, 0..1),
            joined: 1,
            numerator: 7,
            standing: keys(&more),
            ..fallen
        };
        assert_eq!(of(more), Some(Change::Evidence(grown)));
        // Once.
        let told = KnownCase { counted: 6, ..case.clone() };
        assert_eq!(change_of(left, &[told]), None);
    }

    #[test]
    fn after_a_decision_only_rows_that_are_new_count() {
        let five = lines(1, 0..5);
        let decided = known(1, true, &five);
        let few = [five.clone(), lines(2, 0..2)].concat();
        assert_eq!(
            change_of(few, std::slice::from_ref(&decided)),
            None,
            "two new ones raise nothing"
        );
        let enough = [five, lines(2, 0..5)].concat();
        let follows = opened(Some(1), lines(2, 0..5));
        assert_eq!(change_of(enough, &[decided]), Some(follows));
    }

    #[test]
    fn a_row_is_in_one_open_case_only() {
        // The first was decided, the second followed it, and the first was
        // taken up again.
        let (first, second) = (lines(1, 0..5), lines(2, 0..5));
        let cases = [known(1, false, &first), known(2, false, &second)];
        assert_eq!(change_of([first.clone(), second.clone()].concat(), &cases), None);
        // What the first knows does not make the second worse either.
        let few = lines(2, 0..3);
        let warned = KnownCase { severity: CaseSeverity::Warn, ..known(2, false, &few) };
        let cases = [known(1, false, &first), warned];
        assert_eq!(change_of([first, few].concat(), &cases), None);
    }

    #[test]
    fn a_case_of_which_all_was_taken_back_is_cleared_once() {
        let five = lines(1, 0..5);
        let gone = KnownCase { all_gone: true, still: 0, ..known(1, false, &five) };
        assert_eq!(
            change_of(Vec::new(), std::slice::from_ref(&gone)),
            Some(Change::Cleared { case: 1 })
        );
        assert_eq!(change_of(Vec::new(), &[KnownCase { cleared: true, ..gone.clone() }]), None);
        assert_eq!(
            change_of(Vec::new(), &[known(1, false, &five)]),
            None,
            "its rows are still there"
        );
        let (rows, standing) = (lines(2, 0..5), keys(&lines(2, 0..5)));
        let again = Change::Evidence(Evidence {
            case: 1,
            rows,
            joined: 5,
            gone: 5,
            numerator: 5,
            standing,
            raised: false,
        });
        assert_eq!(change_of(lines(2, 0..5), &[gone]), Some(again));
    }

    #[test]
    fn rows_beyond_those_that_are_kept_are_known_by_their_submission() {
        let cut = KnownCase { cut_until: Some(1), ..known(1, true, &lines(1, 0..5)) };
        assert_eq!(change_of(lines(1, 0..9), std::slice::from_ref(&cut)), None);
        let later = [lines(1, 0..9), lines(2, 0..5)].concat();
        let follows = opened(Some(1), lines(2, 0..5));
        assert_eq!(change_of(later, &[cut]), Some(follows));
    }

    #[test]
    fn a_rate_opens_one_case_ever() {
        let library = RuleLibrary::load(None).unwrap();
        let rule = &library.rules["op_utilisation"];
        let high =
            |severity| AuditFinding { rows: UnitRows::default(), severity, ..finding(Vec::new()) };
        let hold = high(Some(CaseSeverity::Hold));
        let of = |finding: Option<&AuditFinding>, cases: &[KnownCase]| change(rule, finding, cases);
        assert_eq!(of(Some(&hold), &[]), Some(opened(None, Vec::new())));
        assert_eq!(of(Some(&hold), &[known(1, false, &[])]), None);
        assert_eq!(of(Some(&hold), &[known(1, true, &[])]), None);
        assert_eq!(of(None, &[known(1, false, &[])]), Some(Change::Cleared { case: 1 }));
        let warned = KnownCase { severity: CaseSeverity::Warn, ..known(1, false, &[]) };
        let raised = Evidence {
            case: 1,
            rows: Vec::new(),
            joined: 0,
            gone: 0,
            numerator: 0,
            standing: Vec::new(),
            raised: true,
        };
        assert_eq!(of(Some(&hold), &[warned]), Some(Change::Evidence(raised.clone())));
        let cleared = KnownCase { cleared: true, ..known(1, false, &[]) };
        let again = Evidence { raised: false, ..raised };
        assert_eq!(of(Some(&hold), &[cleared]), Some(Change::Evidence(again)));
    }
}
