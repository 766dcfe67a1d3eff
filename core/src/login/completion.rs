//! The completion of an authentication: whether the app is visible to the member (`user/get`, D/96255), the profile,
//! and the epochs.

use crate::authorization::{Authorization, not_authorized};
use crate::clock::Timestamp;
use crate::domain::{AccessToken, AuthenticatedMember, Principal, Profile, UserTicket};
use crate::error::{ErrorKind, Result};
use crate::login::authenticate::{Authentication, Authenticator, Started};
use crate::members;
use crate::tokens::AppCredential;

impl Authenticator {
    /// Completes the authentication of a known userid: whether the app is visible to the member, and the profile.
    pub(super) async fn complete(
        &self,
        authorization: &Authorization,
        app: &AppCredential,
        who: Principal,
        user_ticket: Option<&UserTicket>,
        token: &AccessToken,
        started: Started,
    ) -> Result<Authentication> {
        let (mut who, mut started) = (who, started);
        let (mut known, mut bound) = self.inner.deps.members.find_with_user(&who).await?.unzip();
        if known.is_none() {
            // It may be somebody who is known by another userid.
            who = self
                .inner
                .deps
                .id_migration
                .resolve(authorization, who)
                .await?;
            // Under the same id, too: the row may have been moved to it just now.
            (known, bound) = self.inner.deps.members.find_with_user(&who).await?.unzip();
        }
        if known.as_ref().is_some_and(|known| known.left_at.is_some()) {
            // The member is back before the departure was finished.
            self.inner.deps.members.finish_departure(&who).await?;
            started = Started {
                at: self.inner.deps.store.now(),
                revocation_seq: self.inner.deps.sessions.revocation_seq(),
            };
            (known, bound) = self.inner.deps.members.find_with_user(&who).await?.unzip();
        }
        self.inner
            .deps
            .licences
            .require(&who, known.as_ref())
            .await?;
        let mut visible_at = known.as_ref().and_then(|known| known.visible_at);
        let mut told = None;
        let is_due = known
            .as_ref()
            .is_some_and(|known| known.visibility_due_at.is_some());
        if is_due || visible_at.is_none_or(|at| at <= authorization.changed_at) {
            match self.inner.deps.visibility.query(app, &who).await {
                Ok(profile) => {
                    told = Some(profile.unwrap_or_default());
                    visible_at = Some(started.at);
                }
                Err(error) if error.kind() == ErrorKind::UserNotVisible => return Err(error),
                // WeCom does not say. The login goes on, and the next one asks again.
                Err(error) => {
                    tracing::info!(target: "wecom_login", ?error, "visibility could not be checked");
                }
            }
        }
        if let Some(user_ticket) = user_ticket {
            let detail = async { Ok(self.inner.deps.api.user_detail(token, user_ticket).await?) };
            match members::within_optional_time(detail).await {
                Ok(detail) => {
                    let told = told.get_or_insert_default();
                    told.avatar = detail.avatar.or_else(|| told.avatar.take());
                    told.email = detail
                        .email
                        .or(detail.biz_mail)
                        .or_else(|| told.email.take());
                    told.mobile = detail.mobile.or_else(|| told.mobile.take());
                }
                Err(error) => {
                    tracing::info!(target: "wecom_login", ?error, "a profile could not be read")
                }
            }
        }
        // Nothing is stored of a member whose corp cancelled meanwhile: its data may be gone already.
        let current = self
            .inner
            .deps
            .authorizations
            .find(&who.suite_id, &who.corp_id)
            .await?;
        if current.is_none_or(|current| current.epoch != authorization.epoch) {
            return Err(not_authorized());
        }
        match (&told, &known) {
            (Some(profile), _) => self.keep(&who, profile, visible_at).await?,
            (None, None) => self.inner.deps.members.upsert(&who).await?,
            (None, Some(_)) => {}
        }
        let stored = known.as_ref();
        let told = told.unwrap_or_default();
        let or_stored = |told: Option<String>, stored: Option<&Option<String>>| {
            told.or_else(|| stored.cloned().flatten())
        };
        let profile = Profile {
            name: or_stored(told.name, stored.map(|row| &row.name)),
            avatar: or_stored(told.avatar, stored.map(|row| &row.avatar)),
            email: or_stored(told.email, stored.map(|row| &row.email)),
            mobile: or_stored(told.mobile, stored.map(|row| &row.mobile)),
        };
        // A revocation while this login was in progress revokes it too.
        let ended = self.inner.deps.sessions.member_revoked_since(
            &who,
            authorization.epoch,
            started.revocation_seq,
        ) || stored
            .and_then(|row| row.ended_at)
            .is_some_and(|ended_at| ended_at > started.at);
        let member_epoch = stored.map_or(0, |row| row.epoch) - i64::from(ended);
        Ok(Authentication {
            member: AuthenticatedMember::new(who, profile),
            corp_name: authorization.corp_name.clone(),
            member_epoch,
            authorization_epoch: authorization.epoch,
            visible_at: visible_at.unwrap_or_default(),
            revocation_seq: started.revocation_seq,
            attributes: members::stored_attributes(stored)?,
            bound: bound.flatten(),
            mini_program_key: None,
        })
    }

    async fn keep(
        &self,
        who: &Principal,
        profile: &Profile,
        visible_at: Option<Timestamp>,
    ) -> Result<()> {
        match visible_at {
            Some(visible_at) => {
                self.inner
                    .deps
                    .members
                    .record_visible(who, profile, visible_at)
                    .await
            }
            None => self.inner.deps.members.update_profile(who, profile).await,
        }
    }
}
