//! Access tokens in the database, sealed: a restart fetches none, and what one node fetched serves all.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, ModelTrait as _, QueryFilter as _,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::{access_token, authorization};
use crate::error::Result;
use crate::tokens::credential::Owner;
use crate::tokens::tokens::Held;
use crate::vault::{ACCESS_TOKEN, KeyRing};

/// A token as it is stored.
pub(super) struct Stored {
    pub(super) value: SecretString,
    pub(super) fetched_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// The stored token of this owner, if it was fetched with this version of the secret and opens.
pub(super) async fn find(
    store: &Store,
    keys: &KeyRing,
    row_id: &[u8],
    version: i64,
) -> Result<Option<Stored>> {
    let row = access_token::Entity::find_by_id(row_id.to_vec())
        .one(store.database())
        .await?;
    let Some(row) = row.filter(|row| row.version == version) else {
        return Ok(None);
    };
    match keys.open_text(ACCESS_TOKEN.aad_context(&[row_id]), &row.value) {
        Ok(value) => {
            let (fetched_at, expires_at) = (row.fetched_at, row.expires_at);
            Ok(Some(Stored {
                value: value.into(),
                fetched_at,
                expires_at,
            }))
        }
        // Another one can be had, and takes its place.
        Err(error) => {
            tracing::warn!(target: "wecom_login", ?error, "a stored access token is fetched anew");
            Ok(None)
        }
    }
}

/// Keeps a token, unless its secret changed while we asked or a later one is there.
pub(super) async fn keep(
    store: &Store,
    keys: &KeyRing,
    owner: Owner,
    held: &Held,
    asked_at: Timestamp,
) -> Result<()> {
    let row_id = owner.row_id();
    let value = keys.seal(
        ACCESS_TOKEN.aad_context(&[&row_id]),
        held.value.expose_secret().as_bytes(),
    )?;
    let transaction = store.begin().await?;
    let (suite_id, corp_id) = match owner {
        Owner::App(suite_id, corp_id) => {
            let key = (suite_id.clone(), corp_id.clone());
            let stored = authorization::Entity::find_by_id(key)
                .one(&transaction)
                .await?;
            if stored.is_none_or(|row| row.secret_version != held.version) {
                return Ok(());
            }
            (Some(suite_id), Some(corp_id))
        }
        Owner::Suite(suite_id) => (Some(suite_id), None),
        Owner::Provider(corp_id) => (None, Some(corp_id)),
    };
    if let Some(row) = access_token::Entity::find_by_id(row_id.clone())
        .one(&transaction)
        .await?
    {
        if row.fetched_at > asked_at && row.version == held.version {
            return Ok(());
        }
        row.delete(&transaction).await?;
    }
    let row = access_token::ActiveModel {
        id: Set(row_id),
        suite_id: Set(suite_id),
        corp_id: Set(corp_id),
        value: Set(value),
        version: Set(held.version),
        fetched_at: Set(asked_at),
        expires_at: Set(held.expires_at),
    };
    access_token::Entity::insert(row)
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Removes the token of this value. Another one that came since stays.
pub(super) async fn remove(
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
        // By its time too: a newer one may be stored between our look and this.
        access_token::Entity::delete_many()
            .filter(access_token::Column::Id.eq(row_id))
            .filter(access_token::Column::FetchedAt.eq(row.fetched_at))
            .exec(store.database())
            .await?;
    }
    Ok(())
}
