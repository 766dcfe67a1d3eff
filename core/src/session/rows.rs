//! Sessions in the database.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _,
    FromQueryResult, QueryFilter as _,
};

use crate::clock::Timestamp;
use crate::db::entity::session::{ActiveModel, Column, Entity};
use crate::db::{Store, delete_in_batches};
use crate::domain::Principal;
use crate::domain::TokenHash;
use crate::domain::{CorpId, SuiteId, WecomUserId};
use crate::error::Result;
use crate::session::current_user::Live;

/// A session with all that decides whether it lives, read in one statement.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    #[sea_orm(from_alias = "user_id")]
    pub(crate) third_user_id: WecomUserId,
    #[sea_orm(from_alias = "local_id")]
    pub(crate) user_id: String,
    pub(crate) instance: String,
    pub(crate) platform: String,
    pub(crate) login_type: String,
    #[sea_orm(from_alias = "person_epoch")]
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) stored_person_epoch: i64,
    pub(crate) stored_authorization_epoch: i64,
    pub(crate) visible_at: Option<Timestamp>,
    pub(crate) name: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) mobile: Option<String>,
}

impl Row {
    pub(crate) fn lives(&self, now: Timestamp, idle: std::time::Duration) -> bool {
        now < self.expires_at
            && now < self.last_seen_at + idle
            && self.member_epoch == self.stored_person_epoch
            && self.authorization_epoch == self.stored_authorization_epoch
    }
}

pub(crate) async fn by_token_hash(
    database: &impl ConnectionTrait,
    hash: &TokenHash,
) -> Result<Option<Row>> {
    let mut select = select();
    select.and_where(Expr::col(("wecom_session", "token_hash")).eq(hash.to_vec()));
    Ok(
        Row::find_by_statement(database.get_database_backend().build(&select))
            .one(database)
            .await?,
    )
}

pub(crate) async fn of_person(
    database: &impl ConnectionTrait,
    who: &Principal,
) -> Result<Vec<Row>> {
    let mut select = select();
    select
        .and_where(Expr::col(("wecom_session", "suite_id")).eq(who.suite_id.clone()))
        .and_where(Expr::col(("wecom_session", "corp_id")).eq(who.corp_id.clone()))
        .and_where(Expr::col(("wecom_session", "user_id")).eq(who.third_user_id.clone()))
        .order_by(
            ("wecom_session", "created_at"),
            sea_orm::sea_query::Order::Desc,
        );
    Ok(
        Row::find_by_statement(database.get_database_backend().build(&select))
            .all(database)
            .await?,
    )
}

pub(crate) async fn insert(
    database: &impl ConnectionTrait,
    session: &Live,
    epochs: (i64, i64),
) -> Result<()> {
    let row = ActiveModel {
        id: Set(session.id.to_string()),
        token_hash: Set(session.token_hash.to_vec()),
        suite_id: Set(session.principal.suite_id.clone()),
        corp_id: Set(session.principal.corp_id.clone()),
        third_user_id: Set(session.principal.third_user_id.clone()),
        user_id: Set(session.user_id.to_string()),
        instance: Set(session.instance.to_string()),
        platform: Set(session.platform.as_str().to_owned()),
        login_type: Set(session.login_type.as_str().to_owned()),
        member_epoch: Set(epochs.0),
        authorization_epoch: Set(epochs.1),
        created_at: Set(session.created_at),
        last_seen_at: Set(session.created_at),
        expires_at: Set(session.expires_at),
    };
    Entity::insert(row).exec_without_returning(database).await?;
    Ok(())
}

pub(crate) async fn delete(database: &impl ConnectionTrait, id: &str) -> Result<()> {
    Entity::delete_by_id(id.to_owned()).exec(database).await?;
    Ok(())
}

/// Moves the time of the last request on, never back: two nodes may write in either order.
pub(crate) async fn seen(database: &impl ConnectionTrait, id: &str, at: Timestamp) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::LastSeenAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::LastSeenAt.lt(at))
        .exec(database)
        .await?;
    Ok(())
}

/// Removes what can live no more. By one condition after the other, since each has an index of its own.
pub(crate) async fn remove_over(
    store: &Store,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<()> {
    for over in [
        Column::ExpiresAt.lte(now),
        Column::LastSeenAt.lt(idle_since),
    ] {
        delete_in_batches::<Entity, String>(store, Column::Id, Condition::all().add(over)).await?;
    }
    Ok(())
}

fn select() -> SelectStatement {
    const OWN: [&str; 14] = [
        "id",
        "token_hash",
        "suite_id",
        "corp_id",
        "user_id",
        "local_id",
        "instance",
        "platform",
        "login_type",
        "person_epoch",
        "authorization_epoch",
        "created_at",
        "last_seen_at",
        "expires_at",
    ];
    let same = |table: &'static str, column: &'static str| {
        Expr::col((table, column)).eq(Expr::col(("wecom_session", column)))
    };
    let mut select = Query::select();
    for column in OWN {
        select.column(("wecom_session", column));
    }
    for column in ["visible_at", "name", "avatar", "email", "mobile"] {
        select.column(("wecom_person", column));
    }
    select
        .expr_as(Expr::col(("wecom_person", "epoch")), "stored_person_epoch")
        .expr_as(
            Expr::col(("wecom_authorization", "epoch")),
            "stored_authorization_epoch",
        )
        .from("wecom_session")
        .inner_join(
            "wecom_person",
            same("wecom_person", "suite_id")
                .and(same("wecom_person", "corp_id"))
                .and(same("wecom_person", "user_id")),
        )
        .inner_join(
            "wecom_authorization",
            same("wecom_authorization", "suite_id").and(same("wecom_authorization", "corp_id")),
        );
    select
}
