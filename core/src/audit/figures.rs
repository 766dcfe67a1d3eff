//! How often something happened lately, in steps of time.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ConnectionTrait as _, DbBackend, FromQueryResult};

use crate::audit::AuditAction;
use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::audit::{Column, Entity};
use crate::error::Result;

/// The number of one step.
#[derive(FromQueryResult)]
pub(crate) struct ActionCount {
    pub(crate) action: String,
    /// When the step began, in milliseconds: a multiple of its length.
    pub(crate) step: i64,
    pub(crate) occurrences: i64,
}

/// Counts what happened since then, by action and step; one index has all that is read.
pub(crate) async fn count_by_step(
    store: &Store,
    actions: &[AuditAction],
    since: Timestamp,
    step_millis: i64,
) -> Result<Vec<ActionCount>> {
    let database = store.database();
    let backend = database.get_database_backend();
    // The sum of integers is a decimal number to MySQL and PostgreSQL.
    let integer = match backend {
        DbBackend::MySql => "SIGNED",
        _ => "BIGINT",
    };
    let at = || Expr::col(Column::At);
    let words = actions.iter().map(|action| action.as_str());
    let mut select = Query::select();
    select
        .column(Column::Action)
        .expr_as(at().sub(at().modulo(step_millis)), "step")
        .expr_as(
            Expr::col(Column::Occurrences).sum().cast_as(integer),
            "occurrences",
        )
        .from(Entity)
        .and_where(Expr::col(Column::Action).is_in(words))
        .and_where(at().gte(since.as_millis()))
        .add_group_by([Expr::col(Column::Action), Expr::col("step")]);
    let statement = backend.build(&select);
    Ok(ActionCount::find_by_statement(statement)
        .all(database)
        .await?)
}
