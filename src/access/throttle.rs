//! Throttle of failed logins: after some wrong tokens a minute a client is told
//! to wait. Nobody guesses 256 bits; this keeps a program with an old token, or
//! somebody who tries anyway, from filling the log. A valid token always
//! passes, so that nobody is shut out by a neighbour behind the same address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long wrong tokens are remembered.
const WINDOW: Duration = Duration::from_mins(1);

/// Most clients that are remembered; beyond that the oldest is forgotten.
const CLIENTS: usize = 4096;

/// Wrong tokens by client, within the last minute.
#[derive(Default)]
pub struct FailedLoginThrottle {
    clients: Mutex<HashMap<String, (Instant, u32)>>,
}

impl FailedLoginThrottle {
    /// Records a wrong token; returns how many of this client there were within
    /// the window.
    pub fn record_failure(&self, peer: &str) -> u32 {
        self.record_at(peer, Instant::now())
    }

    fn record_at(&self, peer: &str, now: Instant) -> u32 {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |begun: Instant| now.saturating_duration_since(begun) >= WINDOW;
        if clients.len() >= CLIENTS {
            clients.retain(|_, (begun, _)| !over(*begun));
            let oldest = clients.iter().min_by_key(|(_, (begun, _))| *begun);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone())
                && clients.len() >= CLIENTS
            {
                clients.remove(&oldest);
            }
        }
        let (begun, count) = clients.entry(client_network(peer)).or_insert((now, 0));
        if over(*begun) {
            (*begun, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}

/// What counts as one client: an IPv4 address, or the /64 network of an IPv6
/// address, all of which one client can use. Empty for no address.
pub fn client_network(peer: &str) -> String {
    match peer.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => format!("{:x?}", &address.octets()[..8]),
        Ok(address) => address.to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_some_guesses_a_minute_and_others_have_theirs() {
        let (guesses, now) = (FailedLoginThrottle::default(), Instant::now());
        let tries = |peer: &str, at| (0..4).filter(|_| guesses.record_at(peer, at) <= 3).count();
        assert_eq!(tries("10.0.0.1", now), 3);
        assert_eq!(tries("10.0.0.1", now + WINDOW / 2), 0);
        assert_eq!(tries("10.0.0.2", now), 3);
        assert_eq!(tries("2001:db8::1", now), 3);
        assert_eq!(tries("2001:db8::2", now), 0, "the same network");
        assert_eq!(tries("10.0.0.1", now + WINDOW), 3);
    }

    #[test]
    fn memory_is_bounded() {
        let (guesses, now) = (FailedLoginThrottle::default(), Instant::now());
        for n in 0..CLIENTS as u32 + 100 {
            guesses.record_at(&std::net::Ipv4Addr::from(n).to_string(), now);
        }
        assert!(guesses.clients.lock().unwrap().len() <= CLIENTS);
    }
}
