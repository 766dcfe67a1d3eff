//! Authorizations in memory, so that a login and a callback find them without the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::authorization::authorization::{Authorization, not_authorized};
use crate::authorization::authorizations::Authorizations;
use crate::db::CorpColumns as _;
use crate::db::entity::authorization::{Column, Entity};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;
use crate::tokens::AppCredential;

/// How long an authorization is served from memory, in case another node changed it.
const AUTHORIZATION_CACHE_TTL: Duration = Duration::from_secs(30);
/// How long it is remembered that a configured corp has no authorization, in case another node stores one.
const ABSENCE_TTL: Duration = Duration::from_secs(2);

pub(super) struct AuthorizationCache {
    by_key: Cache<(SuiteId, CorpId), Arc<Authorization>>,
    /// The suites under which a corp's members can log in.
    active_suites: Cache<CorpId, Arc<[SuiteId]>>,
    /// Configured corps without an authorization, and the generation of that.
    absent: Cache<(SuiteId, CorpId), u64>,
    /// Counts invalidations: a value that was read before one is not kept.
    generation: AtomicU64,
}

impl AuthorizationCache {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            by_key: Cache::builder()
                .max_capacity(capacity)
                .time_to_live(AUTHORIZATION_CACHE_TTL)
                .build(),
            active_suites: Cache::builder()
                .max_capacity(capacity)
                .time_to_live(AUTHORIZATION_CACHE_TTL)
                .build(),
            absent: Cache::builder()
                .max_capacity(capacity)
                .time_to_live(ABSENCE_TTL)
                .build(),
            generation: AtomicU64::new(0),
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn invalidate(&self, suite_id: &SuiteId, corp_id: &CorpId) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.by_key.invalidate(&(suite_id.clone(), corp_id.clone()));
        self.active_suites.invalidate(corp_id);
    }

    fn invalidate_all(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.by_key.invalidate_all();
        self.active_suites.invalidate_all();
    }
}

