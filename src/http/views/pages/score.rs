//! Quality and points of a round: all units that who looks may see, ranked,
//! and one unit against the bands of the rulebook.

use std::cmp::Reverse;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::{RENEW, being_computed, unit_name};
use crate::http::call::Call;
use crate::http::figures::{self, Round};
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::score::Rulebooks;
use crate::score::quality::TrancheQuality;
use crate::score::rulebook::quality::Dimension;

/// Rounds of which there is a rulebook, the latest first.
fn rounds(call: &Call) -> Vec<i32> {
    Rulebooks::open(&call.shared.data).rounds().into_keys().rev().collect()
}

/// The round asked for, else the latest one that has begun and has a rulebook.
fn asked(call: &Call, rounds: &[i32]) -> i32 {
    let present = Rulebooks::open(&call.shared.data).round_of(call.shared.clock.now().date_naive());
    let asked = call.number("round").and_then(|round| i32::try_from(round).ok());
    let latest = || rounds.iter().copied().find(|round| *round <= present);
    asked.or_else(latest).or_else(|| rounds.last().copied()).unwrap_or(present)
}

/// The tranche asked for, else the latest of which there are figures.
fn tranche(call: &Call, round: &Round) -> u32 {
    let asked = call.number("tranche").and_then(|number| u32::try_from(number).ok());
    let all = round.counted.quality.values().flat_map(|tranches| tranches.keys());
    asked.or_else(|| all.max().copied()).unwrap_or(1)
}

/// Parts of a hundred, for a bar.
fn part(of: Decimal, whole: Decimal) -> Decimal {
    if whole.is_zero() { Decimal::ZERO } else { (of * Decimal::ONE_HUNDRED / whole).round_dp(1) }
}

/// A unit in the ranking.
#[derive(Serialize)]
struct Line {
    hcode: String,
    name: Option<String>,
    own: bool,
    points: String,
    quality: Option<Ranked>,
}

#[derive(Serialize)]
struct Ranked {
    rank: usize,
    score: String,
    max: String,
    part: Decimal,
    dimensions: Vec<Value>,
}

/// `/quality`
pub fn quality(call: &Call) -> Result<Reply, Problem> {
    let rounds = rounds(call);
    let number = asked(call, &rounds);
    let round = figures::round(call, number)?;
    let (tranche, lang) = (tranche(call, &round), call.lang());
    let scope = call.scope();
    let shares = shares(&round, tranche);
    let units = round.world.units.by_code.keys();
    let shown = units.filter(|hcode| scope.as_ref().is_none_or(|own| own.contains(*hcode)));
    let mut lines: Vec<Line> = shown
        .map(|hcode| {
            let quality = round.counted.quality.get(hcode).and_then(|all| all.get(&tranche));
            Line {
                name: unit_name(call, Some(hcode)),
                own: call.viewer.hcode() == Some(hcode),
                points: format!("{:.2}", round.counted.points.total(hcode, None)),
                quality: quality.map(|quality| ranked(&round, quality, &shares, lang)),
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
    page::render(&Frame::of(call), "quality.html", own)
}

/// What part of its best each unit reached in a tranche, the best first.
fn shares(round: &Round, tranche: u32) -> Vec<Decimal> {
    let all = round.counted.quality.values().filter_map(|all| all.get(&tranche));
    let mut shares: Vec<Decimal> = all.map(|quality| part(quality.score, quality.max)).collect();
    shares.sort_by_key(|share| Reverse(*share));
    shares
}

fn ranked(round: &Round, quality: &TrancheQuality, shares: &[Decimal], lang: Lang) -> Ranked {
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
        part: share,
        dimensions: dimensions.collect(),
    }
}

fn named(dimension: &Dimension, lang: Lang) -> &str {
    if lang == Lang::Th { &dimension.th } else { &dimension.en }
}

/// What each percentage is worth.
fn bands(round: &Round, lang: Lang) -> Vec<Value> {
    let each = round.book.quality.dimensions.iter();
    each.map(|dimension| json!({ "name": named(dimension, lang), "bands": dimension.bands }))
        .collect()
}

/// One unit against the bands, and its points, for its own page. What is still
/// being counted, or has no rulebook, keeps nobody from the rest of the page.
pub(super) fn of_unit(call: &Call, number: i32, hcode: &str) -> Result<Value, Problem> {
    let round = match figures::round(call, number) {
        Ok(round) => round,
        Err(problem) if being_computed(&problem) => {
            return Ok(json!({ "state": "computing", "renew": RENEW }));
        }
        Err(problem) if [problem::NO_ROUND, problem::RULEBOOK].contains(&problem.kind) => {
            return Ok(json!({ "state": "none", "renew": null }));
        }
        Err(problem) => return Err(problem),
    };
    let lang = call.lang();
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
    let most = items.iter().map(|(_, points)| *points).max().unwrap_or_default();
    let items: Vec<Value> = items
        .iter()
        .map(|(name, points)| {
            json!({
                "name": name, "points": format!("{points:.2}"), "part": part(*points, most),
            })
        })
        .collect();
    Ok(json!({
        "state": "there", "renew": null, "tranche": tranche, "items": items,
        "total": format!("{:.2}", points.total(hcode, None)),
    }))
}

/// How good a score is.
fn state(score: Decimal, best: Decimal) -> &'static str {
    match score {
        score if score == best => "met",
        score if score.is_zero() => "missed",
        _ => "partial",
    }
}

/// Files of each dimension with the bands that they are held against.
fn dimensions(round: &Round, quality: &TrancheQuality, lang: Lang) -> Vec<Value> {
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
                    "at": figure.percent, "score": format!("{:.2}", figure.score),
                    "state": state(figure.score, best),
                    "numerator": figure.numerator, "denominator": figure.denominator,
                })
            })
            .collect();
        json!({ "name": named(dimension, lang), "bands": bands, "files": files })
    });
    each.collect()
}
