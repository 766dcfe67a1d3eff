//! Corps: listed, looked at, read from WeCom, decided about, and their ids, codes and sessions.

use crate::audit::AuditAction;
use crate::authorization::{CorpDetails, CorpQuery, CorpSummary};
use crate::domain::{CorpId, OrganizationCode, Page, SuiteId};
use crate::error::{ErrorKind, Result};
use crate::hooks::CorpDecision;
use crate::services::admin::{AdminDeps, AdminService};

impl AdminService {
    /// Every corp that authorized a suite of ours.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn corps(&self) -> Result<Vec<CorpSummary>> {
        self.run(|deps| async move { deps.authorizations.summaries().await })
            .await
    }

    /// Decides about a corp that [`Hooks::review_authorization`](crate::Hooks::review_authorization) deferred, or
    /// changes the decision. [`CorpDecision::Deny`] ends the sessions of its people.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: there is nothing to decide.
    pub async fn set_corp_decision(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        decision: CorpDecision,
    ) -> Result<()> {
        let (suite_id, corp_id, actor) = (suite_id.clone(), corp_id.clone(), self.actor());
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            deps.authorizations
                .set_decision(&suite_id, &corp_id, decision, actor)
                .await
        })
        .await
    }

    /// Confirms that a corp's authorization has ended: its permanent code and all its data are deleted, as after a
    /// `cancel_auth`. Without a `cancel_auth` no more than three corps end within an hour; a further one that WeCom says has
    /// ended is [`Broken`](crate::AuthorizationStatus::Broken), and has
    /// [`CorpSummary::end_held_since`](crate::CorpSummary::end_held_since).
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: WeCom has not said that this authorization has ended. The database does not answer.
    pub async fn confirm_corp_end(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let (suite_id, corp_id, actor) = (suite_id.clone(), corp_id.clone(), self.actor());
        self.run(|deps| async move {
            deps.authorizations
                .confirm_end(&suite_id, &corp_id, actor)
                .await
        })
        .await
    }

    /// Says that two ids are one corp under a suite, where WeCom was not asked or did not say: the plain id (`ww…`) and the
    /// one that is encrypted for the provider (`wp…`). From then on either of them is that corp, and events that wait for
    /// it are carried out. Where both ids have an authorization, the two become one.
    ///
    /// # Errors
    /// The suite is not configured, or the database does not answer.
    #[doc(alias = "corpid_to_opencorpid")]
    pub async fn add_corp_alias(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        alias: &CorpId,
    ) -> Result<()> {
        let (suite_id, corp_id, alias) = (suite_id.clone(), corp_id.clone(), alias.clone());
        let actor = self.actor();
        self.run(|deps| async move {
            deps.suites.require(&suite_id)?;
            deps.authorizations
                .store_pair(&suite_id, &corp_id, &alias, Some(&actor))
                .await
        })
        .await
    }

    /// A page of the corps that the query asks for, by suite and corp.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the cursor is of another list. The database does not answer.
    pub async fn find_corps(&self, query: &CorpQuery, limit: u64) -> Result<Page<CorpDetails>> {
        let query = query.clone();
        self.run(|deps| async move {
            deps.require_suite(query.suite_id.as_ref())?;
            deps.authorizations.search(&query, limit).await
        })
        .await
    }

    /// Everything about one corp, by whichever of its ids.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if several suites have the corp and none is named. The database does not
    /// answer.
    pub async fn corp(&self, suite_id: Option<&SuiteId>, corp_id: &CorpId) -> Result<CorpDetails> {
        let (suite_id, corp_id) = (suite_id.cloned(), corp_id.clone());
        self.run(|deps| async move {
            let corps = &deps.authorizations;
            let (suite_id, corp_id) = corps.require_corp(suite_id.as_ref(), &corp_id).await?;
            corps.find_details(&suite_id, &corp_id).await
        })
        .await
    }

    /// The ids that an administrator's corp is stored under.
    ///
    /// # Errors
    /// As [`corp`](Self::corp).
    pub(crate) async fn resolve_corp(
        &self,
        suite_id: Option<&SuiteId>,
        corp_id: &CorpId,
    ) -> Result<(SuiteId, CorpId)> {
        let (suite_id, corp_id) = (suite_id.cloned(), corp_id.clone());
        self.run(|deps| async move {
            deps.authorizations
                .require_corp(suite_id.as_ref(), &corp_id)
                .await
        })
        .await
    }

    /// Reads a corp's authorization from WeCom now, and stores what WeCom says: a refusal is in
    /// [`CorpSummary::broken_by`](crate::CorpSummary::broken_by).
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`, or WeCom or the database does not answer.
    pub async fn read_corp(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        let entry = self.entry(AuditAction::CorpRead);
        self.run(|deps| async move {
            let (suite_id, corp_id) = deps.known_corp(&suite_id, &corp_id).await?;
            deps.audit(&entry.of_corp(&suite_id, &corp_id)).await?;
            deps.authorizations.reread(&suite_id, &corp_id).await
        })
        .await
    }

    /// Ends every session of a corp's people and machines, and every login that is under way.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`. The database does not answer; the sessions go on.
    pub async fn revoke_corp_sessions(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let (suite_id, corp_id, actor) = (suite_id.clone(), corp_id.clone(), self.actor());
        self.run(|deps| async move {
            let (suite_id, corp_id) = deps.known_corp(&suite_id, &corp_id).await?;
            deps.authorizations
                .revoke_sessions(&suite_id, &corp_id, actor)
                .await
        })
        .await
    }

    /// Gives a corp its organization code, in place of the one it had.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`, `CORP_NOT_AUTHORIZED`, `ORG_CODE_CONFLICT`.
    #[doc(alias = "setCode")]
    pub async fn set_organization_code(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        code: &OrganizationCode,
    ) -> Result<()> {
        let (suite_id, corp_id, code) = (suite_id.clone(), corp_id.clone(), code.clone());
        let actor = self.actor();
        self.run(|deps| async move {
            let (suite_id, corp_id) = deps.known_corp(&suite_id, &corp_id).await?;
            deps.authorizations
                .require_active(&suite_id, &corp_id)
                .await?;
            deps.organization_codes
                .set(&suite_id, &corp_id, &code, actor)
                .await
        })
        .await
    }

    /// Takes a corp's organization code away. Nothing happens if it has none.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`. The database does not answer.
    pub async fn delete_organization_code(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<()> {
        let (suite_id, corp_id, actor) = (suite_id.clone(), corp_id.clone(), self.actor());
        self.run(|deps| async move {
            let (suite_id, corp_id) = deps.known_corp(&suite_id, &corp_id).await?;
            deps.organization_codes
                .delete(&suite_id, &corp_id, actor)
                .await
        })
        .await
    }
}

