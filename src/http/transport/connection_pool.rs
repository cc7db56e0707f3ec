//! Who may be connected at once: a bounded number of connection slots, of which
//! one peer may hold only some, and a few more in reserve.
//!
//! When all slots are taken, the least active client loses its slot to the
//! newcomer, so that silent and slow clients cannot keep others out: first one
//! that has its reply and only has to close, then one that has had its time for
//! a head or a form (longest first), then one that sends or reads the fewest
//! bytes per second, and only then one that has just connected. A client whose
//! request is being answered, or that is fast, never loses its slot.
//!
//! On a slot in reserve a head is read, and health and metrics are answered;
//! any other request waits there for a slot, for a moment.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::transfer_rate::TransferRate;

/// Slots beyond those that are configured.
pub const RESERVED: usize = 4;

/// A client is new, and not measured yet, for this long.
const FRESH: Duration = Duration::from_millis(500);

/// A client that sends or reads this many bytes a second keeps its slot.
const FAST: u64 = 64 << 10;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its head has not arrived completely.
    Head,
    /// Its head has arrived, and it waits for a slot that is not in reserve.
    Waiting,
    /// A form is arriving.
    Form,
    /// An archive is arriving.
    Receiving,
    /// It is being answered.
    Working,
    /// Its reply is being sent.
    Sending,
    /// Its reply has been sent; the client has yet to close.
    Lingering,
}

/// Why a client whose head is known gets no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It has lost its slot.
    Gone,
    /// No slot became free in time.
    Full,
}

struct PoolEntry {
    stream: Arc<TcpStream>,
    stage: Stage,
    /// When this stage began.
    since: Instant,
    pace: TransferRate,
    /// The client, by address; none until known.
    peer: Option<String>,
    reserved: bool,
}

/// How active a client is: the smallest loses its slot.
type Activity = (u8, u64, Instant);

/// The activity class of clients that are new.
const NEW: u8 = 3;

impl PoolEntry {
    /// None for a client that never loses its slot.
    fn activity(&self, now: Instant) -> Option<Activity> {
        let fresh = now.saturating_duration_since(self.since) < FRESH;
        match self.stage {
            Stage::Working => None,
            Stage::Lingering => Some((0, 0, self.since)),
            Stage::Head | Stage::Waiting | Stage::Form if fresh => Some((NEW, 0, self.since)),
            Stage::Head | Stage::Waiting | Stage::Form => Some((1, 0, self.since)),
            Stage::Receiving | Stage::Sending => {
                let rate = self.pace.rate(now);
                let class = if fresh { NEW } else { 2 };
                (rate < FAST).then_some((class, if fresh { 0 } else { rate }, self.since))
            }
        }
    }
}

#[derive(Default)]
struct PoolTable {
    next: u64,
    entries: BTreeMap<u64, PoolEntry>,
    /// Slots in use, also those whose entry is already removed.
    alive: usize,
}

/// All connection slots.
pub struct ConnectionPool {
    limit: usize,
    per_peer: usize,
    table: Mutex<PoolTable>,
    given_back: Condvar,
    /// Called with the stream of a client that loses its slot before its
    /// request is answered; must not block.
    on_evict: Box<dyn Fn(&TcpStream) + Send + Sync>,
}

impl ConnectionPool {
    /// A pool of `limit` slots, of which one peer may hold `per_peer`.
    pub fn new(
        limit: usize,
        per_peer: usize,
        on_evict: Box<dyn Fn(&TcpStream) + Send + Sync>,
    ) -> Arc<Self> {
        let per_peer = per_peer.clamp(1, limit.max(1));
        let (table, given_back) = (Mutex::default(), Condvar::new());
        Arc::new(Self { limit, per_peer, table, given_back, on_evict })
    }

    fn table(&self) -> MutexGuard<'_, PoolTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'t>(
        &self,
        table: MutexGuard<'t, PoolTable>,
        most: Duration,
    ) -> MutexGuard<'t, PoolTable> {
        let waited = self.given_back.wait_timeout(table, most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A slot for a newcomer, or its stream back when none becomes free within
    /// `patience`. `peer` is the client, if its address tells.
    pub fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: Option<String>,
        patience: Duration,
    ) -> Result<ConnectionSlot, TcpStream> {
        let until = Instant::now() + patience;
        let mut table = self.table();
        let reserved = loop {
            if let Some(reserved) = self.place(&mut table, peer.as_deref()) {
                break reserved;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(stream);
            }
            table = self.wait(table, left);
        };
        let (stream, now) = (Arc::new(stream), Instant::now());
        let entry = PoolEntry {
            stream: stream.clone(),
            stage: Stage::Head,
            since: now,
            pace: TransferRate::new(now),
            peer,
            reserved,
        };
        let id = table.next;
        table.next += 1;
        table.alive += 1;
        table.entries.insert(id, entry);
        Ok(ConnectionSlot { id, stream, pool: self.clone() })
    }

