//! Whether the app is visible to a person, which `auth/getuserinfo` does not say: `user/get` does (D/96255).

use std::fmt;
use std::time::Duration;

use crate::authorization::{AppClient, Authorization, Authorizations};
use crate::db::Store;
use crate::domain::{Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::members::Members;
use crate::session::Sessions;
use crate::tokens::AppCredential;
use crate::wecom::Api;

/// A question that a login can do without.
const OPTIONAL_CALL: Duration = Duration::from_secs(2);

/// Asks WeCom whether members see the app.
#[derive(Clone)]
pub(crate) struct Visibility {
    store: Store,
    api: Api,
    app_client: AppClient,
    authorizations: Authorizations,
    members: Members,
}

impl Visibility {
    pub(crate) const fn new(
        store: Store,
        api: Api,
        app_client: AppClient,
        authorizations: Authorizations,
        members: Members,
    ) -> Self {
        Self {
            store,
            api,
            app_client,
            authorizations,
            members,
        }
    }

    /// Asks WeCom now whether the app is visible to a person.
    ///
    /// # Errors
    /// `USER_NOT_VISIBLE`; any other failure lets the person pass.
    pub(crate) async fn require_visible(
        &self,
        authorization: &Authorization,
        who: &Principal,
    ) -> Result<()> {
        let app = authorization.credential()?;
        let asked_at = self.store.now();
        match self.query(&app, who).await {
            Ok(profile) => {
                self.members
                    .record_visible(who, &profile.unwrap_or_default(), asked_at)
                    .await
            }
            Err(error) if error.kind() == ErrorKind::UserNotVisible => Err(error),
            Err(error) => {
                tracing::info!(target: "wecom_login", ?error, "visibility could not be asked");
                Ok(())
            }
        }
    }

    /// Asks WeCom again whether the app is visible to a person in use; if it is not, their sessions end.
    pub(crate) async fn check_visibility(&self, who: &Principal) -> Result<()> {
        let authorization = self
            .authorizations
            .require_active(&who.suite_id, &who.corp_id)
            .await?;
        let interval = Sessions::VISIBILITY_CHECK_INTERVAL;
        let now = self.store.now();
        let known = self.members.find(who).await?;
        // Another session of theirs may have asked today.
        if known
            .and_then(|known| known.visible_at)
            .is_some_and(|at| now.since(at) < interval)
        {
            return Ok(());
        }
        match self.require_visible(&authorization, who).await {
            Err(error) if error.kind() == ErrorKind::UserNotVisible => Ok(()),
            asked => asked,
        }
    }

    /// What `user/get` says in time: a profile where it tells one.
    pub(crate) async fn query(
        &self,
        app: &AppCredential,
        who: &Principal,
    ) -> Result<Option<Profile>> {
        let asked = self.app_client.call(app, |token| {
            Box::pin(async move { self.api.user(&token, &who.third_user_id).await })
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
                "WeCom says the person is disabled or has left",
            ),
            Err(error) if error.kind() == ErrorKind::UserNotVisible => error,
            Err(error) => return Err(error),
        };
        // WeCom has said no, whether or not that can be stored now.
        if let Err(error) = self.members.revoke_hidden(who, None).await {
            tracing::warn!(target: "wecom_login", ?error, "the sessions of a person who is hidden go on");
        }
        Err(not_visible)
    }
}

impl fmt::Debug for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visibility")
    }
}

/// What a login can do without: it gets a part of the time only, so that the rest goes through.
pub(crate) async fn within_optional_time<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::new(ErrorKind::UpstreamTimeout, "WeCom did not answer in time");
    tokio::time::timeout(OPTIONAL_CALL, call)
        .await
        .unwrap_or_else(|_| Err(late()))
}
