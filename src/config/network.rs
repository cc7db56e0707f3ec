//! Addresses and networks as people write them: `10.1.2.3`, `10.0.0.0/8`,
//! `fd00::/8`.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A list of networks: as an array, or as one text with commas, which is what
/// an environment variable can say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Network>);

/// All addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads an address, or one with the number of bits that count.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) =
            text.trim().split_once('/').map_or((text.trim(), None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
        };
        (bits <= most).then_some(Self { address, bits })
    }

    fn has(&self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl Networks {
    /// Whether an address is in one of them. An IPv4 address in the clothes of
    /// IPv6 is one of IPv4.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.has(address))
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            List(Vec<String>),
        }
        let list = match Written::deserialize(deserializer)? {
            Written::One(text) => text.split(',').map(str::to_owned).collect(),
            Written::List(list) => list,
        };
        let list = list.iter().filter(|text| !text.trim().is_empty());
        let parse = |text: &String| {
            Network::parse(text)
                .ok_or_else(|| de::Error::custom(format!("not an address or network: {text}")))
        };
        list.map(parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for Networks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|n| format!("{}/{}", n.address, n.bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("127.0.0.0/8", "127.9.9.9", "128.0.0.1"),
            ("127.0.0.0/8", "::ffff:127.0.0.1", "::1"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.128/25", "10.1.2.129", "10.1.2.127"),
            ("::1", "::1", "::2"),
            ("fd00::/8", "fdff::1", "fe00::1"),
        ] {
            let networks = Networks(vec![Network::parse(network).unwrap()]);
            assert!(networks.has(inside.parse().unwrap()), "{network} {inside}");
            assert!(!networks.has(outside.parse().unwrap()), "{network} {outside}");
        }
        let all = Networks(vec![Network::parse("0.0.0.0/0").unwrap()]);
        assert!(all.has("8.8.8.8".parse().unwrap()) && !all.has("::1".parse().unwrap()));
        assert!(!Networks::default().has("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_none() {
        for text in ["", "localhost", "10.0.0.1/33", "::/129", "10.0.0.1/+8", "10.0.0.1/", "1/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
