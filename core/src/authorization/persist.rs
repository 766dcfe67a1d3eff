//! WeCom answers an AuthCode once: the answer is kept in the record of its event, and tried until it is.

use std::sync::PoisonError;
use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use zeroize::Zeroizing;

use crate::authorization::authorizations::Authorizations;
use crate::authorization::exchange::{AuthCodeEvent, ExchangeResult};
use crate::db::Sealed;
use crate::db::entity::callback_record;
use crate::db::entity::callback_record::RecordKey;
use crate::domain::RecordStatus;
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::vault::CALLBACK_PAYLOAD;

/// How long to wait before the next attempt to store a permanent code.
const PERSIST_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// A record that was made anew is left for so long to the one who made it.
const NEW_RECORD_DELAY: Duration = Duration::from_secs(5);

/// A permanent code that is in our hands only, until dropped.
struct UnpersistedGuard<'a>(&'a Authorizations, (SuiteId, CorpId));

impl<'a> UnpersistedGuard<'a> {
    fn new(of: &'a Authorizations, company: (SuiteId, CorpId)) -> Self {
        of.0.unpersisted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(company.clone());
        Self(of, company)
    }
}

impl Drop for UnpersistedGuard<'_> {
    fn drop(&mut self) {
        let mut unpersisted = self
            .0
            .0
            .unpersisted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = unpersisted.iter().position(|company| *company == self.1) {
            unpersisted.swap_remove(index);
        }
    }
}

impl Authorizations {
    /// The only copy of a permanent code is in our hands: try until the database takes it. `event` is of the record that
    /// holds it then.
    pub(super) async fn persist_until_stored(
        &self,
        event: &mut AuthCodeEvent,
        result: &ExchangeResult,
    ) -> Result<()> {
        let (suite_id, corp_id) = (event.suite_id.clone(), &result.corp_id);
        let text = serde_json::to_vec(result).map(Zeroizing::new);
        let text =
            text.map_err(|_| Error::new(ErrorKind::Internal, "an answer cannot be written down"))?;
        let sealed = self
            .0
            .keys
            .seal(CALLBACK_PAYLOAD.aad_context(&[&event.record.hash]), &text)?;
        let _unstored = UnpersistedGuard::new(self, (suite_id.clone(), corp_id.clone()));
        loop {
            match self.persist(event, corp_id, &sealed).await {
                Ok(record_id) => {
                    event.record.id = record_id;
                    return Ok(());
                }
                Err(error) => tracing::error!(
                    target: "wecom_login", %suite_id, %corp_id, ?error,
                    "a permanent code was fetched but cannot be stored; it is tried again until it is"
                ),
            }
            tokio::time::sleep(PERSIST_RETRY_INTERVAL).await;
        }
    }

    /// One statement that waits for no other: until it is done, a crash loses the code. Whoever marked the record
    /// failed meanwhile, the rest of it is to be done. Says which record holds the answer.
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
            "the database lost the record whose AuthCode was just exchanged; the permanent code gets a record anew"
        );
        // WeCom may have pushed the event again, or an insert of ours went through after all.
        let with_hash = callback_record::Column::Hash.eq(event.record.hash.clone());
        let other = callback_record::Entity::find()
            .filter(with_hash)
            .one(self.0.store.critical())
            .await?;
        if let Some(other) = other
            && self
                .persist_in(&RecordKey::of(&other), corp_id, sealed)
                .await?
        {
            return Ok(other.id);
        }
        let now = self.0.store.now();
        let anew = callback_record::ActiveModel {
            suite_id: Set(suite_id.clone()),
            corp_id: Set(Some(corp_id.clone())),
            event: Set(event.name.clone()),
            status: Set(RecordStatus::Waiting),
            attempts: Set(1),
            duplicates: Set(0),
            hash: Set(event.record.hash.clone()),
            payload: Set(Some(sealed.clone())),
            received_at: Set(now),
            // Time for the one who has it in hand.
            due_at: Set(now + NEW_RECORD_DELAY),
            one_time_step_done: Set(true),
            ambiguous_suite: Set(false),
            ..Default::default()
        };
        Ok(callback_record::Entity::insert(anew)
            .exec(self.0.store.critical())
            .await?
            .last_insert_id)
    }

    async fn persist_in(
        &self,
        record: &RecordKey,
        corp_id: &CorpId,
        sealed: &Sealed,
    ) -> Result<bool> {
        use callback_record::Column;
        let now = self.0.store.now();
        let if_failed = |then: Expr, column: Column| -> Expr {
            Expr::case(Expr::col(Column::Status).eq(RecordStatus::Failed), then)
                .finally(Expr::col(column))
                .into()
        };
        let result = callback_record::Entity::update_many()
            .col_expr(Column::OneTimeStepDone, Expr::value(true))
            .col_expr(Column::CorpId, Expr::value(corp_id.clone()))
            .col_expr(Column::Payload, Expr::value(sealed.clone()))
            // Before the status: MySQL sees what was assigned further left.
            .col_expr(Column::DueAt, if_failed(Expr::value(now), Column::DueAt))
            .col_expr(
                Column::Status,
                if_failed(Expr::value(RecordStatus::Waiting), Column::Status),
            )
            .filter(record.condition())
            .exec(self.0.store.critical())
            .await?;
        Ok(result.rows_affected > 0)
    }
}
