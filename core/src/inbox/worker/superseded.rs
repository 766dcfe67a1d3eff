//! Failed records of AuthCodes that a newer authorization of the same corp makes pointless.
//!
//! WeCom names the corp of an AuthCode only when it exchanges it, so a failed record mostly has no corp. It is settled
//! where the corp can be told all the same, and nowhere else: the record of another corp must go on saying that its
//! code is lost.
//!
//! - The record has the corp: its code was exchanged, and a later step failed.
//! - WeCom refused the code although nobody here had sent it and its ten minutes were not over: something ended it at
//!   WeCom. A newer AuthCode of the suite, issued while the refused one was valid and exchanged, is what ended it.
//! - `reset_permanent_code` brought the first permanent code of a corp: the corp authorized before, and its
//!   `create_auth` is lost. It settles the oldest one that is lost, no more.
//!
//! The `state` of the authorization link tells no corp: one link may be handed to many.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::db::Sealed;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::RecordStatus;
use crate::error::Result;
use crate::inbox::inbox::AUTH_CODE_TTL;
use crate::inbox::lane::{AUTH_CODE_EVENTS, CREATE_AUTH, Lane, RESET_PERMANENT_CODE};
use crate::inbox::worker::Worker;
use crate::wecom::Errcode;

const SUPERSEDED_HINT: &str =
    "Superseded by a newer authorization of the corp. Nothing is left to do.";

impl Worker {
    /// Settles the failed records that are superseded by this one, whose AuthCode brought an authorization.
    pub(super) async fn settle_superseded_by(&self, row: &Model) -> Result<()> {
        let database = self.inner.store.database();
        // The corp is in the row since the exchange.
        let Some(row) = Entity::find_by_id(row.id).one(database).await? else {
            return Ok(());
        };
        let Some(corp_id) = row.corp_id.clone() else {
            return Ok(());
        };
        let of_corp = Condition::all()
            .add(Column::CorpId.eq(corp_id.clone()))
            .add(Column::Id.lt(row.id));
        let mut superseded = Condition::any().add(of_corp);
        if let Some(deadline) = row.deadline {
            // WeCom dates its events by the second. Within one, the records are in the order of their arrival.
            let is_older = Column::Deadline
                .lt(deadline)
                .or(Column::Deadline.eq(deadline).and(Column::Id.lt(row.id)));
            let ended = is_refused_unsent()
                .add(is_older)
                .add(Column::Deadline.gte(deadline - AUTH_CODE_TTL));
            superseded = superseded.add(ended);
        }
        let is_first_code = self
            .inner
            .handlers
            .is_first_permanent_code(&row.suite_id, &corp_id);
        if row.event == RESET_PERMANENT_CODE && is_first_code.await? {
            let lost: Option<i64> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(self.failed(&row))
                .filter(Column::Event.eq(CREATE_AUTH))
                .filter(Column::CorpId.is_null())
                .filter(Column::Id.lt(row.id))
                .order_by_asc(Column::Id)
                .into_tuple()
                .one(database)
                .await?;
            superseded = superseded.add_option(lost.map(|id| Column::Id.eq(id)));
        }
        let settled = self.settle(&row, superseded).await?;
        if settled > 0 {
            let (suite_id, record_id) = (&row.suite_id, row.id);
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, record_id, settled, "failed callback records were superseded");
        }
        Ok(())
    }

    /// Settles this failed record if a newer AuthCode was exchanged that ended its own. Returns whether it did.
    pub(super) async fn settle_if_superseded(&self, row: &Model) -> Result<bool> {
        let (Lane::AuthCode, Some(deadline)) = (Lane::of(&row.event), row.deadline) else {
            return Ok(false);
        };
        let is_newer = Column::Deadline
            .gt(deadline)
            .or(Column::Deadline.eq(deadline).and(Column::Id.gt(row.id)));
        let newer = Entity::find()
            .filter(Column::SuiteId.eq(row.suite_id.clone()))
            .filter(Column::Event.is_in(AUTH_CODE_EVENTS))
            .filter(Column::OneTimeStepDone.eq(true))
            .filter(is_newer)
            .filter(Column::Deadline.lte(deadline + AUTH_CODE_TTL))
            // A record arrives no earlier than its AuthCode is issued. This is for the database, which has an index on it.
            .filter(Column::ReceivedAt.gte(deadline - AUTH_CODE_TTL))
            .one(self.inner.store.database())
            .await?;
        if newer.is_none() {
            return Ok(false);
        }
        let this = is_refused_unsent().add(Column::Id.eq(row.id));
        Ok(self.settle(row, this).await? > 0)
    }

    async fn settle(&self, row: &Model, superseded: Condition) -> Result<u64> {
        let settled = Entity::update_many()
            .col_expr(Column::Status, Expr::value(RecordStatus::Ignored))
            .col_expr(Column::Hint, Expr::value(SUPERSEDED_HINT))
            .col_expr(Column::Payload, Expr::value(None::<Sealed>))
            .filter(self.failed(row))
            .filter(superseded)
            .exec(self.inner.store.database())
            .await?;
        Ok(settled.rows_affected)
    }

    /// The failed records of AuthCodes of the same suite. One that holds WeCom's answer is not over.
    fn failed(&self, row: &Model) -> Condition {
        let holds_answer = Condition::all()
            .add(Column::OneTimeStepDone.eq(true))
            .add(Column::Payload.is_not_null());
        Condition::all()
            .add(Column::Status.eq(RecordStatus::Failed))
            .add(Column::Event.is_in(AUTH_CODE_EVENTS))
            .add(Column::SuiteId.eq(row.suite_id.clone()))
            .add(holds_answer.not())
    }
}

/// The records whose AuthCode WeCom refused before its time was over, although no attempt can have spent it.
fn is_refused_unsent() -> Condition {
    Condition::all()
        .add(Column::Errcode.eq(Errcode::INVALID_AUTH_CODE.number()))
        .add(Expr::col(Column::UnspentAttempts).gte(Expr::col(Column::Attempts)))
        .add(Expr::col(Column::StartedAt).lt(Expr::col(Column::Deadline)))
}
