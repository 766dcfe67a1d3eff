//! What every protected request pays: a hash, a look into memory, a few comparisons. For a session that is in memory no
//! future is made, nothing is allocated, and one lock is taken, shared and for no longer than a hash table needs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::error::Result;
use crate::session::{CurrentUser, Sessions, token};

/// A look-up that has to ask the database.
pub type PendingVerify = Pin<Box<dyn Future<Output = Result<Verified>> + Send>>;

/// A credential that is good.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// Who sent the request.
    pub user: CurrentUser,
    /// The cookie that came along is of no session and is to be cleared.
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

/// What is known of a request's credentials.
#[non_exhaustive]
pub enum Verification {
    /// None was sent.
    Absent,
    /// The answer is known now: a live session, or why there is none.
    Ready(Result<Verified>),
    /// The database has to be asked. The future may be polled on any runtime.
    Pending(PendingVerify),
}

impl Verification {
    /// Waits for the answer; `None` if nothing was sent.
    ///
    /// # Errors
    /// The credential is bad, or the database does not answer.
    pub async fn resolve(self) -> Result<Option<Verified>> {
        match self {
            Self::Absent => Ok(None),
            Self::Ready(result) => result.map(Some),
            Self::Pending(pending) => pending.await.map(Some),
        }
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

impl Sessions {
    /// The session of one token: at once if it is in memory or not ours, else by asking the database.
    pub(crate) fn verify(&self, token: &[u8]) -> Verification {
        // Before any hashing: text of any length may come along.
        if !token::has_shape(token) {
            return Verification::Ready(Err(Self::token_invalid()));
        }
        let hash = token::hash(token);
        if let Some(user) = self.cached(&hash) {
            return Verification::Ready(Ok(Verified::new(user)));
        }
        if !self.minted(token) {
            return Verification::Ready(Err(Self::token_invalid()));
        }
        let sessions = self.clone();
        Verification::Pending(Box::pin(async move {
            sessions.load(hash).await.map(Verified::new)
        }))
    }
}
