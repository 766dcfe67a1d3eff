//! The handle of the calls: hosts, client, request building, logging.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument as _;

use crate::wecom::call_error::{CallError, CallErrorKind};
use crate::wecom::encode::component;
use crate::wecom::hosts::Hosts;
use crate::wecom::observed_call::ObservedCall;
use crate::wecom::transport::{HttpClient, MAX_RESPONSE_BYTES};
use crate::wecom::{WecomObservations, response};

/// The pauses before the repetitions of a call that only reads.
const READ_REPETITION_PAUSES: &[Duration] =
    &[Duration::from_millis(200), Duration::from_millis(800)];

/// WeCom's server API for a 代开发 provider. It has no state. A call that carries a code or an AuthCode is one request. One
/// that only reads is repeated twice after -1, 6000, 45033, a 5xx or a broken connection.
#[derive(Clone, Debug)]
pub struct Api {
    http: HttpClient,
    hosts: Hosts,
    /// The pauses before each repetition of a call that only reads.
    repetition_pauses: &'static [Duration],
}

impl Default for Api {
    fn default() -> Self {
        Self::new(HttpClient::default(), Hosts::default())
    }
}

impl Api {
    /// The API at these hosts, called with this client.
    #[must_use]
    pub const fn new(http: HttpClient, hosts: Hosts) -> Self {
        Self {
            http,
            hosts,
            repetition_pauses: READ_REPETITION_PAUSES,
        }
    }

    /// The same API, where no call is repeated: for a caller that repeats them by itself.
    #[must_use]
    pub fn without_repetition(&self) -> Self {
        Self {
            repetition_pauses: &[],
            ..self.clone()
        }
    }

    /// What was seen of WeCom's answers.
    pub(crate) fn observations(&self) -> &Arc<WecomObservations> {
        self.http.observations()
    }

    #[cfg(test)]
    pub(super) fn with_pauses(&self, repetition_pauses: &'static [Duration]) -> Self {
        Self {
            repetition_pauses,
            ..self.clone()
        }
    }

    /// The hosts of WeCom.
    #[must_use]
    pub const fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// A GET that may be repeated.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<T, CallError> {
        self.repeat(|| self.send(Method::GET, path, query, None, Duration::ZERO))
            .await
    }

    /// A POST that changes nothing at WeCom and may be repeated.
    pub(super) async fn read_by_post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<T, CallError> {
        self.repeat(|| self.send(Method::POST, path, query, body.clone(), Duration::ZERO))
            .await
    }

    async fn repeat<T, F>(&self, call: impl Fn() -> F + Send) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        self.repeat_after(CallError::may_be_repeated, call).await
    }

    /// Makes a call, and after an error of which `may_repeat` says so, makes it again, twice at most.
    pub(super) async fn repeat_after<T, E, F>(
        &self,
        may_repeat: impl Fn(&E) -> bool + Send,
        call: impl Fn() -> F + Send,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send,
    {
        for pause in self.repetition_pauses {
            match call().await {
                Err(error) if may_repeat(&error) => {}
                outcome => return outcome,
            }
            tokio::time::sleep(*pause).await;
        }
        call().await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<T, CallError> {
        self.send(Method::GET, path, query, None, Duration::ZERO)
            .await
    }

    /// Makes a call that is waited for as long as this at least, whatever the timeout of other calls is.
    pub(super) async fn post_within<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
        body: Option<Value>,
        min_timeout: Duration,
    ) -> Result<T, CallError> {
        self.send(Method::POST, path, query, body, min_timeout)
            .await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &'static str,
        query: &[(&str, &str)],
        body: Option<Value>,
        min_timeout: Duration,
    ) -> Result<T, CallError> {
        let body = body.map(|body| RequestBody::json(body.to_string()));
        let request = self.request(method, path, query, body);
        let call = ObservedCall::start(path, request.as_ref());
        let outcome = match request {
            Some(request) => self
                .http
                .send(request, min_timeout, MAX_RESPONSE_BYTES)
                .instrument(call.span())
                .await
                .and_then(|body| response::read(&body)),
            None => Err(CallErrorKind::Unreachable),
        };
        let outcome = outcome.map_err(|kind| CallError::new(path, kind));
        call.finish(path, path, outcome.as_ref().err());
        outcome
    }

    pub(super) const fn http(&self) -> &HttpClient {
        &self.http
    }

    /// `None` if the URL is longer than [`Uri`] allows.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<RequestBody>,
    ) -> Option<Request<Full<Bytes>>> {
        let mut url = format!("{}/cgi-bin/{path}", self.hosts.api());
        for (index, (name, value)) in query.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(url, "{separator}{}={}", component(name), component(value)).ok()?;
        }
        let uri = Uri::try_from(url).ok()?;
        let body = body.or_else(|| (method == Method::POST).then(|| RequestBody::json("")));
        let content_type = body.as_ref().map(|body| body.content_type.clone());
        let mut request = Request::new(Full::new(body.map(|body| body.bytes).unwrap_or_default()));
        if let Some(content_type) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        Some(request)
    }
}

/// The body of a request, with its type.
#[derive(Clone)]
pub(crate) struct RequestBody {
    pub(crate) content_type: HeaderValue,
    pub(crate) bytes: Bytes,
}

impl RequestBody {
    pub(crate) fn json(text: impl Into<Bytes>) -> Self {
        Self {
            content_type: HeaderValue::from_static("application/json"),
            bytes: text.into(),
        }
    }
}

#[cfg(test)]
mod tests;
