//! What a guard decides about a request: it goes on to its handler, or it is rejected.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::session::CurrentUser;
use crate::web::rejection::Rejection;
use crate::web::response::{ResponseHead, mark_private};
use crate::web::websocket;

/// What a guard decides about a request.
#[allow(
    clippy::exhaustive_enums,
    reason = "an adapter handles every case, or somebody gets in"
)]
pub enum Decision {
    /// The decision is known now.
    Ready(Result<Authenticated, Rejection>),
    /// The database has to be asked. The future may be polled on any runtime.
    Pending(BoxFuture<'static, Result<Authenticated, Rejection>>),
}

/// A request that goes on to its handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authenticated {
    /// Who sent it. `None` under an optional guard if no credential of ours was sent, and on the login routes, which have
    /// rules of their own.
    pub user: Option<CurrentUser>,
    /// The value of a `Set-Cookie` for the handler's response, where the browser sent the cookie of a session that has
    /// ended.
    pub set_cookie: Option<String>,
}

impl Authenticated {
    pub(super) const NOBODY: Self = Self {
        user: None,
        set_cookie: None,
    };

    /// Makes the changes that the handler's response needs: caches keep it for nobody else, the cookie of a session that
    /// has ended is cleared, and a WebSocket's subprotocol that carries a token is not told back.
    pub fn apply_to(&self, response: &mut impl ResponseHead) {
        if let Some(cookie) = &self.set_cookie {
            response.append("set-cookie", cookie);
        }
        mark_private(response);
        let protocol = response.value("sec-websocket-protocol");
        if protocol.is_some_and(websocket::is_bearer_protocol) {
            response.remove("sec-websocket-protocol");
        }
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}
