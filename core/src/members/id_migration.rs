//! The move of a corp's members from plain to encrypted userids (D/97104, D/97106).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::authorization::{AppClient, Authorization, Authorizations};
use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};
use crate::error::{Error, Result};
use crate::members::{Members, within_optional_time};
use crate::wecom::{Api, Errcode, MAX_USER_IDS};

/// How often WeCom is asked again about members whose encrypted id it did not name.
const ASK_INTERVAL: Duration = Duration::from_mins(10);
const MAX_ASKED: u64 = 10_000;
/// Later than any member was stored.
const EVERYBODY: Timestamp = Timestamp::from_millis(i64::MAX);

/// How far the move of a corp's members has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdMigrationProgress {
    /// The members who were to be moved at the beginning.
    pub total: u64,
    /// Of these, those whom WeCom was asked about.
    pub asked: u64,
    /// Of these, those who were moved. WeCom does not name an encrypted id of somebody who has left.
    pub moved: u64,
}

/// What is called with the progress.
type OnProgress<'a> = &'a (dyn Fn(IdMigrationProgress) + Send + Sync);

/// Moves members to encrypted ids when their corp has them.
#[derive(Clone)]
pub(crate) struct IdMigration {
    store: Store,
    api: Api,
    app_client: AppClient,
    authorizations: Authorizations,
    members: Members,
    /// When WeCom was asked about the rest of a corp's members.
    asked: moka::sync::Cache<(SuiteId, CorpId), Timestamp>,
}

impl IdMigration {
    pub(crate) fn new(
        store: Store,
        api: Api,
        app_client: AppClient,
        authorizations: Authorizations,
        members: Members,
    ) -> Self {
        Self {
            store,
            api,
            app_client,
            authorizations,
            members,
            asked: moka::sync::Cache::new(MAX_ASKED),
        }
    }

    /// The member as it is stored, by a userid that WeCom names today and that no row has. A member who is known by
    /// another id is moved first.
    ///
    /// # Errors
    /// WeCom does not say whether the corp's ids changed, or the binder or the database does not answer: going on could
    /// make a second user of somebody.
    pub(crate) async fn resolve(
        &self,
        authorization: &Authorization,
        principal: Principal,
    ) -> Result<Principal> {
        if let Some(known) = self.resolve_known(authorization, &principal).await? {
            return Ok(known);
        }
        let (suite_id, corp_id) = (&authorization.suite_id, &authorization.corp_id);
        if authorization.ids_moved_at.is_some() {
            let key = (suite_id.clone(), corp_id.clone());
            self.asked.insert(key, self.store.now());
        }
        let others = self.others(authorization).await?;
        let moved = async {
            let has_open_ids = authorization.ids_moved_at.is_some()
                || within_optional_time(self.has_open_ids(authorization)).await?;
            if has_open_ids {
                self.migrate_stored(authorization, &|_| {}).await?;
            } else {
                self.learn_pairs(authorization, &principal).await;
            }
            Ok::<_, Error>(())
        };
        match moved.await {
            Ok(()) => self.members.resolve(&principal).await,
            // There is nobody whom it could be, or WeCom does not tell.
            Err(error) if others.is_empty() || is_definite(&error) => {
                tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not ask whether the ids of a corp changed");
                Ok(principal)
            }
            Err(error) => Err(error),
        }
    }

    /// The same without a call to WeCom: none if WeCom has to be asked.
    ///
    /// # Errors
    /// The binder or the database does not answer.
    pub(crate) async fn resolve_known(
        &self,
        authorization: &Authorization,
        principal: &Principal,
    ) -> Result<Option<Principal>> {
        if let Some(alias) = self.members.find_alias(principal).await? {
            if alias.pending {
                self.members
                    .move_to(&alias.stored, &principal.third_user_id)
                    .await?;
                return Ok(Some(principal.clone()));
            }
            return Ok(Some(alias.stored));
        }
        if authorization.ids_moved_at.is_none() {
            return Ok(None);
        }
        let key = (
            authorization.suite_id.clone(),
            authorization.corp_id.clone(),
        );
        let (asked_at, now) = (self.asked.get(&key), self.store.now());
        if asked_at.is_some_and(|at| now.since(at) < ASK_INTERVAL) {
            return Ok(Some(principal.clone()));
        }
        if !self.others(authorization).await?.is_empty() {
            return Ok(None);
        }
        self.asked.insert(key, now);
        Ok(Some(principal.clone()))
    }

