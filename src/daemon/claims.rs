//! The daemon's active claims: with the loader, or waiting for a retry. Of a unit there is at most one with the loader, and while
//! there is any, nothing more of the unit is claimed: a later archive may need
//! the persons of an earlier one, whatever becomes of that.

use std::time::Instant;

use chrono::NaiveDateTime;

use crate::inbox::{Claimed, Standing, unit_and_time};

/// The claims.
#[derive(Default)]
pub(super) struct ActiveClaims {
    /// With the loader, or on their way from it to their last place: the
    /// number and the unit.
    busy: Vec<(i64, Option<String>)>,
    /// Failed for a reason of ours, or found in `work/`, with the time to try them.
    retry: Vec<(Instant, Claimed)>,
}

impl ActiveClaims {
    /// Whether there is no claim.
    pub(super) fn is_empty(&self) -> bool {
        self.busy.is_empty() && self.retry.is_empty()
    }

    /// Whether a claim is here.
    pub(super) fn contains(&self, id: i64) -> bool {
        self.busy.iter().any(|(busy, _)| *busy == id)
            || self.retry.iter().any(|(_, claimed)| claimed.id == id)
    }

    /// Whether something of a unit is here.
    pub(super) fn has_unit(&self, unit: &str) -> bool {
        let of = |name: &str| unit_and_time(name).is_some_and(|(of, _)| of == unit);
        self.busy.iter().any(|(_, busy)| busy.as_deref() == Some(unit))
            || self.retry.iter().any(|(_, claimed)| of(&claimed.name))
    }

    /// A claim goes to the loader.
    pub(super) fn start(&mut self, claimed: &Claimed) {
        let unit = unit_and_time(&claimed.name).map(|(unit, _)| unit);
        self.busy.push((claimed.id, unit));
    }

    /// The loader has let go of a claim.
    pub(super) fn done(&mut self, id: i64) {
        self.busy.retain(|(busy, _)| *busy != id);
    }

    /// A claim is to be tried at a time.
    pub(super) fn retry_at(&mut self, at: Instant, claimed: Claimed) {
        self.retry.push((at, claimed));
    }

    /// The first that is still to wait.
    pub(super) fn first_waiting(&self, now: Instant) -> Option<&Claimed> {
        self.retry.iter().find(|(at, _)| *at > now).map(|(_, claimed)| claimed)
    }

    /// Takes a claim that is due: of each unit only the earliest, when nothing
    /// of it is with the loader, and nothing earlier with another process.
    pub(super) fn take_due(&mut self, others: &[Standing], now: Instant) -> Option<Claimed> {
        let key = |claimed: &Claimed| unit_and_time(&claimed.name);
        let free = |(at, claimed): &(Instant, Claimed)| {
            let Some((unit, time)) = key(claimed) else { return *at <= now };
            let earlier = |(_, other): &(Instant, Claimed)| {
                key(other).is_some_and(|(of, at)| of == unit && (at, other.id) < (time, claimed.id))
            };
            *at <= now
                && !self.busy.iter().any(|(_, busy)| busy.as_ref() == Some(&unit))
                && !self.retry.iter().any(earlier)
                && !others.iter().any(|other| other.is_before(&unit, time))
        };
        let at = self.retry.iter().position(free)?;
        Some(self.retry.remove(at).1)
    }

    /// Whether an archive of a unit is to stay in the inbox.
    pub(super) fn must_wait(&self, others: &[Standing], unit: &str, time: NaiveDateTime) -> bool {
        self.has_unit(unit) || others.iter().any(|other| other.is_before(unit, time))
    }
}
