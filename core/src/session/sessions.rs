//! The sessions of this service: issued, found, listed, ended.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CorpId, SuiteId};
use crate::random;
use crate::session::current_user::Live;
use crate::session::epoch::{Epoch, EpochOf, Epochs};
use crate::session::memory::Memory;
use crate::session::recent::Recent;
use crate::session::rows::{self, Row};
use crate::session::token::{self, Mint, TokenHash};
use crate::session::{CurrentUser, LoginType, Platform, Principal, Profile, SessionSettings, SessionToken};
use crate::store::ends::{self, End};
use crate::store::{Store, retried};

/// A token that we did mint but that is of no session is remembered this long, so that a flood of it costs one look-up.
const ABSENT_FOR: Duration = Duration::from_secs(2);
/// An end is remembered longer than any load that began before it can take.
const ENDED_FOR: Duration = Duration::from_mins(5);
/// A look-up that takes longer is answered 503.
const LOAD_TIMEOUT: Duration = Duration::from_secs(2);

/// What a request leaves to be done later, off its own path.
#[derive(Debug)]
pub(crate) enum Chore {
    /// The session was used; its activity is to be written.
    Seen(CurrentUser),
    /// A day has passed since WeCom was asked whether the person may see the app.
    CheckVisibility(Principal),
}

/// Who gets a new session, and how.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) principal: Principal,
    pub(crate) local_id: String,
    pub(crate) instance: String,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) profile: Profile,
    pub(crate) person_epoch: i64,
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

#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    store: Store,
    settings: SessionSettings,
    mint: Mint,
    epochs: Epochs,
    memory: Memory,
    /// By when everything was forgotten last, too: nobody is given what was begun to be read before.
    loads: moka::future::Cache<(TokenHash, u64), Option<CurrentUser>>,
    ended: moka::sync::Cache<TokenHash, ()>,
    recent: Recent,
    chores: mpsc::UnboundedSender<Chore>,
    /// The feed of ends was read lately.
    trusted: AtomicBool,
    runtime: Handle,
}

impl Sessions {
    /// People in use are asked for again after this long.
    pub(crate) const VISIBILITY_INTERVAL: Duration = Duration::from_hours(24);

