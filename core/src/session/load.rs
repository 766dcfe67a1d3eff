//! Sessions that are not in memory: read from the database, once however many ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::time::Duration;

use crate::domain::TokenHash;
use crate::domain::{Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::epoch::{Epoch, EpochKey};
use crate::session::current_user::Live;
use crate::session::rows::{self, Row};
use crate::session::{CurrentUser, Sessions};

/// A token that we did mint but that is of no session is remembered this long, so that a flood of it costs one look-up.
pub(super) const ABSENT_FOR: Duration = Duration::from_secs(2);
/// A look-up that takes longer is answered 503.
const LOAD_TIMEOUT: Duration = Duration::from_secs(2);

impl Sessions {
    /// Reads a session from the database, once however many ask, and keeps it in memory.
    pub(crate) async fn load(&self, hash: TokenHash) -> Result<CurrentUser> {
        let sessions = self.clone();
        // On our own runtime: a caller that goes away must not leave the others waiting.
        let load = self.0.runtime.spawn(async move {
            let read = async {
                let key = (hash, sessions.0.epochs.flush_seq());
                let read = sessions
                    .0
                    .loads
                    .try_get_with(key, sessions.read(hash))
                    .await?;
                if !read
                    .as_ref()
                    .is_some_and(|user| sessions.is_idle(user, sessions.0.store.now()))
                {
                    return Ok(read);
                }
                // Read a moment ago, and idle since: another node may have written its use down meanwhile.
                sessions.0.loads.invalidate(&key).await;
                sessions
                    .0
                    .loads
                    .try_get_with(key, sessions.read(hash))
                    .await
            };
            match tokio::time::timeout(LOAD_TIMEOUT, read).await {
                Ok(read) => read.map_err(|error: Arc<Error>| Error::clone(&error)),
                Err(_) => Err(Error::new(
                    ErrorKind::StoreUnavailable,
                    "the session could not be read in time",
                )),
            }
        });
        let read = load
            .await
            .map_err(|_| Error::new(ErrorKind::StoreUnavailable, "the service is shutting down"))?;
        let read = read.map_err(|error| match error.retry_after() {
            None if error.kind() == ErrorKind::StoreUnavailable => {
                error.with_retry_after(Duration::from_secs(1))
            }
            _ => error,
        })?;
        let now = self.0.store.now();
        match read {
            Some(user)
                if user.0.lives(now)
                    && !self.is_idle(&user, now)
                    && !self.0.ended.contains_key(&hash) =>
            {
                self.used(&user, now);
                Ok(user)
            }
            _ => Err(Self::token_invalid()),
        }
    }

    async fn read(&self, hash: TokenHash) -> Result<Option<CurrentUser>> {
        let now = self.0.store.now();
        let newest_end = self.newest_end();
        let row = rows::by_token_hash(self.0.store.database(), &hash).await?;
        let row = row.map(|mut row| {
            // What is in memory may be newer than what is written.
            if let Some(user) = self.0.memory.get(&hash) {
                row.last_seen_at = row.last_seen_at.max(user.last_seen_at());
            }
            row
        });
        let Some(row) = row.filter(|row| row.lives(now, self.0.settings.idle_timeout)) else {
            self.0.memory.remove(&hash);
            return Ok(None);
        };
        let user = CurrentUser(Arc::new(self.live(row, hash)?));
        self.keep(&user, newest_end);
        Ok(Some(user))
    }

    fn live(&self, row: Row, token_hash: TokenHash) -> Result<Live> {
        let principal =
            self.principal(Principal::new(row.suite_id, row.corp_id, row.third_user_id));
        Ok(Live {
            id: row.id.into(),
            token_hash,
            person: self.member_epoch(
                &principal,
                row.authorization_epoch,
                row.member_epoch,
                row.stored_person_epoch,
            ),
            authorization: self.authorization_epoch(
                &principal,
                row.authorization_epoch,
                row.stored_authorization_epoch,
            ),
            principal,
            user_id: row.user_id.into(),
            instance: self.0.instances.one(row.instance.into()),
            platform: row.platform.parse()?,
            login_type: row.login_type.parse()?,
            profile: Profile {
                name: row.name,
                avatar: row.avatar,
                email: row.email,
                mobile: row.mobile,
            },
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(row.last_seen_at.as_millis()),
            visible_at: AtomicI64::new(row.visible_at.unwrap_or_default().as_millis()),
        })
    }

    /// With the ids that others have too.
    pub(super) fn principal(&self, who: Principal) -> Arc<Principal> {
        let (suite_id, corp_id) = (
            self.0.suite_ids.one(who.suite_id),
            self.0.corp_ids.one(who.corp_id),
        );
        Arc::new(Principal {
            suite_id,
            corp_id,
            third_user_id: who.third_user_id,
        })
    }

    pub(super) fn member_epoch(
        &self,
        who: &Arc<Principal>,
        authorization_epoch: i64,
        made_with: i64,
        stored: i64,
    ) -> Epoch {
        self.0.epochs.track(
            EpochKey::Member(Arc::clone(who), authorization_epoch),
            made_with,
            stored,
        )
    }

    pub(super) fn authorization_epoch(
        &self,
        who: &Principal,
        made_with: i64,
        stored: i64,
    ) -> Epoch {
        let whose = EpochKey::Authorization(Arc::new((who.suite_id.clone(), who.corp_id.clone())));
        self.0.epochs.track(whose, made_with, stored)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use crate::clock::ManualClock;
    use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};

    #[tokio::test]
    async fn what_was_begun_before_everything_was_forgotten_is_not_kept() {
        use crate::db::Store;
        use crate::domain::{LoginType, Platform, Profile};
        use crate::session::{Admission, SessionConfig, Sessions};
        use crate::vault::{DataKey, KeyRing};

        let database = Store::connect("sqlite::memory:").await.unwrap();
        let keys = KeyRing::new(vec![DataKey::new([7; 32])]).unwrap();
        let store = Store::open(database, Arc::new(ManualClock::starting_now()), true)
            .await
            .unwrap();
        let (chores, _done) = tokio::sync::mpsc::unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let sessions = Sessions::new(store, &keys, SessionConfig::default(), chores, runtime);
        let admission = |newest_end| Admission {
            principal: Principal::new(
                SuiteId::new("dkS").unwrap(),
                CorpId::new("ww1").unwrap(),
                WecomUserId::new("a").unwrap(),
            ),
            user_id: "1".to_owned(),
            instance: String::new(),
            platform: Platform::App,
            login_type: LoginType::Qr,
            profile: Profile::default(),
            member_epoch: 0,
            authorization_epoch: 0,
            visible_at: crate::Timestamp::default(),
            newest_end,
        };
        let began = sessions.newest_end();
        let kept = sessions.issue(admission(began)).await.unwrap().user;
        assert!(sessions.cached(&kept.0.token_hash).is_some());
        sessions.forget_all();
        let begun_before = sessions.issue(admission(began)).await.unwrap().user;
        assert!(sessions.cached(&begun_before.0.token_hash).is_none());
        let begun_after = sessions
            .issue(admission(sessions.newest_end()))
            .await
            .unwrap()
            .user;
        assert!(sessions.cached(&begun_after.0.token_hash).is_some());
    }
}
