//! The service: what the reference page's `QywxProxyAuthService` does.

use crate::app::handle::WecomLogin;
use crate::app::instance::prove;
use crate::app::requests::{LoginByCodeRequest, WorkbenchLoginRequest};
use crate::app::results::{CorpChoice, LoginResult, OrgCodeLogin};
use crate::domain::LoginType;
use crate::domain::{CorpId, OrganizationCode, SuiteId};
use crate::error::Result;
use crate::inbox::NotifyResponse;
use crate::login::Attempt;
use crate::session::IssuedSession;

/// `auths.loginTypes.QywxProxyType.services.QywxProxyAuthService`: logins across instances, callbacks, organisation
/// codes, and what only a host app can do in code.
#[derive(Clone, Debug)]
pub struct AuthService(pub(crate) WecomLogin);

impl AuthService {
    /// Exchanges a login code for a session. The code is spent, whatever comes of it.
    ///
    /// # Errors
    /// `LOGIN_CODE_INVALID`, `CORP_NOT_IN_LIST`, or what keeps people of that company out.
    #[doc(alias = "loginByCode")]
    pub async fn login_by_code(&self, request: LoginByCodeRequest) -> Result<LoginResult> {
        let this = self.clone();
        self.0
            .run(async move { this.exchange_login_code(request).await })
            .await
    }

    /// Logs a person in who clicked the app in WeCom's workbench.
    ///
    /// # Errors
    /// Any of the login errors; `API_PARAMS_ERROR` if several suites have the company and none is named.
    #[doc(alias = "loginByWorkbench")]
    pub async fn login_by_workbench(&self, request: WorkbenchLoginRequest) -> Result<LoginResult> {
        let this = self.clone();
        self.0
            .run(async move { this.workbench_login(request).await })
            .await
    }

    /// Answers a callback of WeCom, for a host app with a route of its own: `method` GET or POST, the raw query, the
    /// raw body. [`Instance::notify`](crate::Instance::notify) takes those of one suite only.
    pub async fn notify(&self, method: &str, query: &str, body: &[u8]) -> NotifyResponse {
        self.callback(None, method, query, body).await
    }

    /// Answers a callback of the suite that `scope` names, or of any.
    pub(super) async fn callback(
        &self,
        scope: Option<SuiteId>,
        method: &str,
        query: &str,
        body: &[u8],
    ) -> NotifyResponse {
        let (receiver, method, query) = (
            self.0.0.receiver.clone(),
            method.to_owned(),
            query.to_owned(),
        );
        let body = bytes::Bytes::copy_from_slice(body);
        let answered = self.0.run(async move {
            Ok(match method.as_str() {
                "GET" | "HEAD" => receiver.check_url(scope.as_ref(), &query).await,
                "POST" => receiver.receive(scope.as_ref(), &query, &body).await,
                _ => NotifyResponse::refusal(405),
            })
        });
        answered
            .await
            .unwrap_or_else(|_| NotifyResponse::refusal(500))
    }

    /// Gives a company its organisation code, in place of the one it had.
    ///
    /// # Errors
    /// `ORG_CODE_CONFLICT`, `CORP_NOT_AUTHORIZED`, or `API_PARAMS_ERROR` if several suites have the company and none is
    /// named.
    #[doc(alias = "setCode")]
    pub async fn set_code(
        &self,
        corp_id: &CorpId,
        code: &OrganizationCode,
        suite_id: Option<&SuiteId>,
    ) -> Result<()> {
        let (this, corp_id, code, suite_id) = (
            self.clone(),
            corp_id.clone(),
            code.clone(),
            suite_id.cloned(),
        );
        self.0
            .run(async move {
                let suite_id = this.suite_of(&corp_id, suite_id).await?;
                this.0
                    .0
                    .authorizations
                    .require_active(&suite_id, &corp_id)
                    .await?;
                this.0
                    .0
                    .organization_codes
                    .set(&suite_id, &corp_id, &code)
                    .await
            })
            .await
    }

    /// The company and its app that an organisation code stands for. Look-ups of one `client` are limited to 30 a
    /// minute; those without a client, which only the host app's own code makes, are not.
    ///
    /// # Errors
    /// `ORG_CODE_NOT_FOUND`, `RATE_LIMITED`, `LOGIN_DISABLED`, `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    #[doc(alias = "getLoginConfigByCode")]
    #[doc(alias = "getLoginConfig")]
    pub async fn login_config_by_code(
        &self,
        code: &str,
        client: Option<std::net::IpAddr>,
    ) -> Result<OrgCodeLogin> {
        let (this, code) = (self.clone(), code.to_owned());
        self.0
            .run(async move {
                let (suite_id, corp_id) = this.0.0.organization_codes.find(&code, client).await?;
                let config = this.0.0.instances.serving(&suite_id, &corp_id)?;
                this.0.0.instances.check_login(config, &corp_id)?;
                let authorization = this
                    .0
                    .0
                    .authorizations
                    .require_active(&suite_id, &corp_id)
                    .await?;
                Ok(OrgCodeLogin::new(corp_id, authorization.require_agent()?))
            })
            .await
    }

    /// Works on a callback record now.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`, `RECORD_BUSY`, or what went wrong this time.
    #[doc(alias = "retryCallBack")]
    pub async fn retry_callback(&self, record_id: i64) -> Result<()> {
        let worker = self.0.0.worker.clone();
        self.0
            .run(async move { worker.retry(record_id).await })
            .await
    }

    async fn workbench_login(&self, request: WorkbenchLoginRequest) -> Result<LoginResult> {
        let suite_of = self.suite_of(&request.corp_id, request.suite_id);
        let suite_id = self.0.0.prover.limited(request.client, suite_of).await?;
        let config = self.0.0.instances.serving(&suite_id, &request.corp_id)?;
        let attempt = Attempt {
            suite_id,
            corp_id: request.corp_id,
            code: request.code,
            client: request.client,
            stated: request.stated,
        };
        let proof = prove(&self.0, config, &attempt).await?;
        let own = CorpChoice::new(
            proof.person.principal.corp_id.clone(),
            proof.corp_name.clone(),
        );
        let principal = proof.person.principal.clone();
        let user_id = self.bind(&proof).await?;
        let corp_list = self.corp_list(&user_id, &principal, own).await?;
        let issued = self
            .admit(
                proof,
                user_id,
                config.name.full(),
                request.platform,
                LoginType::Workbench,
            )
            .await?;
        Ok(self.result(issued, corp_list))
    }

    pub(super) fn result(&self, issued: IssuedSession, corp_list: Vec<CorpChoice>) -> LoginResult {
        let idle = self.0.0.sessions.config().idle_timeout.as_secs();
        LoginResult::new(issued.token, &issued.user, idle, corp_list)
    }
}
