use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

struct Room {
    pool: Arc<ConnectionPool>,
    listener: TcpListener,
    clients: Vec<TcpStream>,
    evicted: Arc<AtomicUsize>,
}

impl Room {
    fn new(limit: usize, per_peer: usize) -> Self {
        let evicted = Arc::<AtomicUsize>::default();
        let told = evicted.clone();
        let on_evict = move |_: &TcpStream| {
            told.fetch_add(1, Ordering::Relaxed);
        };
        Self {
            pool: ConnectionPool::new(limit, per_peer, Box::new(on_evict)),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            clients: Vec::new(),
            evicted,
        }
    }

    /// A newcomer that is not waited for.
    fn admit(&mut self, peer: Option<&str>) -> Option<ConnectionSlot> {
        self.clients.push(TcpStream::connect(self.listener.local_addr().unwrap()).unwrap());
        let stream = self.listener.accept().unwrap().0;
        self.pool.admit(stream, peer.map(str::to_owned), Duration::ZERO).ok()
    }

    /// One that is at a stage since so long, with so many bytes a second.
    fn placed(&mut self, stage: Stage, ms: u64, rate: u64) -> ConnectionSlot {
        let slot = self.admit(None).unwrap();
        assert!(slot.at(stage));
        self.age(&slot, ms);
        let mut table = self.pool.table();
        let entry = table.entries.get_mut(&slot.id).unwrap();
        entry.pace = TransferRate::new(entry.since);
        entry.pace.add(rate * ms / 1000, entry.since);
        drop(table);
        slot
    }

    fn age(&self, slot: &ConnectionSlot, ms: u64) {
        let mut table = self.pool.table();
        let entry = table.entries.get_mut(&slot.id).unwrap();
        entry.since = entry.since.checked_sub(Duration::from_millis(ms)).unwrap();
    }

    fn has(&self, slot: &ConnectionSlot) -> bool {
        self.pool.table().entries.contains_key(&slot.id)
    }

    fn in_reserve(&self, slot: &ConnectionSlot) -> bool {
        self.pool.table().entries[&slot.id].reserved
    }
}

#[test]
fn who_is_of_least_use_loses_its_seat_first() {
    // In the order in which they go; the last ones never do.
    let kinds = [
        (Stage::Lingering, 10, 0),
        (Stage::Form, 4000, 1),
        (Stage::Head, 2000, 0),
        (Stage::Receiving, 60_000, 10),
        (Stage::Sending, 5000, 1000),
        (Stage::Receiving, 600_000, 16_000),
        (Stage::Working, 60_000, 0),
        (Stage::Receiving, 600_000, 1_000_000),
        (Stage::Sending, 700_000, 500_000),
    ];
    let mut room = Room::new(kinds.len(), usize::MAX);
    let pool: Vec<ConnectionSlot> =
        kinds.iter().map(|(stage, ms, rate)| room.placed(*stage, *ms, *rate)).collect();
    let mut newcomers = Vec::new();
    for (gone, kind) in kinds.iter().enumerate().take(6) {
        let newcomer = room.admit(None).unwrap();
        assert!(!room.in_reserve(&newcomer), "{kind:?}");
        // Newcomers who are answered take nobody's turn in this order.
        newcomer.at(Stage::Working);
        newcomers.push(newcomer);
        for (at, slot) in pool.iter().enumerate() {
            assert_eq!(room.has(slot), at > gone, "{:?} when {kind:?} should go", kinds[at]);
        }
    }
    // Nobody goes any more for them: they are taken in on the reserve.
    let more: Vec<ConnectionSlot> = (0..RESERVED).map(|_| room.admit(None).unwrap()).collect();
    assert!(more.iter().all(|slot| room.in_reserve(slot)));
    assert!(pool[6..].iter().all(|slot| room.has(slot)));
    assert!(!pool[0].moved(1) && !pool[1].at(Stage::Working));
}

#[test]
fn a_peer_with_all_its_seats_gives_up_its_own() {
    let mut room = Room::new(8, 2);
    let other = room.placed(Stage::Receiving, 60_000, 1);
    assert_eq!(other.named("b", false, Duration::ZERO), Ok(()));
    let own: Vec<ConnectionSlot> = (0..5)
        .map(|_| {
            let slot = room.admit(None).unwrap();
            assert_eq!(slot.named("a", false, Duration::ZERO), Ok(()));
            assert!(slot.at(Stage::Form));
            slot
        })
        .collect();
    let left: Vec<bool> = own.iter().map(|slot| room.has(slot)).collect();
    assert_eq!(left, [false, false, false, true, true]);
    assert!(room.has(&other), "the other's slow upload is no concern of theirs");
    assert_eq!(room.evicted.load(Ordering::Relaxed), 3);
    // Those that are answered are not given up; the peer waits, others do not.
    own[3].at(Stage::Working);
    own[4].at(Stage::Working);
    let late = room.admit(None).unwrap();
    assert_eq!(late.named("a", false, Duration::ZERO), Err(Refused::Full));
    let later = room.admit(None).unwrap();
    assert_eq!(later.named("c", false, Duration::ZERO), Ok(()));
    // A peer that its address tells is held to it before its head has come.
    let heads: Vec<ConnectionSlot> = (0..5).map(|_| room.admit(Some("d")).unwrap()).collect();
    let kept = heads.iter().filter(|slot| room.has(slot)).count();
    assert!(kept <= 2 + RESERVED, "{kept}");
}

#[test]
fn on_the_reserve_what_is_always_answered_is_and_others_wait_for_a_seat() {
    let mut room = Room::new(2, 2);
    let busy: Vec<ConnectionSlot> = (0..2).map(|_| room.placed(Stage::Working, 9000, 0)).collect();
    let health = room.admit(None).unwrap();
    assert!(room.in_reserve(&health));
    assert_eq!(health.named("a", true, Duration::ZERO), Ok(()));
    assert!(health.at(Stage::Working));
    let page = room.admit(None).unwrap();
    assert_eq!(page.named("a", false, Duration::ZERO), Err(Refused::Full));
    busy[0].at(Stage::Lingering);
    assert_eq!(page.named("a", false, Duration::ZERO), Ok(()), "a slot is free");
    assert!(!room.in_reserve(&page) && !room.has(&busy[0]));
    page.at(Stage::Working);
    // However many silent ones come: the reserve goes to the newest.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(room.admit(None).unwrap());
        silent.retain(|slot| room.has(slot));
    }
    assert_eq!(silent.len(), RESERVED - 1);
    let again = room.admit(None).unwrap();
    assert_eq!(again.named("b", true, Duration::ZERO), Ok(()));
    assert!(room.has(&busy[1]) && room.has(&health) && room.has(&page));
}
