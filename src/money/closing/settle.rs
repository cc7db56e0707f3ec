//! Replaces computed figures by payments, and adds the differences to the next open
//! part. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Correction, Now, PartKind, PoolCorrection, PoolNow};
use crate::money::allocate::{
    Allocated, ItemMoney, PerformanceMoney, PerformancePool, PoolSettled, Settled, UnitMoney,
    VolumeMoney, VolumePool,
};
use crate::money::terms::MoneyRules;
use crate::money::{Hundredths, Satang};
use crate::store::{Closing, PaidUnit};

/// Money and what of it is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct PaidAndHeld {
    amount: Satang,
    held: Satang,
}

impl PaidAndHeld {
    fn new(amount: i64, held: i64) -> Self {
        Self { amount: Satang(amount), held: Satang(held) }
    }

    fn from_correction(line: &Correction) -> Self {
        Self { amount: line.amount, held: line.held }
    }

    fn less(self, other: Self) -> Self {
        Self { amount: self.amount - other.amount, held: self.held - other.held }
    }

    fn add(&mut self, other: Self) {
        self.amount += other.amount;
        self.held += other.held;
    }

    fn payable(self) -> Satang {
        self.amount - self.held
    }
}

/// An allocation in which what was paid stands. Of `closings` those that were
/// taken up again count for nothing.
///
/// # Errors
/// Says which sum does not come out, which is a bug.
pub fn settle(
    terms: &MoneyRules,
    plain: &Allocated,
    closings: &[Closing],
) -> Result<Allocated, String> {
    let in_force: Vec<&Closing> = closings.iter().filter(|of| of.reopened.is_none()).collect();
    let mut done = plain.clone();
    if in_force.is_empty() {
        return Ok(done);
    }
    for hcode in in_force.iter().flat_map(|of| &of.paid.units).map(|unit| &unit.hcode) {
        done.units.entry(hcode.clone()).or_default();
    }
    let quarters = terms.quarters().map(|quarter| quarter.id.as_str()).collect();
    let tranches = terms.tranches.iter().map(|tranche| tranche.period.id.as_str()).collect();
    for (kind, order) in [(PartKind::Quarter, quarters), (PartKind::Tranche, tranches)] {
        let of_kind = in_force.iter().copied().filter(|of| of.paid.of.kind == kind);
        let closed = of_kind.map(|of| (of.paid.of.part.as_str(), of)).collect();
        PartsOfKind { kind, order, closed, plain }.settle(&mut done);
    }
    for unit in done.units.values_mut() {
        unit.sums.due = unit.sums.payable - unit.sums.paid;
    }
    prove(plain, &done)?;
    Ok(done)
}

/// The parts of a kind.
struct PartsOfKind<'a> {
    kind: PartKind,
    /// Those of the rulebook, in their order.
    order: Vec<&'a str>,
    /// Those that were paid.
    closed: BTreeMap<&'a str, &'a Closing>,
    /// What would be computed now.
    plain: &'a Allocated,
}

