//! All authorisations: found in memory where a login needs one, read and changed in the database.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, UpdateMany,
};
use serde::Serialize;
use tokio::sync::Notify;

use crate::authorization::authorization::{Authorization, not_authorized};
use crate::db::entity::authorization::{Column, Entity, Model};
use crate::db::entity::organization_code;
use crate::db::{CorpColumns as _, Store, Transaction, retry_transaction};
use crate::domain::AuthorizationStatus;
use crate::domain::Suites;
use crate::domain::{AgentId, CorpId, SuiteId};
use crate::error::Result;
use crate::hooks::{CorpDecision, DynHooks};
use crate::revocation::{Revocation, log};
use crate::session::Sessions;
use crate::tokens::Tokens;
use crate::vault::KeyRing;
use crate::wecom::Api;

/// An authorisation in memory is read again after this long, in case another node changed it.
const CACHE_TTL: Duration = Duration::from_secs(30);

/// One company in the list of companies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CorpSummary {
    /// The suite that it authorised.
    pub suite_id: SuiteId,
    /// The company.
    pub corp_id: CorpId,
    /// Its name.
    pub corp_name: String,
    /// Its app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// How the authorisation stands.
    pub status: AuthorizationStatus,
    /// Its organisation code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_code: Option<String>,
    /// The errcode that broke it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<i64>,
}

/// What authorisations are made of.
pub(crate) struct Deps {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) api: Api,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) suites: Suites,
    pub(crate) hooks: Arc<dyn DynHooks>,
    pub(crate) due: Arc<Notify>,
    /// How many stay in memory.
    pub(crate) capacity: u64,
}

#[derive(Clone)]
pub(crate) struct Authorizations(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    pub(super) api: Api,
    pub(super) tokens: Tokens,
    pub(super) sessions: Sessions,
    pub(super) suites: Suites,
    pub(super) hooks: Arc<dyn DynHooks>,
    /// Wakes the one who re-reads authorisations.
    pub(super) due: Arc<Notify>,
    /// Companies whose permanent code is fetched and not stored yet.
    pub(super) unpersisted: Mutex<Vec<(SuiteId, CorpId)>>,
    cached: moka::sync::Cache<(SuiteId, CorpId), Arc<Authorization>>,
    /// The suites under which a company's people can log in.
    active_suites: moka::sync::Cache<CorpId, Arc<[SuiteId]>>,
    changes: AtomicU64,
}

impl Authorizations {
    pub(crate) fn new(deps: Deps) -> Self {
        let active_suites = moka::sync::Cache::builder()
            .max_capacity(deps.capacity)
            .time_to_live(CACHE_TTL)
            .build();
        let cached = moka::sync::Cache::builder()
            .max_capacity(deps.capacity)
            .time_to_live(CACHE_TTL)
            .build();
        Self(Arc::new(Inner {
            store: deps.store,
            keys: deps.keys,
            api: deps.api,
            tokens: deps.tokens,
            sessions: deps.sessions,
            suites: deps.suites,
            hooks: deps.hooks,
            due: deps.due,
            unpersisted: Mutex::default(),
            cached,
            active_suites,
            changes: AtomicU64::new(0),
        }))
    }

    /// The authorisation, from memory if it is there.
    pub(crate) async fn find(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Option<Arc<Authorization>>> {
        let key = (suite_id.clone(), corp_id.clone());
        if let Some(found) = self.0.cached.get(&key) {
            return Ok(Some(found));
        }
        let before = self.0.changes.load(Ordering::SeqCst);
        let Some(read) = self
            .read_row(self.0.store.database(), suite_id, corp_id)
            .await?
        else {
            return Ok(None);
        };
        let read = Arc::new(read);
        self.0.cached.insert(key.clone(), Arc::clone(&read));
        if self.0.changes.load(Ordering::SeqCst) != before {
            // Something changed while we read: what we kept may be from before it.
            self.0.cached.invalidate(&key);
        }
        Ok(Some(read))
    }

    /// The authorisation, if its people can log in.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`.
    pub(crate) async fn require_active(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Arc<Authorization>> {
        let found = self.find(suite_id, corp_id).await?;
        found
            .filter(|found| found.status == AuthorizationStatus::Active)
            .ok_or_else(not_authorized)
    }

    /// Our suites under which this company's people can log in, from memory if they are there.
    pub(crate) async fn active_suites_of(&self, corp_id: &CorpId) -> Result<Arc<[SuiteId]>> {
        if let Some(found) = self.0.active_suites.get(corp_id) {
            return Ok(found);
        }
        let before = self.0.changes.load(Ordering::SeqCst);
        let rows = Entity::find()
            .filter(Column::CorpId.eq(corp_id.clone()))
            .filter(Column::SuiteId.is_in(self.0.suites.ids()))
            .filter(Column::Status.eq(AuthorizationStatus::Active))
            .order_by_asc(Column::SuiteId)
            .all(self.0.store.database())
            .await?;
        let read: Arc<[SuiteId]> = rows.into_iter().map(|row| row.suite_id).collect();
        // What somebody made up stays out of memory, and a company that comes in is seen at once.
        if !read.is_empty() {
            self.0
                .active_suites
                .insert(corp_id.clone(), Arc::clone(&read));
            if self.0.changes.load(Ordering::SeqCst) != before {
                self.0.active_suites.invalidate(corp_id);
            }
        }
        Ok(read)
    }

    /// Every company of our suites.
    pub(crate) async fn summaries(&self) -> Result<Vec<CorpSummary>> {
        let database = self.0.store.database();
        let suites = self.0.suites.ids();
        let rows = Entity::find()
            .filter(Column::SuiteId.is_in(suites.clone()))
            // Rows that only hold an epoch are no companies.
            .filter(Column::SecretVersion.gt(0))
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .all(database)
            .await?;
        let mut codes: std::collections::HashMap<_, _> = organization_code::Entity::find()
            .filter(organization_code::Column::SuiteId.is_in(suites))
            .all(database)
            .await?
            .into_iter()
            .map(|code| ((code.suite_id, code.corp_id), code.spelling))
            .collect();
        let summary = |row: Model| CorpSummary {
            org_code: codes.remove(&(row.suite_id.clone(), row.corp_id.clone())),
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            corp_name: row.corp_name,
            agent_id: row.agent_id,
            status: row.status,
            broken_by: row.broken_by,
        };
        Ok(rows.into_iter().map(summary).collect())
    }

    /// Lets a held company in, holds it back or refuses it. Holding and refusing end its people's sessions.
    pub(crate) async fn set_decision(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        decision: CorpDecision,
    ) -> Result<()> {
        use AuthorizationStatus::{Active, Broken, Held, Refused};
        let status = match decision {
            CorpDecision::Approve => Active,
            CorpDecision::Defer => Held,
            CorpDecision::Deny => Refused,
        };
        let mut update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status))
            .filter(Column::Status.is_in(if status == Active {
                vec![Held, Refused]
            } else {
                vec![Active, Broken, Held, Refused]
            }));
        if status != Active {
            update = update.col_expr(Column::Epoch, next_epoch());
        }
        let is_so = self.update(suite_id, corp_id, update).await?
            || self
                .find(suite_id, corp_id)
                .await?
                .is_some_and(|row| row.status == status);
        if is_so { Ok(()) } else { Err(not_authorized()) }
    }

