//! Points, quality and money of a round. Everybody sees their own: a unit
//! itself, a main unit its units, the province all.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::document;
use crate::access::Role;
use crate::http::call::Call;
use crate::http::figures::{self, Round};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::money::Satang;
use crate::money::allocate::{MoneySums, Pools};
use crate::money::closing::parts::PartLine;
use crate::money::result::{CalculationInput, CupMoney};
use crate::money::statement::statement;
use crate::registry::Population;
use crate::report::Format;
use crate::score::quality::TrancheQuality;
use crate::score::rulebook::Rulebooks;
use crate::score::sheet::Note;
use crate::score::{ScoreQuery, ScoreReport};
use crate::store::Action;

/// The round asked for; that of today when none is.
fn round(call: &Call) -> i32 {
    let today = call.shared.clock.now().date_naive();
    let asked = call.number("round").and_then(|round| i32::try_from(round).ok());
    asked.unwrap_or_else(|| Rulebooks::open(&call.shared.data).round_of(today))
}

/// Whether a unit is to be shown: asked for, and seen.
fn shows(call: &Call) -> Result<impl Fn(&str) -> bool, Problem> {
    let (wanted, scope) = (call.own_unit("unit")?, call.scope());
    Ok(move |hcode: &str| {
        let asked = wanted.as_deref().is_none_or(|wanted| wanted == hcode);
        asked && scope.as_ref().is_none_or(|own| own.contains(hcode))
    })
}

/// Points by item, laid out as `score --json` does; quality beside them.
fn sheet<Q>(
    call: &Call,
    round: &Round,
    quality: impl FnMut(&str) -> Q,
) -> Result<ScoreReport<Q>, Problem> {
    let shows = shows(call)?;
    let by_month = call.text("by_month") == Some("yes");
    let wanted = ScoreQuery { hcode: None, by_month };
    let points = &round.counted.points;
    let mut sheet = ScoreReport::new(&round.book, &round.world.units, points, &wanted, quality);
    sheet.units.retain(|unit| shows(&unit.hcode));
    Ok(sheet)
}

/// `/api/v1/score`
pub fn score(call: &Call) -> Result<Reply, Problem> {
    let round = figures::round(call, round(call))?;
    let of = |hcode: &str| round.counted.quality.get(hcode).cloned().unwrap_or_default();
    Reply::json(&sheet(call, &round, of)?)
}

#[derive(Serialize)]
struct Quality<'a> {
    round: i32,
    rulebook: &'a str,
    as_of_submission: i64,
    local_defaults: Vec<String>,
    units: Vec<UnitQuality<'a>>,
}

#[derive(Serialize)]
struct UnitQuality<'a> {
    hcode: &'a str,
    quality: BTreeMap<u32, &'a TrancheQuality>,
}

/// `/api/v1/quality`
pub fn quality(call: &Call) -> Result<Reply, Problem> {
    let round = figures::round(call, round(call))?;
    let shows = shows(call)?;
    let tranche = call.number("tranche");
    let known: Vec<u64> = round.book.tranches.iter().map(|one| one.number.into()).collect();
    if let Some(wanted) = tranche.filter(|wanted| !known.contains(wanted)) {
        let what = format!("tranche: round {} has no {wanted}", round.book.round);
        return Err(Problem::new(problem::INVALID_PARAMETER, what));
    }
    let of = |hcode: &str| {
        let all = round.counted.quality.get(hcode).into_iter().flatten();
        all.filter(|(number, _)| tranche.is_none_or(|wanted| wanted == u64::from(**number)))
            .map(|(number, quality)| (*number, quality))
            .collect()
    };
    let units = &round.world.units.by_code;
    let listed =
        units.keys().chain(round.counted.quality.keys().filter(|c| !units.contains_key(*c)));
    let seen = listed.filter(|hcode| shows(hcode));
    Reply::json(&Quality {
        round: round.book.round,
        rulebook: &round.book.sha256,
        as_of_submission: round.counted.allocation.as_of_submission,
        local_defaults: round.book.local_default_keys(),
        units: seen.map(|hcode| UnitQuality { hcode, quality: of(hcode) }).collect(),
    })
}

