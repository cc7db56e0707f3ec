//! What is found from what is kept of earlier runs equals what is found in all
//! rows, whatever came, was taken back or was run in between.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use khlang::audit::prepare::Prepared;
use khlang::audit::run::{
    CasePlace, FoundByRules, RunBy, RunOutcome, RunScope, RunTerms, find, write,
};
use khlang::audit::{AuditInput, Case, RuleLibrary, RuleRunner};
use khlang::catalog::Catalog;
use khlang::config::{AuditHolding, Config};
use khlang::environment::Environment;
use khlang::sample::SampleArgs;
use khlang::score::AsOf;
use khlang::store::{AuditFact, PartialResults, Reader, Store};
use khlang::units::Units;
use proptest::prelude::*;

use super::book;
use crate::support::sample::{Sample, loaded, request, standing};

/// What happens to a store.
#[derive(Debug, Clone)]
enum Step {
    /// So many of the next archives come in.
    Import(usize),
    /// The last archive there is comes in, before all that came earlier.
    Early,
    /// One of the submissions that stand is taken back.
    Void(usize),
    /// A registry with one in so many persons left out.
    Registry(usize),
    /// The rules are run, and cases opened.
    Run,
}

struct Shared {
    sample: Sample,
    library: RuleLibrary,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let args = SampleArgs {
            dir: PathBuf::new(),
            units: 14,
            persons: 900,
            months: 7,
            seed: 11,
            standard: None,
            defects: 0.02,
            start: "2013-07-01".parse().unwrap(),
        };
        Shared { sample: Sample::new(&args, true), library: RuleLibrary::load(None).unwrap() }
    })
}

/// A province whose store changes step by step.
struct Province {
    folder: tempfile::TempDir,
    store: Store,
    environment: Arc<Environment>,
    next: usize,
    early: usize,
    last: i64,
}

impl Province {
    /// Of a case at most so many rows are kept one by one.
    fn new(most: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.limits.audit_rows = most;
        let units = Units::load(&shared().sample.path("units.csv")).unwrap();
        let environment =
            Arc::new(Environment::new(Catalog::builtin().unwrap(), units, config).unwrap());
        let store = Store::open(&folder.path().join("khlang.db"), &environment.catalog, 8).unwrap();
        Self { folder, store, environment, next: 0, early: 0, last: 0 }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Import(count) => (0..*count).for_each(|_| self.import()),
            Step::Early => self.import_last(),
            Step::Void(at) => self.void(*at),
            Step::Registry(every) => self.register(*every),
            Step::Run => drop(self.run()),
        }
    }

    fn import(&mut self) {
        if self.next == shared().sample.ledger.len() - self.early {
            return;
        }
        let Some(name) = shared().sample.archive(self.next) else { return };
        self.next += 1;
        self.take_in(name);
    }

    fn import_last(&mut self) {
        let left = shared().sample.ledger.len() - self.early;
        if left > self.next {
            self.early += 1;
            self.take_in(shared().sample.archive(left - 1).unwrap());
        }
    }

    fn take_in(&mut self, name: &str) {
        self.last += 1;
        let now = format!("2014-02-{:02}T12:00:00+07:00", 1 + self.last % 27).parse().unwrap();
        let path = shared().sample.path(name);
        loaded(&self.store, request(&self.environment, &path, name, self.last, now));
    }

    fn void(&mut self, at: usize) {
        let standing = standing(&self.store, self.last);
        if !standing.is_empty() {
            let id = standing[at % standing.len()];
            self.store.void(id, "somebody", "test", "2014-03-01T12:00:00+07:00").unwrap();
        }
    }

    fn register(&mut self, every: usize) {
        shared().sample.register(&mut self.store, every, "2014-03-01T12:00:00+07:00");
    }

    fn kept(&self) -> PartialResults {
        PartialResults::open(self.folder.path(), 64)
    }

    fn found(&self, kept: Option<&PartialResults>) -> FoundByRules {
        self.session(kept, |session| find(session, &RunScope::default()).unwrap())
    }

    fn session<T>(
        &self,
        kept: Option<&PartialResults>,
        with: impl FnOnce(&mut RuleRunner<'_>) -> T,
    ) -> T {
        let reader = Reader::open(&self.folder.path().join("khlang.db"), None).unwrap();
        let _held = reader.snapshot().unwrap();
        let (as_of, book) = (AsOf::find(&reader, None).unwrap(), book());
        let basis = AuditInput {
            environment: &self.environment,
            reader: &reader,
            book: &book,
            library: &shared().library,
            as_of: &as_of,
            kept,
        };
        with(&mut RuleRunner::new(basis).unwrap())
    }

    /// Runs the rules with what is kept, and writes what becomes of the cases.
    fn run(&mut self) -> RunOutcome {
        let most_rows = self.environment.config.limits.audit_rows;
        let mut other =
            Store::open(&self.folder.path().join("khlang.db"), &self.environment.catalog, 8)
                .unwrap();
        let kept = self.kept();
        self.session(Some(&kept), |session| {
            let scope = RunScope::default();
            let found = find(session, &scope).unwrap();
            let reader = Reader::open(&self.folder.path().join("khlang.db"), None).unwrap();
            let prepared = Prepared::read(&reader, session, &found, &scope).unwrap();
            let turn = other.audit_turn().unwrap();
            let terms = RunTerms { most_rows, holding: AuditHolding::File };
            let by = RunBy { at: "2014-03-01T12:00:00+07:00", by: "somebody" };
            let mut share = |_: &CasePlace, _: &[AuditFact]| Ok(10_000);
            let of = (&found, prepared);
            let done = write(&turn, session, of, &scope, terms, by, &mut share).unwrap();
            turn.commit().unwrap();
            done
        })
    }
}

