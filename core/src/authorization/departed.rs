//! What stays of a corp whose data was erased, in case it comes back: its organization code, and which user each member
//! was bound to. The ids are keyed hashes, so that none of it is personal data.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use tokio::sync::OnceCell;

use crate::clock::Timestamp;
use crate::db::entity::departed_member::{ActiveModel, Column, Entity, Model};
use crate::db::entity::{departed_corp, member, organization_code, user};
use crate::db::{CorpColumns as _, Store, Transaction, delete_in_batches};
use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};
use crate::error::{ErrorKind, Result};
use crate::vault::{HashKey, KeyRing};

/// The name of the key of the hashes.
const KEY_NAME: &str = "departed";
/// Members that are read and written at a time.
const MEMBER_BATCH: u64 = 500;

/// The corps that may come back, and their members.
#[derive(Clone)]
pub(crate) struct DepartedCorps {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    keys: KeyRing,
    /// How long a corp that comes back finds its users and its organization code.
    ttl: Duration,
    key: OnceCell<HashKey>,
}

impl DepartedCorps {
    pub(crate) fn new(store: Store, keys: KeyRing, ttl: Duration) -> Self {
        let key = OnceCell::new();
        let inner = Inner {
            store,
            keys,
            ttl,
            key,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Stores which user each member of a corp is bound to, before the bindings are deleted. It may be repeated.
    pub(super) async fn store_members(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        if self.inner.ttl.is_zero() {
            return Ok(());
        }
        let key = match self.require_key().await {
            Ok(key) => key,
            // A lost data key does not keep the corp's data.
            Err(error) if error.kind() == ErrorKind::Internal => {
                tracing::warn!(target: "wecom_login", ?error, "a corp that departs will not find its users again");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let corp_hash = hash_of_corp(&key, suite_id, corp_id);
        let (database, now) = (self.inner.store.database(), self.inner.store.now());
        // Those who did not log in since the corp came back last time.
        Entity::update_many()
            .col_expr(Column::DepartedAt, Expr::value(now))
            .filter(Column::CorpHash.eq(corp_hash.clone()))
            .filter(Column::DepartedAt.is_null())
            .exec(database)
            .await?;
        // The bindings of members who left are about to be deleted.
        let left: HashSet<WecomUserId> = member::Entity::find()
            .select_only()
            .column(member::Column::ThirdUserId)
            .filter(member::Entity::of_corp(suite_id, corp_id))
            .filter(member::Column::LeftAt.is_not_null())
            .into_tuple()
            .all(database)
            .await?
            .into_iter()
            .collect();
        let mut after: Option<WecomUserId> = None;
        loop {
            let mut of_corp = user::Entity::of_corp(suite_id, corp_id);
            if let Some(after) = after {
                of_corp = of_corp.add(user::Column::ThirdUserId.gt(after));
            }
            let bound = user::Entity::find()
                .filter(of_corp)
                .order_by_asc(user::Column::ThirdUserId)
                .limit(MEMBER_BATCH)
                .all(database)
                .await?;
            let rows: Vec<ActiveModel> = bound
                .iter()
                .filter(|row| !left.contains(&row.third_user_id))
                .map(|row| ActiveModel {
                    hash: Set(hash_of_member(&key, suite_id, corp_id, &row.third_user_id)),
                    corp_hash: Set(corp_hash.clone()),
                    user_id: Set(row.user_id.as_bytes().to_vec()),
                    departed_at: Set(Some(now)),
                })
                .collect();
            if !rows.is_empty() {
                let replace = OnConflict::column(Column::Hash)
                    .update_columns([Column::UserId, Column::DepartedAt])
                    .to_owned();
                Entity::insert_many(rows)
                    .on_conflict(replace)
                    .exec_without_returning(database)
                    .await?;
            }
            if (bound.len() as u64) < MEMBER_BATCH {
                return Ok(());
            }
            after = bound.last().map(|row| row.third_user_id.clone());
        }
    }

    /// Stores that a corp departed, and its organization code, in the transaction that deletes the code.
    pub(super) async fn store_corp(
        &self,
        transaction: &Transaction,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<()> {
        use departed_corp::{ActiveModel, Column, Entity};
        // `store_members` has loaded it, unless nothing is to stay.
        let Some(key) = self.inner.key.get().filter(|_| !self.inner.ttl.is_zero()) else {
            return Ok(());
        };
        let code = organization_code::Entity::find()
            .filter(organization_code::Entity::of_corp(suite_id, corp_id))
            .one(transaction)
            .await?;
        let row = ActiveModel {
            hash: Set(hash_of_corp(key, suite_id, corp_id)),
            organization_code: Set(code.map(|code| code.spelling.into_bytes())),
            departed_at: Set(self.inner.store.now()),
        };
        let replace = OnConflict::column(Column::Hash)
            .update_columns([Column::OrganizationCode, Column::DepartedAt])
            .to_owned();
        Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }

    /// The user that a member was bound to before the corp's data was erased.
    pub(crate) async fn find_user(&self, principal: &Principal) -> Result<Option<String>> {
        let Some(key) = self.find_key().await? else {
            return Ok(None);
        };
        let row = Entity::find_by_id(hash_of(&key, principal))
            .one(self.inner.store.database())
            .await?;
        let is_kept = |row: &Model| row.departed_at.is_none_or(|at| at > self.oldest());
        Ok(row
            .filter(is_kept)
            .and_then(|row| String::from_utf8(row.user_id).ok()))
    }

    /// Deletes what is stored of a member: the member is bound again, or the binding has ended.
    pub(crate) async fn delete_member(&self, principal: &Principal) -> Result<()> {
        if let Some(key) = self.find_key().await? {
            Entity::delete_by_id(hash_of(&key, principal))
                .exec(self.inner.store.database())
                .await?;
        }
        Ok(())
    }

    /// Deletes what is stored of the corps that did not come back in time.
    pub(crate) async fn delete_expired(&self) -> Result<()> {
        let store = &self.inner.store;
        let members = Condition::all().add(Column::DepartedAt.lte(self.oldest()));
        delete_in_batches::<Entity, Vec<u8>>(store, Column::Hash, members).await?;
        let corps = Condition::all().add(departed_corp::Column::DepartedAt.lte(self.oldest()));
        let hash = departed_corp::Column::Hash;
        delete_in_batches::<departed_corp::Entity, Vec<u8>>(store, hash, corps).await?;
        Ok(())
    }

    /// What departed at this time or earlier is no longer kept.
    pub(super) fn oldest(&self) -> Timestamp {
        self.inner.store.now() - self.inner.ttl
    }

    async fn require_key(&self) -> Result<HashKey> {
        let Inner {
            store, keys, key, ..
        } = &*self.inner;
        let created = key.get_or_try_init(|| HashKey::find_or_create(store, keys, KEY_NAME));
        created.await.cloned()
    }

    /// None as long as no corp departed.
    pub(super) async fn find_key(&self) -> Result<Option<HashKey>> {
        let Inner {
            store, keys, key, ..
        } = &*self.inner;
        if let Some(key) = key.get() {
            return Ok(Some(key.clone()));
        }
        match HashKey::find(store, keys, KEY_NAME).await {
            Ok(Some(found)) => Ok(Some(key.get_or_init(|| async { found }).await.clone())),
            Ok(None) => Ok(None),
            Err(error) if error.kind() == ErrorKind::Internal => {
                tracing::warn!(target: "wecom_login", ?error, "users of a corp that departed cannot be found again");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for DepartedCorps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DepartedCorps")
    }
}

pub(super) fn hash_of_corp(key: &HashKey, suite_id: &SuiteId, corp_id: &CorpId) -> Vec<u8> {
    key.hash(&[suite_id.as_str().as_bytes(), corp_id.as_str().as_bytes()])
}

fn hash_of_member(
    key: &HashKey,
    suite_id: &SuiteId,
    corp_id: &CorpId,
    third_user_id: &WecomUserId,
) -> Vec<u8> {
    key.hash(&[
        suite_id.as_str().as_bytes(),
        corp_id.as_str().as_bytes(),
        third_user_id.as_str().as_bytes(),
    ])
}

fn hash_of(key: &HashKey, principal: &Principal) -> Vec<u8> {
    let Principal {
        suite_id,
        corp_id,
        third_user_id,
        ..
    } = principal;
    hash_of_member(key, suite_id, corp_id, third_user_id)
}
