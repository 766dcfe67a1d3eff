//! Metrics, for an exporter that the host app chooses: this crate uses the facade [`metrics`](https://docs.rs/metrics).
//!
//! Install the exporter's recorder before [`Builder::build`](crate::Builder::build): instruments belong to the recorder that
//! is there when they are made. The handbook's page on metrics has every name, alerts and a dashboard.
//!
//! Without the feature the instruments are empty types. On the path of a request to a guarded route there are the counters
//! of `SessionLookups`, made once for a handle.

mod login;
mod table;

#[cfg_attr(not(feature = "metrics"), path = "disabled.rs")]
mod instrument;

#[cfg(feature = "metrics")]
pub(crate) use instrument::Gauge;
pub(crate) use instrument::{Counter, Histogram, Stopwatch};
pub(crate) use login::{LoginMeter, LoginMethod, LoginStep};
#[cfg(feature = "metrics")]
pub(crate) use table::{
    CALLBACK_RECORDS, CORPS, GAUGES_REFRESHED, SESSIONS, SUITE_TICKET_AGE, WRONG_SECRETS,
    WRONG_SECRETS_LIMIT,
};
#[cfg(feature = "metrics")]
pub use table::{METRICS, SECONDS_BUCKETS};
#[cfg(feature = "metrics")]
pub use table::{MetricInfo, MetricKind};

use std::time::Duration;

/// Gives the exporter the descriptions, and the counters whose labels are known: what has not happened is 0, and not absent.
#[cfg(feature = "metrics")]
pub(crate) fn describe() {
    instrument::describe();
    for outcome in ["accepted", "malformed", "refused", "failed"] {
        Counter::new(table::CALLBACKS_RECEIVED, &[("outcome", outcome)]).add(0);
    }
    for reason in ["session", "person", "corp", "all", "expired"] {
        sessions_ended(reason, 0);
    }
    for limit in LIMITS {
        Counter::new(table::LIMITS_HIT, &[("limit", limit)]).add(0);
    }
}

/// The limits, as the modules that have them name them.
#[cfg(feature = "metrics")]
const LIMITS: &[&str] = &[
    "admin_keys",
    "client_codes",
    "corp_codes",
    "corp_state_codes",
    "organization_codes",
    "state_codes",
    "unknown_corps",
];

/// What stands for a label's value that is not one of a fixed set.
pub(crate) const OTHER: &str = "other";

/// The counters of the tokens that requests bring.
#[derive(Clone)]
pub(crate) struct SessionLookups {
    /// The session was in memory.
    pub(crate) hit: Counter,
    /// The session was read from the database.
    pub(crate) miss: Counter,
    /// There is no such session, or it has ended.
    pub(crate) refused: Counter,
    /// The database did not answer.
    pub(crate) failed: Counter,
}

impl SessionLookups {
    pub(crate) fn new() -> Self {
        let of = |result| Counter::new(table::SESSION_LOOKUPS, &[("result", result)]);
        Self {
            hit: of("hit"),
            miss: of("miss"),
            refused: of("refused"),
            failed: of("failed"),
        }
    }
}

/// The instruments of a connection class.
#[derive(Clone)]
pub(crate) struct ConnectionMetrics {
    pub(crate) wait: Histogram,
    pub(crate) duration: Histogram,
}

impl ConnectionMetrics {
    pub(crate) fn new(class: &str) -> Self {
        Self {
            wait: Histogram::new(table::DB_WAIT, &[("class", class)]),
            duration: Histogram::new(table::DB_DURATION, &[("class", class)]),
        }
    }
}

/// Measures until it is dropped.
pub(crate) struct Timed {
    histogram: Histogram,
    stopwatch: Stopwatch,
}

impl Timed {
    pub(crate) fn start(histogram: &Histogram) -> Self {
        Self {
            histogram: histogram.clone(),
            stopwatch: Stopwatch::start(),
        }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.histogram.record(self.stopwatch.elapsed());
    }
}

/// A request of WeCom to the callback URL was answered with this status.
pub(crate) fn callback_received(status: u16) {
    let outcome = match status {
        200 => "accepted",
        400 => "malformed",
        403 => "refused",
        _ => "failed",
    };
    Counter::new(table::CALLBACKS_RECEIVED, &[("outcome", outcome)]).add(1);
}

/// An attempt at a callback record ended.
pub(crate) fn callback_attempted(event: &str, outcome: &str) {
    let labels = [("event", event), ("outcome", outcome)];
    Counter::new(table::CALLBACKS, &labels).add(1);
}

/// A callback was carried out so long after it arrived.
pub(crate) fn callback_settled(lane: &str, lag: Duration) {
    Histogram::new(table::CALLBACK_LAG, &[("lane", lane)]).record(lag);
}

/// A call to WeCom ended.
pub(crate) fn wecom_called(path: &str, errcode: &str, took: Duration) {
    let labels = [("path", path), ("errcode", errcode)];
    Counter::new(table::WECOM_CALLS, &labels).add(1);
    Histogram::new(table::WECOM_CALL_DURATION, &[("path", path)]).record(took);
}

/// A token was fetched, or was not.
pub(crate) fn token_fetched(kind: &str, is_fetched: bool) {
    let outcome = if is_fetched { "succeeded" } else { "failed" };
    let labels = [("kind", kind), ("outcome", outcome)];
    Counter::new(table::TOKENS_FETCHED, &labels).add(1);
}

/// Sessions ended: one, all of a person, of a corp, of the service; or some that expired.
pub(crate) fn sessions_ended(reason: &str, times: u64) {
    Counter::new(table::SESSION_ENDS, &[("reason", reason)]).add(times);
}

/// A revocation was applied so long after it was written.
pub(crate) fn revocation_applied(lag: Duration) {
    Histogram::new(table::REVOCATION_LAG, &[]).record(lag);
}

/// A limit refused a request.
pub(crate) fn limit_hit(limit: &str) {
    Counter::new(table::LIMITS_HIT, &[("limit", limit)]).add(1);
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_those_of_prometheus() {
        let mut names = BTreeSet::new();
        for metric in METRICS {
            assert!(names.insert(metric.name), "{} is there twice", metric.name);
            assert!(metric.name.starts_with("wecom_login_"), "{}", metric.name);
            let is_total = metric.name.ends_with("_total");
            assert_eq!(
                is_total,
                metric.kind == MetricKind::Counter,
                "{}",
                metric.name
            );
            let is_time = metric.name.ends_with("_seconds");
            assert!(
                is_time || metric.kind != MetricKind::Histogram,
                "{}",
                metric.name
            );
        }
    }
}
