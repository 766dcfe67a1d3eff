//! Who a code proves: `gettoken` with the permanent code, then `auth/getuserinfo` (D/96442), then, where it has to be
//! asked, `user/get` (D/96255).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::authorization::{AppClient, Authorization, Authorizations};
use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::AuthenticatedMember;
use crate::domain::{AccessToken, OAuthCode, UserTicket};
use crate::domain::{CorpId, SuiteId};
use crate::domain::{Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::login::limits::{FAILED_OF_CLIENT, FAILED_OF_CORP, code_hash, with_login_timeout};
use crate::members::{self, Members, Visibility};
use crate::rate_limit::{ClientRateLimiter, RateLimiter};
use crate::session::Sessions;
use crate::tokens::AppCredential;
use crate::wecom::{Api, Identity};

/// WeCom's codes are 512 bytes at most (D/96442).
const LONGEST_CODE: usize = 512;
/// A code that WeCom refused is refused from memory for this long.
const REFUSED_FOR: Duration = Duration::from_mins(5);
/// Calls that carry a code of one company at the same time, so that a flood meets the limit before WeCom.
const AT_ONCE: usize = 64;

/// A code to be tried on exactly one (suite, corp).
#[derive(Debug)]
pub(crate) struct AuthAttempt {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) code: OAuthCode,
    pub(crate) client: Option<IpAddr>,
    /// The code came with a state of ours.
    pub(crate) state_verified: bool,
}

/// Where a login started: an end that comes later ends it too.
#[derive(Clone, Copy, Debug)]
struct Started {
    at: Timestamp,
    revocation_seq: u64,
}

/// Who was proven, and in which epochs.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    pub(crate) member: AuthenticatedMember,
    pub(crate) corp_name: String,
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
    pub(crate) visible_at: Timestamp,
    /// The number of the newest end when the login started.
    pub(crate) revocation_seq: u64,
    /// The user that our auth model binds the person to, where it was read along.
    pub(crate) bound: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Authenticator(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) api: Api,
    pub(super) app_client: AppClient,
    pub(super) visibility: Visibility,
    pub(super) authorizations: Authorizations,
    pub(super) members: Members,
    pub(super) sessions: Sessions,
    pub(super) failed_of_client: ClientRateLimiter,
    pub(super) failed_of_corp: RateLimiter<(SuiteId, CorpId)>,
    pub(super) refused: moka::sync::Cache<[u8; 32], Timestamp>,
    pub(super) in_flight: moka::sync::Cache<(SuiteId, CorpId), Arc<Semaphore>>,
}

impl Authenticator {
    pub(crate) fn new(
        store: Store,
        api: Api,
        app_client: AppClient,
        visibility: Visibility,
        authorizations: Authorizations,
        members: Members,
        sessions: Sessions,
    ) -> Self {
        let clock = Arc::clone(store.clock());
        Self(Arc::new(Inner {
            failed_of_client: ClientRateLimiter::new(FAILED_OF_CLIENT, Arc::clone(&clock)),
            failed_of_corp: RateLimiter::new(FAILED_OF_CORP, clock),
            refused: moka::sync::Cache::builder()
                .max_capacity(100_000)
                .time_to_live(REFUSED_FOR)
                .build(),
            in_flight: moka::sync::Cache::new(10_000),
            store,
            api,
            app_client,
            visibility,
            authorizations,
            members,
            sessions,
        }))
    }

