//! The browser's way in: the company's app that it leads to, and the session at its end.

use std::net::IpAddr;

use super::results::CorpChoice;
use super::service::AuthService;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AgentId, CorpId, SuiteId};
use crate::login::{Attempt, Ticket};
use crate::secret::LoginCode;
use crate::session::{IssuedSession, LoginType, Platform};
use crate::wecom::Scope;

/// A company's app that people of the company can log in to.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) agent_id: AgentId,
    pub(crate) epoch: i64,
    pub(crate) scope: Scope,
}

/// A code that came back to the browser, with what was sealed when it left.
#[derive(Debug)]
pub(crate) struct BrowserReturn {
    pub(crate) attempt: Attempt,
    pub(crate) epoch: i64,
    pub(crate) login_type: LoginType,
    pub(crate) state: String,
    pub(crate) expires_at: Timestamp,
}

/// What a code that was accepted leads to.
#[derive(Debug)]
pub(crate) enum BrowserLogin {
    /// The person is in.
    Session(IssuedSession),
    /// The person may enter several companies. The login code is the proof.
    Choice { login_code: LoginCode, corps: Vec<CorpChoice> },
    /// The state was used before, or the company authorised anew since the login began.
    Over,
}

impl AuthService {
    /// The suite and company that a login page is asked for by the company's id.
    pub(crate) async fn suite_for_browser(
        &self,
        corp_id: &CorpId,
        client: Option<IpAddr>,
    ) -> Result<SuiteId> {
        self.0.0.prover.limited(client, self.suite_of(corp_id, None)).await
    }

    /// The app of a company, if its people can log in now.
    ///
    /// # Errors
    /// `LOGIN_DISABLED`, `CORP_MISMATCH`, `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    pub(crate) async fn entrance(&self, suite_id: SuiteId, corp_id: CorpId) -> Result<Entrance> {
        let inner = &self.0.0;
        let config = inner.instances.serving(&suite_id, &corp_id)?;
        inner.instances.check_login(config, &corp_id)?;
        let authorization = inner.authorizations.require_active(&suite_id, &corp_id).await?;
        let agent_id = authorization.require_agent()?;
        Ok(Entrance { agent_id, epoch: authorization.epoch, scope: config.scope, suite_id, corp_id })
    }

    /// Logs the person in whose code came back. What `codeLogin` says is about codes from elsewhere; this one has a
    /// state of ours.
    pub(crate) async fn finish_in_browser(&self, returned: BrowserReturn) -> Result<BrowserLogin> {
        let this = self.clone();
        self.0.run(async move { this.finish(returned).await }).await
    }

    /// Enters one of the companies of a [`BrowserLogin::Choice`]. The login code is spent, whatever comes of it.
    pub(crate) async fn choose_in_browser(
        &self,
        login_code: LoginCode,
        corp_id: CorpId,
        client: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let this = self.clone();
        let work = async move {
            let consumed = this.0.0.login_codes.consume(&login_code);
            let ticket = this.0.0.prover.limited(client, consumed).await?;
            let proof = this.proof_in(&ticket, Some(corp_id)).await?;
            this.enter(proof, ticket, Platform::Web).await
        };
        self.0.run(work).await
    }

    async fn finish(&self, returned: BrowserReturn) -> Result<BrowserLogin> {
        let inner = &self.0.0;
        let (suite_id, corp_id) = (&returned.attempt.suite_id, &returned.attempt.corp_id);
        if inner.spent_states.contains(&returned.state).await? {
            return Ok(BrowserLogin::Over);
        }
        let config = inner.instances.serving(suite_id, corp_id)?;
        inner.instances.check_login(config, corp_id)?;
        // Before the code is sent, so that none is burnt for nothing.
        if inner.authorizations.require_active(suite_id, corp_id).await?.epoch != returned.epoch {
            return Ok(BrowserLogin::Over);
        }
        let proof = inner.prover.prove(&returned.attempt).await?;
        if proof.authorization_epoch != returned.epoch {
            return Ok(BrowserLogin::Over);
        }
        if !inner.spent_states.spend(&returned.state, returned.expires_at).await? {
            return Ok(BrowserLogin::Over);
        }
        let own = CorpChoice::new(proof.person.principal.corp_id.clone(), proof.corp_name.clone());
        let local_id = self.bind(&proof).await?;
        let corps = self.corp_list(&local_id, &proof.person.principal, own).await?;
        let (instance, login_type) = (config.name.full(), returned.login_type);
        if corps.len() == 1 {
            let issued = self.admit(proof, local_id, instance, Platform::Web, login_type).await?;
            return Ok(BrowserLogin::Session(issued));
        }
        let ticket = Ticket {
            principal: proof.person.principal,
            local_id,
            instance: instance.to_owned(),
            login_type,
            person_epoch: proof.person_epoch,
            authorization_epoch: proof.authorization_epoch,
        };
        let login_code = inner.login_codes.issue(&ticket).await?;
        Ok(BrowserLogin::Choice { login_code, corps })
    }
}
