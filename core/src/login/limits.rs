//! The limits of a login: failed codes per client and per corp, and the time that a login may take.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::db::{DATABASE_RETRY_AFTER, DbWaitTracker};
use crate::digest;
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::login::authenticate::Authenticator;
use crate::login::code_calls::{AttemptState, AuthAttempt};
use crate::rate_limit::{ClientRateLimiter, RateLimiter};

/// The time of a login, from its first question to the database to the session.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(12);
/// Failed codes of one client, per minute.
const MAX_FAILED_CODES_PER_CLIENT: u32 = 60;
/// Failed codes of one corp, per minute; beyond them only codes that come with a state are tried.
const MAX_FAILED_CODES_PER_CORP: u32 = 300;
/// Failed codes of one corp that came with a state, per minute. Anybody gets states, from `GET /login`, and WeCom bars a
/// corp at 10 000 calls a minute.
const MAX_FAILED_CODES_WITH_STATE_PER_CORP: u32 = 1_000;
/// Failed codes of all corps that came with a state, per minute. WeCom bars an address at 40 000 calls a minute.
const MAX_FAILED_CODES_WITH_STATE: u32 = 10_000;

/// Counts failed codes.
pub(super) struct LoginLimits {
    per_client: ClientRateLimiter,
    per_corp: RateLimiter<(SuiteId, CorpId)>,
    with_state_per_corp: RateLimiter<(SuiteId, CorpId)>,
    with_state: RateLimiter<()>,
}

impl LoginLimits {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            per_client: ClientRateLimiter::new(
                "client_codes",
                MAX_FAILED_CODES_PER_CLIENT,
                Arc::clone(&clock),
            ),
            per_corp: RateLimiter::new("corp_codes", MAX_FAILED_CODES_PER_CORP, Arc::clone(&clock)),
            with_state_per_corp: RateLimiter::new(
                "corp_state_codes",
                MAX_FAILED_CODES_WITH_STATE_PER_CORP,
                Arc::clone(&clock),
            ),
            with_state: RateLimiter::new("state_codes", MAX_FAILED_CODES_WITH_STATE, clock),
        }
    }

    /// # Errors
    /// `RATE_LIMITED`.
    pub(super) fn check(&self, attempt: &AuthAttempt) -> Result<()> {
        self.per_client.check(attempt.client)?;
        let corp = (attempt.suite_id.clone(), attempt.corp_id.clone());
        if attempt.state == AttemptState::None {
            return self.per_corp.check(&corp);
        }
        self.with_state_per_corp.check(&corp)?;
        self.with_state.check(&())
    }

    /// Counts a failed attempt where its error counts. What is the corp's fault counts against nobody.
    pub(super) fn record(&self, attempt: &AuthAttempt, error: &Error) {
        if error.kind() != ErrorKind::CodeInvalid {
            return;
        }
        self.per_client.record(attempt.client);
        // Without an errcode it was refused from memory.
        if error.errcode().is_none() {
            return;
        }
        let corp = (attempt.suite_id.clone(), attempt.corp_id.clone());
        if attempt.state != AttemptState::None {
            self.with_state_per_corp.record(corp.clone());
            self.with_state.record(());
        }
        self.per_corp.record(corp);
    }
}

impl fmt::Debug for LoginLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginLimits")
    }
}

impl Authenticator {
    /// Checks an attempt before anything is read from the database or stored: the limits, and what WeCom refused before.
    ///
    /// # Errors
    /// `RATE_LIMITED`; `CODE_INVALID` if WeCom refused the code before, or too many codes with its state, which counts
    /// as a failed code.
    pub(super) fn check_limits(&self, attempt: &AuthAttempt) -> Result<()> {
        let admitted = self.require_admissible(attempt);
        if let Err(error) = &admitted {
            self.inner.limits.record(attempt, error);
        }
        admitted
    }

    /// The same without counting.
    pub(super) fn require_admissible(&self, attempt: &AuthAttempt) -> Result<()> {
        self.inner.limits.check(attempt)?;
        self.inner.states.require_alive(attempt)?;
        self.inner
            .code_calls
            .require_not_refused(&code_hash(attempt), self.inner.deps.store.now())
    }

    /// Counts an attempt that failed without WeCom.
    pub(super) fn record_failure(&self, attempt: &AuthAttempt, error: &Error) {
        self.inner.limits.record(attempt, error);
    }

    /// Whether WeCom refused so many codes with the attempt's state that it is spent.
    pub(super) fn is_state_dead(&self, attempt: &AuthAttempt) -> bool {
        self.inner.states.require_alive(attempt).is_err()
    }

    /// Applies the limits of a client to a login whose person is authenticated in another way: by a login code, or by a
    /// login provider of the host app.
    ///
    /// # Errors
    /// `RATE_LIMITED`, `UPSTREAM_TIMEOUT`, or what `login` says.
    pub(crate) async fn with_rate_limit<T>(
        &self,
        client: Option<IpAddr>,
        login: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let per_client = &self.inner.limits.per_client;
        per_client.check(client)?;
        let outcome = with_login_timeout(login).await;
        if let Err(error) = &outcome
            && matches!(
                error.kind(),
                ErrorKind::CodeInvalid | ErrorKind::LoginCodeInvalid
            )
        {
            per_client.record(client);
        }
        outcome
    }
}

tokio::task_local! {
    /// The time of the login is running.
    static IS_TIMED: ();
}

/// Fails after `LOGIN_TIMEOUT` with 503 if the database was being awaited, else 504. A step of a login that is timed as a
/// whole has no time of its own. Boxed for the depth of the caller's types, as in `TaskRunner::run`.
pub(super) fn with_login_timeout<'a, T: 'a>(
    login: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    Box::pin(async move {
        if IS_TIMED.try_with(|()| ()).is_ok() {
            return login.await;
        }
        let waits = DbWaitTracker::default();
        let timed_out = |_| {
            Err(if waits.is_waiting() {
                Error::new(
                    ErrorKind::StoreUnavailable,
                    "the database did not answer within the login's timeout",
                )
                .with_retry_after(DATABASE_RETRY_AFTER)
            } else {
                Error::new(ErrorKind::UpstreamTimeout, "the login took too long")
            })
        };
        tokio::time::timeout(LOGIN_TIMEOUT, IS_TIMED.scope((), waits.scope(login)))
            .await
            .unwrap_or_else(timed_out)
    })
}

/// The key of a refused code.
pub(super) fn code_hash(attempt: &AuthAttempt) -> [u8; 32] {
    let parts = [
        attempt.suite_id.as_str(),
        attempt.corp_id.as_str(),
        attempt.code.expose(),
    ];
    digest::of_parts(&parts.map(str::as_bytes))
}