    /// The same within a transaction that will change the row: nobody else changes it before.
    pub(super) async fn lock_row(
        &self,
        transaction: &Transaction,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Option<Authorization>> {
        let row = Entity::find_by_id((suite_id.clone(), corp_id.clone()))
            .lock_exclusive()
            .one(transaction)
            .await?;
        row.map(|row| Authorization::open(&self.0.keys, row))
            .transpose()
    }

    pub(super) async fn read_row(
        &self,
        database: &impl ConnectionTrait,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Option<Authorization>> {
        let row = Entity::find_by_id((suite_id.clone(), corp_id.clone()))
            .one(database)
            .await?;
        row.map(|row| Authorization::open(&self.0.keys, row))
            .transpose()
    }

    /// Updates one authorisation and tells every node. Says whether there was one to update.
    pub(super) async fn update(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        update: UpdateMany<Entity>,
    ) -> Result<bool> {
        retry_transaction(|| self.update_once(suite_id, corp_id, update.clone())).await
    }

    async fn update_once(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        update: UpdateMany<Entity>,
    ) -> Result<bool> {
        let transaction = self.0.store.begin().await?;
        let of_row = update.filter(Entity::of_corp(suite_id, corp_id));
        if of_row.exec(&transaction).await?.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        self.commit(transaction, suite_id, corp_id).await?;
        Ok(true)
    }

    /// Commits a change of an authorisation, tells every node of it, and follows it here.
    pub(super) async fn commit(
        &self,
        transaction: Transaction,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<()> {
        let row = Entity::find_by_id((suite_id.clone(), corp_id.clone()))
            .one(&transaction)
            .await?;
        let epoch = row.map_or(0, |row| row.epoch);
        let end = Revocation::Authorization {
            suite_id: suite_id.clone(),
            corp_id: corp_id.clone(),
            epoch,
        };
        log::append(&transaction, &end, self.0.store.now()).await?;
        transaction.commit().await?;
        self.invalidate(suite_id, corp_id, epoch);
        Ok(())
    }

    /// A change was committed, here or on another node: memory follows, and sessions of an older epoch are over.
    pub(crate) fn invalidate(&self, suite_id: &SuiteId, corp_id: &CorpId, epoch: i64) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        self.0
            .cached
            .invalidate(&(suite_id.clone(), corp_id.clone()));
        self.0.active_suites.invalidate(corp_id);
        self.0
            .sessions
            .apply_authorization_epoch(suite_id, corp_id, epoch);
    }

    /// Every authorisation has a new epoch: no session and no login that was begun goes on.
    pub(crate) fn apply_revoke_all(&self) {
        // Before the sessions: a login that begins after this reads the new epochs.
        self.invalidate_all();
        self.0.sessions.apply_revoke_all();
    }

    /// Companies whose permanent code this node has in hand and could not store: it is lost if the process ends now.
    pub(crate) fn unpersisted(&self) -> Vec<(SuiteId, CorpId)> {
        self.0
            .unpersisted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Nothing in memory can be relied on any more.
    pub(crate) fn invalidate_all(&self) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        self.0.cached.invalidate_all();
        self.0.active_suites.invalidate_all();
    }
}

impl fmt::Debug for Authorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizations")
    }
}

/// One more than the stored epoch.
pub(super) fn next_epoch() -> Expr {
    use sea_orm::sea_query::ExprTrait as _;
    Expr::col(Column::Epoch).add(1)
}
