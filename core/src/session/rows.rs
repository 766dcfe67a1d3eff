//! The session table.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement, SimpleExpr, Value};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbBackend, EntityTrait as _, FromQueryResult,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::clock::Timestamp;
use crate::db::entity::session::{Column, Entity};
use crate::db::{PrincipalColumns as _, Store, delete_in_batches, is_unique_violation};
use crate::domain::{CorpId, Machine, Principal, SuiteId, TokenHash, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use crate::session::current_user::CachedSession;
use crate::session::cursor::SessionCursor;

/// A session with the stored epochs of its member and authorization, read in one statement.
#[derive(Debug, FromQueryResult)]
pub(crate) struct SessionRow {
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
    pub(crate) machine_name: Option<String>,
    pub(crate) machine_scopes: Option<String>,
    /// `None` without such a member, as for a machine.
    pub(crate) stored_member_epoch: Option<i64>,
    pub(crate) stored_authorization_epoch: i64,
    pub(crate) visible_at: Option<Timestamp>,
    pub(crate) name: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) attributes: Option<String>,
    /// `None` like `stored_member_epoch`.
    pub(crate) attributes_version: Option<i64>,
}

impl SessionRow {
    /// Whether the session is not expired, not idle, and of current epochs. A machine has no idle timeout, and is no member.
    pub(crate) fn is_valid_and_not_idle(&self, now: Timestamp, idle_timeout: Duration) -> bool {
        let is_of_live_subject = self.machine_name.is_some()
            || (now < self.last_seen_at + idle_timeout
                && Some(self.member_epoch) == self.stored_member_epoch);
        now < self.expires_at
            && is_of_live_subject
            && self.authorization_epoch == self.stored_authorization_epoch
    }
}

pub(super) async fn find_by_token_hash(
    database: &impl ConnectionTrait,
    hash: &TokenHash,
) -> Result<Option<SessionRow>> {
    let mut select = select();
    select.and_where(Expr::col(("wecom_session", "token_hash")).eq(hash.to_vec()));
    Ok(
        SessionRow::find_by_statement(database.get_database_backend().build(&select))
            .one(database)
            .await?,
    )
}

/// Sessions of a member, newest first, after a position.
pub(super) async fn find_by_member(
    database: &impl ConnectionTrait,
    principal: &Principal,
    after: Option<&SessionCursor>,
    limit: u64,
) -> Result<Vec<SessionRow>> {
    let mut select = select();
    select.cond_where(Entity::of_principal(principal));
    if let Some(after) = after {
        let older = Column::CreatedAt.lt(after.created_at).or(Column::CreatedAt
            .eq(after.created_at)
            .and(Column::Id.lt(&*after.id)));
        // The first condition is the one that the index serves.
        select
            .and_where(Column::CreatedAt.lte(after.created_at))
            .and_where(older);
    }
    select
        .order_by(("wecom_session", "created_at"), Order::Desc)
        .order_by(("wecom_session", "id"), Order::Desc)
        .limit(limit);
    Ok(
        SessionRow::find_by_statement(database.get_database_backend().build(&select))
            .all(database)
            .await?,
    )
}

pub(super) async fn find_of_member(
    database: &impl ConnectionTrait,
    principal: &Principal,
    id: &str,
) -> Result<Option<SessionRow>> {
    let mut select = select();
    select
        .cond_where(Entity::of_principal(principal))
        .and_where(Expr::col(("wecom_session", "id")).eq(id));
    Ok(
        SessionRow::find_by_statement(database.get_database_backend().build(&select))
            .one(database)
            .await?,
    )
}

/// The ids and token hashes of a member's sessions that are neither expired nor idle, newest first, without this one.
pub(super) async fn find_others(
    database: &impl ConnectionTrait,
    session: &CachedSession,
    now: Timestamp,
    idle_since: Timestamp,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::TokenHash)
        .filter(Entity::of_principal(&session.principal))
        .filter(Column::Id.ne(&*session.id))
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::LastSeenAt.gt(idle_since))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(database)
        .await?)
}

/// What became of the insertion of a session.
pub(super) enum Insertion {
    Inserted,
    /// There is a session of this token.
    Exists,
    /// An epoch is not the stored one.
    EpochsAdvanced,
}

