//! What an administrator and the host app do: companies, records, sessions, links, bindings.

use crate::app::results::SessionSummary;
use crate::app::service::AuthService;
use crate::authorization::CorpSummary;
use crate::domain::AuthenticatedMember;
use crate::domain::PermanentCode;
use crate::domain::RecordStatus;
use crate::domain::{AgentId, CorpId, SuiteId};
use crate::domain::{LoginType, Platform, Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::CorpDecision;
use crate::inbox::{CallbackRecord, record};
use crate::members::DefaultUserBinder;
use crate::session::{CurrentUser, IssuedSession};
use crate::tokens::ProviderCredential;
use crate::wecom::{AuthorizationLink, InstallState, QrLanguage, State, qr_link, workbench_link};

impl AuthService {
    /// Callback records, newest first: `limit` of them, older than `before`.
    ///
    /// # Errors
    /// The database does not answer.
    #[doc(alias = "callbackRecords")]
    pub async fn callback_records(
        &self,
        status: Option<RecordStatus>,
        limit: u64,
        before: Option<i64>,
    ) -> Result<Vec<CallbackRecord>> {
        let (store, suites) = (self.0.0.store.clone(), self.0.0.suites.ids());
        self.0
            .run(async move { record::list(&store, suites, status, limit, before).await })
            .await
    }

    /// Every company that authorised a suite of ours.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn corps(&self) -> Result<Vec<CorpSummary>> {
        let authorizations = self.0.0.authorizations.clone();
        self.0
            .run(async move { authorizations.summaries().await })
            .await
    }

    /// Lets a company in that a hook held back, or keeps it out. Keeping out ends its people's sessions.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: there is nothing to decide.
    pub async fn set_corp_decision(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        decision: CorpDecision,
    ) -> Result<()> {
        let (authorizations, suite_id, corp_id) = (
            self.0.0.authorizations.clone(),
            suite_id.clone(),
            corp_id.clone(),
        );
        self.0
            .run(async move {
                authorizations
                    .set_decision(&suite_id, &corp_id, decision)
                    .await
            })
            .await
    }

    /// Takes over an authorisation from before this library: a provider's companies authorised long ago. Without an
    /// `agent_id` WeCom is asked for it.
    ///
    /// # Errors
    /// The suite is not configured, or the database does not answer.
    pub async fn import_authorization(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        permanent_code: PermanentCode,
        agent_id: Option<AgentId>,
    ) -> Result<()> {
        let (authorizations, suite_id, corp_id) = (
            self.0.0.authorizations.clone(),
            suite_id.clone(),
            corp_id.clone(),
        );
        self.0
            .run(async move {
                authorizations
                    .import(&suite_id, &corp_id, &permanent_code, agent_id)
                    .await
            })
            .await
    }

    /// Gives a person a session without WeCom: for tests of a host app, or for its support desk.
    ///
    /// # Errors
    /// `USER_AUTH_MISS`, or the database does not answer.
    pub async fn issue_session(
        &self,
        who: &Principal,
        platform: Platform,
    ) -> Result<IssuedSession> {
        let (this, who) = (self.clone(), who.clone());
        self.0
            .run(async move {
                let instance = this.instance_serving(&who.suite_id, &who.corp_id);
                let instance = instance
                    .map(|config| config.name.full().to_owned())
                    .unwrap_or_default();
                let revocation_seq = this.0.0.sessions.revocation_seq();
                let proof = this
                    .vouch(
                        AuthenticatedMember::new(who, Profile::default()),
                        revocation_seq,
                    )
                    .await?;
                let user_id = this.bind(&proof).await?;
                this.admit(proof, user_id, &instance, platform, LoginType::default())
                    .await
            })
            .await
    }

    /// Binds a person to a user of the host app in our auth model, and ends the person's sessions. A binder of your own
    /// sees the binding only where it asks ours ([`Builder::wrap_binder`](crate::Builder::wrap_binder)).
    ///
    /// # Errors
    /// The id is blank or over 255 bytes, or the database does not answer.
    pub async fn bind_user(&self, who: &Principal, user_id: &str) -> Result<()> {
        if user_id.trim().is_empty() || user_id.len() > 255 {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "a user id is 1 to 255 bytes and not blank",
            ));
        }
        let (inner, who, user_id) = (self.0.clone(), who.clone(), user_id.to_owned());
        self.0
            .run(async move {
                DefaultUserBinder::set(&inner.0.store, &who, &user_id).await?;
                inner.0.members.revoke_sessions(&who).await
            })
            .await
    }

    /// Takes a person's binding away. Their sessions end.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unbind_user(&self, who: &Principal) -> Result<()> {
        let (members, who) = (self.0.0.members.clone(), who.clone());
        self.0
            .run(async move {
                members.binder().unbind(&who).await?;
                members.revoke_sessions(&who).await
            })
            .await
    }

    /// The live sessions of the person behind a session, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sessions(&self, user: &CurrentUser) -> Result<Vec<SessionSummary>> {
        let (sessions, user) = (self.0.0.sessions.clone(), user.clone());
        self.0
            .run(async move {
                let rows = sessions.list_by_member(user.principal()).await?;
                rows.into_iter()
                    .map(|row| SessionSummary::of_row(row, &user))
                    .collect()
            })
            .await
    }

    /// Ends one session of the person behind a session.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND`: another person's too.
    pub async fn end_session(&self, user: &CurrentUser, id: &str) -> Result<()> {
        let (sessions, who, id) = (
            self.0.0.sessions.clone(),
            user.principal().clone(),
            id.to_owned(),
        );
        self.0
            .run(async move { sessions.revoke_by_id(&who, &id).await })
            .await
    }

    /// Ends this session.
    ///
    /// # Errors
    /// The database does not answer; the session goes on.
    pub async fn logout(&self, user: &CurrentUser) -> Result<()> {
        let (sessions, user) = (self.0.0.sessions.clone(), user.clone());
        self.0
            .run(async move { sessions.revoke(&user).await })
            .await
    }

    /// Ends every session of the person behind this one.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    #[doc(alias = "logoutAll")]
    pub async fn logout_all(&self, user: &CurrentUser) -> Result<()> {
        self.end_sessions_of_person(user.principal()).await
    }

    /// Ends every session of a person; a login of theirs that is under way fails too.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn end_sessions_of_person(&self, who: &Principal) -> Result<()> {
        let (members, who) = (self.0.0.members.clone(), who.clone());
        self.0
            .run(async move { members.revoke_sessions(&who).await })
            .await
    }

    /// Ends every session of a company's people.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn end_sessions_of_corp(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let (authorizations, suite_id, corp_id) = (
            self.0.0.authorizations.clone(),
            suite_id.clone(),
            corp_id.clone(),
        );
        self.0
            .run(async move { authorizations.revoke_sessions(&suite_id, &corp_id).await })
            .await
    }

    /// Ends every session of the service, on every node, and every login that is under way: one new epoch for all. For
    /// after a restore, which brings sessions back that ended since the backup.
    ///
    /// ```no_run
    /// # async fn restored(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// login.service().end_all_sessions().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn end_all_sessions(&self) -> Result<()> {
        let authorizations = self.0.0.authorizations.clone();
        self.0
            .run(async move { authorizations.revoke_all_sessions().await })
            .await
    }

    /// The link that logs a person in within WeCom, from the workbench or a menu (D/96441).
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    pub async fn workbench_link(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        redirect_uri: &str,
        state: &State,
    ) -> Result<String> {
        let agent_id = self.agent(suite_id, corp_id).await?;
        let scope = self.instance_serving(suite_id, corp_id)?.scope;
        Ok(workbench_link(
            self.0.0.api.hosts(),
            corp_id,
            agent_id,
            redirect_uri,
            scope,
            state,
        ))
    }

    /// The link that shows a QR code to log in with (D/98173).
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    pub async fn qr_link(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        redirect_uri: &str,
        state: &State,
        language: Option<QrLanguage>,
    ) -> Result<String> {
        let agent_id = self.agent(suite_id, corp_id).await?;
        Ok(qr_link(
            self.0.0.api.hosts(),
            corp_id,
            agent_id,
            redirect_uri,
            state,
            language,
        ))
    }

    /// The link by which a company authorises one or more suites, ten days long (D/98744). Show it as a QR code.
    ///
    /// # Errors
    /// A suite is not configured here, `providerCorpId` or `providerSecret` is missing, or WeCom says no.
    #[doc(alias = "get_customized_auth_url")]
    pub async fn authorization_link(
        &self,
        suites: &[SuiteId],
        state: &InstallState,
    ) -> Result<AuthorizationLink> {
        let (this, suites, state) = (self.clone(), suites.to_vec(), state.clone());
        self.0
            .run(async move { this.make_authorization_link(&suites, &state).await })
            .await
    }

    async fn make_authorization_link(
        &self,
        suites: &[SuiteId],
        state: &InstallState,
    ) -> Result<AuthorizationLink> {
        let inner = &self.0.0;
        let first = suites
            .first()
            .ok_or_else(|| Error::new(ErrorKind::ApiParams, "a link is for one suite at least"))?;
        let first = inner.suites.require(first)?;
        for suite in &suites[1..] {
            inner.suites.require(suite)?;
        }
        let (Some(provider), Some(secret)) = (&first.provider_corp_id, &first.provider_secret)
        else {
            return Err(Error::new(
                ErrorKind::Config,
                "authorisation links need providerCorpId and providerSecret",
            ));
        };
        let provider = ProviderCredential {
            corp_id: provider.clone(),
            secret: secret.clone(),
        };
        let make_link =
            |token| async move { inner.api.customized_auth_url(&token, state, suites).await };
        let (link, _) = inner.tokens.call(&provider, make_link).await?;
        Ok(link?)
    }

    async fn agent(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<AgentId> {
        let (authorizations, suite_id, corp_id) = (
            self.0.0.authorizations.clone(),
            suite_id.clone(),
            corp_id.clone(),
        );
        self.0
            .run(async move {
                authorizations
                    .require_active(&suite_id, &corp_id)
                    .await?
                    .require_agent()
            })
            .await
    }
}
