//! The browser's way in: the company's app that it leads to, and the session at its end.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use crate::app::results::CorpChoice;
use crate::app::service::AuthService;
use crate::clock::{Clock, Timestamp};
use crate::domain::LoginCode;
use crate::domain::{AgentId, CorpId, SuiteId};
use crate::domain::{LoginType, Platform};
use crate::error::{Error, ErrorKind, Result};
use crate::login::{Attempt, Ticket};
use crate::rate_limit::ClientRateLimiter;
use crate::session::IssuedSession;
use crate::wecom::Scope;

/// Unknown companies in a minute that one client may ask the login page for.
const UNKNOWN_COMPANIES: u32 = 30;
/// A second click on a company that comes this soon gets the answer of the first.
const SECOND_CLICK: Duration = Duration::from_secs(10);

/// What is remembered of browsers that log in.
pub(crate) struct BrowserLogins {
    unknown_companies: ClientRateLimiter,
    /// What choices led to, and when.
    chosen: Cache<(String, CorpId), (Timestamp, IssuedSession)>,
}

impl BrowserLogins {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            unknown_companies: ClientRateLimiter::new(UNKNOWN_COMPANIES, clock),
            chosen: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(SECOND_CLICK)
                .build(),
        }
    }
}

impl fmt::Debug for BrowserLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserLogins")
    }
}

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
    Choice { login_code: LoginCode },
    /// The state was used before, or the company authorised anew since the login began.
    Over,
}

impl AuthService {
    /// The suite of the company that a login page is asked for by its id. Unknown companies are counted by themselves, and
    /// known ones never refused: any page on the web can make a browser ask for them, and must not shut people out.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, `RATE_LIMITED`, or `API_PARAMS_ERROR` if several suites have the company.
    pub(crate) async fn suite_for_browser(
        &self,
        corp_id: &CorpId,
        client: Option<IpAddr>,
    ) -> Result<SuiteId> {
        let found = self.suite_of(corp_id, None).await;
        if let Err(error) = &found
            && error.kind() == ErrorKind::CorpNotAuthorized
        {
            self.0.0.browser_logins.unknown_companies.acquire(client)?;
        }
        found
    }

    /// The app of a company, if its people can log in now.
    ///
    /// # Errors
    /// `LOGIN_DISABLED`, `CORP_MISMATCH`, `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    pub(crate) async fn entrance(&self, suite_id: SuiteId, corp_id: CorpId) -> Result<Entrance> {
        let inner = &self.0.0;
        let config = inner.instances.serving(&suite_id, &corp_id)?;
        inner.instances.check_login(config, &corp_id)?;
        let authorization = inner
            .authorizations
            .require_active(&suite_id, &corp_id)
            .await?;
        let agent_id = authorization.require_agent()?;
        Ok(Entrance {
            agent_id,
            epoch: authorization.epoch,
            scope: config.scope,
            suite_id,
            corp_id,
        })
    }

    /// Logs the person in whose code came back. What `codeLogin` says is about codes from elsewhere; this one has a
    /// state of ours.
    pub(crate) async fn finish_in_browser(&self, returned: BrowserReturn) -> Result<BrowserLogin> {
        let this = self.clone();
        self.0.run(async move { this.finish(returned).await }).await
    }

    /// The companies of a [`BrowserLogin::Choice`], as they are now. The login code stays good.
    pub(crate) async fn companies_in_browser(
        &self,
        login_code: LoginCode,
    ) -> Result<Vec<CorpChoice>> {
        let this = self.clone();
        let work = async move {
            let ticket = this.0.0.login_codes.find(&login_code).await?;
            let own = this.named(&ticket.principal).await?;
            this.corp_list(&ticket.user_id, &ticket.principal, own)
                .await
        };
        self.0.run(work).await
    }

    /// Enters one of the companies of a [`BrowserLogin::Choice`]. The login code is spent, whatever comes of it; a second
    /// click on the same company gets the session of the first, because a browser may have dropped that answer.
    pub(crate) async fn choose_in_browser(
        &self,
        login_code: LoginCode,
        corp_id: CorpId,
        client: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let this = self.clone();
        let work = async move {
            let inner = &this.0.0;
            let key = (login_code.expose().to_owned(), corp_id.clone());
            let first = async {
                let consumed = inner.login_codes.consume(&login_code);
                let ticket = inner.prover.limited(client, consumed).await?;
                let proof = this.proof_in(&ticket, Some(corp_id)).await?;
                let issued = this.enter(proof, ticket, Platform::Web).await?;
                Ok::<_, Error>((inner.store.now(), issued))
            };
            let chosen = inner.browser_logins.chosen.try_get_with(key, first).await;
            let (at, issued) = chosen.map_err(|error: Arc<Error>| Error::clone(&error))?;
            let now = inner.store.now();
            if now.since(at) < SECOND_CLICK && issued.user.session.is_valid(now) {
                Ok(issued)
            } else {
                Err(Error::new(
                    ErrorKind::LoginCodeInvalid,
                    "the choice was made before",
                ))
            }
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
        if inner
            .authorizations
            .require_active(suite_id, corp_id)
            .await?
            .epoch
            != returned.epoch
        {
            return Ok(BrowserLogin::Over);
        }
        let proof = match inner.prover.prove(&returned.attempt).await {
            Ok(proof) => proof,
            Err(error) => {
                // WeCom took the code, though it does not let its person in.
                if matches!(
                    error.kind(),
                    ErrorKind::NotCorpMember | ErrorKind::UserNotVisible
                ) {
                    inner
                        .spent_states
                        .spend(&returned.state, returned.expires_at)
                        .await?;
                }
                return Err(error);
            }
        };
        if proof.authorization_epoch != returned.epoch {
            return Ok(BrowserLogin::Over);
        }
        if !inner
            .spent_states
            .spend(&returned.state, returned.expires_at)
            .await?
        {
            return Ok(BrowserLogin::Over);
        }
        let own = CorpChoice::new(
            proof.person.principal.corp_id.clone(),
            proof.corp_name.clone(),
        );
        let user_id = self.bind(&proof).await?;
        let corps = self
            .corp_list(&user_id, &proof.person.principal, own)
            .await?;
        let (instance, login_type) = (config.name.full(), returned.login_type);
        if corps.len() == 1 {
            let issued = self
                .admit(proof, user_id, instance, Platform::Web, login_type)
                .await?;
            return Ok(BrowserLogin::Session(issued));
        }
        let ticket = Ticket {
            principal: proof.person.principal,
            user_id,
            instance: instance.to_owned(),
            login_type,
            member_epoch: proof.member_epoch,
            authorization_epoch: proof.authorization_epoch,
        };
        let login_code = inner.login_codes.issue(&ticket).await?;
        Ok(BrowserLogin::Choice { login_code })
    }
}
