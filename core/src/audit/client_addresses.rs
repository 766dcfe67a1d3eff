//! How much of clients' addresses is kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How much of clients' addresses the audit keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAddresses {
    /// The whole address.
    #[default]
    Whole,
    /// The network: the first 24 bits of an IPv4 address, the first 48 of an IPv6 address. The rest is zero.
    Cut,
    /// Nothing.
    None,
}

impl ClientAddresses {
    /// What is kept of an address.
    pub(crate) fn keep(self, client: IpAddr) -> Option<IpAddr> {
        match (self, client) {
            (Self::None, _) => None,
            (Self::Whole, client) => Some(client),
            (Self::Cut, IpAddr::V4(client)) => {
                let [a, b, c, _] = client.octets();
                Some(Ipv4Addr::new(a, b, c, 0).into())
            }
            (Self::Cut, IpAddr::V6(client)) => {
                let [a, b, c, ..] = client.segments();
                Some(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_address_is_a_network() {
        let kept = |mode: ClientAddresses, client: &str| {
            let kept = mode.keep(client.parse().unwrap());
            kept.map(|client| client.to_string())
        };
        let (v4, v6) = ("203.0.113.77", "2001:db8:1:2:3:4:5:6");
        assert_eq!(kept(ClientAddresses::Whole, v4).as_deref(), Some(v4));
        assert_eq!(
            kept(ClientAddresses::Cut, v4).as_deref(),
            Some("203.0.113.0")
        );
        assert_eq!(
            kept(ClientAddresses::Cut, v6).as_deref(),
            Some("2001:db8:1::")
        );
        assert_eq!(kept(ClientAddresses::None, v6), None);
    }
}
