//! The authentication of a member by a code: `gettoken` with the permanent code, then `auth/getuserinfo` (D/96442),
//! then, where it has to be asked, `user/get` (D/96255).

use std::fmt;
use std::sync::Arc;

use crate::authorization::{AppClient, Authorization, Authorizations, not_authorized};
use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::{
    AccessToken, AuthenticatedMember, MiniProgramSessionKey, Principal, Profile, UserTicket,
};
use crate::error::{Error, ErrorKind, Result};
use crate::login::code_calls::{AuthAttempt, CodeCalls, MemberCode};
use crate::login::limits::{LoginLimits, code_hash, with_login_timeout};
use crate::members::{self, IdMigration, Licences, Members, Visibility};
use crate::session::Sessions;
use crate::tokens::AppCredential;
use crate::wecom::{Api, Identity};

/// WeCom's codes are 512 bytes at most (D/96442).
const MAX_CODE_BYTES: usize = 512;

/// When a login started: a revocation that comes later revokes it too.
#[derive(Clone, Copy, Debug)]
struct Started {
    at: Timestamp,
    revocation_seq: u64,
}

/// The member who was authenticated, and the epochs of that moment.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    pub(crate) member: AuthenticatedMember,
    pub(crate) corp_name: String,
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
    pub(crate) visible_at: Timestamp,
    /// The number of the newest revocation when the login started.
    pub(crate) revocation_seq: u64,
    /// The user that the default binder binds the member to, where it was read along.
    pub(crate) bound: Option<String>,
    /// The key of a mini program's session.
    pub(crate) mini_program_key: Option<MiniProgramSessionKey>,
}

/// Authenticates members by codes from WeCom.
#[derive(Clone)]
pub(crate) struct Authenticator {
    pub(super) inner: Arc<Inner>,
}

/// The dependencies of [`Authenticator`].
pub(crate) struct AuthenticatorDeps {
    pub(crate) store: Store,
    pub(crate) api: Api,
    pub(crate) app_client: AppClient,
    pub(crate) visibility: Visibility,
    pub(crate) id_migration: IdMigration,
    pub(crate) licences: Licences,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) sessions: Sessions,
}

pub(super) struct Inner {
    deps: AuthenticatorDeps,
    pub(super) limits: LoginLimits,
    code_calls: CodeCalls,
}

impl Authenticator {
    pub(crate) fn new(deps: AuthenticatorDeps) -> Self {
        Self {
            inner: Arc::new(Inner {
                limits: LoginLimits::new(Arc::clone(deps.store.clock())),
                code_calls: CodeCalls::new(),
                deps,
            }),
        }
    }

    /// Authenticates a member.
    ///
    /// # Errors
    /// Any of the login errors of the table; a code that fails is counted.
    pub(crate) async fn authenticate(&self, attempt: &AuthAttempt) -> Result<Authentication> {
        let code = attempt.code.expose();
        if code.trim().is_empty() || code.len() > MAX_CODE_BYTES {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "code must be 1 to 512 bytes and not blank",
            ));
        }
        let outcome = with_login_timeout(self.attempt(attempt)).await;
        if let Err(error) = &outcome {
            self.inner.limits.record(attempt, error);
        }
        outcome
    }

    async fn attempt(&self, attempt: &AuthAttempt) -> Result<Authentication> {
        let started = Started {
            at: self.inner.deps.store.now(),
            revocation_seq: self.inner.deps.sessions.revocation_seq(),
        };
        self.inner.limits.check(attempt)?;
        let code_hash = code_hash(attempt);
        self.inner
            .code_calls
            .require_not_refused(&code_hash, started.at)?;
        let authorization = self
            .inner
            .deps
            .authorizations
            .require_active(&attempt.suite_id, &attempt.corp_id)
            .await?;
        let app = authorization.credential()?;
        let _permit = self.inner.code_calls.permit(attempt).await;
        // Earlier attempts may have used the limit up meanwhile.
        self.inner.limits.check(attempt)?;
        let (identity, mini_program_key, token) = self
            .fetch_identity(&app, &attempt.code)
            .await
            .inspect_err(|error| {
                if error.kind() == ErrorKind::CodeInvalid {
                    self.inner
                        .code_calls
                        .record_refused(code_hash, self.inner.deps.store.now());
                }
            })?;
        let Identity::Member {
            third_user_id,
            user_ticket,
            ..
        } = identity
        else {
            return Err(Error::new(
                ErrorKind::NotCorpMember,
                "WeCom knows the person, but not as a member",
            ));
        };
        let who = Principal::new(
            attempt.suite_id.clone(),
            attempt.corp_id.clone(),
            third_user_id,
        );
        let completed = self.complete(
            &authorization,
            &app,
            who,
            user_ticket.as_ref(),
            &token,
            started,
        );
        Ok(Authentication {
            mini_program_key,
            ..completed.await?
        })
    }

    /// Completes the authentication of a known userid: whether the app is visible to the member, and the profile.
    async fn complete(
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

    async fn fetch_identity(
        &self,
        app: &AppCredential,
        code: &MemberCode,
    ) -> Result<(Identity, Option<MiniProgramSessionKey>, AccessToken)> {
        let AuthenticatorDeps {
            api, app_client, ..
        } = &self.inner.deps;
        match code {
            MemberCode::OAuth(code) => {
                let call = app_client.call(app, |token| {
                    Box::pin(async move { api.user_identity(&token, code).await })
                });
                let (identity, token) = call.await?;
                Ok((identity, None, token))
            }
            MemberCode::MiniProgram(code) => {
                let call = app_client.call(app, |token| {
                    Box::pin(async move { api.mini_program_session(&token, code).await })
                });
                let (session, token) = call.await?;
                Ok((session.identity, Some(session.session_key), token))
            }
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}
