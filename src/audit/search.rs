//! Runs the rules over a scope: what belongs together one after the other, the
//! rest side by side on readers of one and the same state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;

use super::AuditError;
use super::find::NotApplicable;
use super::rule::AuditRule;
use super::runner::{AuditInput, RuleRunner};
use super::scope::{FoundByRules, RunScope};
use crate::score::rulebook::RulePeriod;
use crate::store::{Reader, Result};
use crate::text::message;

/// Most readers of a run. Each holds blocks of its own: two take half the time,
/// and more of them mostly more memory.
const MOST_READERS: usize = 2;

/// Page cache of the temporary tables of each of two readers, MiB: together a
/// little more than of one.
const CACHE_MIB_EACH: u32 = 36;

/// A rule in a tranche.
type Job<'r> = (&'r AuditRule, &'r RulePeriod);

/// Runs the rules over a scope.
///
/// # Errors
/// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one that
/// does not give what its rule shows.
pub fn find(
    session: &mut RuleRunner<'_>,
    scope: &RunScope,
) -> std::result::Result<FoundByRules, AuditError> {
    let mut found = FoundByRules::default();
    let basis = session.basis;
    let wanted =
        |tranche: &&RulePeriod| scope.tranche.is_none_or(|number| number == tranche.number);
    let tranches: Vec<&RulePeriod> = basis.book.tranches.iter().filter(wanted).collect();
    let rules = basis.library.rules.values();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for rule in rules.filter(|rule| scope.rule.as_ref().is_none_or(|id| *id == rule.id)) {
        let there = basis.book.item(&rule.item).is_some();
        for tranche in &tranches {
            if there {
                jobs.push((rule, tranche));
            } else {
                // It may be about an item of another round.
                found.not_applicable.push(NotApplicable {
                    rule: rule.id.clone(),
                    tranche: tranche.number.to_string(),
                    unit: "*".to_owned(),
                    why: message("audit.no_such_item"),
                });
            }
        }
    }
    let groups = groups(&jobs);
    let readers = available_parallelism().map_or(1, usize::from).min(MOST_READERS);
    let beside = if readers.min(groups.len()) > 1 { session.reader_beside()? } else { None };
    let queue = JobQueue { groups: Mutex::new(groups), scope };
    let found = if let Some(reader) = beside {
        side_by_side(session, reader, &queue, found)?
    } else {
        queue.run(session, &mut found)?;
        found
    };
    // Who counts money by this reader afterwards counts that of all units.
    session.see_all()?;
    Ok(in_order(found, scope))
}

/// Takes groups from the queue here and on another thread, until it is empty.
fn side_by_side(
    session: &mut RuleRunner<'_>,
    reader: Reader,
    queue: &JobQueue<'_>,
    mut found: FoundByRules,
) -> std::result::Result<FoundByRules, AuditError> {
    let AuditInput { environment, book, library, as_of, kept, .. } = session.basis;
    for one in [session.basis.reader, &reader] {
        one.set_temp_cache(CACHE_MIB_EACH);
    }
    let kept = kept.map(crate::store::PartialResults::again);
    let (here, there) = std::thread::scope(|scope| {
        let there = scope.spawn(move || {
            let kept = kept.as_ref();
            let basis = AuditInput { environment, reader: &reader, book, library, as_of, kept };
            let mut found = FoundByRules::default();
            let done =
                RuleRunner::new(basis).and_then(|mut beside| queue.run(&mut beside, &mut found));
            if done.is_err() {
                queue.empty();
            }
            done.map(|()| found)
        });
        let here = queue.run(session, &mut found);
        if here.is_err() {
            queue.empty();
        }
        (here, there.join())
    });
    here?;
    let there = there.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    found.findings.extend(there.findings);
    found.not_applicable.extend(there.not_applicable);
    found.ran.extend(there.ran);
    found.in_full.extend(there.in_full);
    Ok(found)
}

