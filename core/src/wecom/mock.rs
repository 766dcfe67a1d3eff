//! A mock of WeCom with prepared responses.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use parking_lot::Mutex;
use serde_json::Value;
use tower::Service;

use crate::wecom::api::Api;
use crate::wecom::hosts::Hosts;
use crate::wecom::transport::HttpClient;

/// Returns the prepared responses in turn, the last one repeatedly, and records the requests. A status of 0 fails like a
/// lost connection, with the URL in the text of the error.
#[derive(Clone)]
pub(super) struct MockWecom {
    responses: Arc<[(u16, String)]>,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
}

/// A request that the mock received.
#[derive(Clone, Debug)]
pub(super) struct RecordedRequest {
    pub(super) method: Method,
    pub(super) uri: String,
    pub(super) content_type: Option<String>,
    pub(super) body: String,
}

impl RecordedRequest {
    /// The method and the URL below `/cgi-bin/`.
    pub(super) fn line(&self) -> String {
        let base = "https://qyapi.weixin.qq.com/cgi-bin/";
        format!("{} {}", self.method, self.uri.strip_prefix(base).unwrap())
    }

    pub(super) fn json(&self) -> Value {
        assert_eq!(self.content_type.as_deref(), Some("application/json"));
        serde_json::from_str(&self.body).unwrap()
    }
}

impl MockWecom {
    pub(super) fn responding(body: &str) -> Self {
        Self::with_responses(&[(200, body)])
    }

    pub(super) fn with_responses(responses: &[(u16, &str)]) -> Self {
        let responses = responses
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        Self {
            responses,
            requests: Arc::default(),
        }
    }

    pub(super) fn api(&self) -> Api {
        Api::new(HttpClient::new(self.clone()), Hosts::default())
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().clone()
    }

    /// The request, if the mock received exactly one.
    pub(super) fn request(&self) -> RecordedRequest {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

impl Service<Request<Full<Bytes>>> for MockWecom {
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let mock = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let mut requests = mock.requests.lock();
            let (status, text) = &mock.responses[requests.len().min(mock.responses.len() - 1)];
            let uri = head.uri.to_string();
            requests.push(RecordedRequest {
                method: head.method,
                uri: uri.clone(),
                content_type: head
                    .headers
                    .get("content-type")
                    .map(|value| value.to_str().unwrap().to_owned()),
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            if *status == 0 {
                return Err(io::Error::other(uri));
            }
            let mut response = Response::new(Full::from(text.clone()));
            *response.status_mut() = (*status).try_into().unwrap();
            Ok(response)
        })
    }
}
