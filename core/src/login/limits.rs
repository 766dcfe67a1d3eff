//! What a failed login costs: failures are counted, and a login has its time.

use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::db::{DATABASE_RETRY_AFTER, DbWaitTracker};
use crate::digest;
use crate::error::{Error, ErrorKind, Result};
use crate::login::authenticate::{AuthAttempt, Authenticator};

/// A login is answered within this, whatever WeCom does.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(12);
/// Failed codes in a minute, of one client …
pub(super) const FAILED_OF_CLIENT: u32 = 60;
/// … and of one company; beyond it only codes that come with a state of ours are tried.
pub(super) const FAILED_OF_CORP: u32 = 300;

impl Authenticator {
    /// The same limits for a login that is proven otherwise, by a Type of the host app.
    ///
    /// # Errors
    /// `RATE_LIMITED`, `UPSTREAM_TIMEOUT`, or what `proof` says.
    pub(crate) async fn with_rate_limit<T>(
        &self,
        client: Option<IpAddr>,
        proof: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.0.failed_of_client.check(client)?;
        let outcome = with_login_timeout(proof).await;
        if let Err(error) = &outcome
            && matches!(
                error.kind(),
                ErrorKind::CodeInvalid | ErrorKind::LoginCodeInvalid | ErrorKind::CorpNotAuthorized
            )
        {
            self.0.failed_of_client.record(client);
        }
        outcome
    }

    pub(super) fn check_limits(&self, attempt: &AuthAttempt) -> Result<()> {
        self.0.failed_of_client.check(attempt.client)?;
        if !attempt.state_verified {
            self.0
                .failed_of_corp
                .check(&(attempt.suite_id.clone(), attempt.corp_id.clone()))?;
        }
        Ok(())
    }

    pub(super) fn count(&self, attempt: &AuthAttempt, error: &Error) {
        let (of_client, of_corp) = match error.kind() {
            ErrorKind::CodeInvalid => (true, error.errcode().is_some()),
            ErrorKind::CorpNotAuthorized => (true, false),
            _ => (false, false),
        };
        if of_client {
            self.0.failed_of_client.record(attempt.client);
        }
        if of_corp {
            self.0
                .failed_of_corp
                .record((attempt.suite_id.clone(), attempt.corp_id.clone()));
        }
    }
}

/// A login has so much time; whoever was waited for last is the one that was late. In a box, because the compiler measures
/// how deep the futures of a whole request go.
pub(super) fn with_login_timeout<'a, T: 'a>(
    login: impl Future<Output = Result<T>> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>> {
    Box::pin(async move {
        let waits = DbWaitTracker::default();
        let late = |_| {
            Err(if waits.is_waiting() {
                Error::new(
                    ErrorKind::StoreUnavailable,
                    "the database did not answer in a login's time",
                )
                .with_retry_after(DATABASE_RETRY_AFTER)
            } else {
                Error::new(ErrorKind::UpstreamTimeout, "the login took too long")
            })
        };
        tokio::time::timeout(LOGIN_TIMEOUT, waits.scope(login))
            .await
            .unwrap_or_else(late)
    })
}

/// By what a refused code is known.
pub(super) fn code_hash(attempt: &AuthAttempt) -> [u8; 32] {
    let parts = [
        attempt.suite_id.as_str(),
        attempt.corp_id.as_str(),
        attempt.code.expose(),
    ];
    digest::of_parts(&parts.map(str::as_bytes))
}
