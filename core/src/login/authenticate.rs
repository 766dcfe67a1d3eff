//! The authentication of a member by a code: `gettoken` with the permanent code, then `auth/getuserinfo` (D/96442).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::authorization::{AppClient, Authorizations};
use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::{AccessToken, AuthenticatedMember, MiniProgramSessionKey, Principal};
use crate::error::{Error, ErrorKind, Result};
use crate::login::code_calls::{AuthAttempt, CodeCalls, MemberCode};
use crate::login::limits::{LoginLimits, code_hash, with_login_timeout};
use crate::login::state_refusals::StateRefusals;
use crate::members::{IdMigration, Licences, Members, Visibility};
use crate::session::{Sessions, StoredAttributes};
use crate::tokens::AppCredential;
use crate::wecom::{Api, Identity};

/// WeCom's codes are 512 bytes at most (D/96442).
const MAX_CODE_BYTES: usize = 512;

/// When a login started: a revocation that comes later revokes it too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Started {
    pub(super) at: Timestamp,
    pub(super) revocation_seq: u64,
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
    /// What was stored of the member.
    pub(crate) attributes: StoredAttributes,
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
    pub(super) deps: AuthenticatorDeps,
    pub(super) limits: LoginLimits,
    pub(super) code_calls: CodeCalls,
    pub(super) states: StateRefusals,
}

impl Authenticator {
    pub(crate) fn new(deps: AuthenticatorDeps) -> Self {
        Self {
            inner: Arc::new(Inner {
                limits: LoginLimits::new(Arc::clone(deps.store.clock())),
                code_calls: CodeCalls::new(),
                states: StateRefusals::new(),
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
        self.require_admissible(attempt)?;
        let authorization = self
            .inner
            .deps
            .authorizations
            .require_active(&attempt.suite_id, &attempt.corp_id)
            .await?;
        let app = authorization.credential()?;
        let _turn = self.inner.states.take_turn(attempt).await?;
        let _permit = self.inner.code_calls.permit(attempt).await;
        // Earlier attempts may have used the limit up meanwhile, or this code.
        self.require_admissible(attempt)?;
        let called = self.fetch_identity(&app, &attempt.code).await;
        if let Err(error) = &called
            && error.kind() == ErrorKind::CodeInvalid
        {
            let now = self.inner.deps.store.now();
            self.inner
                .code_calls
                .record_refused(code_hash(attempt), now);
            self.inner.states.record(attempt);
        }
        let (identity, mini_program_key, token) = called?;
        attempt.is_code_accepted.store(true, Ordering::Relaxed);
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
            authorization.suite_id.clone(),
            authorization.corp_id.clone(),
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
