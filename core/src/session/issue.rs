//! New sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use crate::clock::Timestamp;
use crate::domain::{LoginType, Platform, Principal, Profile};
use crate::error::Result;
use crate::random;
use crate::session::current_user::Live;
use crate::session::{CurrentUser, SessionToken, Sessions, rows, token};

/// Who gets a new session, and how.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) principal: Principal,
    pub(crate) user_id: String,
    pub(crate) instance: String,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) profile: Profile,
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
    pub(crate) visible_at: Timestamp,
    /// The number of the newest end when the login began.
    pub(crate) newest_end: u64,
}

/// A new session with its token, which is shown only now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedSession {
    /// What the client sends from now on.
    pub token: SessionToken,
    /// Who it stands for.
    pub user: CurrentUser,
}

impl Sessions {
    /// Makes a session. It is dead at once if an epoch moved on since the login began.
    pub(crate) async fn issue(&self, admission: Admission) -> Result<IssuedSession> {
        let token = self.0.mint.mint();
        let now = self.0.store.now();
        let epochs = (admission.member_epoch, admission.authorization_epoch);
        let principal = self.principal(admission.principal);
        let live = Live {
            id: random::hex::<16>().into(),
            token_hash: token::hash(token.expose().as_bytes()),
            person: self.member_epoch(&principal, epochs.1, epochs.0, epochs.0),
            authorization: self.authorization_epoch(&principal, epochs.1, epochs.1),
            principal,
            user_id: admission.user_id.into(),
            instance: self.0.instances.one(admission.instance.into()),
            platform: admission.platform,
            login_type: admission.login_type,
            profile: admission.profile,
            created_at: now,
            expires_at: now + self.0.settings.absolute_timeout,
            ended: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(now.as_millis()),
            visible_at: AtomicI64::new(admission.visible_at.as_millis()),
        };
        rows::insert(self.0.store.database(), &live, epochs).await?;
        let user = CurrentUser(Arc::new(live));
        self.keep(&user, admission.newest_end);
        Ok(IssuedSession { token, user })
    }
}