    /// Makes room for a newcomer, if need be; returns whether it is in reserve.
    fn place(&self, table: &mut PoolTable, peer: Option<&str>) -> Option<bool> {
        // A client that lost its slot takes a moment to leave; those are
        // bounded, too.
        if table.alive >= 2 * (self.limit + RESERVED) {
            return None;
        }
        let crowds = peer.is_some_and(|peer| table.count_of(peer, None) >= self.per_peer);
        let full = table.taken(false) >= self.limit;
        if !crowds && !full {
            return Some(false);
        }
        let own = |entry: &PoolEntry| !entry.reserved && (!crowds || entry.peer.as_deref() == peer);
        if self.take(table, &own, NEW) {
            return Some(false);
        }
        if table.taken(true) < RESERVED {
            return Some(true);
        }
        if self.take(table, &own, u8::MAX) {
            return Some(false);
        }
        self.take(table, &|entry| entry.reserved, u8::MAX).then_some(true)
    }

    /// Makes room among the slots of a peer, if it holds as many as it may.
    fn place_for(&self, table: &mut PoolTable, slot: &ConnectionSlot, peer: &str) -> bool {
        let other = |entry: &PoolEntry| {
            entry.peer.as_deref() == Some(peer) && !Arc::ptr_eq(&entry.stream, &slot.stream)
        };
        table.count_of(peer, Some(slot.id)) < self.per_peer || self.take(table, &other, u8::MAX)
    }

    /// Takes the slot of the least active of some clients, if its class is
    /// below `below`.
    fn take(&self, table: &mut PoolTable, who: &dyn Fn(&PoolEntry) -> bool, below: u8) -> bool {
        let entry = table.least_active(who, below).and_then(|id| table.entries.remove(&id));
        if let Some(entry) = &entry {
            if matches!(entry.stage, Stage::Head | Stage::Waiting | Stage::Form | Stage::Receiving)
            {
                (self.on_evict)(&entry.stream);
            }
            // Wakes its thread; that the client is gone already does no harm.
            let _ = entry.stream.shutdown(Shutdown::Both);
        }
        entry.is_some()
    }

    /// Closes every connection that is not being answered, and waits at most
    /// this long until all are gone.
    pub fn clear(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut table = self.table();
        for entry in table.entries.values() {
            if !matches!(entry.stage, Stage::Working | Stage::Sending) {
                let _ = entry.stream.shutdown(Shutdown::Both);
            }
        }
        while table.alive > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            table = self.wait(table, left);
        }
    }
}

impl PoolTable {
    /// Slots that are taken, in reserve or not.
    fn taken(&self, reserved: bool) -> usize {
        self.entries.values().filter(|entry| entry.reserved == reserved).count()
    }

    /// Slots that a peer holds, without `but`.
    fn count_of(&self, peer: &str, but: Option<u64>) -> usize {
        let own = self.entries.iter().filter(|(id, _)| Some(**id) != but);
        own.filter(|(_, entry)| entry.peer.as_deref() == Some(peer)).count()
    }

    /// The least active of some clients, if its class is below `below`.
    fn least_active(&self, who: &dyn Fn(&PoolEntry) -> bool, below: u8) -> Option<u64> {
        let now = Instant::now();
        let entries = self.entries.iter().filter(|(_, entry)| who(entry));
        let ranked = entries.filter_map(|(id, entry)| Some((entry.activity(now)?, *id)));
        ranked.min().filter(|((class, ..), _)| *class < below).map(|(_, id)| id)
    }
}

/// A connection slot; given back when dropped.
pub struct ConnectionSlot {
    id: u64,
    /// The client.
    pub stream: Arc<TcpStream>,
    pool: Arc<ConnectionPool>,
}

impl ConnectionSlot {
    /// Enters a stage. False when the slot has been lost.
    pub fn at(&self, stage: Stage) -> bool {
        let mut table = self.pool.table();
        let Some(entry) = table.entries.get_mut(&self.id) else { return false };
        let now = Instant::now();
        (entry.stage, entry.since, entry.pace) = (stage, now, TransferRate::new(now));
        drop(table);
        if stage == Stage::Lingering {
            // A waiting client may have this slot.
            self.pool.given_back.notify_all();
        }
        true
    }

    /// Records progress in a stage, in bytes. False when the slot has been
    /// lost.
    pub fn moved(&self, bytes: usize) -> bool {
        let mut table = self.pool.table();
        let Some(entry) = table.entries.get_mut(&self.id) else { return false };
        entry.pace.add(bytes as u64, Instant::now());
        true
    }

    /// Records the client that the head names, and whether its request is
    /// always answered. If the peer holds as many slots as it may, its least
    /// active one is closed.
    pub fn named(&self, peer: &str, always: bool, patience: Duration) -> Result<(), Refused> {
        let (pool, until) = (&*self.pool, Instant::now() + patience);
        let mut table = pool.table();
        loop {
            let Some(entry) = table.entries.get_mut(&self.id) else { return Err(Refused::Gone) };
            if always {
                // It is short, and counts for no peer.
                entry.peer = None;
                return Ok(());
            }
            let reserved = entry.reserved;
            let place = pool.place_for(&mut table, self, peer) && {
                let full = table.taken(false) >= pool.limit;
                !reserved || !full || pool.take(&mut table, &|entry| !entry.reserved, NEW)
            };
            let Some(entry) = table.entries.get_mut(&self.id) else { return Err(Refused::Gone) };
            if place {
                (entry.peer, entry.reserved) = (Some(peer.to_owned()), false);
                return Ok(());
            }
            entry.stage = Stage::Waiting;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Refused::Full);
            }
            table = pool.wait(table, left);
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut table = self.pool.table();
        table.entries.remove(&self.id);
        table.alive -= 1;
        drop(table);
        self.pool.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests;
