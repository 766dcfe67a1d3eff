//! `--metrics`: the metrics as Prometheus' text, on an address of their own, which the public does not reach.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use wecom_login::metrics::SECONDS_BUCKETS;

use crate::CONNECTION_TIMEOUT;

/// How often the exporter sums up what histograms have recorded.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted, such as for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const PATH: &str = "/metrics";
/// Prometheus' text (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Installs the exporter, which has to be there before the login is built, and serves it. Gives the address.
pub(crate) async fn serve(address: SocketAddr) -> io::Result<SocketAddr> {
    let unavailable =
        |error: io::Error| io::Error::new(error.kind(), format!("--metrics {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(unavailable)?;
    let address = listener.local_addr()?;
    let exporter = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(io::Error::other)?;
    let upkeep = exporter.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            upkeep.run_upkeep();
        }
    });
    tokio::spawn(accept(listener, exporter));
    Ok(address)
}

async fn accept(listener: TcpListener, exporter: PrometheusHandle) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let exporter = exporter.clone();
        let service = service_fn(move |request| {
            let answered = answer(&request, &exporter);
            async move { Ok::<_, Infallible>(answered) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(CONNECTION_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        // A client that goes away is no fault of ours.
        tokio::spawn(async move { drop(connection.await) });
    }
}

fn answer(request: &Request<Incoming>, exporter: &PrometheusHandle) -> Response<Full<Bytes>> {
    let status = match (request.uri().path(), request.method()) {
        (PATH, &Method::GET) => StatusCode::OK,
        (PATH, _) => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::NOT_FOUND,
    };
    let text = match status {
        StatusCode::OK => exporter.render(),
        _ => String::new(),
    };
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let content_type = header::HeaderValue::from_static(CONTENT_TYPE);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}
