//! A company's first way in: the host app decides, WeCom names the app.

use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::authorization::authorization::{not_authorized, seal_code};
use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::authorization::{ActiveModel, Entity};
use crate::db::{is_unique_violation, retry_transaction};
use crate::domain::AuthorizationStatus;
use crate::domain::PermanentCode;
use crate::domain::{AgentId, CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::hooks::CorpDecision;

impl Authorizations {
    /// After an exchange: asks the host app whether the company may come in, and WeCom for the agentId and the name.
    pub(crate) async fn admit(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        // Unanswered it is due again by itself; the company is in all the same.
        if let Err(error) = self.reread(suite_id, corp_id).await {
            tracing::warn!(target: "wecom_login", %suite_id, %corp_id, ?error, "a new authorisation is not read yet");
        }
        failpoint::reach("admit/read");
        self.request_review(suite_id, corp_id).await?;
        failpoint::reach("admit/told");
        Ok(())
    }

    /// A company that is held comes in if the host app says so.
    pub(super) async fn request_review(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let known = self
            .read_row(self.0.store.database(), suite_id, corp_id)
            .await?;
        let Some(known) = known else { return Ok(()) };
        if let Some(errcode) = known.broken_by {
            // WeCom has just refused its permanent code: a newer event ended or changed it.
            return Err(not_authorized().with_errcode(errcode));
        }
        if known.status == AuthorizationStatus::Held {
            let decision = self
                .0
                .hooks
                .review_authorization(&known.corp_info())
                .await?;
            self.set_decision(suite_id, corp_id, decision).await?;
            failpoint::reach("admit/decided");
            if decision != CorpDecision::Approve {
                return Ok(());
            }
        }
        self.0.hooks.corp_authorized(&known.corp_info()).await;
        Ok(())
    }

    /// Makes the row that the epoch of a company's sessions stands in, for people whom WeCom did not prove. It lets
    /// nobody in.
    pub(crate) async fn ensure_row(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        if self.find(suite_id, corp_id).await?.is_some() {
            return Ok(());
        }
        let now = self.0.store.now();
        let row = ActiveModel {
            suite_id: Set(suite_id.clone()),
            corp_id: Set(corp_id.clone()),
            corp_name: Set(String::new()),
            agent_id: Set(None),
            permanent_code: Set(None),
            status: Set(AuthorizationStatus::Cancelled),
            broken_by: Set(None),
            broken_at: Set(None),
            epoch: Set(0),
            secret_version: Set(0),
            event_time: Set(i64::MIN),
            changed_at: Set(now),
            read_at: Set(None),
            read_due_at: Set(Timestamp::from_millis(i64::MAX)),
            created_at: Set(now),
        };
        match Entity::insert(row)
            .exec_without_returning(self.0.store.database())
            .await
        {
            Ok(_) => Ok(()),
            // Another one made it meanwhile.
            Err(error) if is_unique_violation(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes over an authorisation from before: a provider's companies authorised long ago. It may be repeated; a
    /// permanent code that is already here stays unless it differs.
    pub(crate) async fn import(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
        agent_id: Option<AgentId>,
    ) -> Result<()> {
        self.0.suites.require(suite_id)?;
        if permanent_code.expose().trim().is_empty() {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "the permanent code is blank",
            ));
        }
        retry_transaction(|| self.import_once(suite_id, corp_id, permanent_code, agent_id)).await?;
        self.0.due.notify_one();
        Ok(())
    }

    async fn import_once(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
        agent_id: Option<AgentId>,
    ) -> Result<()> {
        let now = self.0.store.now();
        let transaction = self.0.store.begin().await?;
        let known = self.lock_row(&transaction, suite_id, corp_id).await?;
        let same = known.as_ref().is_some_and(|known| {
            known.permanent_code.as_ref() == Some(permanent_code)
                && known.status == AuthorizationStatus::Active
        });
        let names_agent = agent_id.is_some()
            && known
                .as_ref()
                .is_some_and(|known| known.agent_id != agent_id);
        if same && names_agent {
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
            self.commit(transaction, suite_id, corp_id).await?;
        } else if !same {
            let row = ActiveModel {
                suite_id: Set(suite_id.clone()),
                corp_id: Set(corp_id.clone()),
                corp_name: Set(known
                    .as_ref()
                    .map(|known| known.corp_name.clone())
                    .unwrap_or_default()),
                agent_id: Set(agent_id.or_else(|| known.as_ref().and_then(|known| known.agent_id))),
                permanent_code: Set(Some(seal_code(
                    &self.0.keys,
                    suite_id,
                    corp_id,
                    permanent_code,
                )?)),
                status: Set(AuthorizationStatus::Active),
                broken_by: Set(None),
                broken_at: Set(None),
                epoch: Set(known.as_ref().map_or(0, |known| known.epoch) + 1),
                secret_version: Set(known.as_ref().map_or(0, |known| known.secret_version) + 1),
                event_time: Set(known.as_ref().map_or(i64::MIN, |known| known.event_time)),
                changed_at: Set(now),
                read_at: Set(None),
                read_due_at: Set(now),
                created_at: Set(now),
            };
            if known.is_some() {
                Entity::update(row)
                    .validate()?
                    .exec_without_returning(&transaction)
                    .await?;
            } else {
                Entity::insert(row)
                    .exec_without_returning(&transaction)
                    .await?;
            }
            self.commit(transaction, suite_id, corp_id).await?;
        }
        Ok(())
    }
}
