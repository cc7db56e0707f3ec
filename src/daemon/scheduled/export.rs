//! Exports on schedule.

use std::path::Path;
use std::sync::Arc;

use super::work::{Lane, Work, WorkPlace, WorkRun};
use crate::app::Metrics;
use crate::environment::Environment;
use crate::export::{self, ExportContext, ExportPlan};
use crate::kpi::Library;
use crate::overlay::{self, Overlay};
use crate::schedule::{Past, Schedule};

struct ScheduledExport {
    plan: ExportPlan,
    library: Arc<Library>,
}

/// The exports of the configuration, with the indicators that they name.
pub(super) fn configured(
    environment: &Environment,
    data: &Path,
) -> anyhow::Result<Vec<(Arc<dyn Work>, Schedule)>> {
    let library = Arc::new(Library::load(Some(&Overlay::new(data, overlay::KPI)))?);
    let plans = export::plans(&environment.config.export, &library, data);
    let plans = plans.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))?;
    let each = plans.into_iter().map(|plan| {
        let schedule = plan.schedule.parse();
        let schedule = schedule.map_err(|what| anyhow::anyhow!("export {}: {what}", plan.name))?;
        let work: Arc<dyn Work> = Arc::new(ScheduledExport { plan, library: Arc::clone(&library) });
        Ok((work, schedule))
    });
    each.collect()
}

impl Work for ScheduledExport {
    fn name(&self) -> String {
        format!("export {}", self.plan.name)
    }

    fn lane(&self) -> Lane {
        Lane::Folders
    }

    fn past(&self, place: &WorkPlace, schedule: &Schedule) -> anyhow::Result<Past> {
        let now = place.clock.now();
        let state = export::past(&place.data, &self.plan.name, schedule.as_str(), now)?;
        Ok(Past { since: state.since, done: state.done })
    }

    fn run(&self, run: &WorkRun<'_>) -> anyhow::Result<String> {
        let context = ExportContext {
            environment: run.environment,
            library: &self.library,
            data: &run.place.data,
            database: &run.place.database,
            now: run.place.clock.now(),
        };
        Ok(export::run(&context, &self.plan, Some(run.due))?.path.display().to_string())
    }

    fn count(&self, metrics: &Metrics, done: bool) {
        metrics.exported(done);
    }
}
