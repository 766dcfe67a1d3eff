//! The HTTP client that sends callbacks.

use std::error::Error as StdError;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::CallbackRequest;
use crate::store::AttemptResult;

/// Longer response bodies fail the attempt.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The part of a response body that a delivery keeps.
const MAX_RECORDED_CHARS: usize = 512;

/// An HTTP client that follows no redirects and keeps no connections alive.
#[derive(Clone, Debug)]
pub(crate) struct PushClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl PushClient {
    pub(crate) fn new() -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        Self { client }
    }

    /// One attempt, limited to `timeout`.
    pub(super) async fn send(&self, request: &CallbackRequest, timeout: Duration) -> AttemptResult {
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(format!("no response within {} ms", timeout.as_millis())),
        }
    }

    async fn exchange(&self, callback: &CallbackRequest) -> AttemptResult {
        let method = if callback.body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = Request::builder().method(method).uri(&callback.url);
        request = request
            .header(header::USER_AGENT, "Mozilla/4.0")
            .header(header::ACCEPT, "*/*");
        if callback.body.is_some() {
            request = request.header(header::CONTENT_TYPE, callback.content_type);
        }
        let body = Full::new(Bytes::from(callback.body.clone().unwrap_or_default()));
        let request = request.body(body).map_err(|error| error.to_string())?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| root_cause(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
            .collect()
            .await
            .map_err(|error| root_cause(error.as_ref()))?;
        let text = String::from_utf8_lossy(&body.to_bytes())
            .chars()
            .take(MAX_RECORDED_CHARS)
            .collect();
        Ok((status, text))
    }
}

/// The innermost error is the most specific one: "connection refused".
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