/// Inserts a session with the epochs of its member and authorization, if those are the stored ones.
///
/// One statement, which locks the authorization on PostgreSQL, as MySQL does by itself: a revocation is either seen here, or
/// revokes the session.
pub(super) async fn insert(
    database: &impl ConnectionTrait,
    session: &CachedSession,
    epochs: (i64, i64),
) -> Result<Insertion> {
    let principal = &session.principal;
    let machine = session.machine.as_deref();
    let row: [(Column, Value); 16] = [
        (Column::Id, session.id.to_string().into()),
        (Column::TokenHash, session.token_hash.to_vec().into()),
        (Column::SuiteId, principal.suite_id.clone().into()),
        (Column::CorpId, principal.corp_id.clone().into()),
        (Column::ThirdUserId, principal.third_user_id.clone().into()),
        (Column::UserId, session.user_id.to_string().into()),
        (Column::Instance, session.instance.to_string().into()),
        (Column::Platform, session.platform.as_str().into()),
        (Column::LoginType, session.login_type.as_str().into()),
        (Column::MemberEpoch, epochs.0.into()),
        (Column::AuthorizationEpoch, epochs.1.into()),
        (Column::CreatedAt, session.created_at.into()),
        (Column::LastSeenAt, session.created_at.into()),
        (Column::ExpiresAt, session.expires_at.into()),
        (
            Column::MachineName,
            machine.map(|machine| machine.name().to_owned()).into(),
        ),
        (
            Column::MachineScopes,
            machine.map(Machine::scopes_text).into(),
        ),
    ];
    let mut current = Query::select();
    current
        .from("wecom_authorization")
        .and_where(Expr::col(("wecom_authorization", "suite_id")).eq(principal.suite_id.clone()))
        .and_where(Expr::col(("wecom_authorization", "corp_id")).eq(principal.corp_id.clone()))
        .and_where(Expr::col(("wecom_authorization", "epoch")).eq(epochs.1));
    if machine.is_none() {
        current
            .inner_join(
                "wecom_person",
                equal("wecom_person", "wecom_authorization", "suite_id").and(equal(
                    "wecom_person",
                    "wecom_authorization",
                    "corp_id",
                )),
            )
            .and_where(Expr::col(("wecom_person", "user_id")).eq(principal.third_user_id.clone()))
            .and_where(Expr::col(("wecom_person", "epoch")).eq(epochs.0));
    }
    if database.get_database_backend() == DbBackend::Postgres {
        current.lock_shared();
    }
    let columns = row.each_ref().map(|(column, _)| *column);
    for (_, value) in row {
        current.expr(Expr::value(value));
    }
    let mut insert = Query::insert();
    insert.into_table(Entity).columns(columns);
    insert
        .select_from(current)
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    match database.execute(&insert).await {
        Ok(done) if done.rows_affected() > 0 => Ok(Insertion::Inserted),
        Ok(_) => Ok(Insertion::EpochsAdvanced),
        Err(error) if is_unique_violation(&error) => Ok(Insertion::Exists),
        Err(error) => Err(error.into()),
    }
}

/// Deletes a session. Returns whether it was there.
pub(super) async fn delete(database: &impl ConnectionTrait, id: &str) -> Result<bool> {
    let deleted = Entity::delete_by_id(id.to_owned()).exec(database).await?;
    Ok(deleted.rows_affected > 0)
}

/// Writes `last_seen_at` if it is later than the stored one: two nodes may write in either order.
pub(crate) async fn touch(database: &impl ConnectionTrait, id: &str, at: Timestamp) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::LastSeenAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::LastSeenAt.lt(at))
        .exec(database)
        .await?;
    Ok(())
}

/// Selects the authorization of a session's corp, if its epoch is the session's.
pub(super) fn current_authorization() -> SelectStatement {
    let mut select = Query::select();
    select
        .expr(Expr::val(1))
        .from("wecom_authorization")
        .and_where(equal("wecom_authorization", "wecom_session", "suite_id"))
        .and_where(equal("wecom_authorization", "wecom_session", "corp_id"))
        .and_where(
            Expr::col(("wecom_authorization", "epoch"))
                .eq(Expr::col(("wecom_session", "authorization_epoch"))),
        );
    select
}

/// Deletes expired and idle sessions; those of machines, which are never idle, once their corp's epoch has advanced. One
/// condition after the other, because each has its own index.
pub(crate) async fn delete_expired(
    store: &Store,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<()> {
    let may_be_idle = Condition::any()
        .add(Column::MachineName.is_null())
        .add(Expr::exists(current_authorization()).not());
    for expired in [
        Condition::all().add(Column::ExpiresAt.lte(now)),
        Condition::all()
            .add(Column::LastSeenAt.lt(idle_since))
            .add(may_be_idle),
    ] {
        let deleted = delete_in_batches::<Entity, String>(store, Column::Id, expired).await?;
        metrics::sessions_ended("expired", deleted);
    }
    Ok(())
}

fn select() -> SelectStatement {
    const SESSION_COLUMNS: [&str; 16] = [
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
        "machine_name",
        "machine_scopes",
    ];
    let equal_to_session = |table, column| equal(table, "wecom_session", column);
    let mut select = Query::select();
    for column in SESSION_COLUMNS {
        select.column(("wecom_session", column));
    }
    const MEMBER_COLUMNS: [&str; 7] = [
        "visible_at",
        "name",
        "avatar",
        "email",
        "mobile",
        "attributes",
        "attributes_version",
    ];
    for column in MEMBER_COLUMNS {
        select.column(("wecom_person", column));
    }
    select
        .expr_as(Expr::col(("wecom_person", "epoch")), "stored_member_epoch")
        .expr_as(
            Expr::col(("wecom_authorization", "epoch")),
            "stored_authorization_epoch",
        )
        .from("wecom_session")
        .left_join(
            "wecom_person",
            equal_to_session("wecom_person", "suite_id")
                .and(equal_to_session("wecom_person", "corp_id"))
                .and(equal_to_session("wecom_person", "user_id")),
        )
        .inner_join(
            "wecom_authorization",
            equal_to_session("wecom_authorization", "suite_id")
                .and(equal_to_session("wecom_authorization", "corp_id")),
        );
    select
}

pub(super) fn equal(table: &'static str, other: &'static str, column: &'static str) -> SimpleExpr {
    Expr::col((table, column)).eq(Expr::col((other, column)))
}
