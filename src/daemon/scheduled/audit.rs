//! The audit rules on schedule, over the rounds that are open.
//!
//! A run finds what it finds on a view of its own, and takes the writer's turn
//! once a round, for as long as cases are written. What was not written before a
//! stop is found again.

use std::path::Path;
use std::sync::Arc;

use super::work::{Lane, Work, WorkPlace, WorkRun};
use crate::app::Metrics;
use crate::audit::nightly::{BY, NightlyInput, run_open_rounds};
use crate::environment::Environment;
use crate::schedule::{Past, Schedule};
use crate::store::Reader;

struct ScheduledAudit;

/// The run of the rules; none when they are only run by hand.
pub(super) fn configured(
    environment: &Environment,
    _: &Path,
) -> anyhow::Result<Vec<(Arc<dyn Work>, Schedule)>> {
    let text = environment.config.audit.schedule.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let schedule = text.parse().map_err(|what| anyhow::anyhow!("[audit] {what}"))?;
    Ok(vec![(Arc::new(ScheduledAudit), schedule)])
}

impl Work for ScheduledAudit {
    fn name(&self) -> String {
        "audit".to_owned()
    }

    fn lane(&self) -> Lane {
        Lane::Background
    }

    fn troubles_inbox(&self) -> bool {
        true
    }

    /// A time that came while nobody served is made up, when the runs had been on
    /// schedule before.
    fn past(&self, place: &WorkPlace, _: &Schedule) -> anyhow::Result<Past> {
        let last = Reader::open(&place.database, None)?.audit_last_run(BY)?;
        let since = last.and_then(|at| at.parse().ok()).unwrap_or_else(|| place.clock.now());
        Ok(Past { since, done: None })
    }

    fn run(&self, run: &WorkRun<'_>) -> anyhow::Result<String> {
        let input = NightlyInput {
            environment: run.environment,
            data: &run.place.data,
            database: &run.place.database,
            now: run.place.clock.now(),
        };
        let each: Vec<String> = run_open_rounds(&input)?
            .iter()
            .map(|ran| {
                let (opened, added) = (ran.done.opened.len(), ran.done.added.len());
                let (round, cleared) = (ran.round, ran.done.cleared.len());
                format!("round {round}: {opened} opened, {added} grown, {cleared} cleared")
            })
            .collect();
        Ok(if each.is_empty() { "no round is open".to_owned() } else { each.join("; ") })
    }

    fn count(&self, metrics: &Metrics, done: bool) {
        metrics.audited(done);
    }
}
