//! The logged-in user of a request, and the cached session behind it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::domain::{
    Attributes, CorpId, LoginType, Machine, Platform, Principal, Profile, SuiteId, TokenHash,
    WecomUserId,
};
use crate::revocation::Epoch;
use crate::session::attributes::SharedAttributes;
use crate::session::sessions::Inner;

/// A logged-in user and the session of the login. Cheap to clone.
///
/// In axum and actix handlers it is an argument; see the adapter crates.
#[derive(Clone)]
pub struct CurrentUser {
    pub(crate) session: Arc<CachedSession>,
}

/// A session in memory. The fields that every hit reads come first and lie together, in the order written here.
#[repr(C)]
pub(crate) struct CachedSession {
    pub(crate) member_epoch: Epoch,
    pub(crate) authorization_epoch: Epoch,
    pub(crate) expires_at: Timestamp,
    /// Milliseconds, as in [`Timestamp`].
    pub(crate) last_seen_at: AtomicI64,
    /// When WeCom was last asked whether the member can still see the app.
    pub(crate) visible_at: AtomicI64,
    pub(crate) revoked: AtomicBool,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) token_hash: TokenHash,
    pub(crate) id: Box<str>,
    pub(crate) principal: Arc<Principal>,
    pub(crate) user_id: Box<str>,
    pub(crate) instance: Arc<str>,
    pub(crate) profile: Profile,
    pub(super) attributes: Arc<SharedAttributes>,
    /// The program that has it, if it is no person.
    pub(crate) machine: Option<Box<Machine>>,
    pub(crate) created_at: Timestamp,
    /// The sequence number of the newest revocation when it was issued, or last read.
    pub(super) revocation_seq: AtomicU64,
    /// The sessions that it is one of.
    pub(super) sessions: Weak<Inner>,
    /// Tells whoever waits for its end to look again; made when somebody does.
    pub(super) changes: OnceLock<watch::Sender<()>>,
}

impl CachedSession {
    /// Whether the session is not revoked, not expired, and of current epochs. It may be idle.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        !self.revoked.load(Ordering::Acquire)
            && now < self.expires_at
            && self.member_epoch.is_current()
            && self.authorization_epoch.is_current()
    }

    pub(crate) fn last_seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.last_seen_at.load(Ordering::Relaxed))
    }

    pub(super) fn revocation_seq(&self) -> u64 {
        self.revocation_seq.load(Ordering::Acquire)
    }

    /// It was read again, and is alive: no revocation before this one ended it.
    pub(super) fn advance_revocation_seq(&self, seq: u64) {
        self.revocation_seq.fetch_max(seq, Ordering::AcqRel);
    }

    /// Takes over later activity.
    pub(super) fn advance_last_seen(&self, at: Timestamp) {
        self.last_seen_at
            .fetch_max(at.as_millis(), Ordering::Relaxed);
    }

    /// Marks it as revoked, and wakes whoever waits for that.
    pub(super) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
        self.wake();
    }

    /// Sets `mark` to `now` if it is at least `interval` milliseconds old. Of several concurrent calls one returns
    /// `true`.
    pub(crate) fn advance_if_older(mark: &AtomicI64, now: Timestamp, interval: i64) -> bool {
        let previous = mark.load(Ordering::Relaxed);
        now.millis_since(Timestamp::from_millis(previous)) >= interval
            && mark
                .compare_exchange(
                    previous,
                    now.as_millis(),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }
}

impl CurrentUser {
    pub(crate) fn new(session: CachedSession) -> Self {
        Self {
            session: Arc::new(session),
        }
    }

    /// The machine whose session it is; `None` for a person. A guard lets machines in only where it says so
    /// ([`Guard::allow_machines`](crate::web::Guard::allow_machines)).
    ///
    /// A machine is nobody's user: [`user_id`](Self::user_id) and [`third_user_id`](Self::third_user_id) are `machine:` and
    /// the id of its session, and its [`profile`](Self::profile) is empty.
    #[must_use]
    pub fn machine(&self) -> Option<&Machine> {
        self.session.machine.as_deref()
    }

    /// The id of the host app's user, from its own binder or from our auth model.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.session.user_id
    }

    /// WeCom's userid.
    #[must_use]
    #[doc(alias = "thirdUserId")]
    pub fn third_user_id(&self) -> &WecomUserId {
        &self.session.principal.third_user_id
    }

    /// The corp.
    #[must_use]
    pub fn corp_id(&self) -> &CorpId {
        &self.session.principal.corp_id
    }

    /// The suite that the corp authorized.
    #[must_use]
    pub fn suite_id(&self) -> &SuiteId {
        &self.session.principal.suite_id
    }

    /// Suite, corp and userid together: the identity of the member.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.session.principal
    }

    /// The full name of the instance of the login, such as `auths.QywxProxyDefault`.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.session.instance
    }

    /// The platform that the client named at login.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.session.platform
    }

    /// The type of the login.
    #[must_use]
    pub fn login_type(&self) -> LoginType {
        self.session.login_type
    }

    /// Name, picture, mail and mobile, as far as they are known.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.session.profile
    }

    /// What the host app's [`UserBinder`](crate::UserBinder) says of the user: at the login, or when it was asked last by
    /// [`refresh_attributes`](crate::SessionService::refresh_attributes). Costs no query, but reads what is newest now:
    /// within a request, take it once.
    ///
    /// ```
    /// # use wecom_login::CurrentUser;
    /// fn is_administrator(user: &CurrentUser) -> bool {
    ///     user.attributes()
    ///         .get("role")
    ///         .is_some_and(|role| role == "administrator")
    /// }
    /// ```
    #[must_use]
    pub fn attributes(&self) -> Arc<Attributes> {
        self.session.attributes.load()
    }

    /// The id of the session; not its token.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session.id
    }

    /// The time of the login.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.session.created_at
    }

    /// The time of the last request, to within 1/96 of the idle timeout.
    #[must_use]
    pub fn last_seen_at(&self) -> Timestamp {
        self.session.last_seen_at()
    }

    /// When the session ends at the latest; for a machine without such an end, the end of the year 9999.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }
}

impl fmt::Debug for CurrentUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentUser")
            .field("user_id", &self.user_id())
            .field("principal", self.principal())
            .field("session_id", &self.session_id())
            .field("machine", &self.machine())
            .finish_non_exhaustive()
    }
}
