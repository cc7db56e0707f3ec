//! Sending on by schedule.

use std::path::Path;
use std::sync::Arc;

use super::work::{Lane, Work, WorkPlace, WorkRun};
use crate::app::Metrics;
use crate::environment::Environment;
use crate::export;
use crate::forward::{self, Asked, Destination, ForwardContext};
use crate::schedule::{Past, Schedule};
use crate::store::{Opening, Store};

struct ScheduledForward {
    to: Destination,
    /// Name of its folder below `exports/`.
    folder: String,
}

/// The destinations of the configuration that have a schedule.
pub(super) fn configured(
    environment: &Environment,
    _: &Path,
) -> anyhow::Result<Vec<(Arc<dyn Work>, Schedule)>> {
    let all = forward::destinations(&environment.config.forward);
    let all = all.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))?;
    let each = all.into_iter().filter_map(|to| {
        let schedule = to.schedule.as_ref()?.parse();
        let schedule = schedule.map_err(|what| anyhow::anyhow!("forward {}: {what}", to.name));
        let folder = format!("forward/{}", to.name);
        let work: Arc<dyn Work> = Arc::new(ScheduledForward { to, folder });
        Some(schedule.map(|schedule| (work, schedule)))
    });
    each.collect()
}

impl Work for ScheduledForward {
    fn name(&self) -> String {
        format!("export {}", self.folder)
    }

    fn lane(&self) -> Lane {
        Lane::Folders
    }

    fn past(&self, place: &WorkPlace, schedule: &Schedule) -> anyhow::Result<Past> {
        let now = place.clock.now();
        let state = export::past(&place.data, &self.folder, schedule.as_str(), now)?;
        Ok(Past { since: state.since, done: state.done })
    }

    fn run(&self, run: &WorkRun<'_>) -> anyhow::Result<String> {
        let (environment, place) = (run.environment, run.place);
        // For as long as the ledger is written.
        let store = || -> forward::Result<Store> {
            let config = &environment.config.store;
            let copy_first = config.copy_before_migration;
            let opening = Opening { cache_mib: config.cache_mib, copy_first };
            Ok(Store::open_with(&place.database, &environment.catalog, opening)?)
        };
        let context = ForwardContext {
            environment,
            data: &place.data,
            database: &place.database,
            now: place.clock.now(),
            by: "schedule",
            store: &store,
        };
        let sent = forward::run(&context, &self.to, Asked::BySchedule)?;
        if let Some(why) = &sent.not_begun {
            log::warn!("forward {}: {} / {}", self.to.name, why.en, why.th);
        }
        for batch in &sent.batches {
            log::info!("forward {}: batch {} in {}", self.to.name, batch.batch, batch.folder);
        }
        // What was sent stays sent; what cannot be read is tried again when it
        // is due next.
        for failed in &sent.failed {
            let (name, id, why) = (&self.to.name, failed.submission, &failed.why);
            log::error!("forward {name}: submission {id}: {why}");
        }
        if let Some(trouble) = &sent.trouble {
            anyhow::bail!("{trouble}");
        }
        export::seen_to(&place.data, &self.folder, run.due)?;
        let last = sent.batches.last();
        let last = last.map_or("exports/forward", |batch| batch.folder.as_str());
        Ok(place.data.join(last).display().to_string())
    }

    fn count(&self, metrics: &Metrics, done: bool) {
        metrics.exported(done);
    }
}
