//! The allocation: pools by UC head, volume money by points of each quarter,
//! performance money by quality of each tranche ([OPPP-2557 s. 44-46], docs/rules.md#money).
//! Pure: the same inputs and rules give the same satang.
//!
//! - Volume: heads of the province × the rate, split over the quarters. Performance
//!   money of a tranche that no unit earned is added to the tranche's quarters by
//!   their weights (local default). A quarter is shared by its points. A quarter
//!   without points stays unallocated and is shown as such.
//! - Performance: heads × the rate, split over the tranches. A unit's ceiling is the
//!   part of its heads; it earns score ÷ maximum of its ceiling, rounded half up.
//! - Support money is shared by UC heads if the rulebook says so; otherwise it is
//!   shown as not shared out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::closing::{Correction, Now, PoolCorrection, PoolNow};
use super::holds::{ActiveHolds, PERFORMANCE};
use super::share::split;
use super::terms::{AllocationFacts, MoneyRules, Tranche, UnitFacts};
use super::{Hundredths, Satang};

/// A quarter of the volume pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VolumePool {
    /// Share of the volume money, in satang.
    pub own: Satang,
    /// Performance money that nobody earned.
    pub joined: Satang,
    /// Both.
    pub pool: Satang,
    /// Points of all units.
    pub points: Hundredths,
    /// What the units got.
    pub shared: Satang,
    /// What nobody got, because nobody has points.
    pub unallocated: Satang,
    /// Payment, and the corrections that are paid with it.
    #[serde(flatten)]
    pub settled: PoolSettled,
}

/// Payment of a part of a pool, and the corrections that are paid with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PoolSettled {
    /// It was paid: its figures are those that it was paid by.
    pub closed: bool,
    /// What it would be if it were counted now, when it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<PoolNow>,
    /// Corrections of earlier payments, paid with this part.
    pub corrections: Vec<PoolCorrection>,
}

/// Payment of a part of a unit's money, and the corrections paid with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Settled {
    /// It was paid: its figures are those that it was paid by.
    pub closed: bool,
    /// What it would be if it were counted now, when it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Now>,
    /// Corrections of earlier payments, paid with this part.
    pub corrections: Vec<Correction>,
}

/// A tranche of the performance pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PerformancePool {
    /// The most that can be earned.
    pub pool: Satang,
    /// What was.
    pub earned: Satang,
    /// What goes to the volume money.
    pub unearned: Satang,
    /// Payment, and the corrections that are paid with it.
    #[serde(flatten)]
    pub settled: PoolSettled,
}

/// A part of the support money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SupportPool {
    /// A head.
    pub per_head: Satang,
    /// Whole amount of the pool.
    pub amount: Satang,
    /// What units get of it.
    pub shared: Satang,
    /// Money that is not shared out, because no source says who gets it.
    pub not_shared: Satang,
}

/// The pools of the province.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pools {
    /// UC heads that they are counted from.
    pub heads: u64,
    /// Volume money before anything joined it.
    pub volume: Satang,
    /// Quarters, in order.
    pub quarters: BTreeMap<String, VolumePool>,
    /// Performance money at most.
    pub performance: Satang,
    /// Tranches, in order.
    pub tranches: BTreeMap<String, PerformancePool>,
    /// Support money.
    pub support: BTreeMap<String, SupportPool>,
    /// Differences of parts that were paid, while no part is open to put them
    /// right with.
    pub outstanding: Vec<PoolCorrection>,
}

/// Money of an item in a quarter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ItemMoney {
    /// Points of the item.
    pub points: Hundredths,
    /// Share of the unit's money, in satang.
    pub amount: Satang,
    /// What of that is held.
    pub held: Satang,
}

/// A unit's volume money of a quarter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VolumeMoney {
    /// Points of all items.
    pub points: Hundredths,
    /// What they got.
    pub amount: Satang,
    /// What of that is held.
    pub held: Satang,
    /// By item.
    pub items: BTreeMap<String, ItemMoney>,
    /// Payment, and the corrections that are paid with it.
    #[serde(flatten)]
    pub settled: Settled,
}

/// A unit's performance money of a tranche.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PerformanceMoney {
    /// The most that its heads allow.
    pub ceiling: Satang,
    /// Quality score.
    pub score: Hundredths,
    /// The most that it could have been.
    pub max: Hundredths,
    /// What the score earned.
    pub earned: Satang,
    /// What of that is held.
    pub held: Satang,
    /// Payment, and the corrections that are paid with it.
    #[serde(flatten)]
    pub settled: Settled,
}

/// Sums of money: of a unit, a main unit, or all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MoneySums {
    /// Volume money.
    pub volume: Satang,
    /// Performance money.
    pub performance: Satang,
    /// Support money.
    pub support: Satang,
    /// All of these.
    pub amount: Satang,
    /// What of that is held.
    pub held: Satang,
    /// What is not.
    pub payable: Satang,
    /// What was paid of that with the parts that are closed.
    pub paid: Satang,
    /// What is left to pay; less than nothing where too much was paid.
    pub due: Satang,
}