    pub(crate) fn new(
        store: Store,
        settings: SessionSettings,
        chores: mpsc::UnboundedSender<Chore>,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            mint: Mint::new(store.keys()),
            epochs: Epochs::new(),
            memory: Memory::new(&settings),
            loads: moka::future::Cache::builder().max_capacity(10_000).time_to_live(ABSENT_FOR).build(),
            ended: moka::sync::Cache::builder().time_to_live(ENDED_FOR).build(),
            recent: Recent::new(),
            trusted: AtomicBool::new(true),
            store,
            settings,
            chores,
            runtime,
        }))
    }

    pub(crate) fn settings(&self) -> &SessionSettings {
        &self.0.settings
    }

    pub(crate) fn token_invalid() -> Error {
        Error::new(ErrorKind::TokenInvalid, "the session is unknown, ended or expired")
    }

    pub(crate) fn minted(&self, token: &[u8]) -> bool {
        self.0.mint.minted(token)
    }

    /// A live session from memory. One that looks idle here may be in use on another node, so it counts as absent.
    pub(crate) fn cached(&self, hash: &TokenHash) -> Option<CurrentUser> {
        let user = self.0.memory.get(hash)?;
        let now = self.0.store.now();
        if !user.0.lives(now) {
            self.0.memory.remove(hash);
            return None;
        }
        if self.is_idle(&user, now) {
            return None;
        }
        // Without news of the database for too long, an end elsewhere may be unheard.
        if !self.0.trusted.load(Ordering::Acquire) {
            return None;
        }
        self.used(&user, now);
        Some(user)
    }

    /// Reads a session from the database, once however many ask, and keeps it in memory.
    pub(crate) async fn load(&self, hash: TokenHash) -> Result<CurrentUser> {
        let sessions = self.clone();
        // On our own runtime: a caller that goes away must not leave the others waiting.
        let load = self.0.runtime.spawn(async move {
            let read = async {
                let key = (hash, sessions.0.epochs.forgotten_at());
                let read = sessions.0.loads.try_get_with(key, sessions.read(hash)).await?;
                if !read.as_ref().is_some_and(|user| sessions.is_idle(user, sessions.0.store.now())) {
                    return Ok(read);
                }
                // Read a moment ago, and idle since: another node may have written its use down meanwhile.
                sessions.0.loads.invalidate(&key).await;
                sessions.0.loads.try_get_with(key, sessions.read(hash)).await
            };
            match tokio::time::timeout(LOAD_TIMEOUT, read).await {
                Ok(read) => read.map_err(|error: Arc<Error>| Error::clone(&error)),
                Err(_) => {
                    Err(Error::new(ErrorKind::StoreUnavailable, "the session could not be read in time"))
                }
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
                if user.0.lives(now) && !self.is_idle(&user, now) && !self.0.ended.contains_key(&hash) =>
            {
                self.used(&user, now);
                Ok(user)
            }
            _ => Err(Self::token_invalid()),
        }
    }

    /// Makes a session. It is dead at once if an epoch moved on since the login began.
    pub(crate) async fn issue(&self, admission: Admission) -> Result<IssuedSession> {
        let token = self.0.mint.mint();
        let now = self.0.store.now();
        let epochs = (admission.person_epoch, admission.authorization_epoch);
        let principal = Arc::new(admission.principal);
        let live = Live {
            id: random::hex::<16>().into(),
            token_hash: token::hash(token.expose().as_bytes()),
            person: self.person_epoch(&principal, epochs.1, epochs.0, epochs.0),
            authorization: self.authorization_epoch(&principal, epochs.1, epochs.1),
            principal,
            local_id: admission.local_id.into(),
            instance: admission.instance.into(),
            platform: admission.platform,
            login_type: admission.login_type,
            profile: admission.profile,
            created_at: now,
            expires_at: now + self.0.settings.absolute,
            ended: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(now.as_millis()),
            visible_at: AtomicI64::new(admission.visible_at.as_millis()),
        };
        rows::insert(self.0.store.database(), &live, epochs).await?;
        let user = CurrentUser(Arc::new(live));
        self.keep(&user, admission.newest_end);
        Ok(IssuedSession { token, user })
    }

    /// The live sessions of a person, newest first.
    pub(crate) async fn of_person(&self, who: &Principal) -> Result<Vec<Row>> {
        let now = self.0.store.now();
        let mut rows = rows::of_person(self.0.store.database(), who).await?;
        for row in &mut rows {
            // What is in memory may be newer: activity is written a moment after it was seen.
            let hash = TokenHash::try_from(row.token_hash.as_slice()).ok();
            if let Some(user) = hash.and_then(|hash| self.0.memory.get(&hash)) {
                row.last_seen_at = row.last_seen_at.max(user.0.last_seen_at());
            }
        }
        rows.retain(|row| row.lives(now, self.0.settings.idle));
        Ok(rows)
    }

    /// Ends one session.
    pub(crate) async fn end(&self, user: &CurrentUser) -> Result<()> {
        retried(|| self.delete(user.session_id(), &user.0.token_hash)).await?;
        user.0.ended.store(true, Ordering::Release);
        self.forget(user.0.token_hash).await;
        Ok(())
    }

    /// Ends one session of this person by its id.
    pub(crate) async fn end_by_id(&self, who: &Principal, id: &str) -> Result<()> {
        let found = self.of_person(who).await?.into_iter().find(|row| row.id == id);
        let row =
            found.ok_or_else(|| Error::new(ErrorKind::SessionNotFound, "no such session of this person"))?;
        retried(|| self.delete(id, &row.token_hash)).await?;
        if let Ok(hash) = TokenHash::try_from(row.token_hash.as_slice()) {
            self.forget(hash).await;
        }
        Ok(())
    }

    /// A person's stored epoch has moved on: their sessions are over on this node.
    pub(crate) fn person_ended(&self, who: &Principal, authorization_epoch: i64, epoch: i64) {
        self.epoch_moved(EpochOf::Person(Arc::new(who.clone()), authorization_epoch), epoch);
    }

    /// The number of the newest end, for a login that begins.
    pub(crate) fn newest_end(&self) -> u64 {
        self.0.epochs.newest_end()
    }

    /// Whether this person's sessions were ended on this node since.
    pub(crate) fn person_ended_since(&self, who: &Principal, authorization_epoch: i64, number: u64) -> bool {
        self.0.epochs.ended_since(&EpochOf::Person(Arc::new(who.clone()), authorization_epoch), number)
    }

    /// An authorisation's stored epoch has moved on: its people's sessions are over on this node.
    pub(crate) fn authorization_ended(&self, suite_id: &SuiteId, corp_id: &CorpId, epoch: i64) {
        self.epoch_moved(EpochOf::Authorization(suite_id.clone(), corp_id.clone()), epoch);
    }

    /// Another node ended this session.
    pub(crate) async fn session_ended(&self, token_hash: &[u8]) {
        if let Ok(hash) = TokenHash::try_from(token_hash) {
            self.forget(hash).await;
        }
    }

    /// Nothing in memory can be relied on any more: every session is read again before it is believed.
    pub(crate) fn forget_all(&self) {
        self.0.epochs.forget_all();
        self.0.memory.clear();
        self.0.loads.invalidate_all();
    }

    /// Every session of the service is over.
    pub(crate) fn all_ended(&self) {
        self.0.recent.all();
        self.forget_all();
    }

    /// What ended lately.
    pub(crate) fn recent(&self) -> &Recent {
        &self.0.recent
    }

    /// Forgets the sessions that nobody asked for lately.
    pub(crate) fn forget_unused(&self) {
        self.0.memory.forget_unused(self.0.store.now());
    }

    /// Whether what is in memory may be believed, since the ends of other nodes are heard of.
    pub(crate) fn trust(&self, trusted: bool) {
        self.0.trusted.store(trusted, Ordering::Release);
    }

    async fn delete(&self, id: &str, token_hash: &[u8]) -> Result<()> {
        let transaction = self.0.store.begin().await?;
        rows::delete(&transaction, id).await?;
        let end = End::Session { token_hash: token_hash.to_vec() };
        ends::publish(&transaction, &end, self.0.store.now()).await?;
        transaction.commit().await?;
        Ok(())
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
        let Some(row) = row.filter(|row| row.lives(now, self.0.settings.idle)) else {
            self.0.memory.remove(&hash);
            return Ok(None);
        };
        let user = CurrentUser(Arc::new(self.live(row, hash)?));
        self.keep(&user, newest_end);
        Ok(Some(user))
    }

    fn epoch_moved(&self, whose: EpochOf, epoch: i64) {
        self.0.recent.epoch(&whose, epoch);
        self.0.epochs.begin(whose, epoch);
    }

    fn is_idle(&self, user: &CurrentUser, now: Timestamp) -> bool {
        now.since(user.0.last_seen_at()) >= self.0.settings.idle
    }

    /// Keeps a session in memory. An end marks first and forgets then; we keep first and look then: one of the two sees
    /// the other. What was forgotten after the end of this number, from before which the session may be, stays so.
    fn keep(&self, user: &CurrentUser, newest_end: u64) {
        let hash = user.0.token_hash;
        self.0.memory.insert(user);
        if self.0.epochs.forgotten_at() > newest_end {
            self.0.memory.remove(&hash);
        }
        if self.0.ended.contains_key(&hash) {
            user.0.ended.store(true, Ordering::Release);
            self.0.memory.remove(&hash);
        }
    }

    fn live(&self, row: Row, token_hash: TokenHash) -> Result<Live> {
        let principal = Arc::new(Principal::new(row.suite_id, row.corp_id, row.user_id));
        Ok(Live {
            id: row.id.into(),
            token_hash,
            person: self.person_epoch(
                &principal,
                row.authorization_epoch,
                row.person_epoch,
                row.stored_person_epoch,
            ),
            authorization: self.authorization_epoch(
                &principal,
                row.authorization_epoch,
                row.stored_authorization_epoch,
            ),
            principal,
            local_id: row.local_id.into(),
            instance: row.instance.into(),
            platform: row.platform.parse()?,
            login_type: row.login_type.parse()?,
            profile: Profile { name: row.name, avatar: row.avatar, email: row.email, mobile: row.mobile },
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(row.last_seen_at.as_millis()),
            visible_at: AtomicI64::new(row.visible_at.unwrap_or_default().as_millis()),
        })
    }

    fn person_epoch(
        &self,
        who: &Arc<Principal>,
        authorization_epoch: i64,
        made_with: i64,
        stored: i64,
    ) -> Epoch {
        self.0.epochs.of(EpochOf::Person(Arc::clone(who), authorization_epoch), made_with, stored)
    }

    fn authorization_epoch(&self, who: &Principal, made_with: i64, stored: i64) -> Epoch {
        let whose = EpochOf::Authorization(who.suite_id.clone(), who.corp_id.clone());
        self.0.epochs.of(whose, made_with, stored)
    }

    /// Leaves what a use entails to the chores: nothing is written on the request's path.
    fn used(&self, user: &CurrentUser, now: Timestamp) {
        // The receiver is gone only while the handle shuts down; then there is nobody left to do it.
        if Live::renew(&user.0.last_seen_at, now, self.0.settings.write_interval()) {
            let _ = self.0.chores.send(Chore::Seen(user.clone()));
        }
        if Live::renew(&user.0.visible_at, now, Self::VISIBILITY_INTERVAL) {
            let _ = self.0.chores.send(Chore::CheckVisibility(user.principal().clone()));
        }
    }

    async fn forget(&self, hash: TokenHash) {
        self.0.ended.insert(hash, ());
        self.0.recent.session(hash);
        if let Some(user) = self.0.memory.remove(&hash) {
            user.0.ended.store(true, Ordering::Release);
        }
        self.0.loads.invalidate(&(hash, self.0.epochs.forgotten_at())).await;
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
