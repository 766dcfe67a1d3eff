//! What WeCom said of each corp's permanent code, as the authorization has it: a restart and the other nodes know.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::db::entity::access_token;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::{CorpColumns as _, Store};
use crate::domain::AuthorizationStatus;
use crate::error::Result;
use crate::tokens::circuit_breaker::SecretKind;
use crate::tokens::credential::{AppCredential, TokenOwner};

/// What is known of a permanent code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AppSecret {
    /// WeCom called it wrong. It is not sent again before the corp's authorization changes.
    Rejected,
    /// It may be sent.
    Of(SecretKind),
}

/// What WeCom said of this version of the permanent code.
pub(super) async fn find(store: &Store, app: &AppCredential) -> Result<AppSecret> {
    let key = (app.suite_id.clone(), app.corp_id.clone());
    let row = Entity::find_by_id(key).one(store.database()).await?;
    let Some(row) = row.filter(|row| row.secret_version == app.version) else {
        return Ok(AppSecret::Of(SecretKind::Unproven));
    };
    if row.rejected_version == Some(app.version) {
        return Ok(AppSecret::Rejected);
    }
    if row.status == AuthorizationStatus::Broken {
        return Ok(AppSecret::Of(SecretKind::Broken));
    }
    if row.accepted_version == Some(app.version) {
        return Ok(AppSecret::Of(SecretKind::Proven));
    }
    // A node of an earlier version stores the token alone.
    let row_id = TokenOwner::App(app.suite_id.clone(), app.corp_id.clone()).row_id();
    let token = access_token::Entity::find_by_id(row_id)
        .one(store.database())
        .await?;
    Ok(AppSecret::Of(
        if token.is_some_and(|token| token.version == app.version) {
            SecretKind::Proven
        } else {
            SecretKind::Unproven
        },
    ))
}

/// WeCom accepted this version.
pub(super) async fn record_accepted(store: &Store, app: &AppCredential) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::AcceptedVersion, Expr::value(app.version))
        .filter(Entity::of_corp(&app.suite_id, &app.corp_id))
        .filter(Column::SecretVersion.eq(app.version))
        .filter(
            Column::AcceptedVersion
                .is_null()
                .or(Column::AcceptedVersion.ne(app.version)),
        )
        .exec(store.database())
        .await?;
    Ok(())
}

/// WeCom called this version wrong.
pub(super) async fn record_rejected(store: &Store, app: &AppCredential) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::AcceptedVersion, Expr::value(None::<i64>))
        .col_expr(Column::RejectedVersion, Expr::value(app.version))
        .filter(Entity::of_corp(&app.suite_id, &app.corp_id))
        .filter(Column::SecretVersion.eq(app.version))
        .exec(store.database())
        .await?;
    Ok(())
}
