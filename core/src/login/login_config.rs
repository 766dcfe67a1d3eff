//! What a client needs to show a login, by instance and by organization code.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::audit::Actor;
use crate::domain::{CorpId, OrganizationCode, SuiteId};
use crate::element::{InstanceConfig, InstanceKind};
use crate::error::Result;
use crate::login::{LoginConfig, LoginService, OrgCodeLogin};

impl LoginService {
    /// `getLoginConfig`.
    pub(crate) async fn login_config(&self, kind: &InstanceKind) -> Result<LoginConfig> {
        let config = match kind {
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
        let (corp_id, authorization) = match &config.corp_id {
            Some(corp_id) => {
                let found = self
                    .authorizations
                    .find_configured(&config.suite.id, corp_id);
                let (corp_id, authorization) = found.await?;
                (Some(corp_id), authorization)
            }
            None => (None, None),
        };
        Ok(LoginConfig {
            suite_id: Some(config.suite.id.clone()),
            corp_id,
            agent_id: authorization.and_then(|authorization| authorization.agent_id),
            is_active: config.accepts_logins(),
            auth_type: config.type_name().to_owned(),
            other: added_by_wrapping(config),
        })
    }

    /// `setCode`: gives a corp its organization code.
    pub(crate) async fn set_organization_code(
        &self,
        corp_id: &CorpId,
        code: &OrganizationCode,
        suite_id: Option<SuiteId>,
        actor: Actor,
    ) -> Result<()> {
        let (suite_id, corp_id) = self.corps.resolve(corp_id, suite_id).await?;
        self.authorizations
            .require_active(&suite_id, &corp_id)
            .await?;
        self.organization_codes
            .set(&suite_id, &corp_id, code, actor)
            .await
    }

    /// `getLoginConfigByCode`: the corp and its app that an organization code stands for.
    pub(crate) async fn login_config_by_code(
        &self,
        code: &str,
        client: Option<IpAddr>,
    ) -> Result<OrgCodeLogin> {
        let found = async {
            let (suite_id, corp_id) = self.organization_codes.find(code, client).await?;
            let config = self.instances.serving(&suite_id, &corp_id)?;
            self.instances.check_login(config, &corp_id)?;
            let authorization = self
                .authorizations
                .require_active(&suite_id, &corp_id)
                .await?;
            Ok(OrgCodeLogin::new(corp_id, authorization.require_agent()?))
        };
        self.refusals.watch(client, None, found).await
    }
}

/// What a Type that wraps ours adds to `getLoginConfig`; what we answer stands.
fn added_by_wrapping(config: &InstanceConfig) -> Map<String, Value> {
    const OURS: [&str; 5] = ["suiteId", "corpId", "agentId", "isActive", "authType"];
    let mut added = config
        .wrapping()
        .map(|wrapping| wrapping.instance.login_config())
        .unwrap_or_default();
    added.retain(|key, _| !OURS.contains(&key.as_str()));
    added
}
