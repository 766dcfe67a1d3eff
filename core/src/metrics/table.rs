//! The table of metrics: every name that this crate gives to an exporter.
#![cfg_attr(
    not(feature = "metrics"),
    allow(dead_code, unreachable_pub, reason = "the table is for an exporter")
)]

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A distribution: Prometheus shows its buckets, its sum and its count.
    Histogram,
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricInfo {
    /// The name, by Prometheus' conventions.
    pub name: &'static str,
    /// What kind of metric it is.
    pub kind: MetricKind,
    /// The names of its labels. Their values are few: words of this crate, names of instances, ids of suites.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub description: &'static str,
}

impl MetricInfo {
    const fn new(
        name: &'static str,
        kind: MetricKind,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            labels,
            description,
        }
    }
}

macro_rules! table {
    ($($name:ident: $kind:ident $text:literal [$($label:literal),*] $description:literal;)+) => {
        $(pub(crate) const $name: MetricInfo =
            MetricInfo::new($text, MetricKind::$kind, &[$($label),*], $description);)+

        /// Every metric.
        pub const METRICS: &[MetricInfo] = &[$($name),+];
    };
}

table! {
    LOGINS: Counter "wecom_login_logins_total" ["method", "instance", "outcome"] "Logins that ended";
    LOGIN_DURATION: Histogram "wecom_login_login_duration_seconds" ["method"] "How long logins took";
    CALLBACKS_RECEIVED: Counter "wecom_login_callbacks_received_total" ["outcome"] "Requests of WeCom to the callback URL";
    CALLBACKS: Counter "wecom_login_callbacks_total" ["event", "outcome"] "Attempts at callback records";
    CALLBACK_LAG: Histogram "wecom_login_callback_lag_seconds" ["lane"] "How long after its arrival a callback was carried out";
    WECOM_CALLS: Counter "wecom_login_wecom_calls_total" ["path", "errcode"] "Calls to WeCom";
    WECOM_CALL_DURATION: Histogram "wecom_login_wecom_call_duration_seconds" ["path"] "How long calls to WeCom took";
    TOKENS_FETCHED: Counter "wecom_login_tokens_fetched_total" ["kind", "outcome"] "Tokens and JS-SDK tickets fetched from WeCom";
    SESSION_LOOKUPS: Counter "wecom_login_session_lookups_total" ["result"] "Tokens of requests that were looked up";
    SESSION_ENDS: Counter "wecom_login_session_ends_total" ["reason"] "Ends of sessions before their time, and sessions that expired";
    DB_WAIT: Histogram "wecom_login_db_wait_duration_seconds" ["class"] "How long statements waited for a connection";
    DB_DURATION: Histogram "wecom_login_db_duration_seconds" ["class"] "How long statements and transactions took";
    REVOCATION_LAG: Histogram "wecom_login_revocation_lag_seconds" [] "How long after it was written a revocation was applied on this node";
    LIMITS_HIT: Counter "wecom_login_limits_hit_total" ["limit"] "Requests that a limit refused";
    SESSIONS: Gauge "wecom_login_sessions" [] "Sessions that are neither expired nor idle";
    CALLBACK_RECORDS: Gauge "wecom_login_callback_records" ["status"] "Callback records";
    CORPS: Gauge "wecom_login_corps" ["status"] "Corps that authorized a suite";
    SUITE_TICKET_AGE: Gauge "wecom_login_suite_ticket_age_seconds" ["suite"] "The age of the newest suite_ticket";
    WRONG_SECRETS: Gauge "wecom_login_wrong_secrets" [] "Wrong secrets that were sent to WeCom within ten minutes, by all nodes";
    WRONG_SECRETS_LIMIT: Gauge "wecom_login_wrong_secrets_limit" [] "Wrong secrets after which no more are sent";
    GAUGES_REFRESHED: Gauge "wecom_login_gauges_refreshed_timestamp_seconds" [] "When the gauges were last read from the database";
}

/// Buckets for the histograms, in seconds: WeCom's timeouts are 8 and 60 s, a callback may wait for ten minutes.
pub const SECONDS_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0,
];
