//! When authorizations are re-read: which are due, which node reads them, and when the next re-read is due.

use std::time::Duration;

use futures_util::StreamExt as _;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::is_unchanged;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::{CorpColumns as _, RowLease};
use crate::domain::{CorpId, SuiteId};
use crate::error::Result;

/// How often an authorization is re-read.
pub(super) const READ_INTERVAL: Duration = Duration::from_hours(24);
/// How often one is re-read that is broken or about to end.
pub(super) const BROKEN_READ_INTERVAL: Duration = Duration::from_mins(10);
/// How often one is re-read whose agentId is not known yet.
pub(super) const AGENT_READ_INTERVAL: Duration = Duration::from_secs(5);
/// The lease of a node on a re-read. The answer sets the time when the next re-read is due.
const READ_LEASE: RowLease<Entity> =
    RowLease::new(Column::ReadDueAt, Duration::from_mins(1)).with_max_duration(MAX_READ_WAIT);
/// Longer than any wait for a re-read. One that is due later was postponed while a clock was wrong.
const MAX_READ_WAIT: Duration = Duration::from_hours(25);
const MAX_CONCURRENT_READS: usize = 8;
const READ_BATCH: u64 = 50;

impl Authorizations {
    /// Re-reads every authorization that is due.
    pub(crate) async fn reread_due(&self) -> Result<()> {
        loop {
            let due = Entity::find()
                .filter(READ_LEASE.is_free(self.inner.store.now()))
                .filter(Column::PermanentCode.is_not_null())
                .filter(Column::SuiteId.is_in(self.inner.suites.ids()))
                .order_by_asc(Column::ReadDueAt)
                .limit(READ_BATCH)
                .all(self.inner.store.database())
                .await?;
            let full = due.len() as u64 == READ_BATCH;
            let reads = due.into_iter().map(|row| async move {
                let (suite_id, corp_id) = (&row.suite_id, &row.corp_id);
                match self.claim_read(suite_id, corp_id).await {
                    Ok(true) => {}
                    Ok(false) => return true,
                    Err(_) => return false,
                }
                if let Err(error) = self.reread(suite_id, corp_id).await {
                    tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not re-read an authorization");
                }
                true
            });
            let all_claimed = futures_util::stream::iter(reads)
                .buffer_unordered(MAX_CONCURRENT_READS)
                .fold(true, |all, claimed| std::future::ready(all && claimed))
                .await;
            if !full || !all_claimed {
                return Ok(());
            }
        }
    }

    /// Acquires the lease on a due re-read. The lease moves the due time, so that an authorization whose re-read always
    /// fails does not block the others.
    async fn claim_read(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
        let row = Entity::update_many().filter(Entity::of_corp(suite_id, corp_id));
        let (database, now) = (self.inner.store.database(), self.inner.store.now());
        READ_LEASE.acquire(database, row, now).await
    }

    pub(super) async fn reschedule_read(
        &self,
        known: &Authorization,
        wait: Duration,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(
                Column::ReadDueAt,
                Expr::value(self.inner.store.now() + wait),
            )
            .filter(is_unchanged(known))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }
}
