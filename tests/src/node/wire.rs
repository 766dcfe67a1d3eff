//! The way from a node to its WeCom, in the hands of a test: answers get lost or are held back when the test says so,
//! and no clock decides what comes first.

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

/// Longer than any test waits.
const CALL_LIMIT: Duration = Duration::from_mins(10);

/// A way to WeCom. Its clones are the same way.
#[derive(Clone)]
pub struct Wire(Arc<Inner>);

struct Inner {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Paths below `/cgi-bin/`: the answer of the next call is lost, once for each time it stands here.
    lost: Mutex<Vec<String>>,
    /// The path whose answers are held back.
    held: watch::Sender<Option<String>>,
    waiting: watch::Sender<usize>,
}

impl Wire {
    /// A way on which nothing happens.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            client: Client::builder(TokioExecutor::new()).build_http(),
            lost: Mutex::default(),
            held: watch::Sender::new(None),
            waiting: watch::Sender::new(0),
        }))
    }

    /// The client of a node that goes this way.
    #[must_use]
    pub fn client(&self) -> HttpClient {
        let wire = self.clone();
        HttpClient::new(tower::service_fn(move |request: Request<Full<Bytes>>| {
            let wire = wire.clone();
            async move { wire.carry(request).await }
        }))
        .with_call_timeout(CALL_LIMIT)
    }

    /// WeCom answers the next call of this API, and its answer never comes.
    pub fn lose_answer(&self, api: &str) {
        self.0.lost.lock().unwrap().push(api.to_owned());
    }

    /// Keeps what WeCom answers to this API, until [`Self::release`].
    pub fn hold_answers(&self, api: &str) {
        self.0.held.send_replace(Some(api.to_owned()));
    }

    /// How many answers are being kept.
    #[must_use]
    pub fn holds(&self) -> usize {
        *self.0.waiting.borrow()
    }

    /// Lets through what was kept.
    pub fn release(&self) {
        self.0.held.send_replace(None);
    }

    async fn carry(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let api = request
            .uri()
            .path()
            .trim_start_matches("/cgi-bin/")
            .to_owned();
        let response = self.0.client.request(request).await?;
        if self.is_lost(&api) {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        let mut held = self.0.held.subscribe();
        let is_held = |held: &Option<String>| held.as_ref() == Some(&api);
        if is_held(&held.borrow()) {
            self.0.waiting.send_modify(|waiting| *waiting += 1);
            // The sender lives as long as the wire.
            let _ = held.wait_for(|held| !is_held(held)).await;
            self.0.waiting.send_modify(|waiting| *waiting -= 1);
        }
        Ok(response.map(Body::new))
    }

    fn is_lost(&self, api: &str) -> bool {
        let mut lost = self.0.lost.lock().unwrap();
        let found = lost.iter().position(|lost| lost == api);
        if let Some(found) = found {
            lost.remove(found);
        }
        found.is_some()
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
