//! The metrics of both example apps, scraped as Prometheus does, and the handbook's page about them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wecom_login::metrics::{METRICS, MetricKind};
use wecom_login_tests::process::{DemoProcess, Example};
use wecom_login_tests::{TestRequest, until_mut};

const AXUM: Example = Example {
    name: "axum-app",
    binary: env!("CARGO_BIN_EXE_axum-app-under-test"),
};
const ACTIX: Example = Example {
    name: "actix-app",
    binary: env!("CARGO_BIN_EXE_actix-app-under-test"),
};
/// The suffixes of a histogram in Prometheus' text.
const HISTOGRAM_SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Name, type and labels of each metric on a page of the handbook.
fn documented(page: &str) -> BTreeMap<String, (String, Vec<String>)> {
    let text = fs::read_to_string(docs().join(page)).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| `wecom_login_"));
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let labels = cells[4].split(", ").map(|label| label.trim_matches('`'));
        let labels = labels.filter(|label| *label != "–").map(str::to_owned);
        let name = cells[1].trim_matches('`').to_owned();
        (name, (cells[2].to_owned(), labels.collect()))
    })
    .collect()
}

fn kind_of(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        _ => "histogram",
    }
}

/// What an exporter shows: the type of each metric, and the names of its labels.
#[derive(Debug, Default)]
struct Scrape {
    types: BTreeMap<String, String>,
    labels: BTreeMap<String, BTreeSet<String>>,
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        for line in text.lines() {
            if let Some(described) = line.strip_prefix("# TYPE ") {
                let (name, kind) = described.split_once(' ').unwrap();
                scrape.types.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') && !line.is_empty() {
                let (series, value) = line.rsplit_once(' ').unwrap();
                scrape
                    .samples
                    .insert(series.to_owned(), value.parse().unwrap());
                let (name, labels) = series.split_once('{').unwrap_or((series, ""));
                let labels = labels.trim_end_matches('}').split("\",");
                let names = labels.filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
                let names = names.filter(|name| name != "le");
                let own = scrape.labels.entry(base_name(name)).or_default();
                own.extend(names);
            }
        }
        scrape
    }

    fn sum(&self, name: &str, label: &str) -> f64 {
        let of =
            |series: &&String| series.starts_with(&format!("{name}{{")) && series.contains(label);
        self.samples
            .iter()
            .filter(|(series, _)| of(series))
            .map(|(_, value)| value)
            .sum()
    }
}

/// The name without a histogram's suffix.
fn base_name(name: &str) -> String {
    let is_histogram = |base: &str| {
        METRICS
            .iter()
            .any(|metric| metric.name == base && metric.kind == MetricKind::Histogram)
    };
    HISTOGRAM_SUFFIXES
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix))
        .find(|base| is_histogram(base))
        .unwrap_or(name)
        .to_owned()
}

#[test]
fn pages_have_every_metric() {
    let known: BTreeMap<String, (String, Vec<String>)> = METRICS
        .iter()
        .map(|metric| {
            let labels = metric
                .labels
                .iter()
                .map(|label| (*label).to_owned())
                .collect();
            (
                metric.name.to_owned(),
                (kind_of(metric.kind).to_owned(), labels),
            )
        })
        .collect();
    assert_eq!(documented("metrics.md"), known);
    assert_eq!(documented("zh/metrics.md"), known);
}

/// The names of metrics in the expressions of a file.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.split(|character| !is_part(character))
        .filter(|word| word.starts_with("wecom_login_"))
        .map(base_name)
        .collect()
}

#[test]
fn alerts_and_dashboard_name_only_metrics_that_exist() {
    let known: BTreeSet<String> = METRICS
        .iter()
        .map(|metric| metric.name.to_owned())
        .collect();
    let alerts = names_in(&fs::read_to_string(docs().join("metrics/alerts.yml")).unwrap());
    assert!(alerts.len() > 5 && alerts.is_subset(&known), "{alerts:?}");
    let dashboard = fs::read_to_string(docs().join("metrics/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let shown: BTreeSet<String> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .flat_map(|target| names_in(target["expr"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, known, "the dashboard shows every metric");
}

async fn scraped_metrics_are_those_of_the_page(example: Example) {
    let app = DemoProcess::start_with_metrics(example).await;
    let corp = app.authorized_corps().await.remove(0);
    let path = format!("/corps/{}/members/{}/code", corp.id, corp.member.0);
    let code = app.control(&path, &json!({})).await["code"].clone();
    let login = TestRequest::post("/auth/loginByWorkbench");
    let login = login.json(&json!({"corpId": corp.id, "code": code}));
    let session = app.send(login.clone()).await.success();
    let refused = app.send(login).await;
    assert_eq!(refused.status, 401);
    let token = session["token"].as_str().unwrap();
    for _ in 0..3 {
        let hello = app.send(TestRequest::get("/api/hello").bearer(token)).await;
        assert_eq!(hello.status, 200);
    }
    let logout = TestRequest::post("/auth/logout").bearer(token);
    assert_eq!(app.send(logout).await.status, 204);
    let ended = app.send(TestRequest::get("/api/hello").bearer(token)).await;
    assert_eq!(ended.status, 401);

    let documented = documented("metrics.md");
    let mut scrape = Scrape::default();
    // The gauges, and the revocation that comes back through the log.
    until_mut("every metric is there", async || {
        scrape = Scrape::parse(&app.scrape().await);
        documented
            .keys()
            .all(|name| scrape.types.contains_key(name))
    })
    .await;
    for (name, kind) in &scrape.types {
        let (documented_kind, labels) = documented
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not on the page"));
        assert_eq!(kind, documented_kind, "{name}");
        let documented: BTreeSet<String> = labels.iter().cloned().collect();
        assert_eq!(scrape.labels[name], documented, "{name}");
    }
    let logins = |label: &str| scrape.sum("wecom_login_logins_total", label);
    assert_eq!(logins("outcome=\"succeeded\""), 1.0);
    assert_eq!(logins("outcome=\"CODE_INVALID\""), 1.0);
    let lookups = |label: &str| scrape.sum("wecom_login_session_lookups_total", label);
    assert!(lookups("result=\"hit\"") >= 3.0, "{scrape:?}");
    assert_eq!(lookups("result=\"refused\""), 1.0);
    let ends = scrape.sum("wecom_login_session_ends_total", "reason=\"session\"");
    assert_eq!(ends, 1.0);
    // Ids of corps and people are in no label.
    let series: Vec<&String> = scrape.samples.keys().collect();
    let names_somebody = |series: &&&String| {
        series.contains(&corp.id) || series.contains(&format!("\"{}\"", corp.member.0))
    };
    assert_eq!(series.iter().find(names_somebody), None);
    app.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_of_the_axum_app_are_those_of_the_page() {
    scraped_metrics_are_those_of_the_page(AXUM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_of_the_actix_app_are_those_of_the_page() {
    scraped_metrics_are_those_of_the_page(ACTIX).await;
}
