//! Quality and points of a round: all units that the viewer may see, ranked,
//! and one unit against the bands of the rulebook.

use std::cmp::Reverse;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::{RENEW, being_computed, rep, unit_name};
use crate::app::results::RoundResult;
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{LANG, ROUND, TRANCHE};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::score::Rulebooks;
use crate::score::quality::TrancheQuality;
use crate::score::rulebook::quality::Dimension;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.quality_page",
        params: &[ROUND, TRANCHE, LANG],
        problems: &[problem::NO_ROUND, problem::RULEBOOK, problem::BEING_COMPUTED],
        menu: Some("quality"),
        ..Endpoint::page("quality_page", "/quality")
    },
    view: quality,
}];

/// Rounds that have a rulebook, the latest first.
fn rounds(request: &Request) -> Vec<i32> {
    Rulebooks::open(&request.app.data).rounds().into_keys().rev().collect()
}

/// The round asked for, else the latest one that has begun and has a rulebook.
fn asked(request: &Request, rounds: &[i32]) -> i32 {
    let present = Rulebooks::open(&request.app.data).round_of(request.app.clock.now().date_naive());
    let asked = request.number("round").and_then(|round| i32::try_from(round).ok());
    let latest = || rounds.iter().copied().find(|round| *round <= present);
    asked.or_else(latest).or_else(|| rounds.last().copied()).unwrap_or(present)
}

/// The tranche asked for, by default the latest that has results.
fn tranche(request: &Request, round: &RoundResult) -> u32 {
    let asked = request.number("tranche").and_then(|number| u32::try_from(number).ok());
    let all = round.counted.quality.values().flat_map(|tranches| tranches.keys());
    asked.or_else(|| all.max().copied()).unwrap_or(1)
}

/// A share in percent, for a bar.
fn part(of: Decimal, whole: Decimal) -> Decimal {
    if whole.is_zero() { Decimal::ZERO } else { (of * Decimal::ONE_HUNDRED / whole).round_dp(2) }
}

/// A unit in the ranking.
#[derive(Serialize)]
struct UnitRank {
    hcode: String,
    name: Option<String>,
    own: bool,
    points: String,
    quality: Option<Ranked>,
    /// What destinations said of its rows.
    rep: Option<rep::UnitRep>,
}

#[derive(Serialize)]
struct Ranked {
    rank: usize,
    score: String,
    max: String,
    /// The share of its best score in percent: by it units are ranked, because
    /// who has fewer files has less to score.
    percent: String,
    part: Decimal,
    dimensions: Vec<Value>,
}

/// `/quality`
pub fn quality(request: &Request) -> Result<Reply, Problem> {
    let rounds = rounds(request);
    let number = asked(request, &rounds);
    let round = request.results()?.round(number)?;
    let (tranche, lang) = (tranche(request, &round), request.lang());
    let scope = request.scope();
    let shares = shares(&round, tranche);
    let mut back = rep::of_units(request, number)?;
    let units = round.environment.units.by_code.keys();
    let shown = units.filter(|hcode| scope.as_ref().is_none_or(|own| own.contains(*hcode)));
    let mut lines: Vec<UnitRank> = shown
        .map(|hcode| {
            let quality = round.counted.quality.get(hcode).and_then(|all| all.get(&tranche));
            UnitRank {
                name: unit_name(request, Some(hcode)),
                own: request.viewer.hcode() == Some(hcode),
                points: format!("{:.2}", round.counted.points.total(hcode, None)),
                quality: quality.map(|quality| ranked(&round, quality, &shares, lang)),
                rep: back.remove(hcode),
                hcode: hcode.clone(),
            }
        })
        .collect();
    lines.sort_by_key(|line| {
        line.quality.as_ref().map_or((true, 0), |quality| (false, quality.rank))
    });
    let tranches: Vec<u32> = round.book.tranches.iter().map(|period| period.number).collect();
    let own = json!({
        "round": number, "rounds": rounds, "tranche": tranche, "tranches": tranches,
        "days": round.book.tranches.iter().find(|period| period.number == tranche)
            .map(|period| json!({ "from": period.from, "to": period.to })),
        "lines": lines, "ranked": shares.len(), "bands": bands(&round, lang),
        "as_of": round.counted.allocation.as_of_submission,
        "local_defaults": round.book.local_default_keys(),
    });
    page::render(&Frame::new(request), "quality.html", own)
}

/// Each unit's share of its best score in a tranche, the best first.
fn shares(round: &RoundResult, tranche: u32) -> Vec<Decimal> {
    let all = round.counted.quality.values().filter_map(|all| all.get(&tranche));
    let mut shares: Vec<Decimal> = all.map(|quality| part(quality.score, quality.max)).collect();
    shares.sort_by_key(|share| Reverse(*share));
    shares
}

