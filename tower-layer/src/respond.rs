//! From a request of the server to core's response.

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Extensions, Request, Response, Uri};
use wecom_login::WecomLogin;

/// Answers one request; `path` is its path below the mount. `None`: it is none of ours.
pub(crate) async fn respond<B, T>(
    login: &WecomLogin,
    mut request: Request<B>,
    path: &str,
) -> Option<Response<T>>
where
    B: http_body::Body<Error: Into<Box<dyn StdError + Send + Sync>>>,
    T: From<Bytes>,
{
    let peer = peer(request.extensions());
    *request.uri_mut() = below_mount(request.uri(), path)?;
    let response = login.respond(request, peer).await?;
    Some(response.map(|body| T::from(body.into_bytes())))
}

/// The path below the mount with the query of what was sent.
fn below_mount(sent: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match sent.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    path_and_query.ok().map(Uri::from)
}

/// The peer, where the server left it: axum's `ConnectInfo`, or a bare `SocketAddr`.
fn peer(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(::axum::extract::ConnectInfo(peer)) =
        extensions.get::<::axum::extract::ConnectInfo<SocketAddr>>()
    {
        return Some(peer.ip());
    }
    extensions.get::<SocketAddr>().map(|peer| peer.ip())
}
