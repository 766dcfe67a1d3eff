//! Which suite a company is meant under, and which companies a person may enter.

use crate::app::results::CorpChoice;
use crate::app::service::AuthService;
use crate::authorization::not_authorized;
use crate::domain::Principal;
use crate::domain::{CorpId, SuiteId};
use crate::element::InstanceConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::login::Ticket;

impl AuthService {
    /// The suite that a request about a company means: the one that is named, else the one of the instance pinned to
    /// the company, else the only one that has it.
    pub(super) async fn suite_of(
        &self,
        corp_id: &CorpId,
        named: Option<SuiteId>,
    ) -> Result<SuiteId> {
        let inner = &self.0.0;
        if let Some(suite_id) = named {
            let known = inner.suites.find(&suite_id).is_some();
            return if known {
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
        match inner.instances.suites_pinned_to(corp_id).as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            _ => return Err(ambiguous()),
        }
        match &*inner.authorizations.active_suites_of(corp_id).await? {
            // Unknown, held, broken and cancelled are not told apart.
            [] => Err(not_authorized()),
            [only] => Ok(only.clone()),
            _ => Err(ambiguous()),
        }
    }

    pub(super) fn instance_serving(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<&InstanceConfig> {
        self.0
            .0
            .instances
            .serving(suite_id, corp_id)
            .map(|config| &**config)
    }

    /// Who the person is in another company that they may enter.
    pub(super) async fn other_company(
        &self,
        ticket: &Ticket,
        corp_id: &CorpId,
    ) -> Result<Principal> {
        let others = self.companies(&ticket.user_id, &ticket.principal).await?;
        let entered = others
            .into_iter()
            .map(|(other, _)| other)
            .find(|other| other.corp_id == *corp_id);
        entered.ok_or_else(not_listed)
    }

    pub(super) async fn named(&self, who: &Principal) -> Result<CorpChoice> {
        let authorization = self
            .0
            .0
            .authorizations
            .find(&who.suite_id, &who.corp_id)
            .await?;
        let corp_name = authorization
            .map(|authorization| authorization.corp_name.clone())
            .unwrap_or_default();
        Ok(CorpChoice::new(who.corp_id.clone(), corp_name))
    }

    /// The proven company, and those that the host app lets the same user into.
    pub(super) async fn corp_list(
        &self,
        user_id: &str,
        proven: &Principal,
        own: CorpChoice,
    ) -> Result<Vec<CorpChoice>> {
        let mut list = vec![own];
        list.extend(
            self.companies(user_id, proven)
                .await?
                .into_iter()
                .map(|(_, choice)| choice),
        );
        Ok(list)
    }

    /// The companies that the host app names, each with a live binding of the same user in it.
    async fn companies(
        &self,
        user_id: &str,
        proven: &Principal,
    ) -> Result<Vec<(Principal, CorpChoice)>> {
        let inner = &self.0.0;
        let mut companies = Vec::new();
        for other in inner
            .members
            .binder()
            .linked_principals(user_id, proven)
            .await?
        {
            let bound = inner.members.binder().find(&other).await?;
            // Under two suites a company is still one company.
            let listed = companies
                .iter()
                .any(|(listed, _): &(Principal, _)| listed.corp_id == other.corp_id);
            if listed || other.corp_id == proven.corp_id || bound.as_deref() != Some(user_id) {
                continue;
            }
            let Ok(config) = inner.instances.serving(&other.suite_id, &other.corp_id) else {
                continue;
            };
            if inner.instances.check_login(config, &other.corp_id).is_err() {
                continue;
            }
            if let Ok(authorization) = inner
                .authorizations
                .require_active(&other.suite_id, &other.corp_id)
                .await
            {
                let choice =
                    CorpChoice::new(other.corp_id.clone(), authorization.corp_name.clone());
                companies.push((other, choice));
            }
        }
        Ok(companies)
    }
}

pub(super) fn not_listed() -> Error {
    Error::new(
        ErrorKind::CorpNotInList,
        "the person may not enter this company",
    )
}
