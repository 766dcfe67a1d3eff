//! Calls with codes of members: the attempt, the codes that WeCom refused, and the concurrent calls of a corp.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Timestamp;
use crate::domain::{CorpId, JsCode, OAuthCode, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::login::LoginProof;

/// How long a code that WeCom refused is refused from memory.
const REFUSED_CODE_TTL: Duration = Duration::from_mins(5);
const MAX_REFUSED_CODES: u64 = 100_000;
/// Calls with a code of one corp at the same time: a flood meets the limit of failed codes before WeCom.
const MAX_CODE_CALLS_PER_CORP: usize = 64;
const MAX_CORPS_WITH_CALLS: u64 = 10_000;

/// A code by which WeCom names a member, once.
#[derive(Clone, Debug)]
pub(crate) enum MemberCode {
    /// From a redirect of WeCom's.
    OAuth(OAuthCode),
    /// From a mini program.
    MiniProgram(JsCode),
}

impl MemberCode {
    pub(crate) fn expose(&self) -> &str {
        match self {
            Self::OAuth(code) => code.expose(),
            Self::MiniProgram(code) => code.expose(),
        }
    }
}

impl From<OAuthCode> for MemberCode {
    fn from(code: OAuthCode) -> Self {
        Self::OAuth(code)
    }
}

/// A code to be tried on exactly one (suite, corp).
#[derive(Debug)]
pub(crate) struct AuthAttempt {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) code: MemberCode,
    pub(crate) client: Option<IpAddr>,
    pub(crate) state: AttemptState,
    /// Whether WeCom accepted the code, whatever came of it then.
    pub(crate) is_code_accepted: AtomicBool,
}

impl AuthAttempt {
    /// How the member is proven. The code of a mini program needs no state: no redirect could have brought another
    /// person's.
    pub(crate) const fn proof(&self) -> LoginProof {
        match self.code {
            MemberCode::OAuth(_) => self.state.proof(),
            MemberCode::MiniProgram(_) => LoginProof::CodeWithState,
        }
    }
}

/// The state that a code came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttemptState {
    /// None that anybody compared.
    None,
    /// One that the host app made for this browser and compared.
    OfHostApp,
    /// One of ours, with its cookie.
    Ours(String),
}

impl AttemptState {
    /// The state of a request to the service, which says whether the host app compared one.
    pub(crate) const fn of_request(is_verified: bool) -> Self {
        if is_verified {
            Self::OfHostApp
        } else {
            Self::None
        }
    }

    /// How a login code is proven that such a code led to.
    pub(crate) const fn proof(&self) -> LoginProof {
        match self {
            Self::None => LoginProof::Code,
            Self::OfHostApp => LoginProof::CodeWithState,
            Self::Ours(_) => LoginProof::Browser,
        }
    }
}

/// Which codes WeCom refused, and how many calls of each corp run.
pub(super) struct CodeCalls {
    /// Hashes of the codes that WeCom refused, and when.
    refused: moka::sync::Cache<[u8; 32], Timestamp>,
    /// One semaphore a corp.
    permits: moka::sync::Cache<(SuiteId, CorpId), Arc<Semaphore>>,
}

impl CodeCalls {
    pub(super) fn new() -> Self {
        Self {
            refused: moka::sync::Cache::builder()
                .max_capacity(MAX_REFUSED_CODES)
                .time_to_live(REFUSED_CODE_TTL)
                .build(),
            permits: moka::sync::Cache::new(MAX_CORPS_WITH_CALLS),
        }
    }

    /// # Errors
    /// `CODE_INVALID`: WeCom refused this code in the last five minutes.
    pub(super) fn require_not_refused(&self, code_hash: &[u8; 32], now: Timestamp) -> Result<()> {
        let refused_at = self.refused.get(code_hash);
        if refused_at.is_some_and(|at| now.since(at) < REFUSED_CODE_TTL) {
            return Err(Error::new(
                ErrorKind::CodeInvalid,
                "WeCom refused this code before",
            ));
        }
        Ok(())
    }

    pub(super) fn record_refused(&self, code_hash: [u8; 32], now: Timestamp) {
        self.refused.insert(code_hash, now);
    }

    /// Waits until a call of this corp may run. `None` only if the semaphore were closed, which it never is.
    pub(super) async fn permit(&self, attempt: &AuthAttempt) -> Option<OwnedSemaphorePermit> {
        let key = (attempt.suite_id.clone(), attempt.corp_id.clone());
        let permits = self
            .permits
            .get_with(key, || Arc::new(Semaphore::new(MAX_CODE_CALLS_PER_CORP)));
        permits.acquire_owned().await.ok()
    }
}
