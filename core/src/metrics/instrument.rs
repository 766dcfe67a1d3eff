//! Counters, gauges and histograms of the facade `metrics`.
//!
//! An instrument belongs to the recorder that was installed when it was made.

use std::time::{Duration, Instant};

use ::metrics::{Label, Unit};

use crate::metrics::table::{METRICS, MetricInfo, MetricKind};

/// A label: its name and its value.
pub(crate) type LabelPair<'a> = (&'static str, &'a str);

/// Gives the exporter the unit and the description of every metric.
pub(crate) fn describe() {
    for metric in METRICS {
        let (name, text) = (metric.name, metric.description);
        let unit = if name.ends_with("_seconds") {
            Unit::Seconds
        } else {
            Unit::Count
        };
        match metric.kind {
            MetricKind::Counter => ::metrics::describe_counter!(name, unit, text),
            MetricKind::Gauge => ::metrics::describe_gauge!(name, unit, text),
            MetricKind::Histogram => ::metrics::describe_histogram!(name, unit, text),
        }
    }
}

fn labels(pairs: &[LabelPair<'_>]) -> Vec<Label> {
    pairs
        .iter()
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect()
}

/// A number that only grows.
#[derive(Clone)]
pub(crate) struct Counter(::metrics::Counter);

impl Counter {
    pub(crate) fn new(metric: MetricInfo, pairs: &[LabelPair<'_>]) -> Self {
        Self(::metrics::counter!(metric.name, labels(pairs)))
    }

    pub(crate) fn add(&self, times: u64) {
        self.0.increment(times);
    }
}

/// A number that goes up and down.
#[derive(Clone)]
pub(crate) struct Gauge(::metrics::Gauge);

impl Gauge {
    pub(crate) fn new(metric: MetricInfo, pairs: &[LabelPair<'_>]) -> Self {
        Self(::metrics::gauge!(metric.name, labels(pairs)))
    }

    pub(crate) fn set(&self, value: f64) {
        self.0.set(value);
    }
}

/// A distribution.
#[derive(Clone)]
pub(crate) struct Histogram(::metrics::Histogram);

impl Histogram {
    pub(crate) fn new(metric: MetricInfo, pairs: &[LabelPair<'_>]) -> Self {
        Self(::metrics::histogram!(metric.name, labels(pairs)))
    }

    pub(crate) fn record(&self, duration: Duration) {
        self.0.record(duration.as_secs_f64());
    }
}

/// Measures a duration.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
