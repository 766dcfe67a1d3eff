//! The corp that a login means, and the corps that a person may enter.

use std::fmt;
use std::sync::Arc;

use crate::authorization::{Authorizations, not_authorized};
use crate::domain::{CorpId, Principal, SuiteId, Suites};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{CorpChoice, LoginGrant, LoginProof};
use crate::members::Members;

/// Finds the suite of a corp, and the corps that a user may enter.
#[derive(Clone)]
pub(crate) struct CorpSelection {
    pub(crate) suites: Suites,
    pub(crate) instances: Arc<Instances>,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
}

impl CorpSelection {
    /// The suite and the corp that a request means, by whichever of its ids it names the corp: the suite that it names,
    /// else the one of the instance pinned to the corp, else the only one that the corp has authorized.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`; `API_PARAMS_ERROR` if several suites have the corp.
    pub(crate) async fn resolve(
        &self,
        corp_id: &CorpId,
        named: Option<SuiteId>,
    ) -> Result<(SuiteId, CorpId)> {
        let suite_id = self.suite_of(corp_id, named).await?;
        let corp_id = self.authorizations.resolve(&suite_id, corp_id).await?;
        Ok((suite_id, corp_id))
    }

    async fn suite_of(&self, corp_id: &CorpId, named: Option<SuiteId>) -> Result<SuiteId> {
        if let Some(suite_id) = named {
            let configured = self.suites.find(&suite_id).is_some();
            return if configured {
                Ok(suite_id)
            } else {
                Err(not_authorized())
            };
        }
        let ambiguous = || {
            Error::new(
                ErrorKind::ApiParams,
                "several suites have this company: name one as suiteId",
            )
        };
        match self.instances.suites_pinned_to(corp_id).as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            _ => return Err(ambiguous()),
        }
        match &*self.authorizations.active_suites_of(corp_id).await? {
            // Unknown, held, broken and cancelled corps are not told apart.
            [] => Err(not_authorized()),
            [only] => Ok(only.clone()),
            _ => Err(ambiguous()),
        }
    }

    /// Who the person is in another corp that they may enter.
    ///
    /// # Errors
    /// `CORP_NOT_IN_LIST`.
    pub(crate) async fn principal_in(
        &self,
        grant: &LoginGrant,
        corp_id: &CorpId,
    ) -> Result<Principal> {
        let others = self.linked_corps(&grant.user_id, &grant.principal).await?;
        others
            .into_iter()
            .map(|(other, _)| other)
            .find(|other| {
                let aliases = self.authorizations.aliases();
                aliases.is_same(&other.suite_id, &other.corp_id, corp_id)
            })
            .ok_or_else(not_listed)
    }

    /// The corp of a principal, with its name.
    pub(crate) async fn choice_of(&self, principal: &Principal) -> Result<CorpChoice> {
        let authorization = self
            .authorizations
            .find(&principal.suite_id, &principal.corp_id)
            .await?;
        let corp_name = authorization
            .map(|authorization| authorization.corp_name.clone())
            .unwrap_or_default();
        Ok(CorpChoice::new(principal.corp_id.clone(), corp_name))
    }

    /// The corp that the person authenticated in, and those that the host app lets the same user into.
    pub(crate) async fn corp_list(
        &self,
        user_id: &str,
        principal: &Principal,
        own: CorpChoice,
    ) -> Result<Vec<CorpChoice>> {
        let mut list = vec![own];
        let others = self.linked_corps(user_id, principal).await?;
        list.extend(others.into_iter().map(|(_, choice)| choice));
        Ok(list)
    }

    /// The same for a person who was proven in this way: without the corps that demand another one.
    pub(crate) async fn corp_list_for(
        &self,
        proof: LoginProof,
        user_id: &str,
        principal: &Principal,
        own: CorpChoice,
    ) -> Result<Vec<CorpChoice>> {
        let mut list = vec![own];
        let others = self.linked_corps(user_id, principal).await?;
        let enterable = others
            .into_iter()
            .filter(|(other, _)| self.require_proof(proof, other).is_ok());
        list.extend(enterable.map(|(_, choice)| choice));
        Ok(list)
    }

    /// Checks that the corp's instance takes logins that are proven in this way.
    ///
    /// # Errors
    /// `LOGIN_DISABLED`, `CORP_MISMATCH`.
    pub(crate) fn require_proof(&self, proof: LoginProof, target: &Principal) -> Result<()> {
        let config = self.instances.serving(&target.suite_id, &target.corp_id)?;
        if proof.satisfies(config.code_login) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::LoginDisabled,
            "this corp does not take codes by this way",
        ))
    }

    fn is_same_corp(&self, one: &Principal, other: &Principal) -> bool {
        let aliases = self.authorizations.aliases();
        aliases.is_same(&one.suite_id, &one.corp_id, &other.corp_id)
            || aliases.is_same(&other.suite_id, &one.corp_id, &other.corp_id)
    }

    /// The corps that the host app's binder names, each with a live binding of the same user in it.
    async fn linked_corps(
        &self,
        user_id: &str,
        principal: &Principal,
    ) -> Result<Vec<(Principal, CorpChoice)>> {
        let binder = self.members.binder();
        let own = self
            .instances
            .serving(&principal.suite_id, &principal.corp_id);
        let own_name = own.ok().map(|config| &config.name);
        let mut corps: Vec<(Principal, CorpChoice)> = Vec::new();
        for other in binder.linked_principals(user_id, principal).await? {
            let other = self.authorizations.resolve_corp_of(&other).await?;
            let other = self.members.resolve(&other).await?;
            let bound = binder.find(&other).await?;
            // Under two suites a corp is still one corp.
            let listed = corps
                .iter()
                .any(|(listed, _)| self.is_same_corp(listed, &other));
            if listed || self.is_same_corp(principal, &other) || bound.as_deref() != Some(user_id) {
                continue;
            }
            let Ok(config) = self.instances.serving(&other.suite_id, &other.corp_id) else {
                continue;
            };
            if self.instances.check_login(config, &other.corp_id).is_err() {
                continue;
            }
            // What an instance of the host app's Type asks of its people was not asked at another instance.
            if config.wrapping().is_some() && own_name != Some(&config.name) {
                continue;
            }
            if let Ok(authorization) = self
                .authorizations
                .require_active(&other.suite_id, &other.corp_id)
                .await
            {
                let choice =
                    CorpChoice::new(other.corp_id.clone(), authorization.corp_name.clone());
                corps.push((other, choice));
            }
        }
        Ok(corps)
    }
}

impl fmt::Debug for CorpSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CorpSelection")
    }
}

/// The answer where the binder does not let the user into the corp.
pub(crate) fn not_listed() -> Error {
    Error::new(
        ErrorKind::CorpNotInList,
        "the person may not enter this company",
    )
}
