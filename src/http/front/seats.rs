//! Who may be connected at once: a bounded number of seats, of which one peer
//! has some only, and a few more in reserve.
//!
//! When all are taken, whoever is of least use gives its seat to the newcomer,
//! so that silent and slow clients cannot keep others out: first who has its
//! reply and only has to close, then who has had its time for a head or a
//! form, longest first, then who sends or takes fewest bytes over time, the
//! slowest first, and only then who has just come. A client whose request is
//! being answered, or who is fast, never loses its seat.
//!
//! On a seat in reserve a head is read, and what must be answered always
//! (health, metrics) is; who asks anything else waits there for a seat, for a
//! moment.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pace::Pace;

/// Seats beyond those that are configured.
pub const RESERVED: usize = 4;

/// For so long a client has just come, and is not measured yet.
const FRESH: Duration = Duration::from_millis(500);

/// Who sends or takes so many bytes a second keeps its seat, whoever wants it.
const FAST: u64 = 64 << 10;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The head of its request has not come whole.
    Head,
    /// It has, and waits for a seat that is not in reserve.
    Waiting,
    /// A form is coming in.
    Form,
    /// An archive is coming in.
    Receiving,
    /// It is being answered.
    Working,
    /// Its reply is being sent.
    Sending,
    /// Its reply is sent; the client has yet to close.
    Lingering,
}

/// Why a client whose head is known gets no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its seat is somebody else's by now.
    Gone,
    /// No seat became free in time.
    Full,
}

struct Row {
    stream: Arc<TcpStream>,
    stage: Stage,
    /// When it came to its stage.
    since: Instant,
    pace: Pace,
    /// Whose it is; none until that is known.
    peer: Option<String>,
    reserved: bool,
}

/// Of what use a seat is: the smallest loses it.
type Use = (u8, u64, Instant);

/// The first class of those who have just come.
const NEW: u8 = 3;

