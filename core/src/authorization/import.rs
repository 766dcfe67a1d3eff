//! The import of authorizations that are older than this service.

use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::authorization::authorization::seal_code;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{new_row, write_row};
use crate::db::entity::authorization::{ActiveModel, Entity};
use crate::db::retry_transaction;
use crate::domain::{AgentId, AuthorizationStatus, CorpId, PermanentCode, SuiteId};
use crate::error::{Error, ErrorKind, Result};

impl Authorizations {
    /// Imports an authorization: a provider's corps authorized long ago. It may be repeated; a stored permanent code
    /// stays unless it differs.
    pub(crate) async fn import(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
        agent_id: Option<AgentId>,
    ) -> Result<()> {
        self.inner.suites.require(suite_id)?;
        if permanent_code.expose().trim().is_empty() {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "the permanent code is blank",
            ));
        }
        let corp_id = loop {
            let corp_id = self.resolve_imported(suite_id, corp_id).await?;
            let import = || self.import_once(suite_id, &corp_id, permanent_code, agent_id);
            if retry_transaction(import).await? {
                break corp_id;
            }
        };
        self.load_aliases().await?;
        self.wake_waiting(suite_id, std::slice::from_ref(&corp_id))
            .await?;
        self.inner.departed.restore(suite_id, &corp_id).await?;
        self.inner.due.notify_one();
        Ok(())
    }

    async fn resolve_imported(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<CorpId> {
        if let Some(known) = self.resolve_known(suite_id, corp_id).await? {
            return Ok(known);
        }
        // It may be known by another id.
        self.learn_corp(suite_id, corp_id).await?;
        let known = self.resolve_known(suite_id, corp_id).await?;
        Ok(known.unwrap_or_else(|| corp_id.normalized()))
    }

    /// Returns `false` if the corp got its first row meanwhile, perhaps under another id.
    async fn import_once(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
        agent_id: Option<AgentId>,
    ) -> Result<bool> {
        let now = self.inner.store.now();
        let transaction = self.inner.store.begin().await?;
        let known = self.lock_row(&transaction, suite_id, corp_id).await?;
        let known = known.as_ref();
        let has_code = known.is_some_and(|known| {
            known.permanent_code.as_ref() == Some(permanent_code)
                && known.status == AuthorizationStatus::Active
        });
        let names_new_agent =
            agent_id.is_some() && known.is_some_and(|known| known.agent_id != agent_id);
        if has_code && !names_new_agent {
            return Ok(true);
        }
        if has_code {
            let row = ActiveModel {
                suite_id: Set(suite_id.clone()),
                corp_id: Set(corp_id.clone()),
                agent_id: Set(agent_id),
                ..Default::default()
            };
            Entity::update(row)
                .validate()?
                .exec_without_returning(&transaction)
                .await?;
        } else {
            let sealed = seal_code(&self.inner.keys, suite_id, corp_id, permanent_code)?;
            let row = ActiveModel {
                corp_name: Set(known
                    .map(|known| known.corp_name.clone())
                    .unwrap_or_default()),
                agent_id: Set(agent_id.or_else(|| known?.agent_id)),
                permanent_code: Set(Some(sealed)),
                status: Set(AuthorizationStatus::Active),
                epoch: Set(known.map_or(0, |known| known.epoch) + 1),
                secret_version: Set(known.map_or(0, |known| known.secret_version) + 1),
                event_time: Set(known.map_or(i64::MIN, |known| known.event_time)),
                read_due_at: Set(now),
                state: Set(known.and_then(|known| known.state.clone())),
                installed_by: Set(known.and_then(|known| known.installed_by.clone())),
                ..new_row(suite_id, corp_id, now)
            };
            if known.is_none() && !self.store_under(&transaction, suite_id, corp_id).await? {
                transaction.rollback().await?;
                return Ok(false);
            }
            write_row(&transaction, row, known.is_some()).await?;
        }
        self.commit(transaction, suite_id, corp_id).await?;
        Ok(true)
    }
}
