//! The service: what the reference page's `QywxProxyAuthService` does.

use std::time::Duration;

use super::handle::WecomLogin;
use super::instance::prove;
use super::requests::{LoginByCodeRequest, WorkbenchLoginRequest};
use super::results::{CorpChoice, LoginCode, LoginResult, OrganizationLogin};
use crate::authorization::not_authorized;
use crate::callback::NotifyAnswer;
use crate::element::InstanceConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CorpId, SuiteId};
use crate::login::{Attempt, Proof, ProvenPerson, Ticket};
use crate::session::{Admission, IssuedSession, LoginType, Platform, Principal, Profile};
use crate::store::AuthorizationStatus;

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
        self.0.run(async move { this.exchange_login_code(request).await }).await
    }

    /// Logs a person in who clicked the app in WeCom's workbench.
    ///
    /// # Errors
    /// Any of the login errors; `API_PARAMS_ERROR` if several suites have the company and none is named.
    #[doc(alias = "loginByWorkbench")]
    pub async fn login_by_workbench(&self, request: WorkbenchLoginRequest) -> Result<LoginResult> {
        let this = self.clone();
        self.0.run(async move { this.workbench_login(request).await }).await
    }

    /// Answers a callback of WeCom, for a host app with a route of its own: `method` GET or POST, the raw query, the
    /// raw body. `instance` limits it to the suite of one instance.
    pub async fn notify(
        &self,
        instance: Option<&str>,
        method: &str,
        query: &str,
        body: &[u8],
    ) -> NotifyAnswer {
        let scope = match instance {
            None => None,
            Some(name) => {
                match self.0.instance(name).ok().and_then(|instance| instance.suite_id().cloned()) {
                    Some(suite_id) => Some(suite_id),
                    None => return NotifyAnswer::refusal(404),
                }
            }
        };
        let (notify, method, query) = (self.0.0.notify.clone(), method.to_owned(), query.to_owned());
        let body = bytes::Bytes::copy_from_slice(body);
        let answered = self.0.run(async move {
            Ok(match method.as_str() {
                "GET" | "HEAD" => notify.get(scope.as_ref(), &query).await,
                "POST" => notify.post(scope.as_ref(), &query, &body).await,
                _ => NotifyAnswer::refusal(405),
            })
        });
        answered.await.unwrap_or_else(|_| NotifyAnswer::refusal(500))
    }

    /// Gives a company its organisation code, in place of the one it had.
    ///
    /// # Errors
    /// `ORG_CODE_CONFLICT`, `CORP_NOT_AUTHORIZED`, or `API_PARAMS_ERROR` if several suites have the company and none is
    /// named.
    #[doc(alias = "setCode")]
    pub async fn set_code(&self, corp_id: &CorpId, code: &str, suite_id: Option<&SuiteId>) -> Result<()> {
        let (this, corp_id, code, suite_id) =
            (self.clone(), corp_id.clone(), code.to_owned(), suite_id.cloned());
        self.0
            .run(async move {
                let suite_id = this.suite_of(&corp_id, suite_id).await?;
                this.0.0.authorizations.require_active(&suite_id, &corp_id).await?;
                this.0.0.organization_codes.set(&suite_id, &corp_id, &code).await
            })
            .await
    }

    /// The company and its app that an organisation code stands for. Look-ups of one `client` are limited to 30 a
    /// minute.
    ///
    /// # Errors
    /// `ORG_CODE_NOT_FOUND`, `RATE_LIMITED`, `LOGIN_DISABLED`, `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    #[doc(alias = "getLoginConfigByCode")]
    #[doc(alias = "getLoginConfig")]
    pub async fn login_config_by_code(
        &self,
        code: &str,
        client: Option<std::net::IpAddr>,
    ) -> Result<OrganizationLogin> {
        let (this, code) = (self.clone(), code.to_owned());
        self.0
            .run(async move {
                let (suite_id, corp_id) = this.0.0.organization_codes.find(&code, client).await?;
                let config = this.0.0.instances.serving(&suite_id, &corp_id)?;
                this.0.0.instances.check_login(config, &corp_id)?;
                let authorization = this.0.0.authorizations.require_active(&suite_id, &corp_id).await?;
                let agent_id = authorization.agent_id.ok_or_else(|| {
                    Error::new(ErrorKind::AgentUnknown, "WeCom has not named the company's app yet")
                        .with_retry_after(Duration::from_secs(10))
                })?;
                Ok(OrganizationLogin::new(corp_id, agent_id))
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
        self.0.run(async move { worker.retry(record_id).await }).await
    }

    /// Makes a login code for a person who was proven.
    pub(super) async fn issue_login_code(
        &self,
        proof: Proof,
        instance: &str,
        login_type: LoginType,
    ) -> Result<LoginCode> {
        let local_id = self.bind(&proof).await?;
        let proven = CorpChoice::new(proof.person.principal.corp_id.clone(), proof.corp_name.clone());
        let corp_list = self.corp_list(&local_id, &proof.person.principal, proven).await?;
        let ticket = Ticket {
            principal: proof.person.principal,
            local_id: local_id.clone(),
            instance: instance.to_owned(),
            login_type,
            person_epoch: proof.person_epoch,
            authorization_epoch: proof.authorization_epoch,
        };
        let login_code = self.0.0.login_codes.issue(&ticket).await?;
        Ok(LoginCode::new(login_code, corp_list, local_id))
    }

    /// A person whom somebody else proved: the host app, or a Type of its own.
    pub(super) async fn vouch(&self, person: ProvenPerson, newest_end: u64) -> Result<Proof> {
        let who = &person.principal;
        let had_left = self.0.0.people.left(who).await?;
        let newest_end = if had_left { self.0.0.sessions.newest_end() } else { newest_end };
        self.0.0.authorizations.ensure(&who.suite_id, &who.corp_id).await?;
        self.0.0.people.told(who, &person.profile).await?;
        let authorization = self.0.0.authorizations.find(&who.suite_id, &who.corp_id).await?;
        let authorization = authorization.ok_or_else(not_authorized)?;
        let known = self.0.0.people.find(who).await?;
        // An end that came since the login began ends it too.
        let ended = self.0.0.sessions.person_ended_since(who, authorization.epoch, newest_end);
        Ok(Proof {
            corp_name: authorization.corp_name.clone(),
            person_epoch: known.as_ref().map_or(0, |known| known.epoch) - i64::from(ended),
            authorization_epoch: authorization.epoch,
            visible_at: self.0.0.store.now(),
            newest_end,
            bound: None,
            person,
        })
    }

    /// Gives a person who was proven and bound a session.
    pub(super) async fn admit(
        &self,
        proof: Proof,
        local_id: String,
        instance: &str,
        platform: Platform,
        login_type: LoginType,
    ) -> Result<IssuedSession> {
        let issued = self
            .0
            .0
            .sessions
            .issue(Admission {
                principal: proof.person.principal,
                local_id,
                instance: instance.to_owned(),
                platform,
                login_type,
                profile: proof.person.profile,
                person_epoch: proof.person_epoch,
                authorization_epoch: proof.authorization_epoch,
                visible_at: proof.visible_at,
                newest_end: proof.newest_end,
            })
            .await?;
        let (hooks, user) = (std::sync::Arc::clone(&self.0.0.hooks), issued.user.clone());
        self.0.0.tasks.spawn_on(async move { hooks.logged_in(&user).await }, &self.0.0.runtime);
        Ok(issued)
    }

    async fn exchange_login_code(&self, request: LoginByCodeRequest) -> Result<LoginResult> {
        let consumed = self.0.0.login_codes.consume(&request.login_code);
        let ticket = self.0.0.prover.limited(request.client, consumed).await?;
        let proof = self.proof_in(&ticket, request.corp_id).await?;
        let own = self.named(&ticket.principal).await?;
        let list = self.corp_list(&ticket.local_id, &ticket.principal, own).await?;
        let issued = self.enter(proof, ticket, request.platform).await?;
        Ok(self.result(issued, list))
    }

    /// A session of the company that the proof is for, under the instance that serves it.
    pub(super) async fn enter(
        &self,
        proof: Proof,
        ticket: Ticket,
        platform: Platform,
    ) -> Result<IssuedSession> {
        let target = &proof.person.principal;
        let instance = if *target == ticket.principal {
            ticket.instance
        } else {
            self.0.0.instances.serving(&target.suite_id, &target.corp_id)?.name.full().to_owned()
        };
        self.admit(proof, ticket.local_id, &instance, platform, ticket.login_type).await
    }

    /// The proof for the company that is named, or without a name for the one that was proven.
    pub(super) async fn proof_in(&self, ticket: &Ticket, corp_id: Option<CorpId>) -> Result<Proof> {
        let own_proof = self.proof_of(ticket, ticket.principal.clone()).await?;
        let corp_id = corp_id.unwrap_or_else(|| ticket.principal.corp_id.clone());
        if corp_id == ticket.principal.corp_id {
            return Ok(own_proof);
        }
        let entered = self.other_company(ticket, &corp_id).await?;
        let proof = self.proof_of(ticket, entered).await?;
        // Asked once more: a binding that ended before the epochs of the proof were read is seen here, and one that
        // ends later ends what was made with them.
        if self.other_company(ticket, &corp_id).await? == proof.person.principal {
            Ok(proof)
        } else {
            Err(not_listed())
        }
    }

    /// Who the person is in another company that they may enter.
    async fn other_company(&self, ticket: &Ticket, corp_id: &CorpId) -> Result<Principal> {
        let others = self.companies(&ticket.local_id, &ticket.principal).await?;
        let entered = others.into_iter().map(|(other, _)| other).find(|other| other.corp_id == *corp_id);
        entered.ok_or_else(not_listed)
    }

    /// The proof that a login code carries, as far as it still holds, for the company that is entered.
    async fn proof_of(&self, ticket: &Ticket, target: Principal) -> Result<Proof> {
        let inner = &self.0.0;
        let over = || Error::new(ErrorKind::LoginCodeInvalid, "the login that made this code is over");
        let newest_end = inner.sessions.newest_end();
        if inner.suites.find(&target.suite_id).is_some() {
            let config = inner.instances.serving(&target.suite_id, &target.corp_id)?;
            inner.instances.check_login(config, &target.corp_id)?;
            let authorization =
                inner.authorizations.require_active(&target.suite_id, &target.corp_id).await?;
            if target != ticket.principal {
                inner.people.left(&target).await?;
                inner.people.ensure(&target).await?;
                let visible_at = inner.people.find(&target).await?.and_then(|known| known.visible_at);
                if visible_at.is_none_or(|at| at <= authorization.changed_at) {
                    inner.prover.require_visible(&authorization, &target).await?;
                }
            }
        }
        let authorization = inner.authorizations.find(&target.suite_id, &target.corp_id).await?;
        let authorization = authorization.ok_or_else(not_authorized)?;
        let known = inner.people.find(&target).await?.ok_or_else(over)?;
        let (person_epoch, authorization_epoch) = if target == ticket.principal {
            if known.epoch != ticket.person_epoch || authorization.epoch != ticket.authorization_epoch {
                return Err(over());
            }
            (ticket.person_epoch, ticket.authorization_epoch)
        } else {
            (known.epoch, authorization.epoch)
        };
        let profile =
            Profile { name: known.name, avatar: known.avatar, email: known.email, mobile: known.mobile };
        Ok(Proof {
            person: ProvenPerson::new(target, profile),
            corp_name: authorization.corp_name.clone(),
            person_epoch,
            authorization_epoch,
            visible_at: known.visible_at.unwrap_or_default(),
            newest_end,
            bound: None,
        })
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
        let own = CorpChoice::new(proof.person.principal.corp_id.clone(), proof.corp_name.clone());
        let principal = proof.person.principal.clone();
        let local_id = self.bind(&proof).await?;
        let corp_list = self.corp_list(&local_id, &principal, own).await?;
        let issued =
            self.admit(proof, local_id, config.name.full(), request.platform, LoginType::Workbench).await?;
        Ok(self.result(issued, corp_list))
    }

    /// The suite that a request about a company means: the one that is named, else the one of the instance pinned to
    /// the company, else the only one that has it.
    pub(super) async fn suite_of(&self, corp_id: &CorpId, named: Option<SuiteId>) -> Result<SuiteId> {
        let inner = &self.0.0;
        if let Some(suite_id) = named {
            let known = inner.suites.find(&suite_id).is_some();
            return if known { Ok(suite_id) } else { Err(not_authorized()) };
        }
        let ambiguous =
            || Error::new(ErrorKind::ApiParams, "several suites have this company: name one as suiteId");
        match inner.instances.suites_pinned_to(corp_id).as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            _ => return Err(ambiguous()),
        }
        let holding = inner.authorizations.suites_of(corp_id).await?;
        let live: Vec<_> =
            holding.into_iter().filter(|(_, status)| *status == AuthorizationStatus::Active).collect();
        match live.as_slice() {
            // Unknown, held, broken and cancelled are not told apart.
            [] => Err(not_authorized()),
            [(only, _)] => Ok(only.clone()),
            _ => Err(ambiguous()),
        }
    }

    pub(super) async fn bind(&self, proof: &Proof) -> Result<String> {
        if let Some(user_id) = &proof.bound {
            return Ok(user_id.clone());
        }
        let bound = self.0.0.people.binder().bind(&proof.person).await?;
        bound.ok_or_else(|| Error::new(ErrorKind::UserAuthMiss, "no user of the app is bound to this person"))
    }

    async fn named(&self, who: &Principal) -> Result<CorpChoice> {
        let authorization = self.0.0.authorizations.find(&who.suite_id, &who.corp_id).await?;
        let corp_name =
            authorization.map(|authorization| authorization.corp_name.clone()).unwrap_or_default();
        Ok(CorpChoice::new(who.corp_id.clone(), corp_name))
    }

    /// The proven company, and those that the host app lets the same user into.
    pub(super) async fn corp_list(
        &self,
        local_id: &str,
        proven: &Principal,
        own: CorpChoice,
    ) -> Result<Vec<CorpChoice>> {
        let mut list = vec![own];
        list.extend(self.companies(local_id, proven).await?.into_iter().map(|(_, choice)| choice));
        Ok(list)
    }

    /// The companies that the host app names, each with a live binding of the same user in it.
    async fn companies(&self, local_id: &str, proven: &Principal) -> Result<Vec<(Principal, CorpChoice)>> {
        let inner = &self.0.0;
        let mut companies = Vec::new();
        for other in inner.people.binder().companies(local_id, proven).await? {
            let bound = inner.people.binder().bound(&other).await?;
            if other.corp_id == proven.corp_id || bound.as_deref() != Some(local_id) {
                continue;
            }
            let Ok(config) = inner.instances.serving(&other.suite_id, &other.corp_id) else { continue };
            if inner.instances.check_login(config, &other.corp_id).is_err() {
                continue;
            }
            if let Ok(authorization) =
                inner.authorizations.require_active(&other.suite_id, &other.corp_id).await
            {
                let choice = CorpChoice::new(other.corp_id.clone(), authorization.corp_name.clone());
                companies.push((other, choice));
            }
        }
        Ok(companies)
    }

    fn result(&self, issued: IssuedSession, corp_list: Vec<CorpChoice>) -> LoginResult {
        let idle = self.0.0.sessions.settings().idle.as_secs();
        LoginResult::new(issued.token, &issued.user, idle, corp_list)
    }

    pub(super) fn instance_serving(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<&InstanceConfig> {
        self.0.0.instances.serving(suite_id, corp_id).map(|config| &**config)
    }
}

fn not_listed() -> Error {
    Error::new(ErrorKind::CorpNotInList, "the person may not enter this company")
}
