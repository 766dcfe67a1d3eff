//! Callback records: those that failed, and those that wait for longer than they should.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::clock::Timestamp;
use crate::db::entity::callback_record::{Column, Entity};
use crate::domain::RecordStatus;
use crate::error::Result;
use crate::services::doctor::{Doctor, DoctorCheck};

/// A record that is due for longer is not worked on.
const OVERDUE: Duration = Duration::from_mins(2);

const RETRY: &str = "mend what the record says, then POST /admin/api/records/{id}/retry";

impl Doctor {
    pub(super) async fn failed_records(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "failedRecords";
        let database = self.store.database();
        let failed = || {
            Entity::find()
                .filter(Column::SuiteId.is_in(self.suites.ids()))
                .filter(Column::Status.eq(RecordStatus::Failed))
        };
        let events: Vec<(String, i64)> = failed()
            .select_only()
            .column(Column::Event)
            .column_as(Column::Id.count(), "records")
            .group_by(Column::Event)
            .order_by_asc(Column::Event)
            .into_tuple()
            .all(database)
            .await?;
        let mut checks = Vec::new();
        for (event, count) in events {
            let newest = failed()
                .filter(Column::Event.eq(event.as_str()))
                .order_by_desc(Column::Id)
                .one(database)
                .await?;
            let Some(newest) = newest else { continue };
            let error = newest.last_error.unwrap_or_default();
            let detail = format!("{count} failed; the newest, {}: {error}", newest.id);
            let check = DoctorCheck::warn(ID, detail)
                .about(event)
                .with_since(newest.received_at);
            checks.push(match newest.hint {
                Some(hint) => check.with_hint(hint),
                None => check.with_hint(RETRY),
            });
        }
        if checks.is_empty() {
            checks.push(DoctorCheck::ok(ID, "no callback record has failed"));
        }
        Ok(checks)
    }

    pub(super) async fn waiting_records(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "waitingRecords";
        let (database, now) = (self.store.database(), self.store.now());
        let waiting = || {
            Entity::find()
                .filter(Column::SuiteId.is_in(self.suites.ids()))
                .filter(Column::Status.is_in([RecordStatus::Waiting, RecordStatus::Running]))
        };
        let count = waiting().count(database).await?;
        if count == 0 {
            return Ok(vec![DoctorCheck::ok(ID, "no callback record waits")]);
        }
        let oldest: Option<Option<Timestamp>> = waiting()
            .select_only()
            .column_as(Column::ReceivedAt.min(), "received_at")
            .into_tuple()
            .one(database)
            .await?;
        let overdue = waiting()
            .filter(Column::DueAt.lt(now - OVERDUE))
            .filter(
                Column::LeaseUntil
                    .is_null()
                    .or(Expr::col(Column::LeaseUntil).lt(now - OVERDUE)),
            )
            .count(database)
            .await?;
        let check = if overdue > 0 {
            let detail = format!("{overdue} of {count} that wait are due and nobody works on them");
            DoctorCheck::fail(ID, detail).with_hint(
                "check the nodes; a record that a node holds is freed by POST /admin/api/records/{id}/release",
            )
        } else {
            let detail =
                format!("{count} wait for a suite_ticket, for their corp, or for their retry");
            DoctorCheck::warn(ID, detail).with_hint("see GET /admin/api/records?status=waiting")
        };
        Ok(vec![check.with_since(oldest.flatten())])
    }
}