impl Row {
    /// None for who never loses its seat.
    fn worth(&self, now: Instant) -> Option<Use> {
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
struct Table {
    next: u64,
    rows: BTreeMap<u64, Row>,
    /// Seats handed out and not yet given back, those that lost their row too.
    alive: usize,
}

/// All seats.
pub struct Seats {
    limit: usize,
    per_peer: usize,
    table: Mutex<Table>,
    given_back: Condvar,
    /// Told the stream of whoever loses a seat before its request is answered;
    /// never blocks.
    dismiss: Box<dyn Fn(&TcpStream) + Send + Sync>,
}

impl Seats {
    /// So many seats, and so many of them for one peer.
    pub fn new(
        limit: usize,
        per_peer: usize,
        dismiss: Box<dyn Fn(&TcpStream) + Send + Sync>,
    ) -> Arc<Self> {
        let per_peer = per_peer.clamp(1, limit.max(1));
        let (table, given_back) = (Mutex::default(), Condvar::new());
        Arc::new(Self { limit, per_peer, table, given_back, dismiss })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'t>(&self, table: MutexGuard<'t, Table>, most: Duration) -> MutexGuard<'t, Table> {
        let waited = self.given_back.wait_timeout(table, most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A seat for a newcomer, or the newcomer back when none becomes free
    /// within `patience`. `peer` says whose it is, when its address does.
    pub fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: Option<String>,
        patience: Duration,
    ) -> Result<Seat, TcpStream> {
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
        let row = Row {
            stream: stream.clone(),
            stage: Stage::Head,
            since: now,
            pace: Pace::new(now),
            peer,
            reserved,
        };
        let id = table.next;
        table.next += 1;
        table.alive += 1;
        table.rows.insert(id, row);
        Ok(Seat { id, stream, seats: self.clone() })
    }

    /// Makes room for a newcomer, if need be; says whether it is in reserve.
    fn place(&self, table: &mut Table, peer: Option<&str>) -> Option<bool> {
        // Who lost its seat takes a moment to leave; those are bounded, too.
        if table.alive >= 2 * (self.limit + RESERVED) {
            return None;
        }
        let crowds = peer.is_some_and(|peer| table.of(peer, None) >= self.per_peer);
        let full = table.taken(false) >= self.limit;
        if !crowds && !full {
            return Some(false);
        }
        let own = |row: &Row| !row.reserved && (!crowds || row.peer.as_deref() == peer);
        if self.take(table, &own, NEW) {
            return Some(false);
        }
        if table.taken(true) < RESERVED {
            return Some(true);
        }
        if self.take(table, &own, u8::MAX) {
            return Some(false);
        }
        self.take(table, &|row| row.reserved, u8::MAX).then_some(true)
    }

    /// Makes room among the seats of a peer, if it has as many as it may.
    fn place_for(&self, table: &mut Table, seat: &Seat, peer: &str) -> bool {
        let other = |row: &Row| {
            row.peer.as_deref() == Some(peer) && !Arc::ptr_eq(&row.stream, &seat.stream)
        };
        table.of(peer, Some(seat.id)) < self.per_peer || self.take(table, &other, u8::MAX)
    }

    /// Takes a seat from the worst of some, if it is of a class below.
    fn take(&self, table: &mut Table, who: &dyn Fn(&Row) -> bool, below: u8) -> bool {
        let row = table.worst(who, below).and_then(|id| table.rows.remove(&id));
        if let Some(row) = &row {
            if matches!(row.stage, Stage::Head | Stage::Waiting | Stage::Form | Stage::Receiving) {
                (self.dismiss)(&row.stream);
            }
            // Wakes its thread; a client that is gone already is no trouble.
            let _ = row.stream.shutdown(Shutdown::Both);
        }
        row.is_some()
    }

    /// Ends every connection that is not being answered, and waits until all
    /// are gone, at most so long.
    pub fn clear(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut table = self.table();
        for row in table.rows.values() {
            if !matches!(row.stage, Stage::Working | Stage::Sending) {
                let _ = row.stream.shutdown(Shutdown::Both);
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

impl Table {
    /// Seats that are taken, in reserve or not.
    fn taken(&self, reserved: bool) -> usize {
        self.rows.values().filter(|row| row.reserved == reserved).count()
    }

    /// Seats that a peer has, one left out.
    fn of(&self, peer: &str, but: Option<u64>) -> usize {
        let own = self.rows.iter().filter(|(id, _)| Some(**id) != but);
        own.filter(|(_, row)| row.peer.as_deref() == Some(peer)).count()
    }

    /// Of some, the one that loses its seat, if it is of a class below.
    fn worst(&self, who: &dyn Fn(&Row) -> bool, below: u8) -> Option<u64> {
        let now = Instant::now();
        let rows = self.rows.iter().filter(|(_, row)| who(row));
        let ranked = rows.filter_map(|(id, row)| Some((row.worth(now)?, *id)));
        ranked.min().filter(|((class, ..), _)| *class < below).map(|(_, id)| id)
    }
}

/// A place at the table; given back when dropped.
pub struct Seat {
    id: u64,
    /// The client.
    pub stream: Arc<TcpStream>,
    seats: Arc<Seats>,
}

impl Seat {
    /// Goes on to a stage. False when the seat has been given to somebody else.
    pub fn at(&self, stage: Stage) -> bool {
        let mut table = self.seats.table();
        let Some(row) = table.rows.get_mut(&self.id) else { return false };
        let now = Instant::now();
        (row.stage, row.since, row.pace) = (stage, now, Pace::new(now));
        drop(table);
        if stage == Stage::Lingering {
            // A seat that somebody who waits may have.
            self.seats.given_back.notify_all();
        }
        true
    }

    /// Shows progress in a stage: so many bytes. False as above.
    pub fn moved(&self, bytes: usize) -> bool {
        let mut table = self.seats.table();
        let Some(row) = table.rows.get_mut(&self.id) else { return false };
        row.pace.add(bytes as u64, Instant::now());
        true
    }

    /// The head has come: it is known whose the seat is, and whether the
    /// request must be answered always. If the peer has as many as it may, the
    /// one of least use to it goes.
    pub fn named(&self, peer: &str, always: bool, patience: Duration) -> Result<(), Refused> {
        let (seats, until) = (&*self.seats, Instant::now() + patience);
        let mut table = seats.table();
        loop {
            let Some(row) = table.rows.get_mut(&self.id) else { return Err(Refused::Gone) };
            if always {
                // It is short, and counts for nobody.
                row.peer = None;
                return Ok(());
            }
            let reserved = row.reserved;
            let place = seats.place_for(&mut table, self, peer) && {
                let full = table.taken(false) >= seats.limit;
                !reserved || !full || seats.take(&mut table, &|row| !row.reserved, NEW)
            };
            let Some(row) = table.rows.get_mut(&self.id) else { return Err(Refused::Gone) };
            if place {
                (row.peer, row.reserved) = (Some(peer.to_owned()), false);
                return Ok(());
            }
            row.stage = Stage::Waiting;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Refused::Full);
            }
            table = seats.wait(table, left);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.seats.table();
        table.rows.remove(&self.id);
        table.alive -= 1;
        drop(table);
        self.seats.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests;