impl PartsOfKind<'_> {
    fn settle(&self, done: &mut Allocated) {
        for (part, closing) in &self.closed {
            self.replace(part, closing, done);
        }
        for part in self.touched() {
            self.put_right(part, done);
        }
    }

    /// Parts that may have a difference: those that were paid, and those that
    /// something was put right of.
    fn touched(&self) -> BTreeSet<&str> {
        let about = self.closed.values().flat_map(|of| {
            let units = of.paid.corrections.iter().map(|line| line.part.as_str());
            units.chain(of.paid.unshared.iter().map(|(part, _)| part.as_str()))
        });
        self.closed.keys().copied().chain(about).collect()
    }

    /// The part with which a closed part is corrected: the first open part after it,
    /// else the first open part; `None` if all are closed.
    fn next(&self, of: &str) -> Option<&str> {
        let open = |part: &&&str| !self.closed.contains_key(**part);
        let from = self.order.iter().position(|part| *part == of).unwrap_or(0);
        let later = self.order.iter().skip(from).find(open);
        later.or_else(|| self.order.iter().find(open)).copied()
    }

    /// Replaces a computed figure by what was paid.
    fn replace(&self, part: &str, closing: &Closing, done: &mut Allocated) {
        let paid: BTreeMap<&str, &PaidUnit> =
            closing.paid.units.iter().map(|unit| (unit.hcode.as_str(), unit)).collect();
        let nothing = PaidUnit::default();
        for (hcode, unit) in &mut done.units {
            let of = paid.get(hcode.as_str()).copied().unwrap_or(&nothing);
            let now = self.now(hcode, part);
            let lines = closing.paid.corrections.iter().filter(|line| line.hcode == *hcode);
            let corrections: Vec<Correction> = lines
                .map(|line| self.line(&line.part, PaidAndHeld::new(line.amount, line.held)))
                .collect();
            let mut money = PaidAndHeld::new(of.amount, of.held);
            for line in &corrections {
                money.add(PaidAndHeld::from_correction(line));
            }
            unit.sums.paid += money.payable();
            let now = Some(Now { amount: now.amount, held: now.held });
            let settled = Settled { closed: true, now, corrections };
            self.show(unit, part, of, settled);
        }
        self.replace_pool(part, closing, done);
    }

    fn show(&self, unit: &mut UnitMoney, part: &str, of: &PaidUnit, settled: Settled) {
        let (amount, held) = (Satang(of.amount), Satang(of.held));
        match self.kind {
            PartKind::Quarter => {
                let items = of.items.iter().map(|item| {
                    let (amount, held) = (Satang(item.amount), Satang(item.held));
                    let money = ItemMoney { points: Hundredths(item.points), amount, held };
                    (item.item.clone(), money)
                });
                let items = items.collect();
                let points = Hundredths(of.points);
                let money = VolumeMoney { points, amount, held, items, settled };
                unit.volume.insert(part.to_owned(), money);
            }
            PartKind::Tranche => {
                let (score, max) = (Hundredths(of.points), Hundredths(of.most));
                let (ceiling, earned) = (Satang(of.ceiling), amount);
                let money = PerformanceMoney { ceiling, score, max, earned, held, settled };
                unit.performance.insert(part.to_owned(), money);
            }
        }
    }

    fn replace_pool(&self, part: &str, closing: &Closing, done: &mut Allocated) {
        let (of, now) = (&closing.paid.pool, pool_now(self.plain, self.kind, part));
        let mut lines: BTreeMap<&str, PoolCorrection> = BTreeMap::new();
        for line in &closing.paid.corrections {
            let pool = lines.entry(&line.part).or_insert_with(|| self.pool_line(&line.part));
            pool.shared += Satang(line.amount);
        }
        for (part, amount) in &closing.paid.unshared {
            lines.entry(part).or_insert_with(|| self.pool_line(part)).unshared = Satang(*amount);
        }
        let corrections = lines.into_values().collect();
        let settled = PoolSettled { closed: true, now: Some(now), corrections };
        let (own, joined) = (Satang(of.own), Satang(of.joined));
        let (shared, unshared) = (Satang(of.shared), Satang(of.unshared));
        match self.kind {
            PartKind::Quarter => {
                let pool = VolumePool {
                    own,
                    joined,
                    pool: own + joined,
                    points: Hundredths(of.points),
                    shared,
                    unallocated: unshared,
                    settled,
                };
                done.pools.quarters.insert(part.to_owned(), pool);
            }
            PartKind::Tranche => {
                let pool =
                    PerformancePool { pool: own, earned: shared, unearned: unshared, settled };
                done.pools.tranches.insert(part.to_owned(), pool);
            }
        }
    }

    /// Carries what is different of a part into the next one that is open.
    fn put_right(&self, part: &str, done: &mut Allocated) {
        let to = self.next(part);
        let closing = self.closed.get(part);
        let mut shared = Satang::ZERO;
        for (hcode, unit) in &mut done.units {
            let mut due = PaidAndHeld::default();
            if let Some(closing) = closing {
                let of = closing.paid.units.binary_search_by(|unit| unit.hcode.cmp(hcode));
                let of = of.map_or(PaidAndHeld::default(), |at| {
                    let unit = &closing.paid.units[at];
                    PaidAndHeld::new(unit.amount, unit.held)
                });
                due = self.now(hcode, part).less(of);
            }
            let due = due.less(self.put_right_before(hcode, part));
            if due == PaidAndHeld::default() {
                continue;
            }
            shared += due.amount;
            let line = self.line(part, due);
            match (to, self.kind) {
                (None, _) => unit.outstanding.push(line),
                (Some(to), PartKind::Quarter) => {
                    let money = unit.volume.entry(to.to_owned()).or_default();
                    money.settled.corrections.push(line);
                }
                (Some(to), PartKind::Tranche) => {
                    let money = unit.performance.entry(to.to_owned()).or_default();
                    money.settled.corrections.push(line);
                }
            }
        }
        let paid = closing.map_or(Satang::ZERO, |closing| {
            pool_now(self.plain, self.kind, part).unshared - Satang(closing.paid.pool.unshared)
        });
        let unshared = paid - self.unshared_before(part);
        if shared == Satang::ZERO && unshared == Satang::ZERO {
            return;
        }
        let line = PoolCorrection { shared, unshared, ..self.pool_line(part) };
        match (to, self.kind) {
            (None, _) => done.pools.outstanding.push(line),
            (Some(to), PartKind::Quarter) => {
                let pool = done.pools.quarters.entry(to.to_owned()).or_default();
                pool.settled.corrections.push(line);
            }
            (Some(to), PartKind::Tranche) => {
                let pool = done.pools.tranches.entry(to.to_owned()).or_default();
                pool.settled.corrections.push(line);
            }
        }
    }

    /// Corrections of a part of a unit's money that were paid with closed parts.
    fn put_right_before(&self, hcode: &str, part: &str) -> PaidAndHeld {
        let mut sum = PaidAndHeld::default();
        let lines = self.closed.values().flat_map(|of| &of.paid.corrections);
        for line in lines.filter(|line| line.part == part && line.hcode == hcode) {
            sum.add(PaidAndHeld::new(line.amount, line.held));
        }
        sum
    }

    fn unshared_before(&self, part: &str) -> Satang {
        let lines = self.closed.values().flat_map(|of| &of.paid.unshared);
        lines.filter(|line| line.0 == part).map(|line| Satang(line.1)).sum()
    }

    fn line(&self, of: &str, money: PaidAndHeld) -> Correction {
        let PaidAndHeld { amount, held } = money;
        Correction { kind: self.kind, of: of.to_owned(), amount, held }
    }

    fn pool_line(&self, of: &str) -> PoolCorrection {
        let (shared, unshared) = (Satang::ZERO, Satang::ZERO);
        PoolCorrection { kind: self.kind, of: of.to_owned(), shared, unshared }
    }

    /// What would be computed now of a unit's money.
    fn now(&self, hcode: &str, part: &str) -> PaidAndHeld {
        self.plain
            .units
            .get(hcode)
            .map_or(PaidAndHeld::default(), |unit| money_of(unit, self.kind, part))
    }
}