impl Authorizations {
    /// The authorization, from memory if it is there.
    pub(crate) async fn find(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Option<Arc<Authorization>>> {
        let cache = &self.inner.cache;
        let key = (suite_id.clone(), corp_id.clone());
        if let Some(found) = cache.by_key.get(&key) {
            return Ok(Some(found));
        }
        let generation = cache.generation();
        let database = self.inner.store.database();
        let Some(read) = self.read_row(database, suite_id, corp_id).await? else {
            return Ok(None);
        };
        let read = Arc::new(read);
        // The row may be from before a change that was committed meanwhile.
        if cache.generation() == generation {
            cache.by_key.insert(key.clone(), Arc::clone(&read));
            if cache.generation() != generation {
                cache.by_key.invalidate(&key);
            }
        }
        Ok(Some(read))
    }

    /// The id and the authorization of a corp that the configuration names, for a route that anybody may call at any
    /// rate: its absence is served from memory too.
    pub(crate) async fn find_configured(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<(CorpId, Option<Arc<Authorization>>)> {
        let cache = &self.inner.cache;
        let (key, generation) = ((suite_id.clone(), corp_id.clone()), cache.generation());
        if cache.absent.get(&key) == Some(generation) {
            return Ok((self.inner.aliases.resolve(suite_id, corp_id), None));
        }
        let resolved = self.resolve(suite_id, corp_id).await?;
        let found = self.find(suite_id, &resolved).await?;
        if found.is_none() {
            cache.absent.insert(key, generation);
        }
        Ok((resolved, found))
    }

    /// The authorization, if the corp's members can log in: under another id than this if two authorizations became one
    /// since the id was resolved.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`.
    pub(crate) async fn require_active(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Arc<Authorization>> {
        let is_active = |found: &Arc<Authorization>| found.status == AuthorizationStatus::Active;
        let found = match self.find(suite_id, corp_id).await? {
            Some(active) if is_active(&active) => return Ok(active),
            Some(_) => {
                // It may have been approved or healed a moment ago: what is committed is applied here after it can be seen.
                self.inner.cache.invalidate(suite_id, corp_id);
                let database = self.inner.store.database();
                let stored = self.read_row(database, suite_id, corp_id).await?;
                stored.map(Arc::new)
            }
            None => {
                let resolved = self.resolve(suite_id, corp_id).await?;
                self.find(suite_id, &resolved).await?
            }
        };
        found.filter(is_active).ok_or_else(not_authorized)
    }

    /// The authorization as it is stored, if it is active and has another permanent code than this credential: after a
    /// reset of which this node has not read yet.
    pub(crate) async fn find_newer(
        &self,
        app: &AppCredential,
    ) -> Result<Option<Arc<Authorization>>> {
        let (suite_id, corp_id) = (&app.suite_id, &app.corp_id);
        self.inner.cache.invalidate(suite_id, corp_id);
        let found = self.find(suite_id, corp_id).await?;
        Ok(found.filter(|found| {
            found.status == AuthorizationStatus::Active && found.secret_version != app.version
        }))
    }

    /// Our suites under which this corp's members can log in, from memory if they are there.
    pub(crate) async fn active_suites_of(&self, corp_id: &CorpId) -> Result<Arc<[SuiteId]>> {
        let suite_ids = self.inner.suites.ids();
        let resolve = || -> Vec<CorpId> {
            let aliases = &self.inner.aliases;
            let resolve = |suite_id| aliases.resolve(suite_id, corp_id);
            suite_ids.iter().map(resolve).collect()
        };
        let resolved = resolve();
        let found = self.find_active_suites(&suite_ids, &resolved).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        // Another node may have learnt the id, and this one is about to.
        for suite_id in &suite_ids {
            self.read_aliases(suite_id, std::slice::from_ref(corp_id))
                .await?;
        }
        let read = resolve();
        if read == resolved {
            return Ok(found);
        }
        self.find_active_suites(&suite_ids, &read).await
    }

    /// Those of these suites under which a corp's members can log in, by the id that the corp has under each.
    async fn find_active_suites(
        &self,
        suite_ids: &[SuiteId],
        resolved: &[CorpId],
    ) -> Result<Arc<[SuiteId]>> {
        let cache = &self.inner.cache;
        // A change is announced under the id that is stored: what is kept is kept under that, if there is only one.
        let stored = resolved
            .first()
            .filter(|first| resolved.iter().all(|other| other == *first));
        if let Some(found) = stored.and_then(|stored| cache.active_suites.get(stored)) {
            return Ok(found);
        }
        let generation = cache.generation();
        let mut of_corp = Condition::any();
        for (suite_id, resolved) in suite_ids.iter().zip(resolved) {
            of_corp = of_corp.add(Entity::of_corp(suite_id, resolved));
        }
        let rows = Entity::find()
            .filter(of_corp)
            .filter(Column::Status.eq(AuthorizationStatus::Active))
            .order_by_asc(Column::SuiteId)
            .all(self.inner.store.database())
            .await?;
        let read: Arc<[SuiteId]> = rows.into_iter().map(|row| row.suite_id).collect();
        // Invented corp ids do not fill the memory, and a corp that is authorized now is found at once.
        if let Some(stored) = stored.filter(|_| !read.is_empty())
            && cache.generation() == generation
        {
            let value = Arc::clone(&read);
            cache.active_suites.insert(stored.clone(), value);
            if cache.generation() != generation {
                cache.active_suites.invalidate(stored);
            }
        }
        Ok(read)
    }

    /// Applies a change that was committed, here or on another node: the authorization is read again, and sessions of
    /// an older epoch are revoked.
    pub(crate) fn invalidate(&self, suite_id: &SuiteId, corp_id: &CorpId, epoch: i64) {
        self.inner.cache.invalidate(suite_id, corp_id);
        self.inner.aliases_changed.store(true, Ordering::Release);
        self.inner.aliases_due.notify_one();
        self.inner
            .sessions
            .apply_authorization_epoch(suite_id, corp_id, epoch);
    }

    /// Evicts every authorization.
    pub(crate) fn invalidate_all(&self) {
        self.inner.cache.invalidate_all();
        self.inner.aliases_changed.store(true, Ordering::Release);
        self.inner.aliases_due.notify_one();
    }
}
