//! The row of an authorization: read, created, updated, and every change announced to the other nodes.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, QuerySelect as _};
use sea_orm::{Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, UpdateMany};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::authorization::{ActiveModel, Column, Entity};
use crate::db::{CorpColumns as _, Transaction, retry_transaction};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;
use crate::hooks::Notification;
use crate::revocation::{Revocation, log};

/// When the next re-read of an authorization that has ended is due.
pub(super) const NEVER_DUE: Timestamp = Timestamp::from_millis(i64::MAX);

impl Authorizations {
    pub(super) async fn read_row(
        &self,
        database: &impl ConnectionTrait,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Option<Authorization>> {
        let row = Entity::find_by_id((suite_id.clone(), corp_id.clone()))
            .one(database)
            .await?;
        row.map(|row| Authorization::open(&self.inner.keys, row))
            .transpose()
    }

    /// Reads a row in a transaction that will change it, and locks it.
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
        row.map(|row| Authorization::open(&self.inner.keys, row))
            .transpose()
    }

    /// Creates the row that holds the epoch of a corp's sessions, for members whom WeCom did not authenticate. It lets
    /// nobody log in. Returns the id that the corp is stored under.
    pub(crate) async fn ensure_row(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<CorpId> {
        loop {
            let corp_id = self.resolve(suite_id, corp_id).await?;
            if self.find(suite_id, &corp_id).await?.is_some()
                || retry_transaction(|| self.insert_empty_row(suite_id, &corp_id)).await?
            {
                return Ok(corp_id);
            }
        }
    }

    /// Returns `false` if the corp got its first row meanwhile, perhaps under another id.
    async fn insert_empty_row(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
        let transaction = self.inner.store.begin().await?;
        if !self.store_under(&transaction, suite_id, corp_id).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        let row = new_row(suite_id, corp_id, self.inner.store.now());
        write_row(&transaction, row, false).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Updates one authorization and announces it to every node. Returns whether a row was updated.
    pub(super) async fn update(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        update: UpdateMany<Entity>,
    ) -> Result<bool> {
        retry_transaction(|| self.update_once(suite_id, corp_id, update.clone(), None, None)).await
    }

    /// Updates one authorization as [`update`](Self::update) does, and writes an entry of the audit.
    pub(super) async fn update_with_entry(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        update: UpdateMany<Entity>,
        entry: &NewAuditEntry,
    ) -> Result<bool> {
        let entry = Some(entry);
        retry_transaction(|| self.update_once(suite_id, corp_id, update.clone(), None, entry)).await
    }

    /// Updates one authorization as [`update`](Self::update) does, and stores a notification of it for the host app, and an
    /// entry of the audit.
    pub(super) async fn update_and_notify(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        update: UpdateMany<Entity>,
        notification: &Notification,
        entry: Option<&NewAuditEntry>,
    ) -> Result<bool> {
        let notification = Some(notification);
        retry_transaction(|| {
            self.update_once(suite_id, corp_id, update.clone(), notification, entry)
        })
        .await
    }

    async fn update_once(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        update: UpdateMany<Entity>,
        notification: Option<&Notification>,
        entry: Option<&NewAuditEntry>,
    ) -> Result<bool> {
        let transaction = self.inner.store.begin().await?;
        let of_row = update.filter(Entity::of_corp(suite_id, corp_id));
        if of_row.exec(&transaction).await?.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        if let Some(notification) = notification {
            let notifications = &self.inner.notifications;
            notifications.append(&transaction, notification).await?;
        }
        if let Some(entry) = entry {
            audit::append(&transaction, entry, self.inner.store.now()).await?;
        }
        self.commit(transaction, suite_id, corp_id).await?;
        Ok(true)
    }

    /// Commits a change of an authorization, announces it to every node, and applies it here.
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
        let revocation = Revocation::Authorization {
            suite_id: suite_id.clone(),
            corp_id: corp_id.clone(),
            epoch,
        };
        log::append(&transaction, &revocation, self.inner.store.now()).await?;
        transaction.commit().await?;
        self.invalidate(suite_id, corp_id, epoch);
        Ok(())
    }
}

/// A row without a permanent code: nobody logs in by it, and it is never re-read.
pub(super) fn new_row(suite_id: &SuiteId, corp_id: &CorpId, now: Timestamp) -> ActiveModel {
    ActiveModel {
        suite_id: Set(suite_id.clone()),
        corp_id: Set(corp_id.clone()),
        corp_name: Set(String::new()),
        agent_id: Set(None),
        permanent_code: Set(None),
        status: Set(AuthorizationStatus::Cancelled),
        broken_by: Set(None),
        broken_at: Set(None),
        epoch: Set(0),
        secret_version: Set(0),
        event_time: Set(i64::MIN),
        changed_at: Set(now),
        read_at: Set(None),
        read_due_at: Set(NEVER_DUE),
        code_event_time: Set(None),
        end_confirmed_at: Set(None),
        end_contradicted_at: Set(None),
        end_held_at: Set(None),
        // It is counted after the corp is back, too.
        unannounced_end_at: NotSet,
        visibility_due_at: NotSet,
        created_at: Set(now),
        accepted_version: Set(None),
        rejected_version: Set(None),
        switched_off_at: Set(None),
        read_failures: Set(None),
        ids_moved_at: NotSet,
        state: Set(None),
        installed_by: Set(None),
    }
}

/// Writes a whole row: updates it if it exists, else inserts it.
pub(super) async fn write_row(
    transaction: &Transaction,
    row: ActiveModel,
    exists: bool,
) -> Result<()> {
    if exists {
        Entity::update(row)
            .validate()?
            .exec_without_returning(transaction)
            .await?;
    } else {
        Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The row, as long as it is as it was when it was read: an answer about the past undoes no later event, and does not
/// postpone the re-read that a `change_auth` has asked for meanwhile.
pub(super) fn is_unchanged(known: &Authorization) -> Condition {
    Entity::of_corp(&known.suite_id, &known.corp_id)
        .add(Column::SecretVersion.eq(known.secret_version))
        .add(Column::Epoch.eq(known.epoch))
        .add(Column::Status.eq(known.status))
        .add(Column::ChangedAt.eq(known.changed_at))
}

/// The entry of the audit about the end of every session of a corp's people.
pub(super) fn sessions_ended(actor: Actor, suite_id: &SuiteId, corp_id: &CorpId) -> NewAuditEntry {
    NewAuditEntry::new(actor, AuditAction::CorpSessionsEnded).of_corp(suite_id, corp_id)
}

/// One more than the stored epoch.
pub(super) fn next_epoch() -> Expr {
    Expr::col(Column::Epoch).add(1)
}