/// A unit's money of a part, without corrections.
fn money_of(unit: &UnitMoney, kind: PartKind, part: &str) -> PaidAndHeld {
    let money = match kind {
        PartKind::Quarter => unit.volume.get(part).map(|of| (of.amount, of.held)),
        PartKind::Tranche => unit.performance.get(part).map(|of| (of.earned, of.held)),
    };
    money.map_or(PaidAndHeld::default(), |(amount, held)| PaidAndHeld { amount, held })
}

fn pool_now(of: &Allocated, kind: PartKind, part: &str) -> PoolNow {
    match kind {
        PartKind::Quarter => of.pools.quarters.get(part).map(|of| PoolNow {
            pool: of.pool,
            shared: of.shared,
            unshared: of.unallocated,
        }),
        PartKind::Tranche => of.pools.tranches.get(part).map(|of| PoolNow {
            pool: of.pool,
            shared: of.earned,
            unshared: of.unearned,
        }),
    }
    .unwrap_or_default()
}

/// All parts of a unit's money of a kind, and the corrections.
fn sum_of(unit: &UnitMoney, kind: PartKind) -> PaidAndHeld {
    let mut sum = PaidAndHeld::default();
    let mut corrections: Vec<&Correction> =
        unit.outstanding.iter().filter(|line| line.kind == kind).collect();
    let parts: Vec<&String> = match kind {
        PartKind::Quarter => {
            corrections.extend(unit.volume.values().flat_map(|of| &of.settled.corrections));
            unit.volume.keys().collect()
        }
        PartKind::Tranche => {
            corrections.extend(unit.performance.values().flat_map(|of| &of.settled.corrections));
            unit.performance.keys().collect()
        }
    };
    for part in parts {
        sum.add(money_of(unit, kind, part));
    }
    for line in corrections {
        sum.add(PaidAndHeld::from_correction(line));
    }
    sum
}

/// All pools of a kind, and what is put right of them: what units get, and what
/// nobody does.
fn pools_of(of: &Allocated, kind: PartKind) -> (Satang, Satang) {
    let pools = &of.pools;
    let parts: Vec<(&String, &PoolSettled)> = match kind {
        PartKind::Quarter => pools.quarters.iter().map(|(id, of)| (id, &of.settled)).collect(),
        PartKind::Tranche => pools.tranches.iter().map(|(id, of)| (id, &of.settled)).collect(),
    };
    let (mut shared, mut unshared) = (Satang::ZERO, Satang::ZERO);
    let outstanding = pools.outstanding.iter().filter(|line| line.kind == kind);
    for line in outstanding.chain(parts.iter().flat_map(|(_, settled)| &settled.corrections)) {
        shared += line.shared;
        unshared += line.unshared;
    }
    for (id, _) in parts {
        let now = pool_now(of, kind, id);
        shared += now.shared;
        unshared += now.unshared;
    }
    (shared, unshared)
}

/// The pair of the arithmetic above: whatever was paid, and however it is put
/// right, in sum it is what would be computed now, to the satang.
fn prove(plain: &Allocated, done: &Allocated) -> Result<(), String> {
    for kind in [PartKind::Quarter, PartKind::Tranche] {
        let name = kind.as_str();
        for (hcode, unit) in &done.units {
            let now = plain.units.get(hcode).map(|unit| sum_of(unit, kind)).unwrap_or_default();
            if sum_of(unit, kind) != now {
                return Err(format!("{name}s of {hcode} with what was paid are another sum"));
            }
        }
        if pools_of(done, kind) != pools_of(plain, kind) {
            return Err(format!("pools of {name}s with what was paid are another sum"));
        }
    }
    for pool in done.pools.quarters.values() {
        if pool.own + pool.joined != pool.shared + pool.unallocated {
            return Err("a quarter does not add up".to_owned());
        }
    }
    let total: Satang = done.units.values().map(|unit| unit.sums.paid + unit.sums.due).sum();
    if total != done.total().payable {
        return Err("paid and due are not what is payable".to_owned());
    }
    Ok(())
}
