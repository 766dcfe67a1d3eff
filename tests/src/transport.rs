//! [`FaultyTransport`]: an HTTP client to WeCom that drops or holds responses when the test says so.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;
use wecom_login::wecom::HttpClient;

/// Longer than any test runs.
const CALL_LIMIT: Duration = Duration::from_mins(10);

/// A transport to WeCom. Clones share their state.
#[derive(Clone)]
pub struct FaultyTransport {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Paths below `/cgi-bin/` whose next response is dropped; once for each entry.
    dropped: Mutex<Vec<String>>,
    /// The path whose responses are held.
    held: watch::Sender<Option<String>>,
    waiting: watch::Sender<usize>,
}

impl FaultyTransport {
    /// A transport that drops and holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                client: Client::builder(TokioExecutor::new()).build_http(),
                dropped: Mutex::default(),
                held: watch::Sender::new(None),
                waiting: watch::Sender::new(0),
            }),
        }
    }

    /// The client for a handle.
    #[must_use]
    pub fn client(&self) -> HttpClient {
        let transport = self.clone();
        HttpClient::new(tower::service_fn(move |request: Request<Full<Bytes>>| {
            let transport = transport.clone();
            async move { transport.forward(request).await }
        }))
        .with_call_timeout(CALL_LIMIT)
    }

    /// Drops the response to the next call of this API.
    pub fn drop_response(&self, api: &str) {
        self.inner.dropped.lock().unwrap().push(api.to_owned());
    }

    /// Holds the responses to calls of this API, until [`Self::release`].
    pub fn hold_responses(&self, api: &str) {
        self.inner.held.send_replace(Some(api.to_owned()));
    }

    /// How many responses are held.
    #[must_use]
    pub fn held_responses(&self) -> usize {
        *self.inner.waiting.borrow()
    }

    /// Delivers the held responses.
    pub fn release(&self) {
        self.inner.held.send_replace(None);
    }

    async fn forward(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let api = request
            .uri()
            .path()
            .trim_start_matches("/cgi-bin/")
            .to_owned();
        let response = self.inner.client.request(request).await?;
        if self.is_dropped(&api) {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        let mut held = self.inner.held.subscribe();
        let is_held = |held: &Option<String>| held.as_ref() == Some(&api);
        if is_held(&held.borrow()) {
            self.inner.waiting.send_modify(|waiting| *waiting += 1);
            // The sender is a field of self.
            let _ = held.wait_for(|held| !is_held(held)).await;
            self.inner.waiting.send_modify(|waiting| *waiting -= 1);
        }
        Ok(response.map(Body::new))
    }

    fn is_dropped(&self, api: &str) -> bool {
        let mut dropped = self.inner.dropped.lock().unwrap();
        let found = dropped.iter().position(|dropped| dropped == api);
        if let Some(found) = found {
            dropped.remove(found);
        }
        found.is_some()
    }
}

impl Default for FaultyTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FaultyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyTransport")
    }
}
