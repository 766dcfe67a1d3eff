//! The HTTP client that carries the calls.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use crate::wecom::call_error::CallErrorKind;
use crate::wecom::connect::ConnectWithin;

/// Longer answers are refused. The longest one a login reads is a company's authorisation, of some kilobytes.
const ANSWER_LIMIT: usize = 1 << 20;

/// WeCom drops idle connections; a call sent on one of them would be cut, and its code perhaps lost.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const CALL_LIMIT: Duration = Duration::from_secs(8);

type BoxError = Box<dyn StdError + Send + Sync>;
type Answer = Pin<Box<dyn Future<Output = Result<Bytes, CallErrorKind>> + Send>>;

/// Sends the calls. Cheap to clone; clones share their connections.
///
/// The default is a client of its own: HTTP/1.1, TLS by rustls with ring and Mozilla's roots, 3 s to connect, 8 s for
/// a call, no redirects, no proxy. Connections live on the tokio runtime that the call runs on.
#[derive(Clone)]
pub struct HttpClient {
    service: Arc<dyn Carry>,
    call_limit: Duration,
}

impl HttpClient {
    /// Takes the host app's client: a hyper-util client with a proxy connector, a tower stack, a test double.
    ///
    /// It must not follow redirects, which would carry secrets to another host. The 8 s for a call hold here too; the
    /// limit for connecting is the client's own. That nothing was sent is known of hyper-util's connect errors and of
    /// refused connections, however deep they are wrapped; any other error counts as a cut connection.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            service: Arc::new(Carrier(service)),
            call_limit: CALL_LIMIT,
        }
    }

    /// The default client with other limits for connecting and for a whole call.
    #[must_use]
    pub fn with_timeouts(connect: Duration, call: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        // TLS is the outer connector's, so this one has to let https pass.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .expect("ring has the cipher suites of rustls' default TLS versions")
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_timer(TokioTimer::new())
            .build(ConnectWithin::new(connector, connect));
        Self::new(client).with_call_timeout(call)
    }

    /// Changes the limit for a whole call, from the first byte sent to the last byte of the answer.
    #[must_use]
    pub const fn with_call_timeout(mut self, limit: Duration) -> Self {
        self.call_limit = limit;
        self
    }

    /// Sends one request and reads the body of its answer.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Bytes, CallErrorKind> {
        tokio::time::timeout(self.call_limit, self.service.send(request))
            .await
            .unwrap_or(Err(CallErrorKind::Timeout))
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::with_timeouts(CONNECT_LIMIT, CALL_LIMIT)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("call_limit", &self.call_limit)
            .finish_non_exhaustive()
    }
}

/// A client without its type.
trait Carry: Send + Sync {
    fn send(&self, request: Request<Full<Bytes>>) -> Answer;
}

struct Carrier<S>(S);

impl<S, B> Carry for Carrier<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let mut service = self.0.clone();
        Box::pin(async move {
            if poll_fn(|context| service.poll_ready(context))
                .await
                .is_err()
            {
                return Err(CallErrorKind::Unreachable);
            }
            let response = service
                .call(request)
                .await
                .map_err(|error| failure(&*error.into()))?;
            if !response.status().is_success() {
                return Err(CallErrorKind::HttpStatus(response.status().as_u16()));
            }
            match Limited::new(response.into_body(), ANSWER_LIMIT)
                .collect()
                .await
            {
                Ok(body) => Ok(body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => Err(CallErrorKind::Malformed),
                Err(_) => Err(CallErrorKind::Cut),
            }
        })
    }
}

/// Finds out whether anything was sent, from the types of the errors below and never from their text.
fn failure(error: &(dyn StdError + 'static)) -> CallErrorKind {
    let mut next = Some(error);
    let mut timed_out = false;
    while let Some(error) = next {
        if error.downcast_ref().is_some_and(legacy::Error::is_connect) {
            return CallErrorKind::Unreachable;
        }
        let io = error.downcast_ref::<io::Error>();
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => return CallErrorKind::Unreachable,
            Some(io::ErrorKind::TimedOut) => timed_out = true,
            _ => {}
        }
        // The source of an `io::Error` is that of the error within it; that one itself would be left out.
        next = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    if timed_out {
        CallErrorKind::Timeout
    } else {
        CallErrorKind::Cut
    }
}

#[cfg(test)]
mod tests;
