//! The HTTP client of the calls.

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
use tower::Service;
use tower::timeout::Timeout;
use tower::util::MapFuture;

use crate::wecom::call_error::CallErrorKind;
use crate::wecom::observations::WecomObservations;

/// Longer responses to the calls of a login are rejected. The longest is a corp's authorization, a few kilobytes.
pub(super) const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// WeCom closes idle connections; a call sent on one of them would fail, and its code might be lost.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

type BoxError = Box<dyn StdError + Send + Sync>;
type ResponseFuture = Pin<Box<dyn Future<Output = Result<Bytes, CallErrorKind>> + Send>>;

/// Sends the requests. Cheap to clone; clones share their connections.
///
/// The default is a client of its own: HTTP/1.1, TLS by rustls with ring and Mozilla's roots, 3 s to connect, 8 s for
/// a call, no redirects, no proxy. Connections run on the tokio runtime of the call.
#[derive(Clone)]
pub struct HttpClient {
    service: Arc<dyn ErasedClient>,
    observations: Arc<WecomObservations>,
    call_timeout: Duration,
}

impl HttpClient {
    /// Uses the host app's client: a hyper-util client with a proxy connector, a tower stack, a mock.
    ///
    /// It must not follow redirects, which would send secrets to another host. The call timeout of 8 s applies, and 60 s to
    /// the exchange of an AuthCode: a shorter limit of the client's own loses the permanent code of a slow answer. The connect
    /// timeout is the client's own. Only hyper-util's connect errors and refused connections, at any depth of wrapping,
    /// prove that nothing was sent; any other error counts as a lost connection.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let observations = Arc::new(WecomObservations::new());
        let client = ServiceClient {
            service,
            observations: Arc::clone(&observations),
        };
        Self {
            service: Arc::new(client),
            observations,
            call_timeout: CALL_TIMEOUT,
        }
    }

    /// The default client with other timeouts for connecting and for a whole call.
    #[must_use]
    pub fn with_timeouts(connect: Duration, call: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        // The outer connector does TLS, so this one has to accept https.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .expect("ring has the cipher suites of rustls' default TLS versions")
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        // Over all of connecting: name resolution, TCP and TLS. The connector's own timeout is for TCP alone. The client
        // needs a connector whose future is `Unpin`, hence the box.
        let connector = MapFuture::new(Timeout::new(connector, connect), Box::pin);
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self::new(client).with_call_timeout(call)
    }

    /// Sets the timeout of a whole call, from the first byte sent to the last byte received. The exchange of an AuthCode,
    /// which WeCom answers once, has 60 s at least.
    #[must_use]
    pub const fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// What was seen of WeCom's answers.
    pub(super) fn observations(&self) -> &Arc<WecomObservations> {
        &self.observations
    }

    /// Sends one request and reads the body of the response, up to `max_bytes`, for the call timeout or for `min_timeout` if
    /// that is longer.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        min_timeout: Duration,
        max_bytes: usize,
    ) -> Result<Bytes, CallErrorKind> {
        let timeout = self.call_timeout.max(min_timeout);
        tokio::time::timeout(timeout, self.service.send(request, max_bytes))
            .await
            .unwrap_or(Err(CallErrorKind::Timeout))
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::with_timeouts(CONNECT_TIMEOUT, CALL_TIMEOUT)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("call_timeout", &self.call_timeout)
            .finish_non_exhaustive()
    }
}

/// A client with its type erased.
trait ErasedClient: Send + Sync {
    /// Sends a request, whose response is read up to `max_bytes`.
    fn send(&self, request: Request<Full<Bytes>>, max_bytes: usize) -> ResponseFuture;
}

struct ServiceClient<S> {
    service: S,
    observations: Arc<WecomObservations>,
}

impl<S, B> ErasedClient for ServiceClient<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request<Full<Bytes>>, max_bytes: usize) -> ResponseFuture {
        let mut service = self.service.clone();
        let observations = Arc::clone(&self.observations);
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
                .map_err(|error| classify(&*error.into()))?;
            observations.see_headers(response.headers());
            if !response.status().is_success() {
                return Err(CallErrorKind::HttpStatus(response.status().as_u16()));
            }
            match Limited::new(response.into_body(), max_bytes)
                .collect()
                .await
            {
                Ok(body) => {
                    let body = body.to_bytes();
                    observations.see_body(&body);
                    Ok(body)
                }
                Err(error) if error.is::<LengthLimitError>() => Err(CallErrorKind::TooLarge),
                Err(_) => Err(CallErrorKind::ConnectionLost),
            }
        })
    }
}

/// The kind of a failure, from the types of the error and its sources, never from their text.
fn classify(error: &(dyn StdError + 'static)) -> CallErrorKind {
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
        CallErrorKind::ConnectionLost
    }
}

#[cfg(test)]
mod tests;
