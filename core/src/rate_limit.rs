//! Rate limits per minute, by any key and by client address.
//!
//! Written by hand because the limits need windows that begin with a key's first event, our own clock, and a check that
//! does not count.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorKind, Result};

const WINDOW: Duration = Duration::from_mins(1);

/// Beyond this number of keys the least recently used are evicted, so that memory is bounded. An attacker with that many
/// addresses is not stopped by a limit per address.
const MAX_KEYS: u64 = 100_000;

/// The networks around an IPv6 client that have a limit too: their prefixes, and for how many clients their limit is.
const IPV6_NETWORKS: [(u32, u32); 2] = [(56, 4), (48, 16)];

/// Counts events by key in windows of a minute. A window begins with the first event of its key.
///
/// Clones share their counts.
#[derive(Clone)]
pub(crate) struct RateLimiter<K> {
    windows: Cache<K, Window>,
    per_minute: u32,
    clock: Arc<dyn Clock>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> RateLimiter<K> {
    pub(crate) fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let windows = Cache::builder()
            .max_capacity(MAX_KEYS)
            .eviction_policy(EvictionPolicy::lru())
            // Only frees memory: the end of a window is decided by our own clock.
            .time_to_idle(2 * WINDOW)
            .build();
        Self {
            windows,
            per_minute,
            clock,
        }
    }

    /// Checks the limit without counting: for events that are recorded only when they fail.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the window ends.
    pub(crate) fn check(&self, key: &K) -> Result<()> {
        match self.windows.get(key) {
            Some(window) if window.count >= self.per_minute => self.reject_until_end(window),
            _ => Ok(()),
        }
    }

    /// Counts an event.
    pub(crate) fn record(&self, key: K) {
        self.increment(key);
    }

    /// Counts an event and checks the limit: for events that count whether they fail or not.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the window ends.
    pub(crate) fn acquire(&self, key: K) -> Result<()> {
        let window = self.increment(key);
        if window.count > self.per_minute {
            self.reject_until_end(window)
        } else {
            Ok(())
        }
    }

    fn increment(&self, key: K) -> Window {
        let now = self.clock.now();
        let entry = self
            .windows
            .entry(key)
            .and_upsert_with(|window| match window {
                Some(window) if now.since(window.value().started_at) < WINDOW => {
                    let window = window.value();
                    Window {
                        started_at: window.started_at,
                        count: window.count.saturating_add(1),
                    }
                }
                _ => Window {
                    started_at: now,
                    count: 1,
                },
            });
        entry.into_value()
    }

    fn reject_until_end(&self, window: Window) -> Result<()> {
        let remaining = WINDOW.saturating_sub(self.clock.now().since(window.started_at));
        if remaining.is_zero() {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::RateLimited, "too many attempts within a minute")
                .with_retry_after(remaining),
        )
    }
}

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
    pub(crate) fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        Self {
            networks: IPV6_NETWORKS.map(|(prefix_bits, clients)| {
                let per_network = per_minute.saturating_mul(clients);
                (
                    prefix_bits,
                    RateLimiter::new(per_network, Arc::clone(&clock)),
                )
            }),
            client: RateLimiter::new(per_minute, clock),
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

#[derive(Clone, Copy)]
struct Window {
    started_at: Timestamp,
    count: u32,
}

impl<K> fmt::Debug for RateLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("per_minute", &self.per_minute)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn limiter(per_minute: u32) -> (RateLimiter<&'static str>, ManualClock) {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        (RateLimiter::new(per_minute, Arc::new(clock.clone())), clock)
    }

    #[test]
    fn check_rejects_after_recorded_failures_until_window_ends() {
        let (limiter, clock) = limiter(2);
        limiter.record("a");
        assert!(limiter.check(&"a").is_ok());
        clock.advance(Duration::from_millis(500));
        limiter.record("a");
        let error = limiter.check(&"a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_millis(59_500)));
        assert!(limiter.check(&"b").is_ok(), "another key is another count");
        clock.advance(Duration::from_millis(59_500));
        assert!(limiter.check(&"a").is_ok());
    }

    #[test]
    fn acquire_over_the_limit_does_not_extend_the_window() {
        let (limiter, clock) = limiter(3);
        for _ in 0..3 {
            limiter.acquire("a").unwrap();
        }
        clock.advance(Duration::from_secs(59));
        assert_eq!(
            limiter.acquire("a").unwrap_err().retry_after(),
            Some(Duration::from_secs(1))
        );
        clock.advance(Duration::from_secs(1));
        limiter.acquire("a").unwrap();
    }

    #[test]
    fn record_from_several_threads_loses_no_event() {
        let (limiter, _) = limiter(400);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| limiter.record("a")));
            }
        });
        assert!(limiter.check(&"a").is_err(), "all 400 are there");
        let (limiter, _) = self::limiter(401);
        (0..400).for_each(|_| limiter.record("a"));
        assert!(limiter.check(&"a").is_ok());
    }
    fn clients(per_minute: u32) -> ClientRateLimiter {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        ClientRateLimiter::new(per_minute, Arc::new(clock))
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
