//! The address that a client is counted by: one that the client cannot choose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::web::request::Headers;

/// The client address of requests whose connection has none. They all count as one client.
pub(super) const UNKNOWN_CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The proxies whose `X-Forwarded-For` is trusted.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    pub(crate) fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            networks: networks.into_iter().map(canonical).collect(),
        }
    }

    /// The client's address: the peer, or if the peer is a trusted proxy, the last entry of `X-Forwarded-For` that is
    /// not a trusted proxy. The entries before it were written by the client.
    pub(crate) fn client_ip(&self, peer: IpAddr, headers: &(impl Headers + ?Sized)) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&[u8]> = headers.values("x-forwarded-for").collect();
        let mut hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        while self.contains(client) {
            let Some(hop) = hops.next().and_then(parse_hop) else {
                break;
            };
            client = hop.to_canonical();
        }
        client
    }

    /// Whether the headers of a proxy are believed from this peer.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.contains(peer.to_canonical())
    }

    /// How many networks there are.
    pub(super) fn len(&self) -> usize {
        self.networks.len()
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// IPv4-mapped networks as IPv4, because the addresses that they are compared with are canonical.
fn canonical(network: IpNet) -> IpNet {
    const MAPPED_PREFIX_BITS: u8 = 96;
    match (network.addr().to_canonical(), network.prefix_len()) {
        (IpAddr::V4(address), bits) if network.addr().is_ipv6() && bits >= MAPPED_PREFIX_BITS => {
            Ipv4Net::new(address, bits - MAPPED_PREFIX_BITS).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}

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
        let proxies = ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"].map(|text| text.parse().unwrap());
        let headers: Vec<_> = forwarded
            .iter()
            .map(|line| ("x-forwarded-for".to_owned(), line.as_bytes().to_vec()))
            .collect();
        TrustedProxies::new(proxies)
            .client_ip(peer.parse().unwrap(), headers.as_slice())
            .to_string()
    }

    #[test]
    fn client_ip_of_untrusted_peer_is_the_peer() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn client_ip_behind_proxies_is_the_last_untrusted_hop() {
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
    fn client_ip_stops_at_an_unreadable_hop() {
        assert_eq!(client("10.1.1.1", &[]), "10.1.1.1");
        assert_eq!(
            client("10.1.1.1", &["198.51.100.1, unknown, 10.2.2.2"]),
            "10.2.2.2"
        );
        assert_eq!(client("10.1.1.1", &["10.3.3.3, 10.2.2.2"]), "10.3.3.3");
    }

    #[test]
    fn trusted_networks_contain_what_their_prefix_says() {
        let holds = |network: &str, address: &str| {
            TrustedProxies::new([network.parse().unwrap()])
                .contains(address.parse::<IpAddr>().unwrap().to_canonical())
        };
        assert!(holds("0.0.0.0/0", "255.255.255.255") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(
            holds("192.168.4.0/22", "192.168.7.255") && !holds("192.168.4.0/22", "192.168.8.0")
        );
        assert!(holds("10.0.0.1/32", "::ffff:10.0.0.1"));
        assert!(
            holds("::ffff:10.0.0.1/128", "10.0.0.1") && !holds("::ffff:10.0.0.1/128", "10.0.0.2")
        );
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0/8",
            "::/129",
            "a/8",
            "10.0.0.0/-1",
        ] {
            assert!(bad.parse::<IpNet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn client_key_of_ipv6_is_its_64_network() {
        let key = |text: &str| crate::rate_limit::client_key(text.parse().unwrap()).to_string();
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(key(&key("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::");
    }

    proptest! {
        #[test]
        fn parse_hop_never_panics(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_hop(&line);
        }
    }
}
