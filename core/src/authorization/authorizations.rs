//! The handle on all authorizations, and what it depends on.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::authorization::alias_learning::MAX_ASKED;
use crate::authorization::api_pauses::ApiPauses;
use crate::authorization::cache::AuthorizationCache;
use crate::authorization::departed::DepartedCorps;
use crate::authorization::reread_schedule::RereadPace;
use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::{CorpAliases, CorpId, SuiteId, Suites};
use crate::element::Pin;
use crate::hooks::{DynHooks, Notifications};
use crate::log_limiter::LogLimiter;
use crate::session::Sessions;
use crate::tokens::Tokens;
use crate::vault::KeyRing;
use crate::wecom::Api;

/// What [`Authorizations`] depends on.
pub(crate) struct Deps {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) api: Api,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) suites: Suites,
    pub(crate) pins: Vec<Pin>,
    pub(crate) aliases: CorpAliases,
    pub(crate) hooks: Arc<dyn DynHooks>,
    pub(crate) notifications: Notifications,
    /// Wakes the task that re-reads authorizations.
    pub(crate) due: Arc<Notify>,
    /// Re-reads a second.
    pub(crate) reread_rate: u32,
    /// Wakes the task that learns the ids of corps.
    pub(crate) aliases_due: Arc<Notify>,
    /// Wakes the task that asks for the visibility of members.
    pub(crate) visibility_due: Arc<Notify>,
    pub(crate) departed: DepartedCorps,
    /// The maximum number of authorizations in memory.
    pub(crate) capacity: u64,
}

/// All authorizations. A login finds them in memory; changes go through the database.
#[derive(Clone)]
pub(crate) struct Authorizations {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    pub(super) api: Api,
    pub(super) tokens: Tokens,
    pub(super) sessions: Sessions,
    pub(super) suites: Suites,
    pub(super) hooks: Arc<dyn DynHooks>,
    pub(super) notifications: Notifications,
    pub(super) due: Arc<Notify>,
    pub(super) pins: Vec<Pin>,
    pub(super) aliases: CorpAliases,
    pub(super) aliases_due: Arc<Notify>,
    /// An authorization was changed, here or on another node, and its aliases perhaps too.
    pub(super) aliases_changed: AtomicBool,
    /// The corps whose other id is to be asked for.
    pub(super) to_learn: Mutex<Vec<(SuiteId, CorpId)>>,
    /// When the other id of a corp was asked for.
    pub(super) asked: moka::sync::Cache<(SuiteId, CorpId), Timestamp>,
    pub(super) visibility_due: Arc<Notify>,
    pub(super) departed: DepartedCorps,
    /// One line a minute about ends that wait for an administrator.
    pub(super) held_ends: LogLimiter<()>,
    /// The corps whose permanent code was fetched and is not stored yet.
    pub(super) unpersisted: Mutex<Vec<(SuiteId, CorpId)>>,
    pub(super) pauses: ApiPauses,
    pub(super) pace: RereadPace,
    pub(super) cache: AuthorizationCache,
}

impl Authorizations {
    pub(crate) fn new(deps: Deps) -> Self {
        let held_ends = LogLimiter::new(Arc::clone(deps.store.clock()));
        Self {
            inner: Arc::new(Inner {
                pauses: ApiPauses::new(deps.store.clone()),
                pace: RereadPace::new(deps.reread_rate),
                store: deps.store,
                keys: deps.keys,
                api: deps.api,
                tokens: deps.tokens,
                sessions: deps.sessions,
                suites: deps.suites,
                hooks: deps.hooks,
                notifications: deps.notifications,
                due: deps.due,
                pins: deps.pins,
                aliases: deps.aliases,
                aliases_due: deps.aliases_due,
                aliases_changed: AtomicBool::new(false),
                to_learn: Mutex::default(),
                asked: moka::sync::Cache::new(MAX_ASKED),
                visibility_due: deps.visibility_due,
                departed: deps.departed,
                held_ends,
                unpersisted: Mutex::default(),
                cache: AuthorizationCache::new(deps.capacity),
            }),
        }
    }

    /// The corps whose permanent code this node holds and could not store. The code is lost if the process ends now.
    pub(crate) fn unpersisted(&self) -> Vec<(SuiteId, CorpId)> {
        self.inner.unpersisted.lock().clone()
    }
}

impl fmt::Debug for Authorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizations")
    }
}