    /// Proves a person.
    ///
    /// # Errors
    /// Any of the login errors of the table; a code that fails is counted.
    pub(crate) async fn authenticate(&self, attempt: &AuthAttempt) -> Result<Authentication> {
        let code = attempt.code.expose();
        if code.trim().is_empty() || code.len() > LONGEST_CODE {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "code must be 1 to 512 bytes and not blank",
            ));
        }
        let outcome = with_login_timeout(self.attempt(attempt)).await;
        if let Err(error) = &outcome {
            self.count(attempt, error);
        }
        outcome
    }

    async fn attempt(&self, attempt: &AuthAttempt) -> Result<Authentication> {
        let started = Started {
            at: self.0.store.now(),
            revocation_seq: self.0.sessions.revocation_seq(),
        };
        let started_at = started.at;
        self.check_limits(attempt)?;
        let code_hash = code_hash(attempt);
        if self
            .0
            .refused
            .get(&code_hash)
            .is_some_and(|at| started_at.since(at) < REFUSED_FOR)
        {
            return Err(Error::new(
                ErrorKind::CodeInvalid,
                "WeCom refused this code before",
            ));
        }
        let authorization = self
            .0
            .authorizations
            .require_active(&attempt.suite_id, &attempt.corp_id)
            .await?;
        let app = authorization.credential()?;
        let key = (attempt.suite_id.clone(), attempt.corp_id.clone());
        let in_flight = self
            .0
            .in_flight
            .get_with(key, || Arc::new(Semaphore::new(AT_ONCE)));
        let _turn = in_flight.acquire().await;
        // Those before us may have used the limit up while we waited.
        self.check_limits(attempt)?;
        let (identity, token) =
            self.fetch_identity(&app, &attempt.code)
                .await
                .inspect_err(|error| {
                    if error.kind() == ErrorKind::CodeInvalid {
                        self.0.refused.insert(code_hash, self.0.store.now());
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
        self.complete(
            &authorization,
            &app,
            who,
            user_ticket.as_ref(),
            &token,
            started,
        )
        .await
    }

    /// The person is proven; what remains is whether the app is visible to them, and what they are called.
    async fn complete(
        &self,
        authorization: &Authorization,
        app: &AppCredential,
        who: Principal,
        user_ticket: Option<&UserTicket>,
        token: &AccessToken,
        started: Started,
    ) -> Result<Authentication> {
        let (mut known, mut bound) = self.0.members.find_with_user(&who).await?.unzip();
        let mut started = started;
        if known.as_ref().is_some_and(|known| known.left_at.is_some()) {
            // WeCom has them back before the binding of who they were could be ended.
            self.0.members.finish_departure(&who).await?;
            started = Started {
                at: self.0.store.now(),
                revocation_seq: self.0.sessions.revocation_seq(),
            };
            (known, bound) = self.0.members.find_with_user(&who).await?.unzip();
        }
        let mut visible_at = known.as_ref().and_then(|known| known.visible_at);
        let mut told = None;
        if visible_at.is_none_or(|at| at <= authorization.changed_at) {
            match self.0.visibility.query(app, &who).await {
                Ok(profile) => {
                    told = Some(profile.unwrap_or_default());
                    visible_at = Some(started.at);
                }
                Err(error) if error.kind() == ErrorKind::UserNotVisible => return Err(error),
                // WeCom cannot say; whoever it let in may come in, and the next login asks again.
                Err(error) => {
                    tracing::info!(target: "wecom_login", ?error, "visibility could not be asked");
                }
            }
        }
        if let Some(user_ticket) = user_ticket {
            let detail = async { Ok(self.0.api.user_detail(token, user_ticket).await?) };
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
        match (&told, &known) {
            (Some(profile), _) => self.keep(&who, profile, visible_at).await?,
            (None, None) => self.0.members.upsert(&who).await?,
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
        // An end that came while this login was under way ends it too.
        let ended =
            self.0
                .sessions
                .member_revoked_since(&who, authorization.epoch, started.revocation_seq)
                || stored
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
                self.0
                    .members
                    .record_visible(who, profile, visible_at)
                    .await
            }
            None => self.0.members.update_profile(who, profile).await,
        }
    }

    async fn fetch_identity(
        &self,
        app: &AppCredential,
        code: &OAuthCode,
    ) -> Result<(Identity, AccessToken)> {
        self.0
            .app_client
            .call(app, |token| {
                Box::pin(async move { self.0.api.user_identity(&token, code).await })
            })
            .await
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}
