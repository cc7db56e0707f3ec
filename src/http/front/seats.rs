//! Who may be connected at once: a bounded number of seats.
//!
//! When all are taken, whoever has been idle longest gives its seat to the
//! newcomer, so that silent and slow clients cannot keep others out. A client
//! whose request is being answered never loses its seat.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A client that has not sent a byte of its body, or taken one of its reply,
/// for so long may lose its seat.
const STALLED: Duration = Duration::from_secs(1);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The head of its request has not come whole.
    Head,
    /// Its body is coming in.
    Receiving,
    /// It is being answered.
    Working,
    /// Its reply is being sent.
    Sending,
    /// Its reply is sent; the client has yet to close.
    Lingering,
}

struct Row {
    stream: Arc<TcpStream>,
    stage: Stage,
    since: Instant,
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
    table: Mutex<Table>,
    given_back: Condvar,
}

impl Seats {
    /// So many seats.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, table: Mutex::default(), given_back: Condvar::new() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a newcomer, or the newcomer back when none becomes free
    /// within `patience`. `dismiss` is told the stream of whoever loses a seat before its request
    /// has come; it must not block.
    pub fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        patience: Duration,
        dismiss: impl FnOnce(&TcpStream),
    ) -> Result<Seat, TcpStream> {
        let until = Instant::now() + patience;
        let mut table = self.table();
        // Who lost its seat takes a moment to leave; those are bounded too.
        while table.alive >= 2 * self.limit
            || table.rows.len() >= self.limit && table.idlest().is_none()
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(stream);
            }
            let waited = self.given_back.wait_timeout(table, left);
            table = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if table.rows.len() >= self.limit
            && let Some(id) = table.idlest()
            && let Some(row) = table.rows.remove(&id)
        {
            if row.stage == Stage::Head {
                dismiss(&row.stream);
            }
            // Wakes its thread; a client that is gone already is no trouble.
            let _ = row.stream.shutdown(Shutdown::Both);
        }
        let stream = Arc::new(stream);
        let row = Row { stream: stream.clone(), stage: Stage::Head, since: Instant::now() };
        let id = table.next;
        table.next += 1;
        table.alive += 1;
        table.rows.insert(id, row);
        Ok(Seat { id, stream, seats: self.clone() })
    }

    /// Ends every connection that is not being answered, and waits until all
    /// are gone, at most so long.
    pub fn clear(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut table = self.table();
        for row in table.rows.values() {
            if matches!(row.stage, Stage::Head | Stage::Receiving | Stage::Lingering) {
                let _ = row.stream.shutdown(Shutdown::Both);
            }
        }
        while table.alive > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.given_back.wait_timeout(table, left);
            table = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Table {
    /// Whose seat is given away first.
    fn idlest(&self) -> Option<u64> {
        let rank = |row: &Row| match row.stage {
            Stage::Lingering => Some(0),
            Stage::Head => Some(1),
            Stage::Receiving | Stage::Sending if row.since.elapsed() >= STALLED => Some(2),
            Stage::Receiving | Stage::Sending | Stage::Working => None,
        };
        let ranked = self.rows.iter().filter_map(|(id, row)| Some((rank(row)?, row.since, *id)));
        ranked.min().map(|(_, _, id)| id)
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
    /// Goes on to a stage, or shows progress in it. False when the seat has
    /// been given to somebody else.
    pub fn at(&self, stage: Stage) -> bool {
        let mut table = self.seats.table();
        let Some(row) = table.rows.get_mut(&self.id) else { return false };
        (row.stage, row.since) = (stage, Instant::now());
        true
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
