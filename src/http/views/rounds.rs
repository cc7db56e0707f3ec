//! Points, quality and money of a round. Each viewer sees their own: a unit
//! itself, a main unit its units, the province all.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::document;
use crate::app::results::RoundResult;
use crate::credentials::Role;
use crate::http::endpoint::{Access, Endpoint};
use crate::http::params::common::{BY_MONTH, DOCUMENT, LANG, ROUND, TRANCHE, UNIT};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::money::Satang;
use crate::money::allocate::{MoneySums, Pools};
use crate::money::closing::parts::PartLine;
use crate::money::result::{CalculationInput, CupMoney};
use crate::money::statement::statement;
use crate::registry::Population;
use crate::report::Format;
use crate::report::json::JsonDocument;
use crate::score::quality::TrancheQuality;
use crate::score::rulebook::Rulebooks;
use crate::score::sheet::Note;
use crate::score::{ScoreQuery, ScoreReport};
use crate::store::{Action, HeldFor};

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            about: "route.score",
            params: &[ROUND, UNIT, BY_MONTH],
            schema: Some(ReplySchema::from_type::<ScoreReport<BTreeMap<u32, TrancheQuality>>>()),
            problems: &[
                problem::BEING_COMPUTED,
                problem::NO_ROUND,
                problem::NO_UNIT,
                problem::RULEBOOK,
            ],
            ..Endpoint::api("score", "/api/v1/score")
        },
        view: score,
    },
    Route {
        endpoint: Endpoint {
            about: "route.quality",
            params: &[ROUND, TRANCHE, UNIT],
            schema: Some(ReplySchema::from_type::<QualityReply>()),
            problems: &[
                problem::BEING_COMPUTED,
                problem::NO_ROUND,
                problem::NO_UNIT,
                problem::RULEBOOK,
            ],
            ..Endpoint::api("quality", "/api/v1/quality")
        },
        view: quality,
    },
    Route {
        endpoint: Endpoint {
            about: "route.allocation",
            params: &[ROUND, UNIT],
            schema: Some(ReplySchema::from_type::<AllocationReply>()),
            problems: &[
                problem::BEING_COMPUTED,
                problem::NO_ROUND,
                problem::NO_UNIT,
                problem::RULEBOOK,
                problem::UNITS,
            ],
            ..Endpoint::api("allocation", "/api/v1/allocation")
        },
        view: allocation,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Roles(&[Role::Province, Role::Cup]),
            personal: true,
            about: "route.statement",
            params: &[ROUND, DOCUMENT, LANG],
            content: Format::MEDIA_TYPES_OF_STATEMENTS,
            schema: Some(ReplySchema::from_type::<JsonDocument>()),
            problems: &[
                problem::BEING_COMPUTED,
                problem::NO_ROUND,
                problem::NO_UNIT,
                problem::RULEBOOK,
                problem::UNITS,
            ],
            ..Endpoint::api("statement", "/api/v1/statements/{cup}")
        },
        view: statement_of,
    },
];

/// The round asked for, by default the present one.
fn round(request: &Request) -> i32 {
    let today = request.app.clock.now().date_naive();
    let asked = request.number("round").and_then(|round| i32::try_from(round).ok());
    asked.unwrap_or_else(|| Rulebooks::open(&request.app.data).round_of(today))
}

/// A filter of units: asked for, and visible to the viewer.
fn shows(request: &Request) -> Result<impl Fn(&str) -> bool, Problem> {
    let (wanted, scope) = (request.own_unit("unit")?, request.scope());
    Ok(move |hcode: &str| {
        let asked = wanted.as_deref().is_none_or(|wanted| wanted == hcode);
        asked && scope.as_ref().is_none_or(|own| own.contains(hcode))
    })
}

/// Points by item, laid out as `score --json` does; quality beside them.
fn sheet<Q>(
    request: &Request,
    round: &RoundResult,
    quality: impl FnMut(&str) -> Q,
) -> Result<ScoreReport<Q>, Problem> {
    let shows = shows(request)?;
    let by_month = request.text("by_month") == Some("yes");
    let wanted = ScoreQuery { hcode: None, by_month };
    let points = &round.counted.points;
    let mut sheet =
        ScoreReport::new(&round.book, &round.environment.units, points, &wanted, quality);
    sheet.units.retain(|unit| shows(&unit.hcode));
    Ok(sheet)
}

/// `/api/v1/score`
pub fn score(request: &Request) -> Result<Reply, Problem> {
    let round = request.results()?.round(round(request))?;
    let of = |hcode: &str| round.counted.quality.get(hcode).cloned().unwrap_or_default();
    Reply::json(&sheet(request, &round, of)?)
}

#[derive(Serialize, JsonSchema)]
struct QualityReply<'a> {
    /// The round, B.E.
    round: i32,
    /// SHA-256 of the rulebook.
    rulebook: &'a str,
    /// The last submission that counts.
    as_of_submission: i64,
    /// Keys of the values that no public source gives.
    local_defaults: Vec<String>,
    /// Quality by unit.
    units: Vec<UnitQuality<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct UnitQuality<'a> {
    /// HCODE of the unit.
    hcode: &'a str,
    /// Quality by tranche.
    quality: BTreeMap<u32, &'a TrancheQuality>,
}

