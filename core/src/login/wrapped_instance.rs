//! The authentication at an instance of ours, by WeCom or by what wraps the instance.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::authorization::Authorizations;
use crate::domain::{AuthenticatedMember, LoginType, OAuthCode};
use crate::element::{InstanceConfig, LoginAttempt, WecomAuthentication, WrappingProvider};
use crate::error::{Error, ErrorKind, Result};
use crate::login::limits::with_login_timeout;
use crate::login::{AuthAttempt, Authentication, Authenticator, SessionCreation};

/// What WeCom said of one attempt, kept while the wrapping instance decides.
struct WecomAnswer {
    authenticator: Authenticator,
    attempt: Arc<AuthAttempt>,
    authentication: Mutex<Option<Authentication>>,
    was_asked: Mutex<bool>,
}

impl WecomAuthentication for WecomAnswer {
    fn authenticate(&self) -> BoxFuture<'_, Result<AuthenticatedMember>> {
        Box::pin(async move {
            *self.was_asked.lock() = true;
            let authentication = self.authenticator.authenticate(&self.attempt).await?;
            let member = authentication.member.clone();
            *self.authentication.lock() = Some(authentication);
            Ok(member)
        })
    }
}

impl SessionCreation {
    /// Authenticates a member at an instance of ours. One that is wrapped by an instance of the host app's own Type asks
    /// that one, whichever way the member logs in.
    ///
    /// # Errors
    /// Any of the login errors; `CORP_MISMATCH` if the wrapping instance answers a member of another corp.
    pub(crate) async fn authenticate_at(
        &self,
        config: &InstanceConfig,
        authenticator: &Authenticator,
        attempt: &Arc<AuthAttempt>,
        login_type: LoginType,
    ) -> Result<Authentication> {
        let Some(wrapping) = config.wrapping() else {
            return authenticator.authenticate(attempt).await;
        };
        let wrapped = self.authenticate_wrapped(wrapping, authenticator, attempt, login_type);
        with_login_timeout(wrapped).await
    }

    async fn authenticate_wrapped(
        &self,
        wrapping: &WrappingProvider,
        authenticator: &Authenticator,
        attempt: &Arc<AuthAttempt>,
        login_type: LoginType,
    ) -> Result<Authentication> {
        authenticator.check_limits(attempt)?;
        let revocation_seq = self.sessions.revocation_seq();
        let answer = Arc::new(WecomAnswer {
            authenticator: authenticator.clone(),
            attempt: Arc::clone(attempt),
            authentication: Mutex::default(),
            was_asked: Mutex::default(),
        });
        let login_attempt = LoginAttempt::new(
            attempt.corp_id.clone(),
            OAuthCode::new(attempt.code.expose()),
            login_type,
            attempt.client,
        )
        .with_wecom(Arc::<WecomAnswer>::clone(&answer));
        let member = match wrapping.instance.log_in(&login_attempt).await {
            Ok(member) => member,
            Err(error) => {
                // What WeCom refused is counted already.
                if !*answer.was_asked.lock() {
                    authenticator.record_failure(attempt, &error);
                }
                return Err(error);
            }
        };
        require_corp_of(&self.authorizations, attempt, &member)?;
        let authentication = answer.authentication.lock().take();
        match authentication {
            Some(authentication) if authentication.member.principal == member.principal => {
                if authentication.member.profile != member.profile {
                    self.members
                        .update_profile(&member.principal, &member.profile)
                        .await?;
                }
                Ok(Authentication {
                    member,
                    ..authentication
                })
            }
            _ => {
                self.authorizations
                    .require_active(&attempt.suite_id, &attempt.corp_id)
                    .await?;
                self.authenticate_trusted(member, revocation_seq).await
            }
        }
    }
}

fn require_corp_of(
    authorizations: &Authorizations,
    attempt: &AuthAttempt,
    member: &AuthenticatedMember,
) -> Result<()> {
    let principal = &member.principal;
    let is_of_corp =
        authorizations
            .aliases()
            .is_same(&attempt.suite_id, &attempt.corp_id, &principal.corp_id);
    if principal.suite_id == attempt.suite_id && is_of_corp {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CorpMismatch,
        "the login provider answered a member of another corp",
    ))
}