    /// Somebody whom a userid that no row has could be: one who was not moved.
    async fn others(&self, authorization: &Authorization) -> Result<Vec<WecomUserId>> {
        let (suite_id, corp_id) = (&authorization.suite_id, &authorization.corp_id);
        let before = authorization.ids_moved_at.unwrap_or(EVERYBODY);
        self.members.not_moved(suite_id, corp_id, before, 1).await
    }

    /// Moves every member of the corp, if WeCom says that its app has encrypted ids.
    ///
    /// # Errors
    /// WeCom, the binder or the database does not answer.
    pub(crate) async fn migrate_if_named(&self, authorization: &Authorization) -> Result<()> {
        match self.migrate(authorization, &|_| {}).await {
            Ok(_) => Ok(()),
            Err(error) if is_definite(&error) => {
                tracing::info!(target: "wecom_login", ?error, "WeCom does not say whether the ids of a corp changed");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A member whom the host app names, under the userid that WeCom knows today.
    ///
    /// # Errors
    /// WeCom, the binder or the database does not answer.
    pub(crate) async fn convert(
        &self,
        authorization: &Authorization,
        principal: Principal,
    ) -> Result<Principal> {
        let resolved = self.members.resolve(&principal).await?;
        if authorization.ids_moved_at.is_none()
            || resolved != principal
            || self.members.find(&principal).await?.is_some()
        {
            return Ok(resolved);
        }
        let id = [principal.third_user_id.clone()];
        self.migrate_some(authorization, &id, &|| {}).await?;
        self.members.resolve(&principal).await
    }

    /// Moves every member of the corp, if its app has encrypted ids. Returns how many were moved.
    ///
    /// # Errors
    /// WeCom, the binder or the database does not answer. What was moved is moved, and the next call goes on from there.
    pub(crate) async fn migrate(
        &self,
        authorization: &Authorization,
        on_progress: OnProgress<'_>,
    ) -> Result<u64> {
        if authorization.ids_moved_at.is_some() || self.has_open_ids(authorization).await? {
            self.migrate_stored(authorization, on_progress).await
        } else {
            Ok(0)
        }
    }

    async fn has_open_ids(&self, authorization: &Authorization) -> Result<bool> {
        let app = authorization.credential()?;
        let asked = self.app_client.call(&app, |token| {
            Box::pin(async move { self.api.has_open_ids(&token).await })
        });
        Ok(asked.await?.0)
    }

    /// Moves every member who was not moved.
    async fn migrate_stored(
        &self,
        authorization: &Authorization,
        on_progress: OnProgress<'_>,
    ) -> Result<u64> {
        let (suite_id, corp_id) = (&authorization.suite_id, &authorization.corp_id);
        let asked_at = self.store.now();
        let before = authorization.ids_moved_at.unwrap_or(EVERYBODY);
        let plain = self
            .members
            .not_moved(suite_id, corp_id, before, u64::MAX >> 1)
            .await?;
        let total = plain.len() as u64;
        let (mut asked, moved) = (0, AtomicU64::new(0));
        on_progress(IdMigrationProgress {
            total,
            ..IdMigrationProgress::default()
        });
        for ids in plain.chunks(MAX_USER_IDS) {
            asked += ids.len() as u64;
            let on_moved = || {
                on_progress(IdMigrationProgress {
                    total,
                    asked,
                    moved: moved.fetch_add(1, Ordering::Relaxed) + 1,
                });
            };
            self.migrate_some(authorization, ids, &on_moved).await?;
        }
        let moved = moved.into_inner();
        on_progress(IdMigrationProgress {
            total,
            asked,
            moved,
        });
        if authorization.ids_moved_at.is_none() {
            self.authorizations
                .set_ids_moved(suite_id, corp_id, asked_at)
                .await?;
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, moved, "the corp has encrypted ids");
        }
        Ok(moved)
    }

    /// Learns the encrypted userids of a member who logs in for the first time, and of those whose id is not known, while
    /// WeCom names them by their plain ones: it no longer converts the userid of a member who has left.
    async fn learn_pairs(&self, authorization: &Authorization, principal: &Principal) {
        let (suite_id, corp_id) = (&principal.suite_id, &principal.corp_id);
        let learning = async {
            let limit = MAX_USER_IDS as u64 - 1;
            let mut ids = self.members.without_alias(suite_id, corp_id, limit).await?;
            ids.push(principal.third_user_id.clone());
            for (stored, open) in self.ask_pairs(authorization, &ids).await? {
                self.members.store_pending_alias(&stored, &open).await?;
            }
            Ok(())
        };
        if let Err(error) = within_optional_time(learning).await {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "encrypted userids could not be learnt");
        }
    }

    /// The encrypted userids of members who are not stored, for those of these ids that WeCom names one of.
    ///
    /// # Errors
    /// WeCom does not answer.
    pub(crate) async fn encrypted_ids(
        &self,
        authorization: &Authorization,
        ids: &[WecomUserId],
    ) -> Result<Vec<(Principal, WecomUserId)>> {
        let mut pairs = Vec::new();
        for ids in ids.chunks(MAX_USER_IDS) {
            match self.ask_pairs(authorization, ids).await {
                Ok(named) => pairs.extend(named),
                Err(error) if is_definite(&error) => {
                    tracing::info!(target: "wecom_login", ?error, "WeCom names no encrypted userids");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(pairs)
    }

    async fn migrate_some(
        &self,
        authorization: &Authorization,
        ids: &[WecomUserId],
        on_moved: &(dyn Fn() + Send + Sync),
    ) -> Result<()> {
        let pairs = match self.ask_pairs(authorization, ids).await {
            Ok(pairs) => pairs,
            Err(error) if is_definite(&error) => {
                tracing::info!(target: "wecom_login", ?error, "WeCom names no encrypted userids");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (stored, open) in &pairs {
            self.members.store_pending_alias(stored, open).await?;
        }
        for (stored, open) in &pairs {
            self.members.move_to(stored, open).await?;
            on_moved();
        }
        Ok(())
    }

    /// The members of these userids whose encrypted userid WeCom names, with it.
    async fn ask_pairs(
        &self,
        authorization: &Authorization,
        ids: &[WecomUserId],
    ) -> Result<Vec<(Principal, WecomUserId)>> {
        let app = authorization.credential()?;
        let asked = self.app_client.call(&app, |token| {
            Box::pin(async move { self.api.open_user_ids(&token, ids).await })
        });
        let (pairs, _) = asked.await?;
        let (suite_id, corp_id) = (&authorization.suite_id, &authorization.corp_id);
        let pairs = pairs
            .into_iter()
            .filter(|(plain, open)| plain != open && ids.contains(plain))
            .map(|(plain, open)| {
                (
                    Principal::new(suite_id.clone(), corp_id.clone(), plain),
                    open,
                )
            });
        Ok(pairs.collect())
    }
}

/// Whether WeCom refused the question itself.
fn is_definite(error: &Error) -> bool {
    let errcode = error.errcode().map(Errcode::new);
    errcode.is_some_and(|errcode| !errcode.is_busy() && !errcode.is_rate_limit())
}

impl fmt::Debug for IdMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdMigration")
    }
}
