//! Verification of a request's token: one hash, one cache look-up, a few comparisons. A cache hit makes no future,
//! allocates nothing and takes one shared lock for the time of a hash table look-up.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::session::{CurrentUser, Sessions, token};

/// A valid credential.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The user who sent the request.
    pub user: CurrentUser,
    /// Whether the request also has a cookie without a session, which the response should clear.
    pub clear_cookie: bool,
}

impl Verified {
    pub(crate) const fn new(user: CurrentUser) -> Self {
        Self {
            user,
            clear_cookie: false,
        }
    }
}

/// The result of verifying a request's credentials.
#[non_exhaustive]
pub enum Verification {
    /// The request has no credential.
    Absent,
    /// The request has a bearer that this service did not issue, and no credential of ours: it may be the host app's own.
    Foreign,
    /// Verified without the database: a valid session, or the error.
    Ready(Result<Verified>),
    /// The database has to be queried. The future may be polled on any runtime.
    Pending(BoxFuture<'static, Result<Verified>>),
}

impl Verification {
    /// Waits for the result; `None` if the request has no credential.
    ///
    /// # Errors
    /// The credential is invalid or [`Foreign`](Self::Foreign), or the database does not answer.
    pub async fn resolve(self) -> Result<Option<Verified>> {
        match self {
            Self::Absent => Ok(None),
            Self::Foreign => Err(Sessions::token_invalid()),
            Self::Ready(result) => result.map(Some),
            Self::Pending(pending) => pending.await.map(Some),
        }
    }
}

impl Verification {
    /// The same, with this error for the session of a machine.
    pub(crate) fn without_machines(self, error: fn() -> Error) -> Self {
        let person = move |verified: Verified| match verified.user.machine() {
            Some(_) => Err(error()),
            None => Ok(verified),
        };
        match self {
            Self::Ready(result) => Self::Ready(result.and_then(person)),
            Self::Pending(pending) => {
                Self::Pending(Box::pin(async move { pending.await.and_then(person) }))
            }
            other @ (Self::Absent | Self::Foreign) => other,
        }
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Foreign => f.write_str("Foreign"),
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

impl Sessions {
    /// Verifies one token: at once if its session is cached or we did not issue it, otherwise by a query.
    pub(crate) fn verify(&self, token: &[u8]) -> Verification {
        self.verify_own(token)
            .unwrap_or_else(|| Verification::Ready(Err(Self::token_invalid())))
    }

    /// The same; `None` if this service did not issue the token, by its prefix, length and tag.
    pub(crate) fn verify_own(&self, token: &[u8]) -> Option<Verification> {
        // Before hashing: the text may have any length.
        if !token::has_token_format(token) {
            return None;
        }
        let hash = token::hash(token);
        let lookups = &self.inner.lookups;
        if let Some(user) = self.get_fresh(&hash) {
            lookups.hit.add(1);
            return Some(Verification::Ready(Ok(Verified::new(user))));
        }
        if !self.is_own_token(token) {
            lookups.refused.add(1);
            return None;
        }
        let sessions = self.clone();
        Some(Verification::Pending(Box::pin(async move {
            let loaded = sessions.load(hash).await;
            let lookups = &sessions.inner.lookups;
            match &loaded {
                Ok(_) => lookups.miss.add(1),
                Err(error) if error.kind() == ErrorKind::TokenInvalid => lookups.refused.add(1),
                Err(_) => lookups.failed.add(1),
            }
            loaded.map(Verified::new)
        })))
    }

    /// Whether a text has the prefix and the length of our tokens. Needs no hash.
    pub(crate) fn has_token_format(token: &[u8]) -> bool {
        token::has_token_format(token)
    }
}