/// What was found, in words that can be compared.
fn words(found: &FoundByRules) -> Vec<String> {
    let findings = found.findings.iter().map(|finding| format!("{finding:?}"));
    let not = found.not_applicable.iter().map(|line| format!("{line:?}"));
    findings.chain(not).chain(found.ran.iter().map(|ran| format!("{ran:?}"))).collect()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1_usize..4).prop_map(Step::Import),
        2 => Just(Step::Early),
        2 => any::<prop::sample::Index>().prop_map(|at| Step::Void(at.index(1000))),
        1 => (2_usize..5).prop_map(Step::Registry),
        2 => Just(Step::Run),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4, ..ProptestConfig::with_cases(4) })]

    #[test]
    fn what_is_found_from_what_is_kept_is_what_is_found_in_all_rows(
        begin in 40_usize..90,
        most in prop_oneof![Just(3_usize), Just(5000)],
        steps in proptest::collection::vec(step(), 4..8),
    ) {
        let mut province = Province::new(most);
        province.take(&Step::Import(begin));
        let kept = province.kept();
        prop_assert_eq!(words(&province.found(Some(&kept))), words(&province.found(None)));
        for step in &steps {
            province.take(step);
            let full = words(&province.found(None));
            let kept = province.kept();
            prop_assert_eq!(&words(&province.found(Some(&kept))), &full, "after {:?}", step);
            prop_assert_eq!(&words(&province.found(Some(&kept))), &full, "twice after {:?}", step);
        }
    }
}

#[test]
fn all_that_is_planted_is_found_from_what_is_kept_however_few_rows_are_kept_of_a_case() {
    let all = shared().sample.ledger.len();
    let (mut few, mut many) = (Province::new(2), Province::new(5000));
    for province in [&mut few, &mut many] {
        province.take(&Step::Import(all - 3));
        province.found(Some(&province.kept()));
        province.take(&Step::Import(3));
    }
    let (of_few, of_many) = (few.found(Some(&few.kept())), many.found(Some(&many.kept())));
    let counts = |found: &FoundByRules| -> Vec<String> {
        let counts = found.findings.iter();
        counts
            .map(|(at, of)| format!("{at:?} {} {} {:?}", of.numerator, of.denominator, of.severity))
            .collect()
    };
    assert_eq!(counts(&of_few), counts(&of_many));
    let held: Vec<&CasePlace> =
        of_few.findings.iter().filter(|(_, of)| of.severity.is_some()).map(|(at, _)| at).collect();
    assert!(held.len() > 20, "{held:?}");
    assert!(of_few.findings.values().all(|of| of.rows.rows.len() <= 2));

    // The same cases, of which fewer rows are kept.
    let (opened, same) = (few.run(), many.run());
    assert_eq!(opened.opened, same.opened);
    assert_eq!(
        (few.run().opened, few.run().added.len()),
        (Vec::new(), 0),
        "run again: nothing new"
    );
    let turn = few.store.audit_turn().unwrap();
    let cases: Vec<(Case, Vec<AuditFact>)> = turn
        .cases(2557)
        .unwrap()
        .into_iter()
        .map(|opened| {
            let facts = turn.facts(opened.id).unwrap();
            (Case::read_in(&turn, opened).unwrap(), facts)
        })
        .collect();
    let cut: Vec<u64> = cases.iter().map(|(case, _)| case.cut()).collect();
    assert!(cut.iter().any(|cut| *cut > 0), "{cut:?}");
    for (case, facts) in &cases {
        assert!(facts.len() <= 2);
        if case.opened.peers.is_none() && !facts.is_empty() {
            assert_eq!(case.counted().0, facts.len() as u64 + case.cut());
        }
    }
}