/// What could not be judged, in order, as far as it was asked for.
fn in_order(mut found: FoundByRules, scope: &RunScope) -> FoundByRules {
    let key = |line: &NotApplicable| (line.tranche.clone(), line.rule.clone(), line.unit.clone());
    found.not_applicable.sort_by_cached_key(key);
    let in_scope = |line: &NotApplicable| {
        line.unit == "*" || scope.unit.as_ref().is_none_or(|unit| *unit == line.unit)
    };
    found.not_applicable.retain(in_scope);
    found
}

/// Jobs that share blocks, the dearest last, and who takes which.
struct JobQueue<'r> {
    groups: Mutex<Vec<Vec<Job<'r>>>>,
    scope: &'r RunScope,
}

impl JobQueue<'_> {
    fn run(
        &self,
        session: &mut RuleRunner<'_>,
        found: &mut FoundByRules,
    ) -> std::result::Result<(), AuditError> {
        loop {
            let next = self.groups.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(group) = next else {
                found.in_full.append(&mut session.seen.in_full);
                return Ok(());
            };
            session.persons_ahead(&group)?;
            for (rule, tranche) in group {
                let place = (rule.id.clone(), tranche.number.to_string());
                session.allow()?;
                for finding in session.find(rule, tranche, &mut found.not_applicable)? {
                    let unit = &self.scope.unit;
                    if unit.as_ref().is_none_or(|unit| *unit == finding.hcode) {
                        let (id, number) = place.clone();
                        found.findings.insert((id, number, finding.hcode.clone()), finding);
                    }
                }
                found.ran.insert(place);
            }
        }
    }

    /// Leaves nothing for the other: the run has failed.
    fn empty(&self) {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Jobs in groups that use the same block, by tranche where the block is of the
/// tranche. A block that most rules use makes no group. Those that go by persons
/// stay together, for the sake of their filter, and so do those of points.
fn groups<'r>(jobs: &[Job<'r>]) -> Vec<Vec<Job<'r>>> {
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (rule, _) in jobs {
        for block in &rule.query.uses {
            uses.entry(&block.name).or_default().insert(&rule.id);
        }
    }
    let count = |name: &str| uses.get(name).map_or(0, BTreeSet::len);
    let common = uses.iter().max_by_key(|(_, rules)| rules.len()).map(|(name, _)| *name);
    let mut groups: BTreeMap<String, Vec<Job<'r>>> = BTreeMap::new();
    for job in jobs {
        let (rule, tranche) = job;
        let of_its_own = rule.query.uses.iter().filter(|block| Some(&*block.name) != common);
        let name = if rule.query.by_person {
            "person".to_owned()
        } else if let Some(block) = of_its_own.max_by_key(|block| count(&block.name)) {
            let of_tranche = block.query.parameters().iter().any(|name| name == ":from");
            let tranche = if of_tranche { tranche.number } else { 0 };
            format!("{} {tranche}", block.name)
        } else {
            rule.id.clone()
        };
        groups.entry(name).or_default().push(*job);
    }
    let mut groups: Vec<Vec<Job<'r>>> = groups.into_values().collect();
    // What needs all units goes before what may see a part of them only.
    for group in &mut groups {
        group.sort_by_key(|(rule, _)| (rule.query.alone, rule.query.by_person));
    }
    // They are taken from behind: the largest first, so that none is left over.
    let by_points = |group: &Vec<Job<'r>>| group.iter().any(|(rule, _)| reads_points(rule));
    groups.sort_by_key(|group| (by_points(group), group.len()));
    groups
}

fn reads_points(rule: &AuditRule) -> bool {
    rule.query.all_tables().iter().any(|table| table == "points")
}

impl RuleRunner<'_> {
    /// Another reader that holds the same state; none when somebody has written
    /// since this one began, or nobody can tell.
    fn reader_beside(&self) -> Result<Option<Reader>> {
        let reader = self.basis.reader;
        let Some(tokens) = reader.change_tokens()?.filter(|_| reader.is_held()) else {
            return Ok(None);
        };
        let Some(other) = reader.another()? else { return Ok(None) };
        let same = other.change_tokens()? == Some(tokens)
            && other.last_submission()? == reader.last_submission()?;
        Ok(same.then_some(other))
    }
}
