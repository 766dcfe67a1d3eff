//! The storing of WeCom's answer to an AuthCode in the record of its event, retried until it succeeds: WeCom answers
//! once.

use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use zeroize::Zeroizing;

use crate::authorization::auth_code::{AuthCodeEvent, ExchangeResult};
use crate::authorization::authorizations::Authorizations;
use crate::db::Sealed;
use crate::db::entity::callback_record;
use crate::db::entity::callback_record::RecordKey;
use crate::domain::{CorpId, RecordStatus, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::vault::CALLBACK_PAYLOAD;

/// How long to wait before the next attempt to store a permanent code.
const PERSIST_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long a new record is left to the worker that created it.
const NEW_RECORD_DELAY: Duration = Duration::from_secs(5);

impl Authorizations {
    /// Stores the only copy of a permanent code, retrying until the database takes it. Afterwards `event` names the
    /// record that holds it.
    pub(super) async fn persist_until_stored(
        &self,
        event: &mut AuthCodeEvent,
        result: &ExchangeResult,
    ) -> Result<()> {
        let (suite_id, corp_id) = (event.suite_id.clone(), &result.corp_id);
        let text = serde_json::to_vec(result).map(Zeroizing::new);
        let text = text.map_err(|_| {
            Error::new(
                ErrorKind::Internal,
                "the exchange result cannot be serialized",
            )
        })?;
        let sealed = self
            .inner
            .keys
            .seal(CALLBACK_PAYLOAD.aad_context(&[&event.record.hash]), &text)?;
        let _unpersisted = UnpersistedGuard::new(self, suite_id.clone(), corp_id.clone());
        loop {
            match self.persist(event, corp_id, &sealed).await {
                Ok(record_id) => {
                    event.record.id = record_id;
                    return Ok(());
                }
                Err(error) => tracing::error!(
                    target: "wecom_login", %suite_id, %corp_id, ?error,
                    "a permanent code was fetched but cannot be stored; storing is retried until it succeeds"
                ),
            }
            tokio::time::sleep(PERSIST_RETRY_INTERVAL).await;
        }
    }

    /// Stores the answer in the record of its event, else in another record of the same event, else in a new one.
    /// Returns the id of that record.
    async fn persist(
        &self,
        event: &AuthCodeEvent,
        corp_id: &CorpId,
        sealed: &Sealed,
    ) -> Result<i64> {
        if self.persist_in(&event.record, corp_id, sealed).await? {
            return Ok(event.record.id);
        }
        let (suite_id, record_id) = (&event.suite_id, event.record.id);
        tracing::error!(
            target: "wecom_login", %suite_id, %corp_id, record_id,
            "the database lost the record whose AuthCode was just exchanged; the permanent code gets a new record"
        );
        // WeCom may have pushed the event again, or an insert of ours went through after all.
        let with_hash = callback_record::Column::Hash.eq(event.record.hash.clone());
        let other = callback_record::Entity::find()
            .filter(with_hash)
            .one(self.inner.store.critical())
            .await?;
        if let Some(other) = other
            && self
                .persist_in(&RecordKey::of(&other), corp_id, sealed)
                .await?
        {
            return Ok(other.id);
        }
        let now = self.inner.store.now();
        let row = callback_record::ActiveModel {
            suite_id: Set(suite_id.clone()),
            corp_id: Set(Some(corp_id.clone())),
            event: Set(event.name.clone()),
            status: Set(RecordStatus::Waiting),
            attempts: Set(1),
            duplicates: Set(0),
            hash: Set(event.record.hash.clone()),
            payload: Set(Some(sealed.clone())),
            received_at: Set(now),
            // This worker goes on with it first.
            due_at: Set(now + NEW_RECORD_DELAY),
            one_time_step_done: Set(true),
            unspent_attempts: Set(0),
            ambiguous_suite: Set(false),
            ..Default::default()
        };
        Ok(callback_record::Entity::insert(row)
            .exec(self.inner.store.critical())
            .await?
            .last_insert_id)
    }

    /// Stores the answer in a record, by one statement that waits for no other: until it is done, a crash loses the
    /// code. A record that was marked as failed meanwhile is due again.
    async fn persist_in(
        &self,
        record: &RecordKey,
        corp_id: &CorpId,
        sealed: &Sealed,
    ) -> Result<bool> {
        use callback_record::Column;
        let now = self.inner.store.now();
        let if_failed = |then: Expr, column: Column| -> Expr {
            Expr::case(Expr::col(Column::Status).eq(RecordStatus::Failed), then)
                .finally(Expr::col(column))
                .into()
        };
        let stored = callback_record::Entity::update_many()
            .col_expr(Column::OneTimeStepDone, Expr::value(true))
            .col_expr(Column::CorpId, Expr::value(corp_id.clone()))
            .col_expr(Column::Payload, Expr::value(sealed.clone()))
            // Before the status: MySQL evaluates assignments from left to right.
            .col_expr(Column::DueAt, if_failed(Expr::value(now), Column::DueAt))
            .col_expr(
                Column::Status,
                if_failed(Expr::value(RecordStatus::Waiting), Column::Status),
            )
            .filter(record.condition())
            .exec(self.inner.store.critical())
            .await?;
        Ok(stored.rows_affected > 0)
    }
}

/// Lists a corp among the unpersisted ones until dropped.
struct UnpersistedGuard<'a> {
    authorizations: &'a Authorizations,
    key: (SuiteId, CorpId),
}

impl<'a> UnpersistedGuard<'a> {
    fn new(authorizations: &'a Authorizations, suite_id: SuiteId, corp_id: CorpId) -> Self {
        let key = (suite_id, corp_id);
        authorizations.inner.unpersisted.lock().push(key.clone());
        Self {
            authorizations,
            key,
        }
    }
}

impl Drop for UnpersistedGuard<'_> {
    fn drop(&mut self) {
        let mut unpersisted = self.authorizations.inner.unpersisted.lock();
        if let Some(index) = unpersisted.iter().position(|key| *key == self.key) {
            unpersisted.swap_remove(index);
        }
    }
}
