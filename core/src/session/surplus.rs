//! The number of a member's sessions: where a new one is one too many, the oldest end.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::audit::Actor;
use crate::domain::{Principal, TokenHash};
use crate::error::Result;
use crate::session::current_user::CachedSession;
use crate::session::revoke::session_ended;
use crate::session::{Sessions, rows};

/// The live sessions of a member.
const MAX_SESSIONS_PER_MEMBER: usize = 100;
/// From this number on, the sessions of a member are counted at every login.
const COUNTED_ALWAYS_FROM: usize = 80;
/// Below it they are counted at the first login of a member on this node, and after as many as this.
const LOGINS_BETWEEN_COUNTS: usize = 5;
/// The sessions that one transaction ends. More of them are ended in the background.
const MAX_ENDED_AT_ONCE: usize = 10;
/// Members whose number of sessions is remembered.
const MAX_COUNTS: u64 = 100_000;

/// What this node knows of the number of a member's sessions.
#[derive(Clone, Copy, Debug, Default)]
struct SessionCount {
    counted: usize,
    /// Issued by this node since then.
    issued: usize,
}

/// The numbers of sessions that this node has counted.
pub(super) struct SessionCounts {
    by_member: moka::sync::Cache<Principal, SessionCount>,
    /// The members whose surplus sessions are being ended, and whether a login came meanwhile.
    ending: Mutex<HashMap<Principal, bool>>,
}

impl SessionCounts {
    pub(super) fn new() -> Self {
        Self {
            by_member: moka::sync::Cache::new(MAX_COUNTS),
            ending: Mutex::default(),
        }
    }

    /// Counts a new session. Whether the member's sessions have to be counted in the database.
    fn add(&self, member: &Principal) -> bool {
        let entry = self
            .by_member
            .entry_by_ref(member)
            .and_upsert_with(|known| {
                // A member who is not known has as many as are counted always.
                let mut count = known.map_or(
                    SessionCount {
                        counted: COUNTED_ALWAYS_FROM,
                        issued: 0,
                    },
                    moka::Entry::into_value,
                );
                count.issued += 1;
                count
            });
        let count = entry.into_value();
        count.issued > LOGINS_BETWEEN_COUNTS || count.counted + count.issued >= COUNTED_ALWAYS_FROM
    }

    fn set(&self, member: &Principal, counted: usize) {
        let count = SessionCount { counted, issued: 0 };
        self.by_member.insert(member.clone(), count);
    }

    /// `None` if surplus sessions of the member are being ended; they are looked for once more then.
    fn begin(self: &Arc<Self>, member: &Principal) -> Option<Ending> {
        let mut ending = self.ending.lock();
        if let Some(again) = ending.get_mut(member) {
            *again = true;
            return None;
        }
        ending.insert(member.clone(), false);
        Some(Ending {
            counts: Arc::clone(self),
            member: member.clone(),
            is_over: false,
        })
    }
}

/// Surplus sessions of one member are being ended: by one login at a time on this node.
struct Ending {
    counts: Arc<SessionCounts>,
    member: Principal,
    is_over: bool,
}

impl Ending {
    /// Whether another login wanted the same meanwhile. If none did, it is over.
    fn is_wanted_again(&mut self) -> bool {
        let mut ending = self.counts.ending.lock();
        if let Some(again) = ending.get_mut(&self.member)
            && *again
        {
            *again = false;
            return true;
        }
        ending.remove(&self.member);
        self.is_over = true;
        false
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.is_over {
            self.counts.ending.lock().remove(&self.member);
        }
    }
}

impl Sessions {
    /// Ends the oldest sessions of the member of a new session, if they are too many with it.
    pub(super) async fn end_surplus(&self, new: &Arc<CachedSession>) {
        if !self.inner.counts.add(&new.principal) {
            return;
        }
        let Some(mut ending) = self.inner.counts.begin(&new.principal) else {
            return;
        };
        if !self.end_some(new).await && !ending.is_wanted_again() {
            return;
        }
        let (this, new) = (self.clone(), Arc::clone(new));
        let more = async move { while this.end_some(&new).await || ending.is_wanted_again() {} };
        drop(self.inner.runtime.spawn(more));
    }

    /// Ends some of the sessions beyond the newest ones, the new one among those. Whether there are more.
    async fn end_some(&self, new: &CachedSession) -> bool {
        match self.end_batch(new).await {
            Ok(is_more) => is_more,
            Err(error) => {
                tracing::info!(target: "wecom_login", ?error, "the surplus sessions of a member could not be ended");
                false
            }
        }
    }

