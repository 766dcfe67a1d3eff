//! Rate limits by the address of a client, and by the IPv6 networks around it.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Result;
use crate::rate_limit::RateLimiter;

/// The networks around an IPv6 client that have a limit too: their prefixes, and for how many clients their limit is.
const IPV6_NETWORKS: [(u32, u32); 2] = [(56, 4), (48, 16)];

/// A [`RateLimiter`] by the key of a client's address. A request without a client address is not limited.
///
/// An IPv6 network that providers assign to one customer has many /64: the /56 and the /48 around a client have limits
/// of their own.
#[derive(Clone, Debug)]
pub(crate) struct ClientRateLimiter {
    client: RateLimiter<IpAddr>,
    networks: [(u32, RateLimiter<Ipv6Addr>); 2],
}

impl ClientRateLimiter {
    pub(crate) fn new(name: &'static str, per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        Self {
            networks: IPV6_NETWORKS.map(|(prefix_bits, clients)| {
                let per_network = per_minute.saturating_mul(clients);
                (
                    prefix_bits,
                    RateLimiter::new(name, per_network, Arc::clone(&clock)),
                )
            }),
            client: RateLimiter::new(name, per_minute, clock),
        }
    }

    /// Checks the client's limit without counting.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the window ends.
    pub(crate) fn check(&self, client: Option<IpAddr>) -> Result<()> {
        let Some(client) = client.map(client_key) else {
            return Ok(());
        };
        self.client.check(&client)?;
        self.networks_of(client)
            .try_for_each(|(limiter, network)| limiter.check(&network))
    }

    /// Counts an event of the client.
    pub(crate) fn record(&self, client: Option<IpAddr>) {
        if let Some(client) = client.map(client_key) {
            self.client.record(client);
            self.networks_of(client)
                .for_each(|(limiter, network)| limiter.record(network));
        }
    }

    /// Counts an event of the client and checks its limit. What a client sends beyond its own limit is not counted
    /// against the others of its network.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the window ends.
    pub(crate) fn acquire(&self, client: Option<IpAddr>) -> Result<()> {
        let Some(client) = client.map(client_key) else {
            return Ok(());
        };
        self.client.acquire(client)?;
        self.networks_of(client)
            .try_for_each(|(limiter, network)| limiter.acquire(network))
    }

    /// The networks around an IPv6 client, from the narrow one to the wide one.
    fn networks_of(
        &self,
        client: IpAddr,
    ) -> impl Iterator<Item = (&RateLimiter<Ipv6Addr>, Ipv6Addr)> {
        let client = match client {
            IpAddr::V6(client) => Some(client),
            IpAddr::V4(_) => None,
        };
        let networks = client.map(|client| {
            self.networks
                .iter()
                .map(move |(prefix_bits, limiter)| (limiter, network(client, *prefix_bits)))
        });
        networks.into_iter().flatten()
    }
}

/// The rate limit key of a client: the IPv4 address, or the /64 of an IPv6 address, in which one client can use any
/// address.
pub(crate) fn client_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(network(address, 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The network of an address; `prefix_bits` is not 0.
fn network(address: Ipv6Addr, prefix_bits: u32) -> Ipv6Addr {
    let host_bits = u128::BITS - prefix_bits;
    (u128::from(address) >> host_bits << host_bits).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    fn clients(per_minute: u32) -> ClientRateLimiter {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        ClientRateLimiter::new("test", per_minute, Arc::new(clock))
    }

    fn client(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// How many events pass that come from another network of this size each time.
    fn passed(limiter: &ClientRateLimiter, address: impl Fn(u32) -> String) -> usize {
        let mut numbers = 0..1_000;
        numbers
            .by_ref()
            .take_while(|number| {
                let client = client(&address(*number));
                let passes = limiter.check(client).is_ok();
                limiter.record(client);
                passes
            })
            .count()
    }

    #[test]
    fn ipv6_networks_have_limits_of_their_own() {
        let limiter = clients(60);
        assert_eq!(passed(&limiter, |n| format!("2001:db8:0:100::{n:x}")), 60);
        // One of each of the 256 networks of a /56, then of a /48: in whole networks, beside the one above.
        let within_56 = |n: u32| format!("2001:db8:1:{:x}::1", n % 256);
        assert_eq!(passed(&limiter, within_56), 240);
        assert_eq!(
            passed(&limiter, |n| format!("2001:db8:2:{:x}::1", n % 256 * 256)),
            960
        );
        assert!(limiter.check(client("2001:db8:3::1")).is_ok());
        assert!(limiter.check(client("192.0.2.1")).is_ok());
    }

    #[test]
    fn acquire_over_the_limit_of_a_client_spares_its_network() {
        let limiter = clients(3);
        for _ in 0..100 {
            let _ = limiter.acquire(client("2001:db8:0:1::1"));
        }
        for number in 2..5 {
            limiter
                .acquire(client(&format!("2001:db8:0:{number}::1")))
                .unwrap();
        }
    }
}
