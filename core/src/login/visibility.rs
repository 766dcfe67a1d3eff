//! Whether the app is visible to a person, which `auth/getuserinfo` does not say: `user/get` does (D/96255).

use std::time::Duration;

use super::prove::Prover;
use crate::authorization::Authorization;
use crate::error::{Error, ErrorKind, Result};
use crate::session::{Principal, Profile, Sessions};
use crate::wecom::AppCredential;

/// A question that a login can do without.
const OPTIONAL_CALL: Duration = Duration::from_secs(2);

impl Prover {
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
        let asked_at = self.0.store.now();
        match self.visible(&app, who).await {
            Ok(profile) => {
                self.0
                    .people
                    .seen(who, &profile.unwrap_or_default(), asked_at)
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
            .0
            .authorizations
            .require_active(&who.suite_id, &who.corp_id)
            .await?;
        let interval = Sessions::VISIBILITY_INTERVAL;
        let now = self.0.store.now();
        let known = self.0.people.find(who).await?;
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
    pub(super) async fn visible(
        &self,
        app: &AppCredential,
        who: &Principal,
    ) -> Result<Option<Profile>> {
        let asked = self.call(app, |token| {
            Box::pin(async move { self.0.api.user(&token, &who.third_user_id).await })
        });
        let member = self.in_time(asked).await;
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
        if let Err(error) = self.0.people.hidden(who, None).await {
            tracing::warn!(target: "wecom_login", ?error, "the sessions of a person who is hidden go on");
        }
        Err(not_visible)
    }

    /// What a login can do without: it gets a part of the time only, so that the rest goes through.
    pub(super) async fn in_time<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let late = || Error::new(ErrorKind::UpstreamTimeout, "WeCom did not answer in time");
        tokio::time::timeout(OPTIONAL_CALL, call)
            .await
            .unwrap_or_else(|_| Err(late()))
    }
}
