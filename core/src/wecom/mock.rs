//! A WeCom of prepared answers for tests.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tower_service::Service;

use crate::wecom::api::Api;
use crate::wecom::hosts::Hosts;
use crate::wecom::transport::HttpClient;

/// Gives the prepared answers in turn, the last one for ever, and keeps what it was sent. A status of 0 is a
/// connection that breaks.
#[derive(Clone)]
pub(super) struct Double {
    answers: Arc<[(u16, String)]>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) uri: String,
    pub(super) content_type: Option<String>,
    pub(super) body: String,
}

impl Seen {
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

impl Double {
    pub(super) fn answering(body: &str) -> Self {
        Self::with(&[(200, body)])
    }

    pub(super) fn with(answers: &[(u16, &str)]) -> Self {
        let answers = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        Self {
            answers,
            seen: Arc::default(),
        }
    }

    pub(super) fn api(&self) -> Api {
        Api::new(HttpClient::new(self.clone()), Hosts::default())
    }

    pub(super) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request that was sent.
    pub(super) fn request(&self) -> Seen {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

impl Service<Request<Full<Bytes>>> for Double {
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let double = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let mut seen = double.seen.lock().unwrap();
            let (status, answer) = &double.answers[seen.len().min(double.answers.len() - 1)];
            let uri = head.uri.to_string();
            seen.push(Seen {
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
            let mut response = Response::new(Full::from(answer.clone()));
            *response.status_mut() = (*status).try_into().unwrap();
            Ok(response)
        })
    }
}
