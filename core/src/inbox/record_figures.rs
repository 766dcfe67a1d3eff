//! How many callbacks arrived lately, in steps of time.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ConnectionTrait as _, FromQueryResult};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::callback_record::{Column, Entity};
use crate::domain::SuiteId;
use crate::error::Result;

/// The number of one step.
#[derive(FromQueryResult)]
pub(crate) struct RecordCount {
    /// When the step began, in milliseconds: a multiple of its length.
    pub(crate) step: i64,
    pub(crate) records: i64,
}

/// Counts what arrived since then, by step.
pub(crate) async fn count_records_by_step(
    store: &Store,
    suites: Vec<SuiteId>,
    since: Timestamp,
    step_millis: i64,
) -> Result<Vec<RecordCount>> {
    let database = store.database();
    let received_at = || Expr::col(Column::ReceivedAt);
    let mut select = Query::select();
    select
        .expr_as(received_at().sub(received_at().modulo(step_millis)), "step")
        .expr_as(Expr::col(Column::Id).count(), "records")
        .from(Entity)
        .and_where(Expr::col(Column::SuiteId).is_in(suites))
        .and_where(received_at().gte(since.as_millis()))
        .add_group_by([Expr::col("step")]);
    let statement = database.get_database_backend().build(&select);
    Ok(RecordCount::find_by_statement(statement)
        .all(database)
        .await?)
}