#[test]
fn after_one_more_archive_what_is_kept_of_the_others_is_taken() {
    let mut province = Province::new(5000);
    let all = shared().sample.ledger.len();
    province.take(&Step::Import(all - 1));
    province.found(Some(&province.kept()));
    let path = Path::new(province.folder.path()).join("figures.db");
    let before = std::fs::read(&path).unwrap();
    province.found(Some(&province.kept()));
    assert_eq!(std::fs::read(&path).unwrap(), before, "nothing came: nothing is counted");
    province.take(&Step::Import(1));
    let kept = province.found(Some(&province.kept()));
    let full = province.found(None);
    assert_eq!(words(&kept), words(&full));
    assert_ne!(std::fs::read(&path).unwrap(), before);
    assert_eq!(full.in_full, full.ran, "nothing is kept: all rows are read");
    assert!(kept.in_full.is_empty(), "read anew in full: {:?}", kept.in_full);
    for rule in ["op_places", "chronic_silent", "person_double"] {
        assert!(full.findings.keys().any(|(id, ..)| id == rule), "{rule} finds nothing at all");
    }
}

#[test]
fn in_the_writers_turn_nothing_is_worked_out_unless_a_case_has_changed() {
    let mut province = Province::new(5000);
    province.take(&Step::Import(shared().sample.ledger.len()));
    let database = province.folder.path().join("khlang.db");
    let mut other = Store::open(&database, &province.environment.catalog, 8).unwrap();
    let by = RunBy { at: "2014-03-01T12:00:00+07:00", by: "somebody" };
    let terms = RunTerms { most_rows: 5000, holding: AuditHolding::Rows };
    let scope = RunScope::default();
    province.session(None, |session| {
        let found = find(session, &scope).unwrap();
        let reader = Reader::open(&database, None).unwrap();
        let mut asked = 0;
        let prepare = |share: &mut dyn FnMut(&CasePlace, &[AuditFact]) -> _| {
            let prepared = Prepared::read(&reader, session, &found, &scope).unwrap();
            prepared.with_shares(terms.holding, share).unwrap()
        };
        let mut share = |_: &CasePlace, facts: &[AuditFact]| {
            asked += 1;
            assert!(asked > 0 && facts.len() < 1_000_000);
            Ok(1234)
        };
        let (first, second) = (prepare(&mut share), prepare(&mut share));
        assert!(asked > 20, "{asked}");
        let mut never = |at: &CasePlace, _: &[AuditFact]| panic!("{at:?} is asked for in the turn");
        let turn = other.audit_turn().unwrap();
        let done = write(&turn, session, (&found, first), &scope, terms, by, &mut never).unwrap();
        turn.commit().unwrap();
        assert!(done.opened.len() > 20, "{done:?}");
        // What was prepared before these cases were there opens none twice.
        let turn = other.audit_turn().unwrap();
        let again = write(&turn, session, (&found, second), &scope, terms, by, &mut never).unwrap();
        assert_eq!((again.opened, again.added), (Vec::new(), Vec::new()));
        let shares: Vec<u32> =
            done.opened.iter().flat_map(|id| turn.holds(*id).unwrap()).map(|of| of.share).collect();
        assert!(
            shares.contains(&1234) && shares.iter().all(|share| [1234, 10_000].contains(share))
        );
    });
}