impl MoneySums {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.volume += other.volume;
        self.performance += other.performance;
        self.support += other.support;
        self.amount += other.amount;
        self.held += other.held;
        self.payable += other.payable;
        self.paid += other.paid;
        self.due += other.due;
    }
}

/// A unit's money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitMoney {
    /// UC heads.
    pub heads: u64,
    /// All of it.
    #[serde(flatten)]
    pub sums: MoneySums,
    /// Volume money by quarter.
    #[serde(rename = "quarters")]
    pub volume: BTreeMap<String, VolumeMoney>,
    /// Performance money by tranche.
    #[serde(rename = "tranches")]
    pub performance: BTreeMap<String, PerformanceMoney>,
    /// Support money by its parts, where it is shared out.
    #[serde(rename = "support_parts")]
    pub support: BTreeMap<String, Satang>,
    /// Differences of parts that were paid, while no part is open to put them
    /// right with.
    pub outstanding: Vec<Correction>,
    /// Holds in force on it.
    pub holds: Vec<i64>,
}

/// Pools, and what each unit gets of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allocated {
    /// The pools.
    pub pools: Pools,
    /// Units by HCODE.
    pub units: BTreeMap<String, UnitMoney>,
}

/// Allocates the money.
pub fn allocate(terms: &MoneyRules, facts: &AllocationFacts, holds: &ActiveHolds) -> Allocated {
    let heads: u64 = facts.values().map(|unit| unit.heads).sum();
    let mut done = Allocated::default();
    for (hcode, unit) in facts {
        let money = UnitMoney { heads: unit.heads, ..UnitMoney::default() };
        done.units.insert(hcode.clone(), money);
    }
    open_pools(terms, heads, &mut done.pools);
    support(terms, facts, &mut done);
    for tranche in &terms.tranches {
        performance(tranche, facts, holds, &mut done);
        let id = &tranche.period.id;
        let unearned = done.pools.tranches[id].unearned;
        let weights: Vec<(usize, u64)> =
            tranche.quarters.iter().map(|quarter| quarter.weight).enumerate().collect();
        let joined = split(unearned, &weights).shares;
        for (quarter, joined) in tranche.quarters.iter().zip(joined) {
            let pool = done.pools.quarters.entry(quarter.id.clone()).or_default();
            pool.joined = joined;
            pool.pool = pool.own + joined;
            volume(&quarter.id, id, facts, holds, &mut done);
        }
    }
    for (hcode, unit) in &mut done.units {
        unit.sums = sums_of(unit);
        unit.holds = holds.of_unit(hcode).to_vec();
    }
    done
}

fn per_head(rate: Satang, heads: u64) -> Satang {
    Satang(rate.0 * heads as i64)
}

fn open_pools(terms: &MoneyRules, heads: u64, pools: &mut Pools) {
    pools.heads = heads;
    pools.volume = per_head(terms.volume, heads);
    pools.performance = per_head(terms.performance, heads);
    let weights: Vec<(usize, u64)> =
        terms.quarters().map(|quarter| quarter.weight).enumerate().collect();
    let parts = split(pools.volume, &weights).shares;
    for (quarter, own) in terms.quarters().zip(parts) {
        let pool = VolumePool { own, pool: own, ..VolumePool::default() };
        pools.quarters.insert(quarter.id.clone(), pool);
    }
    let weights: Vec<(usize, u64)> =
        terms.tranches.iter().map(|tranche| tranche.period.weight).enumerate().collect();
    let parts = split(pools.performance, &weights).shares;
    for (tranche, pool) in terms.tranches.iter().zip(parts) {
        let pool = PerformancePool { pool, ..PerformancePool::default() };
        pools.tranches.insert(tranche.period.id.clone(), pool);
    }
}

fn support(terms: &MoneyRules, facts: &AllocationFacts, done: &mut Allocated) {
    let weights: Vec<(&str, u64)> =
        facts.iter().map(|(hcode, unit)| (hcode.as_str(), unit.heads)).collect();
    for part in &terms.support {
        let amount = per_head(part.per_head, done.pools.heads);
        let mut pool = SupportPool { per_head: part.per_head, amount, ..SupportPool::default() };
        if part.shared_out {
            for ((hcode, _), share) in weights.iter().zip(split(amount, &weights).shares) {
                pool.shared += share;
                let unit = done.units.entry((*hcode).to_owned()).or_default();
                unit.support.insert(part.name.clone(), share);
            }
        }
        pool.not_shared = amount - pool.shared;
        done.pools.support.insert(part.name.clone(), pool);
    }
}

