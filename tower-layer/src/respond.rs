//! From `http`'s types to the core's and back.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{Extensions, Request, Response, StatusCode};
use http_body_util::BodyDataStream;
use wecom_login::WecomLogin;
use wecom_login::web::{self, Body};

/// Answers one request; `path` is its path below the mount. `None`: it is none of ours.
pub(crate) async fn respond<B: http_body::Body, R: From<Bytes>>(
    login: &WecomLogin,
    request: Request<B>,
    path: &str,
) -> Option<Response<R>> {
    let route = login.route(path)?;
    let (parts, body) = request.into_parts();
    let (content_length, limit) = (
        body.size_hint().lower(),
        route.body_limit_of(parts.method.as_str()),
    );
    let body = Body::read(BodyDataStream::new(body), content_length, limit).await;
    login
        .respond(to_core(&parts, path, body))
        .await
        .map(to_http)
}

pub(crate) fn to_http<R: From<Bytes>>(response: web::Response) -> Response<R> {
    let mut http = Response::new(R::from(response.body));
    // A status or header that `http` does not take is no answer of ours.
    *http.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            http.headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    http
}

fn to_core(parts: &Parts, path: &str, body: Body) -> web::Request {
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    web::Request::new(
        parts.method.as_str(),
        path,
        parts.uri.query().unwrap_or_default(),
    )
    .with_headers(headers)
    .with_body(body)
    .with_client(client(&parts.extensions))
}

/// The peer, where the server left it: axum's `ConnectInfo`, or a bare `SocketAddr`.
fn client(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(::axum::extract::ConnectInfo(peer)) =
        extensions.get::<::axum::extract::ConnectInfo<SocketAddr>>()
    {
        return Some(peer.ip());
    }
    extensions.get::<SocketAddr>().map(|peer| peer.ip())
}
