//! Whether the app is visible to a member, which `auth/getuserinfo` does not say: `user/get` does (D/96255).

use std::fmt;
use std::time::Duration;

use crate::authorization::{AppClient, Authorization, Authorizations};
use crate::db::Store;
use crate::domain::{Principal, Profile, Suites};
use crate::error::{Error, ErrorKind, Result};
use crate::members::Members;
use crate::session::Sessions;
use crate::tokens::AppCredential;
use crate::wecom::{Api, Errcode};

/// The timeout of a call that a login can do without.
const OPTIONAL_CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// What [`Visibility`] depends on.
pub(crate) struct VisibilityDeps {
    pub(crate) store: Store,
    pub(crate) suites: Suites,
    pub(crate) api: Api,
    pub(crate) app_client: AppClient,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
}

/// Asks WeCom whether members see the app.
#[derive(Clone)]
pub(crate) struct Visibility {
    pub(super) store: Store,
    pub(super) suites: Suites,
    api: Api,
    app_client: AppClient,
    pub(super) authorizations: Authorizations,
    pub(super) members: Members,
}

impl Visibility {
    pub(crate) fn new(deps: VisibilityDeps) -> Self {
        Self {
            store: deps.store,
            suites: deps.suites,
            api: deps.api,
            app_client: deps.app_client,
            authorizations: deps.authorizations,
            members: deps.members,
        }
    }

    /// Asks WeCom now whether the app is visible to a member.
    ///
    /// # Errors
    /// `USER_NOT_VISIBLE`. Any other failure of the call counts as visible.
    pub(crate) async fn require_visible(
        &self,
        authorization: &Authorization,
        principal: &Principal,
    ) -> Result<()> {
        let app = authorization.credential()?;
        let asked_at = self.store.now();
        match self.query(&app, principal).await {
            Ok(profile) => {
                self.members
                    .record_visible(principal, &profile.unwrap_or_default(), asked_at)
                    .await
            }
            Err(error) if error.kind() == ErrorKind::UserNotVisible => Err(error),
            Err(error) => {
                tracing::info!(target: "wecom_login", ?error, "could not ask for visibility");
                Ok(())
            }
        }
    }

    /// Asks WeCom again whether the app is visible to a member with live sessions. If not, they are revoked.
    pub(crate) async fn check_visibility(&self, principal: &Principal) -> Result<()> {
        let authorization = self
            .authorizations
            .require_active(&principal.suite_id, &principal.corp_id)
            .await?;
        let interval = Sessions::VISIBILITY_CHECK_INTERVAL;
        let now = self.store.now();
        let known = self.members.find(principal).await?;
        // Another session of the member may have asked in the meantime.
        if known
            .and_then(|known| known.visible_at)
            .is_some_and(|at| now.since(at) < interval)
        {
            return Ok(());
        }
        match self.require_visible(&authorization, principal).await {
            Err(error) if error.kind() == ErrorKind::UserNotVisible => Ok(()),
            asked => asked,
        }
    }

    /// Calls `user/get`, within the optional timeout. None if WeCom cannot say anything of a linked member, who is let in.
    pub(crate) async fn query(
        &self,
        app: &AppCredential,
        principal: &Principal,
    ) -> Result<Option<Profile>> {
        let asked = self.app_client.call(app, |token| {
            Box::pin(async move { self.api.user(&token, &principal.third_user_id).await })
        });
        let member = within_optional_time(asked).await;
        let not_visible = match member {
            Ok((member, _)) if !member.is_disabled_or_left() => {
                return Ok(Some(Profile {
                    name: member.name,
                    avatar: member.avatar,
                    email: member.email,
                    mobile: member.mobile,
                }));
            }
            Ok(_) => Error::new(
                ErrorKind::UserNotVisible,
                "WeCom says the member is disabled or has left",
            ),
            Err(error)
                if principal.third_user_id.is_linked()
                    && error
                        .errcode()
                        .map(Errcode::new)
                        .is_some_and(Errcode::is_silent_about_linked_user) =>
            {
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::UserNotVisible => error,
            Err(error) => return Err(error),
        };
        // The answer stands, whether or not it can be stored now.
        if let Err(error) = self.members.revoke_hidden(principal, None).await {
            tracing::warn!(target: "wecom_login", ?error, "could not revoke the sessions of a member whom the app is hidden from");
        }
        Err(not_visible)
    }
}

impl fmt::Debug for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visibility")
    }
}

/// Gives a call that a login can do without only a part of the login's time.
pub(crate) async fn within_optional_time<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::new(ErrorKind::UpstreamTimeout, "WeCom did not answer in time");
    tokio::time::timeout(OPTIONAL_CALL_TIMEOUT, call)
        .await
        .unwrap_or_else(|_| Err(late()))
}