fn performance(
    tranche: &Tranche,
    facts: &AllocationFacts,
    holds: &ActiveHolds,
    done: &mut Allocated,
) {
    let id = &tranche.period.id;
    let pool = done.pools.tranches.entry(id.clone()).or_default();
    let weights: Vec<(&str, u64)> =
        facts.iter().map(|(hcode, unit)| (hcode.as_str(), unit.heads)).collect();
    let ceilings = split(pool.pool, &weights).shares;
    for ((hcode, unit), ceiling) in facts.iter().zip(ceilings) {
        let mark = unit.quality.get(id).copied().unwrap_or_default();
        let earned = ceiling.part(mark.score, mark.max);
        let money = PerformanceMoney {
            ceiling,
            score: Hundredths(mark.score),
            max: Hundredths(mark.max),
            earned,
            held: holds.held(hcode, id, PERFORMANCE, earned),
            settled: Settled::default(),
        };
        pool.earned += earned;
        done.units.entry(hcode.clone()).or_default().performance.insert(id.clone(), money);
    }
    pool.unearned = pool.pool - pool.earned;
}

fn volume(
    quarter: &str,
    tranche: &str,
    facts: &AllocationFacts,
    holds: &ActiveHolds,
    done: &mut Allocated,
) {
    let points_of = |unit: &UnitFacts| unit.points.get(quarter).map_or(0, |i| i.values().sum());
    let weights: Vec<(&str, u64)> =
        facts.iter().map(|(hcode, unit)| (hcode.as_str(), points_of(unit))).collect();
    let Some(pool) = done.pools.quarters.get_mut(quarter) else { return };
    let parts = split(pool.pool, &weights);
    pool.points = Hundredths(weights.iter().map(|(_, points)| points).sum());
    pool.unallocated = parts.unallocated;
    pool.shared = parts.shares.iter().copied().sum();
    for (((hcode, points), amount), unit) in weights.iter().zip(parts.shares).zip(facts.values()) {
        let items = unit.points.get(quarter).into_iter().flatten();
        let items: Vec<(&str, u64)> =
            items.map(|(item, points)| (item.as_str(), *points)).collect();
        let mut money =
            VolumeMoney { points: Hundredths(*points), amount, ..VolumeMoney::default() };
        for ((item, points), amount) in items.iter().zip(split(amount, &items).shares) {
            let held = holds.held(hcode, tranche, item, amount);
            money.held += held;
            let of = ItemMoney { points: Hundredths(*points), amount, held };
            money.items.insert((*item).to_owned(), of);
        }
        let unit = done.units.entry((*hcode).to_owned()).or_default();
        unit.volume.insert(quarter.to_owned(), money);
    }
}

fn sums_of(unit: &UnitMoney) -> MoneySums {
    let volume: Satang = unit.volume.values().map(|money| money.amount).sum();
    let performance: Satang = unit.performance.values().map(|money| money.earned).sum();
    let support: Satang = unit.support.values().copied().sum();
    let held_volume: Satang = unit.volume.values().map(|money| money.held).sum();
    let held: Satang =
        held_volume + unit.performance.values().map(|money| money.held).sum::<Satang>();
    let amount = volume + performance + support;
    let payable = amount - held;
    let paid = Satang::ZERO;
    MoneySums { volume, performance, support, amount, held, payable, paid, due: payable }
}

impl Allocated {
    /// Money of all units.
    pub fn total(&self) -> MoneySums {
        let mut total = MoneySums::default();
        self.units.values().for_each(|unit| total.add(&unit.sums));
        total
    }

    /// What nobody got.
    pub fn unallocated(&self) -> Satang {
        self.pools.quarters.values().map(|pool| pool.unallocated).sum()
    }

    /// The pair of the arithmetic above: what went in came out, to the satang,
    /// in every pool. A difference is a bug, and no figure leaves the house.
    ///
    /// # Errors
    /// Says which sum is not what it should be.
    pub fn prove(&self) -> Result<(), String> {
        let same = |what: &str, one: Satang, other: Satang| {
            if one == other { Ok(()) } else { Err(format!("{what}: {one} is not {other}")) }
        };
        let pools = &self.pools;
        let units = || self.units.values();
        for (id, pool) in &pools.quarters {
            let paid: Satang =
                units().filter_map(|unit| unit.volume.get(id)).map(|m| m.amount).sum();
            same(&format!("quarter {id}"), pool.own + pool.joined, paid + pool.unallocated)?;
        }
        for (id, pool) in &pools.tranches {
            let of = || units().filter_map(|unit| unit.performance.get(id));
            same(&format!("ceilings of {id}"), pool.pool, of().map(|m| m.ceiling).sum())?;
            same(&format!("tranche {id}"), pool.earned, of().map(|m| m.earned).sum())?;
        }
        for money in units().flat_map(|unit| unit.volume.values()) {
            same("items", money.amount, money.items.values().map(|item| item.amount).sum())?;
        }
        for (name, pool) in &pools.support {
            let paid: Satang = units().filter_map(|unit| unit.support.get(name)).copied().sum();
            same(&format!("support {name}"), pool.amount, paid + pool.not_shared)?;
        }
        let total = self.total();
        let pool = pools.volume + pools.performance + total.support;
        same("all", pool, total.amount + self.unallocated())?;
        same("held", total.amount, total.held + total.payable)
    }
}

#[cfg(test)]
#[path = "allocate_tests.rs"]
mod tests;
