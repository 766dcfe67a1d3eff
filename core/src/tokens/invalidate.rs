//! Invalidation of tokens that WeCom called invalid, and eviction.

use moka::ops::compute::Op;
use sea_orm::EntityTrait as _;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::db::entity::access_token;
use crate::domain::{CorpId, SuiteId};
use crate::error::Result;
use crate::tokens::credential::{AppCredential, Credential, JsTicketKind, TokenKey, TokenOwner};
use crate::tokens::rows;
use crate::tokens::token_cache::Tokens;

impl Tokens {
    /// WeCom called this token invalid: removes it by its value, so that a newer token stays.
    pub(crate) async fn invalidate<C: Credential>(&self, credential: &C, token: &C::Token) {
        let (key, value) = (credential.to_any().key(), C::expose(token));
        self.inner.invalidated.insert(token_hash(value), ());
        self.remove_cached(&key, value).await;
        let (store, keys) = (&self.inner.store, &self.inner.keys);
        if let Err(error) = rows::delete_value(store, keys, &key.0.row_id(), value).await {
            tracing::warn!(target: "wecom_login", ?error, "an invalid access token could not be deleted");
        }
    }

    /// Evicts the token of an app, so that the next one is fetched with its secret.
    pub(crate) async fn evict(&self, app: &AppCredential) -> Result<()> {
        let key = app.to_any().key();
        self.inner.cache.invalidate(&key).await;
        access_token::Entity::delete_by_id(key.0.row_id())
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }

    /// The keys of the rows that hold the token and the tickets of a corp's app.
    pub(crate) fn app_row_ids(suite_id: &SuiteId, corp_id: &CorpId) -> [Vec<u8>; 3] {
        let ticket = |kind| TokenOwner::JsTicket(suite_id.clone(), corp_id.clone(), kind);
        [
            TokenOwner::App(suite_id.clone(), corp_id.clone()),
            ticket(JsTicketKind::Corp),
            ticket(JsTicketKind::Agent),
        ]
        .map(|owner| owner.row_id())
    }

    pub(super) fn is_invalidated(&self, value: &str) -> bool {
        self.inner.invalidated.contains_key(&token_hash(value))
    }

    /// WeCom returned this token from a fetch: it is valid, whatever was said of it before.
    pub(super) fn revalidate(&self, value: &str) {
        self.inner.invalidated.invalidate(&token_hash(value));
    }

    /// Removes the cached token of this key if it has this value.
    pub(super) async fn remove_cached(&self, key: &TokenKey, value: &str) {
        self.inner
            .cache
            .entry(key.clone())
            .and_compute_with(|entry| {
                let same = entry.is_some_and(|entry| entry.value().value.expose_secret() == value);
                std::future::ready(if same { Op::Remove } else { Op::Nop })
            })
            .await;
    }
}

fn token_hash(value: &str) -> [u8; 32] {
    Sha256::digest(value.as_bytes()).into()
}
