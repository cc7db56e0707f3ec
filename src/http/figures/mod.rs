//! Figures that are expensive (points, money, indicators: seconds over a year
//! of a province), counted by one thread in the background and kept.
//!
//! What is asked for is counted once, however many ask. A request waits a
//! moment (`limits.figures_wait_ms`), and never more than half of the workers
//! do, so that pages which only read are served meanwhile; who has waited in
//! vain is told to come again, and the counting goes on. A figure is of one
//! state of the store, rulebook, registry and units. When archives have come
//! in since, it is counted anew; while they keep coming in, one that is not
//! older than `limits.figures_stale_ms` is given, else nobody would ever get
//! one. After anything else (a hold, a submission taken back, other rules) it
//! is never given again. Memory is bounded by `limits.figures_mib`.

mod count;
mod shelf;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::Call;
use super::problem::{self, Problem};
use super::shared::Shared;
use crate::kpi::{Definition, KpiResult, Level, Library, Period, PersonExplained, UnitExplained};
use crate::money::result::Calculation;
use crate::score::Rulebook;
use crate::world::World;
pub use shelf::Figures;
use shelf::Taken;

/// What is counted.
#[derive(Clone, PartialEq, Eq, Hash)]
enum What {
    /// An indicator: id, period, level.
    Kpi(String, String, String),
    /// Why a unit misses persons: id, period, unit.
    Unit(String, String, String),
    /// Why a person counts: id, period, citizen ID.
    Person(String, String, String),
    /// Points, quality and money of a round.
    Round(i32),
    /// Units with visits in a month (`YYYYMM`, C.E.).
    Visited(u32),
}

/// What was counted.
#[derive(Clone)]
enum Figure {
    Kpi(Arc<KpiResult>),
    Unit(Arc<UnitExplained>),
    Person(Arc<PersonExplained>),
    Round(Arc<Round>),
    Visited(Arc<BTreeSet<String>>),
}

/// A round, counted.
pub struct Round {
    /// Its rules.
    pub book: Rulebook,
    /// Points, quality, money, holds.
    pub counted: Calculation,
    /// The world that it was counted with.
    pub world: Arc<World>,
}

/// What a figure is of. Two parts, because the first alone may be behind for a
/// moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct State {
    /// How many submissions there are: the highest number is not always the
    /// last one, because uploads have theirs before they are loaded.
    submission: i64,
    /// Everything else.
    rest: String,
}

/// All indicators in force.
pub fn library(call: &Call) -> Result<Arc<Library>, Problem> {
    call.shared.figures.library(call.shared)
}

/// An indicator by id.
pub fn definition<'l>(library: &'l Library, id: &str) -> Result<&'l Definition, Problem> {
    library.get(id).ok_or_else(|| Problem::new(problem::NO_KPI, "see /api/v1/kpi"))
}

/// Indicators at a level, every group of them, in the order asked for: they
/// are counted together, which is quicker than one after the other. Not for
/// everybody's eyes: small counts are in them ([`super::seen`] hides those).
pub fn kpis(call: &Call, wanted: &[(&str, Period, Level)]) -> Result<Vec<Arc<KpiResult>>, Problem> {
    let name = |(id, period, level): &(&str, Period, Level)| {
        What::Kpi((*id).to_owned(), period.to_string(), level.to_string())
    };
    let wanted: Vec<What> = wanted.iter().map(name).collect();
    let figures = ask(call, &wanted)?.into_iter();
    Ok(figures
        .filter_map(|figure| if let Figure::Kpi(result) = figure { Some(result) } else { None })
        .collect())
}

/// Whom a unit misses. Citizen IDs are whole in it: only for who may see the
/// rows of the unit.
pub fn unit(
    call: &Call,
    id: &str,
    period: Period,
    hcode: &str,
) -> Result<Arc<UnitExplained>, Problem> {
    match one(call, What::Unit(id.to_owned(), period.to_string(), hcode.to_owned()))? {
        Figure::Unit(explained) => Ok(explained),
        _ => Err(being_computed()),
    }
}

/// Why a person counts, at every unit that knows the person.
pub fn person(
    call: &Call,
    id: &str,
    period: Period,
    cid: &str,
) -> Result<Arc<PersonExplained>, Problem> {
    match one(call, What::Person(id.to_owned(), period.to_string(), cid.to_owned()))? {
        Figure::Person(explained) => Ok(explained),
        _ => Err(being_computed()),
    }
}

/// Points, quality and money of a round.
pub fn round(call: &Call, round: i32) -> Result<Arc<Round>, Problem> {
    match one(call, What::Round(round))? {
        Figure::Round(round) => Ok(round),
        _ => Err(being_computed()),
    }
}

/// Units of which visits in a month are stored, whoever sent them.
pub fn visited(call: &Call, month: u32) -> Result<Arc<BTreeSet<String>>, Problem> {
    match one(call, What::Visited(month))? {
        Figure::Visited(units) => Ok(units),
        _ => Err(being_computed()),
    }
}

fn one(call: &Call, what: What) -> Result<Figure, Problem> {
    ask(call, &[what])?.pop().ok_or_else(being_computed)
}

/// It is not there yet.
pub fn being_computed() -> Problem {
    Problem::new(problem::BEING_COMPUTED, "ask again in a moment")
}

/// Figures, each kept or counted now.
fn ask(call: &Call, wanted: &[What]) -> Result<Vec<Figure>, Problem> {
    let (shared, limits) = (call.shared, &call.world.config.limits);
    let figures = &shared.figures;
    let state = State::of(call, wanted)?;
    let until = Instant::now() + Duration::from_millis(limits.figures_wait_ms);
    let behind = Duration::from_millis(limits.figures_stale_ms);
    let mut missing = figures.want(shared, wanted, &state, behind);
    if missing > 0 {
        let Some(_waiting) = figures.may_wait(call.world.config.http.workers) else {
            return Err(being_computed());
        };
        while missing > 0 && figures.wait(until) {
            missing = figures.missing(wanted, &state, behind);
        }
    }
    wanted
        .iter()
        .map(|what| match figures.take(what, &state, behind) {
            Taken::Figure(figure) => Ok(figure),
            Taken::Trouble(trouble) => Err(trouble),
            Taken::Nothing => Err(being_computed()),
        })
        .collect()
}

impl State {
    /// The state of the store that a call sees, and of what else counts.
    fn of(call: &Call, wanted: &[What]) -> Result<Self, Problem> {
        Self::read(call.shared, call.store()?, wanted)
    }

    fn read(
        shared: &Shared,
        reader: &crate::store::Reader,
        wanted: &[What],
    ) -> Result<Self, Problem> {
        let mut rest = format!("{} {}", shared.generation(), reader.changes()?);
        for what in wanted {
            if let What::Round(round) = what {
                rest.push_str(&count::rulebook(shared, *round)?.sha256);
            }
        }
        Ok(Self { submission: reader.committed()?, rest })
    }
}

#[cfg(test)]
mod tests;