/// The allocation, as far as it is the viewer's: what all units together got
/// is left out where it would tell what the others did.
#[derive(Serialize)]
struct Allocation<'a> {
    round: i32,
    rulebook: &'a str,
    rulebook_file: &'a str,
    as_of_submission: i64,
    as_of_exact: bool,
    voided_since: &'a [i64],
    last_submission: i64,
    population: &'a Population,
    heads_elsewhere: u64,
    local_defaults: &'a [String],
    notes: &'a [Note],
    pools: &'a Pools,
    total: MoneySums,
    unallocated: Satang,
    parts: Vec<PartLine>,
    cups: Vec<CupMoney>,
}

/// The round with its money, which is paid through main units: all of them are
/// in the list of units.
fn money(call: &Call) -> Result<Arc<Round>, Problem> {
    let round = figures::round(call, round(call))?;
    match round.world.units.cups_unknown().first() {
        None => Ok(round),
        Some(mistake) => {
            log::error!("{mistake}");
            Err(Problem::new(problem::UNITS, "khlang config check tells what"))
        }
    }
}

/// `/api/v1/allocation`
pub fn allocation(call: &Call) -> Result<Reply, Problem> {
    let round = money(call)?;
    let shows = shows(call)?;
    let of = &round.counted.allocation;
    let cups: Vec<CupMoney> = of.cups.iter().filter_map(|cup| own(cup, &shows)).collect();
    let mut total = MoneySums::default();
    for cup in &cups {
        total.add(&cup.sums);
    }
    Reply::json(&Allocation {
        round: of.round,
        rulebook: &of.rulebook,
        rulebook_file: &of.rulebook_file,
        as_of_submission: of.as_of_submission,
        as_of_exact: of.as_of_exact,
        voided_since: &of.voided_since,
        last_submission: of.last_submission,
        population: &of.population,
        heads_elsewhere: of.heads_elsewhere,
        local_defaults: &of.local_defaults,
        notes: &of.notes,
        pools: &of.pools,
        total,
        unallocated: of.unallocated,
        parts: parts(call, &of.parts, &shows),
        cups,
    })
}

/// The parts, with what was paid through main units as far as it is the
/// viewer's: a main unit's sums are not for one of its units.
fn parts(call: &Call, parts: &[PartLine], shows: &impl Fn(&str) -> bool) -> Vec<PartLine> {
    let through = matches!(call.viewer.role(), Some(Role::Province | Role::Cup));
    let mut parts = parts.to_vec();
    for part in &mut parts {
        let before = part.reopened.iter_mut().map(|before| &mut before.closed);
        for closed in part.closed.iter_mut().chain(before) {
            closed.retain_cups(|cup| through && shows(cup));
        }
    }
    parts
}

/// A main unit with those of its units that are shown, and their sums alone.
fn own(cup: &CupMoney, shows: &impl Fn(&str) -> bool) -> Option<CupMoney> {
    let units: Vec<_> = cup.units.iter().filter(|unit| shows(&unit.hcode)).cloned().collect();
    let mut sums = MoneySums::default();
    for unit in &units {
        sums.add(&unit.money.sums);
    }
    let heads = units.iter().map(|unit| unit.money.heads).sum();
    let (name, code) = (cup.name.clone(), cup.cup.clone());
    (!units.is_empty()).then_some(CupMoney { cup: code, name, heads, sums, units })
}

/// `/api/v1/statements/{cup}`
pub fn statement_of(call: &Call) -> Result<Reply, Problem> {
    let cup = call.in_path("cup").to_ascii_uppercase();
    // A statement tells of all units of the main unit: it is for those alone
    // who may see them all.
    let own = call.viewer.is_province() || call.viewer.hcode() == Some(&cup);
    if !own {
        return Err(Problem::new(problem::NOT_ALLOWED, "a statement of another main unit"));
    }
    let round = money(call)?;
    let basis = CalculationInput {
        reader: call.store()?,
        catalog: &round.world.catalog,
        units: &round.world.units,
        book: &round.book,
        as_of: round.counted.points.as_of.clone(),
        kept: None,
    };
    let made = statement(&basis, &round.counted, &cup).map_err(|error| {
        log::error!("{error}");
        Problem::new(problem::DATABASE, "see the log of the daemon")
    })?;
    let made = made.ok_or_else(|| Problem::new(problem::NO_UNIT, "no such main unit"))?;
    call.log(Action::Read, Some(&cup), None, &made.name)?;
    let name = format!("khlang-{}", made.name);
    document::reply(call, &made, document::format(call).unwrap_or(Format::Json), &name)
}
