//! Links to WeCom: to log in with, and for a corp to authorize suites with.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::authorization::Authorizations;
use crate::domain::{AgentId, CorpId, SuiteId, Suites};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::task_runner::{ShutdownOnDrop, TaskRunner};
use crate::tokens::{ProviderCredential, Tokens};
use crate::wecom::{
    Api, AuthorizationLink, InstallState, QrLanguage, State, qr_link, workbench_link,
};

/// Makes links to WeCom.
#[derive(Clone)]
pub struct LinkService {
    deps: Arc<LinkDeps>,
    _shutdown_on_drop: ShutdownOnDrop,
}

/// The dependencies of [`LinkService`].
pub(crate) struct LinkDeps {
    pub(crate) suites: Suites,
    pub(crate) instances: Arc<Instances>,
    pub(crate) authorizations: Authorizations,
    pub(crate) tokens: Tokens,
    pub(crate) api: Api,
    pub(crate) tasks: TaskRunner,
}

impl LinkService {
    pub(crate) fn new(deps: LinkDeps, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self {
            deps: Arc::new(deps),
            _shutdown_on_drop: shutdown_on_drop,
        }
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
        let (corp_id, agent_id) = self.app_of(suite_id, corp_id).await?;
        let scope = self.deps.instances.serving(suite_id, &corp_id)?.scope;
        let hosts = self.deps.api.hosts();
        Ok(workbench_link(
            hosts,
            &corp_id,
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
        let (corp_id, agent_id) = self.app_of(suite_id, corp_id).await?;
        let hosts = self.deps.api.hosts();
        Ok(qr_link(
            hosts,
            &corp_id,
            agent_id,
            redirect_uri,
            state,
            language,
        ))
    }

    /// The link by which a corp authorizes one or more suites, valid for ten days (D/98744). Show it as a QR code.
    ///
    /// # Errors
    /// A suite is not configured here, `providerCorpId` or `providerSecret` is missing, or WeCom refuses.
    #[doc(alias = "get_customized_auth_url")]
    pub async fn authorization_link(
        &self,
        suites: &[SuiteId],
        state: &InstallState,
    ) -> Result<AuthorizationLink> {
        let (suites, state) = (suites.to_vec(), state.clone());
        self.run(|deps| async move { deps.authorization_link(&suites, &state).await })
            .await
    }

    async fn app_of(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<(CorpId, AgentId)> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            let of_corp = deps.authorizations.require_active(&suite_id, &corp_id);
            let agent_id = of_corp.await?.require_agent()?;
            Ok((corp_id, agent_id))
        })
        .await
    }

    /// Runs an operation on our runtime, to its end whatever becomes of the caller.
    fn run<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<LinkDeps>) -> F,
    ) -> BoxFuture<'static, Result<T>> {
        self.deps.tasks.run(operation(Arc::clone(&self.deps)))
    }
}

impl LinkDeps {
    async fn authorization_link(
        &self,
        suites: &[SuiteId],
        state: &InstallState,
    ) -> Result<AuthorizationLink> {
        let first = suites
            .first()
            .ok_or_else(|| Error::new(ErrorKind::ApiParams, "a link is for one suite at least"))?;
        let first = self.suites.require(first)?;
        for suite in &suites[1..] {
            self.suites.require(suite)?;
        }
        let (Some(provider), Some(secret)) = (&first.provider_corp_id, &first.provider_secret)
        else {
            return Err(Error::new(
                ErrorKind::Config,
                "authorization links need providerCorpId and providerSecret",
            ));
        };
        let provider = ProviderCredential {
            corp_id: provider.clone(),
            secret: secret.clone(),
        };
        let call = |token| async move { self.api.customized_auth_url(&token, state, suites).await };
        let (link, _) = self.tokens.call_with_token(&provider, call).await?;
        Ok(link?)
    }
}

impl fmt::Debug for LinkService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkService")
    }
}
