//! Who a client is: the address of its connection, or the client that a trusted
//! proxy names.

use std::net::{IpAddr, SocketAddr, TcpStream};

use super::head::RequestHead;
use crate::config::Networks;

/// Prefix of headers by which a proxy describes its client.
const FORWARDED: &str = "X-Forwarded-";

/// Header with the chain of client addresses, the last proxy's client last.
const FORWARDED_FOR: &str = "X-Forwarded-For";

/// Writes the client's address into a head. A client that is gone already is
/// not on this machine. Forwarding headers of anybody but a trusted proxy are
/// dropped.
pub fn name(head: &mut RequestHead, stream: &TcpStream, trusted: &Networks) {
    let Ok(peer) = stream.peer_addr() else {
        head.local = false;
        "gone".clone_into(&mut head.peer);
        return;
    };
    let peer = peer.ip().to_canonical();
    head.local &= peer.is_loopback();
    if !trusted.has(peer) {
        head.forwarded.retain(|(name, _)| !name.starts_with(FORWARDED));
    }
    let told = head.header(FORWARDED_FOR).unwrap_or_default();
    head.peer = client(peer, told, trusted).to_string();
}

/// The client behind proxies: from the last address back, the first one that is
/// not a trusted proxy. Addresses before it may be made up by the client.
fn client(peer: IpAddr, told: &str, trusted: &Networks) -> IpAddr {
    let mut client = peer;
    for told in told.rsplit(',') {
        if !trusted.has(client) {
            break;
        }
        let Some(address) = address(told.trim()) else { break };
        client = address.to_canonical();
    }
    client
}

/// An address as proxies write it: some add a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;

    #[test]
    fn the_client_is_the_last_that_no_trusted_proxy_speaks_for() {
        let trusted = Networks(
            ["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"].map(|n| Network::parse(n).unwrap()).into(),
        );
        for (peer, told, want) in [
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "1.2.3.4, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
            ("127.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"),
            ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
            ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
            ("127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
            ("fd00::1", "[2001:db8::1]:4711, [fd00::2]", "2001:db8::1"),
            ("127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
            // What is not an address says nothing, and nothing before it
            // counts.
            ("127.0.0.1", "1.2.3.4, unknown", "127.0.0.1"),
            ("127.0.0.1", "1.2.3.4, unknown, 10.1.2.3", "10.1.2.3"),
            ("127.0.0.1", "1.2.3.4,", "127.0.0.1"),
        ] {
            let got = client(peer.parse().unwrap(), told, &trusted);
            assert_eq!(got.to_string(), want, "{peer} {told:?}");
            let nobody = client(peer.parse().unwrap(), told, &Networks::default());
            assert_eq!(nobody.to_string(), peer, "{peer} {told:?}");
        }
    }
}