/// `/api/v1/quality`
pub fn quality(request: &Request) -> Result<Reply, Problem> {
    let round = request.results()?.round(round(request))?;
    let shows = shows(request)?;
    let tranche = request.number("tranche");
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
    let units = &round.environment.units.by_code;
    let listed =
        units.keys().chain(round.counted.quality.keys().filter(|c| !units.contains_key(*c)));
    let visible = listed.filter(|hcode| shows(hcode));
    Reply::json(&QualityReply {
        round: round.book.round,
        rulebook: &round.book.sha256,
        as_of_submission: round.counted.allocation.as_of_submission,
        local_defaults: round.book.local_default_keys(),
        units: visible.map(|hcode| UnitQuality { hcode, quality: of(hcode) }).collect(),
    })
}

/// The allocation as far as the viewer may see it: sums of all units are left
/// out where they would reveal those of others.
#[derive(Serialize, JsonSchema)]
struct AllocationReply<'a> {
    /// The round, B.E.
    round: i32,
    /// SHA-256 of the rulebook.
    rulebook: &'a str,
    /// Name of its file.
    rulebook_file: &'a str,
    /// The last submission that counts.
    as_of_submission: i64,
    /// Whether the state is exactly that after this submission.
    as_of_exact: bool,
    /// Submissions taken back since, whose rows are gone.
    voided_since: &'a [i64],
    /// The last submission there is.
    last_submission: i64,
    /// The population.
    population: &'a Population,
    /// UC heads of units that are not in the list of units.
    heads_elsewhere: u64,
    /// Keys of the values that no public source gives.
    local_defaults: &'a [String],
    /// What else must be known beside the figures.
    notes: &'a [Note],
    /// The pools of the province.
    pools: &'a Pools,
    /// Sums of the units that are shown.
    total: MoneySums,
    /// Money that nobody got, because nobody has points.
    unallocated: Satang,
    /// The parts of the round, open or paid.
    parts: Vec<PartLine>,
    /// Main units with their units.
    cups: Vec<CupMoney>,
}

/// The round with its money. Money is paid through main units, so all of them
/// must be listed.
pub(super) fn money(request: &Request) -> Result<Arc<RoundResult>, Problem> {
    let round = request.results()?.round(round(request))?;
    match round.environment.units.cups_unknown().first() {
        None => Ok(round),
        Some(mistake) => {
            log::error!("{mistake}");
            Err(Problem::new(problem::UNITS, "khlang config check tells what"))
        }
    }
}

/// `/api/v1/allocation`
pub fn allocation(request: &Request) -> Result<Reply, Problem> {
    let round = money(request)?;
    let shows = shows(request)?;
    let of = &round.counted.allocation;
    let mut cups: Vec<CupMoney> = of.cups.iter().filter_map(|cup| own(cup, &shows)).collect();
    if request.scope().is_none() {
        // The province alone is told of cases of which their units were not.
        for unit in cups.iter_mut().flat_map(|cup| &mut cup.units) {
            unit.cases.iter_mut().for_each(HeldFor::name);
        }
    }
    let mut total = MoneySums::default();
    for cup in &cups {
        total.add(&cup.sums);
    }
    Reply::json(&AllocationReply {
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
        parts: parts(request, &of.parts, &shows),
        cups,
    })
}

/// The parts of the round; what was paid through main units is shown only to
/// the province and to those main units.
fn parts(request: &Request, parts: &[PartLine], shows: &impl Fn(&str) -> bool) -> Vec<PartLine> {
    let through = matches!(request.viewer.role(), Some(Role::Province | Role::Cup));
    let mut parts = parts.to_vec();
    for part in &mut parts {
        let before = part.reopened.iter_mut().map(|before| &mut before.closed);
        for closed in part.closed.iter_mut().chain(before) {
            closed.retain_cups(|cup| through && shows(cup));
            if !request.viewer.is_province() {
                closed.holds.clear();
            }
        }
    }
    parts
}

/// A main unit with those of its units that are shown, and only their sums.
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
pub fn statement_of(request: &Request) -> Result<Reply, Problem> {
    let cup = request.in_path("cup").to_ascii_uppercase();
    // A statement covers all units of the main unit, so only viewers who may
    // see all of them get it.
    let own = request.viewer.is_province() || request.viewer.hcode() == Some(&cup);
    if !own {
        return Err(Problem::new(problem::NOT_ALLOWED, "a statement of another main unit"));
    }
    let round = money(request)?;
    let basis = CalculationInput {
        reader: request.store()?,
        catalog: &round.environment.catalog,
        units: &round.environment.units,
        book: &round.book,
        as_of: round.counted.points.as_of.clone(),
        kept: None,
    };
    let made = statement(&basis, &round.counted, &cup).map_err(|error| {
        log::error!("{error}");
        Problem::new(problem::DATABASE, "see the log of the daemon")
    })?;
    let made = made.ok_or_else(|| Problem::new(problem::NO_UNIT, "no such main unit"))?;
    request.log(Action::Read, Some(&cup), None, &made.name)?;
    let name = format!("khlang-{}", made.name);
    document::reply(request, &made, document::format(request).unwrap_or(Format::Json), &name)
}
