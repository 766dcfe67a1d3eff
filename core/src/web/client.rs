//! Whose request it is, for counting: an address that the client cannot choose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::web::request::Headers;

/// An address or a range of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (width, ours, theirs) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (32, u128::from(ours.to_bits()), u128::from(theirs.to_bits()))
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (128, ours.to_bits(), theirs.to_bits()),
            _ => return false,
        };
        // A shift by the full width, for a prefix of 0, takes all.
        (ours ^ theirs)
            .checked_shr(width - u32::from(self.prefix))
            .unwrap_or(0)
            == 0
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            prefix: if address.is_ipv4() { 32 } else { 128 },
        }
    }
}

impl FromStr for Network {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let config_error = || {
            Error::new(
                ErrorKind::Config,
                "a trusted proxy must be an address or a CIDR range",
            )
        };
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let network = Self::from(address.parse::<IpAddr>().map_err(|_| config_error())?);
        let Some(prefix) = prefix else {
            return Ok(network);
        };
        match prefix.parse() {
            Ok(prefix) if prefix <= network.prefix => Ok(Self { prefix, ..network }),
            _ => Err(config_error()),
        }
    }
}

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    pub(crate) const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// The address of the client: the peer, or if that is a trusted proxy, the last one in `X-Forwarded-For` that no
    /// trusted proxy is. What stands left of it the client wrote itself.
    pub(crate) fn client_ip(&self, peer: IpAddr, headers: &(impl Headers + ?Sized)) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&[u8]> = headers.values("x-forwarded-for").collect();
        let mut hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        while self.0.iter().any(|network| network.contains(client)) {
            let Some(hop) = hops.next().and_then(parse_hop) else {
                break;
            };
            client = hop.to_canonical();
        }
        client
    }
}

/// Whoever comes without an address is counted as one client.
pub(super) const UNKNOWN_CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// An address as proxies write it: bare, in brackets, with or without a port.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(rest) = text.strip_prefix('[') {
        return rest
            .split_once(']')?
            .0
            .parse::<Ipv6Addr>()
            .ok()
            .map(IpAddr::V6);
    }
    text.split_once(':')?
        .0
        .parse::<Ipv4Addr>()
        .ok()
        .map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"].map(|text| text.parse().unwrap());
        let headers: Vec<_> = forwarded
            .iter()
            .map(|line| ("x-forwarded-for".to_owned(), line.as_bytes().to_vec()))
            .collect();
        TrustedProxies::new(proxies.to_vec())
            .client_ip(peer.parse().unwrap(), headers.as_slice())
            .to_string()
    }

    #[test]
    fn a_client_that_is_no_proxy_cannot_choose_its_address() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_the_last_untrusted_hop_counts() {
        assert_eq!(client("10.1.1.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            client("10.1.1.1", &["1.1.1.1, 198.51.100.1, 192.0.2.7, 10.2.2.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("::ffff:10.1.1.1", &["1.1.1.1", "198.51.100.1:4711"]),
            "198.51.100.1"
        );
        assert_eq!(client("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("fd00::1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        assert_eq!(client("10.1.1.1", &[]), "10.1.1.1");
        assert_eq!(
            client("10.1.1.1", &["198.51.100.1, unknown, 10.2.2.2"]),
            "10.2.2.2"
        );
        assert_eq!(client("10.1.1.1", &["10.3.3.3, 10.2.2.2"]), "10.3.3.3");
    }

    #[test]
    fn networks_hold_what_their_prefix_says() {
        let holds = |network: &str, address: &str| {
            network
                .parse::<Network>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(holds("0.0.0.0/0", "255.255.255.255") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(
            holds("192.168.4.0/22", "192.168.7.255") && !holds("192.168.4.0/22", "192.168.8.0")
        );
        assert!(holds("10.0.0.1", "::ffff:10.0.0.1"));
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0/8",
            "::/129",
            "a/8",
            "10.0.0.0/-1",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn v6_is_counted_by_the_64() {
        let key = |text: &str| crate::rate_limit::client_key(text.parse().unwrap()).to_string();
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(key(&key("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::");
    }

    proptest! {
        #[test]
        fn no_header_panics(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_hop(&line);
        }
    }
}
