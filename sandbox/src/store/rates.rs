//! What WeCom counts against callers: the calls of an API by corp and by address, and the wrong secrets
//! of an address.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use serde_json::{Value, json};

use super::CallLimits;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// Wrong secrets within [`WRONG_SECRET_WINDOW_MS`] that bar their address.
const MAX_WRONG_SECRETS: usize = 10;
const WRONG_SECRET_WINDOW_MS: i64 = 600_000;
const WRONG_SECRET_BAR_MS: i64 = HOUR_MS;

/// The counts, by the sandbox's clock.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    windows: BTreeMap<(String, Caller, i64), Window>,
    wrong_secrets: BTreeMap<IpAddr, WrongSecrets>,
}

/// Whose calls are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Caller {
    /// A corp, by its key.
    Corp(String),
    Address(IpAddr),
}

/// Calls since the start of a window.
#[derive(Clone, Copy, Debug)]
struct Window {
    started_at: i64,
    calls: u64,
}

#[derive(Debug, Default)]
struct WrongSecrets {
    total: u64,
    /// The times of those within the window.
    recent: VecDeque<i64>,
    barred_until: Option<i64>,
}

impl Rates {
    /// Counts a call of an API; `false` if it is beyond a limit.
    pub(crate) fn count_call(
        &mut self,
        api: &str,
        corp_key: Option<&str>,
        address: IpAddr,
        limits: &CallLimits,
        now: i64,
    ) -> bool {
        let of_address = [
            (MINUTE_MS, limits.address_per_minute),
            (HOUR_MS, limits.address_per_hour),
        ];
        let of_corp = [
            (MINUTE_MS, limits.corp_per_minute),
            (HOUR_MS, limits.corp_per_hour),
        ];
        let mut allowed = true;
        for (length, limit) in of_address {
            allowed &= self.count(api, Caller::Address(address), length, limit, now);
        }
        for (length, limit) in of_corp {
            if let Some(key) = corp_key {
                allowed &= self.count(api, Caller::Corp(key.to_owned()), length, limit, now);
            }
        }
        allowed
    }

    /// Counts the fetch of a ticket of the JS-SDK, which has an hourly limit of its own; `false` if it is beyond it.
    pub(crate) fn count_ticket(&mut self, kind: &str, owner: String, limit: u64, now: i64) -> bool {
        self.count(kind, Caller::Corp(owner), HOUR_MS, limit, now)
    }

    /// Takes back a call that does not count: `auth/getuserinfo` with a valid code (D/96212).
    pub(crate) fn forgive_call(&mut self, api: &str, corp_key: Option<&str>, address: IpAddr) {
        let mut callers = vec![Caller::Address(address)];
        callers.extend(corp_key.map(|key| Caller::Corp(key.to_owned())));
        for caller in callers {
            for length in [MINUTE_MS, HOUR_MS] {
                let key = (api.to_owned(), caller.clone(), length);
                if let Some(window) = self.windows.get_mut(&key) {
                    window.calls = window.calls.saturating_sub(1);
                }
            }
        }
    }

    /// Records a wrong secret; the tenth within ten minutes bars the address for an hour.
    pub(crate) fn record_wrong_secret(&mut self, address: IpAddr, now: i64) {
        let wrong = self.wrong_secrets.entry(address).or_default();
        wrong.total += 1;
        wrong.recent.push_back(now);
        wrong.forget_old(now);
        if wrong.recent.len() >= MAX_WRONG_SECRETS {
            wrong.barred_until = Some(now + WRONG_SECRET_BAR_MS);
            wrong.recent.clear();
        }
    }

    /// Whether an address is barred for its wrong secrets.
    pub(crate) fn is_barred(&self, address: IpAddr, now: i64) -> bool {
        self.wrong_secrets
            .get(&address)
            .and_then(|wrong| wrong.barred_until)
            .is_some_and(|until| now < until)
    }

    /// The wrong secrets by address: all, those within the last ten minutes, and until when the address
    /// is barred.
    pub(crate) fn wrong_secrets(&self, now: i64) -> Value {
        let entries = self.wrong_secrets.iter().map(|(address, wrong)| {
            let recent = wrong
                .recent
                .iter()
                .filter(|at| now - **at < WRONG_SECRET_WINDOW_MS)
                .count();
            let barred_until = wrong.barred_until.filter(|until| now < *until);
            let entry =
                json!({"total": wrong.total, "recent": recent, "barredUntil": barred_until});
            (address.to_string(), entry)
        });
        Value::Object(entries.collect())
    }

    fn count(&mut self, api: &str, caller: Caller, length: i64, limit: u64, now: i64) -> bool {
        let window = self
            .windows
            .entry((api.to_owned(), caller, length))
            .or_insert(Window {
                started_at: now,
                calls: 0,
            });
        if now - window.started_at >= length {
            *window = Window {
                started_at: now,
                calls: 0,
            };
        }
        window.calls += 1;
        window.calls <= limit
    }
}

impl WrongSecrets {
    fn forget_old(&mut self, now: i64) {
        while self
            .recent
            .front()
            .is_some_and(|at| now - *at >= WRONG_SECRET_WINDOW_MS)
        {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn tenth_wrong_secret_in_ten_minutes_bars_for_an_hour() {
        let mut rates = Rates::default();
        for number in 0..9 {
            rates.record_wrong_secret(ADDRESS, number);
        }
        assert!(!rates.is_barred(ADDRESS, 9));
        rates.record_wrong_secret(ADDRESS, WRONG_SECRET_WINDOW_MS);
        assert!(
            !rates.is_barred(ADDRESS, WRONG_SECRET_WINDOW_MS),
            "the first one is ten minutes old"
        );
        rates.record_wrong_secret(ADDRESS, WRONG_SECRET_WINDOW_MS);
        assert!(rates.is_barred(ADDRESS, WRONG_SECRET_WINDOW_MS));
        let end = WRONG_SECRET_WINDOW_MS + WRONG_SECRET_BAR_MS;
        assert!(rates.is_barred(ADDRESS, end - 1));
        assert!(!rates.is_barred(ADDRESS, end));
    }

    #[test]
    fn count_call_refuses_beyond_the_limit_until_the_window_ends() {
        let mut rates = Rates::default();
        let limits = CallLimits {
            corp_per_minute: 2,
            ..CallLimits::default()
        };
        let mut call =
            |corp: &str, now: i64| rates.count_call("user/get", Some(corp), ADDRESS, &limits, now);
        assert!(call("a", 0) && call("a", 1));
        assert!(!call("a", 2));
        assert!(call("b", 2), "another corp has its own count");
        assert!(call("a", MINUTE_MS));
    }
}