fn ranked(round: &RoundResult, quality: &TrancheQuality, shares: &[Decimal], lang: Lang) -> Ranked {
    let share = part(quality.score, quality.max);
    let dimensions = round.book.quality.dimensions.iter().map(|dimension| {
        let files = quality.dimensions.get(&dimension.name);
        let score: Decimal = files.into_iter().flatten().map(|(_, figure)| figure.score).sum();
        let max = dimension.max() * Decimal::from(files.map_or(0, std::collections::BTreeMap::len));
        json!({
            "name": named(dimension, lang), "score": format!("{score:.2}"),
            "max": format!("{max:.2}"), "part": part(score, max),
        })
    });
    Ranked {
        // Equal shares have an equal rank.
        rank: shares.iter().take_while(|other| **other > share).count() + 1,
        score: format!("{:.2}", quality.score),
        max: format!("{:.2}", quality.max),
        percent: format!("{share:.2}"),
        part: share,
        dimensions: dimensions.collect(),
    }
}

fn named(dimension: &Dimension, lang: Lang) -> &str {
    if lang == Lang::Th { &dimension.th } else { &dimension.en }
}

/// Scores of each percentage.
fn bands(round: &RoundResult, lang: Lang) -> Vec<Value> {
    let each = round.book.quality.dimensions.iter();
    each.map(|dimension| json!({ "name": named(dimension, lang), "bands": dimension.bands }))
        .collect()
}

/// One unit against the bands, and its points, for its own page. The rest of
/// that page is shown even while this is being computed or has no rulebook.
pub(super) fn of_unit(request: &Request, number: i32, hcode: &str) -> Result<Value, Problem> {
    let round = match request.results()?.round(number).map_err(Problem::from) {
        Ok(round) => round,
        Err(problem) if being_computed(&problem) => {
            return Ok(json!({ "state": "computing", "renew": RENEW }));
        }
        Err(problem) if [problem::NO_ROUND, problem::RULEBOOK].contains(&problem.kind) => {
            return Ok(json!({ "state": "none", "renew": null }));
        }
        Err(problem) => return Err(problem),
    };
    let lang = request.lang();
    let quality = round.counted.quality.get(hcode);
    let latest = quality.and_then(|all| all.iter().next_back());
    let tranche = latest.map(|(tranche, quality)| {
        let shares = shares(&round, *tranche);
        json!({
            "number": tranche, "ranked": ranked(&round, quality, &shares, lang),
            "of": shares.len(), "dimensions": dimensions(&round, quality, lang),
        })
    });
    let points = &round.counted.points;
    let items = round.book.points.iter().map(|item| {
        let name = if lang == Lang::Th { &item.th } else { &item.en };
        (name, points.sum(hcode, &item.item, None).points)
    });
    let items: Vec<_> = items.filter(|(_, points)| !points.is_zero()).collect();
    let whole: Decimal = items.iter().map(|(_, points)| *points).sum();
    let items: Vec<Value> = items
        .iter()
        .map(|(name, points)| {
            json!({
                "name": name, "points": format!("{points:.2}"),
                // What is there is seen, however small its share.
                "part": part(*points, whole).max(Decimal::ONE),
                "share": format!("{:.1}", part(*points, whole)),
            })
        })
        .collect();
    Ok(json!({
        "state": "there", "renew": null, "tranche": tranche, "items": items,
        "total": format!("{:.2}", points.total(hcode, None)),
    }))
}

/// The last place of a mark on a bar of a hundred at which it is seen whole.
const LAST_MARK: Decimal = Decimal::from_parts(988, 0, 0, false, 1);

/// How good a score is.
fn state(score: Decimal, best: Decimal) -> &'static str {
    match score {
        score if score == best => "met",
        score if score.is_zero() => "missed",
        _ => "partial",
    }
}

/// Files of each dimension with the bands that they are held against.
fn dimensions(round: &RoundResult, quality: &TrancheQuality, lang: Lang) -> Vec<Value> {
    let each = round.book.quality.dimensions.iter().map(|dimension| {
        let best = dimension.max();
        let bands: Vec<Value> = dimension
            .bands
            .iter()
            .map(|band| {
                json!({ "kind": state(band.score, best), "from": band.from, "wide": band.to - band.from })
            })
            .collect();
        let figures = quality.dimensions.get(&dimension.name).into_iter().flatten();
        let files: Vec<Value> = figures
            .map(|(file, figure)| {
                json!({
                    "file": file, "percent": format!("{:.2}", figure.percent),
                    "at": figure.percent.min(LAST_MARK), "score": format!("{:.2}", figure.score),
                    "state": state(figure.score, best),
                    "numerator": figure.numerator, "denominator": figure.denominator,
                })
            })
            .collect();
        json!({ "name": named(dimension, lang), "bands": bands, "files": files })
    });
    each.collect()
}
