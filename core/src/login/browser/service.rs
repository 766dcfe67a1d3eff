//! What the login of a browser needs, and the app that a browser is sent to.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::authorization::Authorizations;
use crate::clock::Clock;
use crate::db::Store;
use crate::domain::{AgentId, CorpId, OrganizationCode, SuiteId};
use crate::element::Instances;
use crate::error::{ErrorKind, Result};
use crate::hooks::Refusals;
use crate::login::{
    Authenticator, CorpChoice, CorpSelection, LoginCodes, OrganizationCodes, SessionCreation,
    UsedStates,
};
use crate::rate_limit::ClientRateLimiter;
use crate::session::CurrentUser;
use crate::task_runner::TaskRunner;
use crate::wecom::Scope;

/// Unknown corps that one client may ask the login page for, per minute.
const UNKNOWN_CORPS_PER_MINUTE: u32 = 30;

/// Logs browsers in.
#[derive(Clone)]
pub(crate) struct BrowserLoginService {
    pub(crate) deps: Arc<BrowserLoginDeps>,
    unknown_corps: ClientRateLimiter,
}

/// The dependencies of [`BrowserLoginService`].
pub(crate) struct BrowserLoginDeps {
    pub(crate) store: Store,
    pub(crate) instances: Arc<Instances>,
    pub(crate) authorizations: Authorizations,
    pub(crate) authenticator: Authenticator,
    pub(crate) corps: CorpSelection,
    pub(crate) creation: SessionCreation,
    pub(crate) login_codes: LoginCodes,
    pub(crate) used_states: UsedStates,
    pub(crate) organization_codes: OrganizationCodes,
    pub(crate) refusals: Refusals,
    pub(crate) tasks: TaskRunner,
}

/// A corp's app that members of the corp can log in to.
#[derive(Clone, Debug)]
pub(crate) struct LoginTarget {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) agent_id: AgentId,
    pub(crate) epoch: i64,
    pub(crate) scope: Scope,
    pub(crate) corp_name: String,
}

impl BrowserLoginService {
    pub(crate) fn new(deps: BrowserLoginDeps) -> Self {
        let clock: Arc<dyn Clock> = Arc::clone(deps.store.clock());
        Self {
            deps: Arc::new(deps),
            unknown_corps: ClientRateLimiter::new("unknown_corps", UNKNOWN_CORPS_PER_MINUTE, clock),
        }
    }

    /// The suite and the corp that a login page is asked for by one of the corp's ids. Unknown corps are counted; after
    /// too many a client gets no corp at all, so that the limit does not tell which ones are customers.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, `RATE_LIMITED`, or `API_PARAMS_ERROR` if several suites have the corp.
    pub(crate) async fn corp_of_id(
        &self,
        corp_id: &CorpId,
        client: Option<IpAddr>,
    ) -> Result<(SuiteId, CorpId)> {
        self.unknown_corps.check(client)?;
        let found = self.deps.corps.resolve(corp_id, None).await;
        if let Err(error) = &found
            && error.kind() == ErrorKind::CorpNotAuthorized
        {
            self.unknown_corps.record(client);
        }
        found
    }

    /// The corp that an organization code stands for.
    ///
    /// # Errors
    /// `ORG_CODE_NOT_FOUND`, `RATE_LIMITED`.
    pub(crate) async fn corp_of_code(
        &self,
        code: &str,
        client: Option<IpAddr>,
    ) -> Result<(SuiteId, CorpId)> {
        self.deps.organization_codes.find(code, client).await
    }

    /// Whether this corp, by whichever of its ids, has this organization code.
    pub(crate) async fn has_code(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        code: &OrganizationCode,
    ) -> Result<bool> {
        let found = self.deps.organization_codes.find_uncounted(code).await?;
        Ok(found.is_some_and(|(suite_of_code, corp_of_code)| {
            let aliases = self.deps.authorizations.aliases();
            suite_of_code == *suite_id && aliases.is_same(suite_id, &corp_of_code, corp_id)
        }))
    }

    /// The corp that a user is in, with its name.
    pub(crate) async fn corp_of(&self, user: &CurrentUser) -> Result<CorpChoice> {
        self.deps.corps.choice_of(user.principal()).await
    }

    /// Whether two ids are of one corp.
    pub(crate) fn is_same_corp(&self, suite_id: &SuiteId, one: &CorpId, other: &CorpId) -> bool {
        let aliases = self.deps.authorizations.aliases();
        aliases.is_same(suite_id, one, other)
    }

    /// The app of a corp, if its members can log in now.
    ///
    /// # Errors
    /// `LOGIN_DISABLED`, `CORP_MISMATCH`, `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    pub(crate) async fn target(&self, suite_id: SuiteId, corp_id: CorpId) -> Result<LoginTarget> {
        let corp_id = self
            .deps
            .authorizations
            .resolve(&suite_id, &corp_id)
            .await?;
        let config = self.deps.instances.serving(&suite_id, &corp_id)?;
        self.deps.instances.check_login(config, &corp_id)?;
        let authorization = self
            .deps
            .authorizations
            .require_active(&suite_id, &corp_id)
            .await?;
        Ok(LoginTarget {
            agent_id: authorization.require_agent()?,
            epoch: authorization.epoch,
            scope: config.scope,
            corp_name: authorization.corp_name.clone(),
            suite_id,
            corp_id,
        })
    }
}

impl fmt::Debug for BrowserLoginService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserLoginService")
    }
}
