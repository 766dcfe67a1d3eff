//! The access token table. Values are sealed; a restart fetches none, and what one node fetched serves all.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, ModelTrait as _, QueryFilter as _,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::{access_token, authorization};
use crate::error::Result;
use crate::tokens::credential::TokenOwner;
use crate::tokens::token_cache::CachedToken;
use crate::vault::{ACCESS_TOKEN, KeyRing};

/// A stored token, opened.
pub(super) struct StoredToken {
    pub(super) value: SecretString,
    pub(super) fetched_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// The stored token of this row, if it was fetched with this version of the secret and can be opened.
pub(super) async fn find(
    store: &Store,
    keys: &KeyRing,
    row_id: &[u8],
    version: i64,
) -> Result<Option<StoredToken>> {
    let row = access_token::Entity::find_by_id(row_id.to_vec())
        .one(store.database())
        .await?;
    let Some(row) = row.filter(|row| row.version == version) else {
        return Ok(None);
    };
    match keys.open_text(ACCESS_TOKEN.aad_context(&[row_id]), &row.value) {
        Ok(value) => {
            let (fetched_at, expires_at) = (row.fetched_at, row.expires_at);
            Ok(Some(StoredToken {
                value: value.into(),
                fetched_at,
                expires_at,
            }))
        }
        // A new token is fetched and replaces it.
        Err(error) => {
            tracing::warn!(target: "wecom_login", ?error, "a stored access token could not be opened; a new one is fetched");
            Ok(None)
        }
    }
}

/// Stores a token, unless the secret changed during the fetch or a token that was fetched later is stored.
pub(super) async fn upsert(
    store: &Store,
    keys: &KeyRing,
    owner: TokenOwner,
    token: &CachedToken,
    fetched_at: Timestamp,
) -> Result<()> {
    let row_id = owner.row_id();
    let value = keys.seal(
        ACCESS_TOKEN.aad_context(&[&row_id]),
        token.value.expose_secret().as_bytes(),
    )?;
    let transaction = store.begin().await?;
    let (suite_id, corp_id) = match owner {
        TokenOwner::App(suite_id, corp_id) | TokenOwner::JsTicket(suite_id, corp_id, _) => {
            let key = (suite_id.clone(), corp_id.clone());
            let stored = authorization::Entity::find_by_id(key)
                .one(&transaction)
                .await?;
            if stored.is_none_or(|row| row.secret_version != token.version) {
                return Ok(());
            }
            (Some(suite_id), Some(corp_id))
        }
        TokenOwner::Suite(suite_id) => (Some(suite_id), None),
        TokenOwner::Provider(corp_id) => (None, Some(corp_id)),
    };
    if let Some(row) = access_token::Entity::find_by_id(row_id.clone())
        .one(&transaction)
        .await?
    {
        if row.fetched_at > fetched_at && row.version == token.version {
            return Ok(());
        }
        row.delete(&transaction).await?;
    }
    let row = access_token::ActiveModel {
        id: Set(row_id),
        suite_id: Set(suite_id),
        corp_id: Set(corp_id),
        value: Set(value),
        version: Set(token.version),
        fetched_at: Set(fetched_at),
        expires_at: Set(token.expires_at),
    };
    access_token::Entity::insert(row)
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Deletes the token of this row if it has this value.
pub(super) async fn delete_value(
    store: &Store,
    keys: &KeyRing,
    row_id: &[u8],
    value: &str,
) -> Result<()> {
    let row = access_token::Entity::find_by_id(row_id.to_vec())
        .one(store.database())
        .await?;
    let Some(row) = row else { return Ok(()) };
    if keys
        .open_text(ACCESS_TOKEN.aad_context(&[row_id]), &row.value)
        .is_ok_and(|stored| stored == value)
    {
        // Filtered by time too: a newer token may have been stored since the read.
        access_token::Entity::delete_many()
            .filter(access_token::Column::Id.eq(row_id))
            .filter(access_token::Column::FetchedAt.eq(row.fetched_at))
            .exec(store.database())
            .await?;
    }
    Ok(())
}