impl AdminService {
    /// Writes that an administrator is given the access token of a corp, before that happens.
    pub(crate) async fn audit_access_token(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<()> {
        let entry = self.entry(AuditAction::AccessTokenRead);
        let entry = entry.of_corp(suite_id, corp_id);
        self.run(|deps| async move { deps.audit(&entry).await })
            .await
    }
}

impl AdminDeps {
    /// The ids that a corp of this suite is stored under.
    pub(super) async fn known_corp(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<(SuiteId, CorpId)> {
        self.authorizations
            .require_corp(Some(suite_id), corp_id)
            .await
    }

    /// Every id that something about a corp may be stored under: the corp may not be known yet, or no more.
    pub(super) async fn known_ids(
        &self,
        suite_id: Option<&SuiteId>,
        corp_id: &CorpId,
    ) -> Result<Vec<CorpId>> {
        match self.authorizations.require_corp(suite_id, corp_id).await {
            Ok((suite_id, stored)) => {
                let mut ids = self.authorizations.aliases().of(&suite_id, &stored);
                ids.extend([stored, corp_id.clone()]);
                Ok(ids)
            }
            Err(error) if error.kind() == ErrorKind::CorpNotFound => {
                Ok(vec![corp_id.clone(), corp_id.normalized()])
            }
            Err(error) => Err(error),
        }
    }
}
