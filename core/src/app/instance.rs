//! A login instance: what the reference page's instance element does.

use std::sync::Arc;

use crate::app::handle::WecomLogin;
use crate::app::requests::LoginCodeRequest;
use crate::app::results::{AuthConfig, LoginCodeResult, LoginConfig};
use crate::domain::SuiteId;
use crate::element::{
    CodeLogin, DynLoginProviderInstance, InstanceConfig, InstanceKind, InstanceName, LoginAttempt,
    QYWX_PROXY_AUTH_MODEL, QYWX_PROXY_TYPE,
};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::NotifyResponse;
use crate::login::{Attempt, Authentication};

/// A named login configuration, `auths.<Name>`.
#[derive(Clone, Debug)]
pub struct Instance {
    login: WecomLogin,
    name: InstanceName,
    kind: InstanceKind,
}

impl Instance {
    pub(super) const fn new(login: WecomLogin, name: InstanceName, kind: InstanceKind) -> Self {
        Self { login, name, kind }
    }

    /// The full name, such as `auths.QywxProxyTemp`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.full()
    }

    /// The name to show.
    #[must_use]
    pub fn title(&self) -> &str {
        match &self.kind {
            InstanceKind::Custom { title, .. } => title,
            InstanceKind::QywxProxy(config) => &config.title,
        }
    }

    /// The configuration with its secrets covered; none for an instance of a Type of your own.
    #[must_use]
    #[doc(alias = "authConfig")]
    pub fn auth_config(&self) -> Option<AuthConfig> {
        self.config()
            .map(|config| AuthConfig::new(config.suite.id.clone()))
    }

    /// The full name of the Type: `auths.loginTypes.QywxProxyType`, unless it is one of your own.
    #[must_use]
    #[doc(alias = "authType")]
    pub fn auth_type(&self) -> &str {
        match &self.kind {
            InstanceKind::Custom { type_name, .. } => type_name,
            InstanceKind::QywxProxy(_) => QYWX_PROXY_TYPE,
        }
    }

    /// The full name of the auth model: `auths.loginTypes.QywxProxyType.QywxProxyAuthModel`.
    #[must_use]
    #[doc(alias = "authModelElemName")]
    #[doc(alias = "QywxProxyAuthModel")]
    pub const fn auth_model_name(&self) -> &'static str {
        QYWX_PROXY_AUTH_MODEL
    }

    /// Whether people can log in here.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match &self.kind {
            InstanceKind::Custom { instance, .. } => instance.is_active(),
            InstanceKind::QywxProxy(config) => config.is_active,
        }
    }

    /// What a client needs to show this login. It is answered for an inactive instance too.
    ///
    /// # Errors
    /// The database does not answer.
    #[doc(alias = "getLoginConfig")]
    pub async fn login_config(&self) -> Result<LoginConfig> {
        let this = self.clone();
        self.login
            .run(async move { this.read_login_config().await })
            .await
    }

    /// Proves a person by a code from WeCom and makes a login code of it: single use, good for 300 seconds.
    ///
    /// # Errors
    /// Any of the login errors.
    #[doc(alias = "getLoginCode")]
    pub async fn login_code(&self, request: LoginCodeRequest) -> Result<LoginCodeResult> {
        let this = self.clone();
        self.login
            .run(async move { this.make_login_code(request).await })
            .await
    }

    /// Answers a callback of this instance's suite, as [`AuthService::notify`](crate::AuthService::notify) does those
    /// of all. An instance of a Type of your own has none: 404.
    pub async fn notify(&self, method: &str, query: &str, body: &[u8]) -> NotifyResponse {
        match self.suite_id() {
            Some(suite_id) => {
                self.login
                    .service()
                    .callback(Some(suite_id.clone()), method, query, body)
                    .await
            }
            None => NotifyResponse::refusal(404),
        }
    }

    pub(crate) fn suite_id(&self) -> Option<&SuiteId> {
        self.config().map(|config| &config.suite.id)
    }

    fn config(&self) -> Option<&Arc<InstanceConfig>> {
        match &self.kind {
            InstanceKind::Custom { .. } => None,
            InstanceKind::QywxProxy(config) => Some(config),
        }
    }

    async fn read_login_config(&self) -> Result<LoginConfig> {
        let config = match &self.kind {
            InstanceKind::QywxProxy(config) => config,
            InstanceKind::Custom {
                instance,
                type_name,
                ..
            } => {
                return Ok(LoginConfig {
                    suite_id: None,
                    corp_id: None,
                    agent_id: None,
                    is_active: instance.is_active(),
                    auth_type: type_name.clone(),
                    other: instance.login_config(),
                });
            }
        };
        let authorization = match &config.corp_id {
            Some(corp_id) => {
                self.login
                    .0
                    .authorizations
                    .find(&config.suite.id, corp_id)
                    .await?
            }
            None => None,
        };
        Ok(LoginConfig {
            suite_id: Some(config.suite.id.clone()),
            corp_id: config.corp_id.clone(),
            agent_id: authorization.and_then(|authorization| authorization.agent_id),
            is_active: config.is_active,
            auth_type: QYWX_PROXY_TYPE.to_owned(),
            other: serde_json::Map::new(),
        })
    }

    async fn make_login_code(&self, request: LoginCodeRequest) -> Result<LoginCodeResult> {
        let login_type = request.login_type;
        let proof = match &self.kind {
            InstanceKind::QywxProxy(config) => {
                let attempt = Attempt {
                    suite_id: config.suite.id.clone(),
                    corp_id: request.corp_id,
                    code: request.code,
                    client: request.client,
                    stated: request.stated,
                };
                prove(&self.login, config, &attempt).await?
            }
            InstanceKind::Custom { instance, .. } => {
                self.prove_by_own_type(&**instance, request).await?
            }
        };
        self.login
            .service()
            .issue_login_code(proof, self.name(), login_type)
            .await
    }

    async fn prove_by_own_type(
        &self,
        instance: &dyn DynLoginProviderInstance,
        request: LoginCodeRequest,
    ) -> Result<Authentication> {
        if !instance.is_active() {
            return Err(Error::new(
                ErrorKind::LoginDisabled,
                "this login is switched off",
            ));
        }
        let attempt = LoginAttempt::new(
            request.corp_id,
            request.code,
            request.login_type,
            request.client,
        );
        let revocation_seq = self.login.0.sessions.revocation_seq();
        let person = self
            .login
            .0
            .prover
            .limited(attempt.client, instance.log_in(&attempt))
            .await?;
        self.login.service().vouch(person, revocation_seq).await
    }
}

/// Proves a person through one of our instances, if it takes logins of this company by this door.
pub(super) async fn prove(
    login: &WecomLogin,
    config: &InstanceConfig,
    attempt: &Attempt,
) -> Result<Authentication> {
    login.0.instances.check_login(config, &attempt.corp_id)?;
    let open = |config: &InstanceConfig| match config.code_login {
        CodeLogin::Open => true,
        CodeLogin::State => attempt.stated,
        CodeLogin::Off => false,
    };
    // What the instance pinned to the company forbids, the unpinned one does not allow.
    let serving = login
        .0
        .instances
        .serving(&config.suite.id, &attempt.corp_id)?;
    if !open(config) || !open(serving) {
        return Err(Error::new(
            ErrorKind::LoginDisabled,
            "this login does not take codes by this way",
        ));
    }
    login.0.prover.prove(attempt).await
}
