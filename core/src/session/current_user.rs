//! Who is behind a request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::clock::Timestamp;
use crate::domain::Profile;
use crate::domain::TokenHash;
use crate::domain::{CorpId, SuiteId, WecomUserId};
use crate::domain::{LoginType, Platform, Principal};
use crate::revocation::epoch::Epoch;

/// A person who logged in, and the session they did it with. Cheap to clone.
///
/// In axum and actix handlers it is an argument; see the adapter crates.
#[derive(Clone)]
pub struct CurrentUser(pub(crate) Arc<Live>);

/// A session in memory. What every hit looks at comes first and lies together, in the order written here.
#[repr(C)]
pub(crate) struct Live {
    pub(crate) person: Epoch,
    pub(crate) authorization: Epoch,
    pub(crate) expires_at: Timestamp,
    /// Milliseconds, as in [`Timestamp`].
    pub(crate) last_seen_at: AtomicI64,
    /// When WeCom was last asked whether the person may still see the app.
    pub(crate) visible_at: AtomicI64,
    pub(crate) ended: AtomicBool,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) token_hash: TokenHash,
    pub(crate) id: Box<str>,
    pub(crate) principal: Arc<Principal>,
    pub(crate) user_id: Box<str>,
    pub(crate) instance: Arc<str>,
    pub(crate) profile: Profile,
    pub(crate) created_at: Timestamp,
}

impl Live {
    /// Neither logged out nor ended with others nor past its last day.
    pub(crate) fn lives(&self, now: Timestamp) -> bool {
        !self.ended.load(Ordering::Acquire)
            && now < self.expires_at
            && self.person.is_current()
            && self.authorization.is_current()
    }

    pub(crate) fn last_seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.last_seen_at.load(Ordering::Relaxed))
    }

    /// Moves a mark on to `now` if it is older than so many milliseconds; says whether it was moved by this very call.
    pub(crate) fn renew(mark: &AtomicI64, now: Timestamp, interval: i64) -> bool {
        let seen = mark.load(Ordering::Relaxed);
        now.millis_since(Timestamp::from_millis(seen)) >= interval
            && mark
                .compare_exchange(seen, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl CurrentUser {
    /// The id of the host app's user, from its own binder or from our auth model.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.0.user_id
    }

    /// WeCom's userid.
    #[must_use]
    #[doc(alias = "thirdUserId")]
    pub fn third_user_id(&self) -> &WecomUserId {
        &self.0.principal.third_user_id
    }

    /// The company.
    #[must_use]
    pub fn corp_id(&self) -> &CorpId {
        &self.0.principal.corp_id
    }

    /// The suite that the company authorised.
    #[must_use]
    pub fn suite_id(&self) -> &SuiteId {
        &self.0.principal.suite_id
    }

    /// Suite, company and userid together: what identifies the person.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The full name of the instance they logged in through, such as `auths.QywxProxyDefault`.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The platform they named at login.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.0.platform
    }

    /// How they came in.
    #[must_use]
    pub fn login_type(&self) -> LoginType {
        self.0.login_type
    }

    /// Name, picture, mail and mobile, as far as they are known.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.0.profile
    }

    /// The id of the session; not its token.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.0.id
    }

    /// When they logged in.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// When it was last used, to within 1/96 of the idle timeout.
    #[must_use]
    pub fn last_seen_at(&self) -> Timestamp {
        self.0.last_seen_at()
    }

    /// When the session ends at the latest.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }
}

impl fmt::Debug for CurrentUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentUser")
            .field("user_id", &self.user_id())
            .field("principal", self.principal())
            .field("session_id", &self.session_id())
            .finish_non_exhaustive()
    }
}