    async fn end_batch(&self, new: &CachedSession) -> Result<bool> {
        let now = self.inner.store.now();
        // A row lags behind what was used last by the touch interval, and by the time that its write takes.
        let config = &self.inner.config;
        let idle_since = now - config.idle_timeout - 2 * config.touch_interval();
        let database = self.inner.store.database();
        let limit = (MAX_SESSIONS_PER_MEMBER + MAX_ENDED_AT_ONCE) as u64;
        let mut others = rows::find_others(database, new, now, idle_since, limit).await?;
        self.inner.counts.set(&new.principal, others.len() + 1);
        let surplus = others.split_off(others.len().min(MAX_SESSIONS_PER_MEMBER - 1));
        let surplus: Vec<(String, TokenHash)> = surplus
            .into_iter()
            .filter_map(|(id, hash)| Some((id, TokenHash::try_from(hash.as_slice()).ok()?)))
            .take(MAX_ENDED_AT_ONCE)
            .collect();
        if surplus.is_empty() {
            return Ok(false);
        }
        let entry = session_ended(Actor::App, &new.principal).with_detail("too many sessions");
        self.revoke_rows(&surplus, &entry).await?;
        Ok(surplus.len() == MAX_ENDED_AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CorpId, SuiteId, WecomUserId};

    #[test]
    fn sessions_are_counted_first_then_seldom_and_always_when_they_are_many() {
        let counts = SessionCounts::new();
        let member = Principal::new(
            SuiteId::new("dk1").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("zhangsan").unwrap(),
        );
        let logins = |number: usize| (0..number).filter(|_| counts.add(&member)).count();
        assert_eq!(logins(3), 3, "until they were counted");
        counts.set(&member, 4);
        assert_eq!(logins(LOGINS_BETWEEN_COUNTS), 0);
        assert_eq!(logins(1), 1);
        counts.set(&member, COUNTED_ALWAYS_FROM - 2);
        assert_eq!((logins(1), logins(1)), (0, 1));
        counts.set(&member, 100);
        assert_eq!(logins(3), 3);
    }

    #[test]
    fn one_login_at_a_time_ends_the_sessions_of_a_member() {
        let counts = Arc::new(SessionCounts::new());
        let member = |name: &str| {
            Principal::new(
                SuiteId::new("dk1").unwrap(),
                CorpId::new("ww1").unwrap(),
                WecomUserId::new(name).unwrap(),
            )
        };
        let mut first = counts.begin(&member("a")).unwrap();
        assert!(counts.begin(&member("b")).is_some());
        assert!(counts.begin(&member("a")).is_none());
        assert!(first.is_wanted_again() && !first.is_wanted_again());
        let second = counts.begin(&member("a")).unwrap();
        drop(first);
        assert!(counts.begin(&member("a")).is_none(), "the second goes on");
        drop(second);
        assert!(counts.begin(&member("a")).is_some());
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_new_session_ends_what_an_earlier_version_left() {
        use std::time::Duration;

        use tokio::sync::mpsc;

        use crate::clock::ManualClock;
        use crate::db::{Pool, Store};
        use crate::domain::{LoginType, Platform, Profile};
        use crate::session::fixture::insert_member;
        use crate::session::{NewSession, SessionConfig, TokenSeed};
        use crate::vault::{DataKey, KeyRing};

        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let clock = ManualClock::starting_now();
        let store = Store::open(database, Arc::new(clock.clone()), true)
            .await
            .unwrap();
        let member = Principal::new(
            SuiteId::new("dk1").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("zhangsan").unwrap(),
        );
        insert_member(&store, &member).await;
        let keys = KeyRing::new(vec![DataKey::new([7; 32])]).unwrap();
        let (sender, _background_tasks) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let config = SessionConfig::default();
        let sessions = Sessions::new(store.clone(), &keys, config, sender, runtime);
        let issue = || {
            sessions.issue(NewSession {
                principal: member.clone(),
                user_id: "1".into(),
                instance: "auths.QywxProxyDefault".into(),
                platform: Platform::App,
                login_type: LoginType::Qr,
                profile: Profile::default(),
                attributes: crate::session::StoredAttributes::default(),
                member_epoch: 0,
                authorization_epoch: 0,
                visible_at: crate::clock::Timestamp::default(),
                revocation_seq: 0,
                origin: crate::audit::LoginOrigin::HostApp,
                seed: TokenSeed::random(),
            })
        };
        for _ in 0..150 {
            clock.advance(Duration::from_millis(1));
            // As if none was ever counted.
            sessions.inner.counts.set(&member, 0);
            issue().await.unwrap();
        }
        assert_eq!(sessions.list_by_member(&member).await.unwrap().len(), 150);
        sessions.inner.counts.set(&member, COUNTED_ALWAYS_FROM);
        clock.advance(Duration::from_millis(1));
        let newest = issue().await.unwrap();
        while sessions.list_by_member(&member).await.unwrap().len() > MAX_SESSIONS_PER_MEMBER {
            tokio::task::yield_now().await;
        }
        let left = sessions.list_by_member(&member).await.unwrap();
        assert_eq!(left.len(), MAX_SESSIONS_PER_MEMBER);
        assert_eq!(left[0].id, newest.user.session_id());
    }
}
