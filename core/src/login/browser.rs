//! The login of a browser: the app that it is sent to, the callback, the choice of a corp.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use crate::audit::LoginOrigin;
use crate::authorization::Authorizations;
use crate::clock::{Clock, Timestamp};
use crate::db::Store;
use crate::domain::{AgentId, CorpId, LoginCode, LoginType, Platform, SuiteId};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::Refusals;
use crate::login::session_creation::{SessionCreation, SessionPurpose};
use crate::login::{
    AuthAttempt, Authenticator, CorpChoice, CorpSelection, LoginCodes, LoginGrant, LoginProof,
    OrganizationCodes, UsedStates,
};
use crate::rate_limit::ClientRateLimiter;
use crate::session::IssuedSession;
use crate::task_runner::TaskRunner;
use crate::wecom::Scope;

/// Unknown corps that one client may ask the login page for, per minute.
const UNKNOWN_CORPS_PER_MINUTE: u32 = 30;
/// A second click on the same corp within this gets the session of the first.
const REPLAY_WINDOW: Duration = Duration::from_secs(10);
/// Choices of a corp that are remembered for a second click.
const MAX_REMEMBERED_CHOICES: u64 = 10_000;

/// Logs browsers in.
#[derive(Clone)]
pub(crate) struct BrowserLoginService {
    pub(crate) deps: Arc<BrowserLoginDeps>,
    unknown_corps: ClientRateLimiter,
    /// The sessions that choices of a corp led to, and when.
    choices: Cache<(String, CorpId), (Timestamp, IssuedSession)>,
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
}

/// A code that came back to the browser, with what was sealed when the browser left.
#[derive(Debug)]
pub(crate) struct OAuthCallback {
    pub(crate) attempt: AuthAttempt,
    pub(crate) epoch: i64,
    pub(crate) login_type: LoginType,
    pub(crate) state: String,
    pub(crate) expires_at: Timestamp,
}

/// What a callback leads to.
#[derive(Debug)]
pub(crate) enum CallbackOutcome {
    /// The person is logged in.
    LoggedIn(IssuedSession),
    /// The person may enter several corps. The login code carries the authentication.
    ChooseCorp { login_code: LoginCode },
    /// The state was used before, or the corp authorized anew since the login began.
    Expired,
}

impl BrowserLoginService {
    pub(crate) fn new(deps: BrowserLoginDeps) -> Self {
        let clock: Arc<dyn Clock> = Arc::clone(deps.store.clock());
        Self {
            deps: Arc::new(deps),
            unknown_corps: ClientRateLimiter::new(UNKNOWN_CORPS_PER_MINUTE, clock),
            choices: Cache::builder()
                .max_capacity(MAX_REMEMBERED_CHOICES)
                .time_to_live(REPLAY_WINDOW)
                .build(),
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
            suite_id,
            corp_id,
        })
    }

    /// Logs the person in whose code came back. `codeLogin` does not apply: it is about codes from elsewhere, and this
    /// one comes with a state of ours.
    pub(crate) async fn finish(&self, callback: OAuthCallback) -> Result<CallbackOutcome> {
        let this = self.clone();
        let (client, corp_id) = (callback.attempt.client, callback.attempt.corp_id.clone());
        let finished = self
            .deps
            .tasks
            .run(async move { this.finish_callback(callback).await });
        self.deps
            .refusals
            .watch(client, Some(corp_id), finished)
            .await
    }

    /// The corps of a [`CallbackOutcome::ChooseCorp`], as they are now. The login code stays valid.
    pub(crate) async fn corps(&self, login_code: LoginCode) -> Result<Vec<CorpChoice>> {
        let deps = Arc::clone(&self.deps);
        self.deps
            .tasks
            .run(async move {
                let grant = deps.login_codes.find(&login_code).await?;
                let own = deps.corps.choice_of(&grant.principal).await?;
                deps.corps
                    .corp_list(&grant.user_id, &grant.principal, own)
                    .await
            })
            .await
    }

    /// Enters one of the corps of a [`CallbackOutcome::ChooseCorp`]. The login code is used up, whatever comes of it; a
    /// second click on the same corp gets the session of the first, because a browser may have dropped that answer.
    pub(crate) async fn choose(
        &self,
        login_code: LoginCode,
        corp_id: CorpId,
        client: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let (this, entered_corp) = (self.clone(), corp_id.clone());
        let entered = self
            .deps
            .tasks
            .run(async move { this.enter_corp(&login_code, corp_id, client).await });
        self.deps
            .refusals
            .watch(client, Some(entered_corp), entered)
            .await
    }

    async fn enter_corp(
        &self,
        login_code: &LoginCode,
        corp_id: CorpId,
        client: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let deps = &self.deps;
        let key = (login_code.expose().to_owned(), corp_id.clone());
        let first = async {
            let consumed = deps.login_codes.consume(login_code);
            let grant = deps.authenticator.with_rate_limit(client, consumed).await?;
            let authentication = deps
                .creation
                .authentication_for(&grant, Some(corp_id))
                .await?;
            let issued = deps
                .creation
                .create_session_for(
                    authentication,
                    grant,
                    Platform::Web,
                    LoginOrigin::Client(client),
                )
                .await?;
            Ok::<_, Error>((deps.store.now(), issued))
        };
        let chosen = self.choices.try_get_with(key, first).await;
        let (at, issued) = chosen.map_err(|error: Arc<Error>| Error::clone(&error))?;
        let now = deps.store.now();
        if now.since(at) < REPLAY_WINDOW && issued.user.session.is_valid(now) {
            Ok(issued)
        } else {
            Err(Error::new(
                ErrorKind::LoginCodeInvalid,
                "the choice was made before",
            ))
        }
    }

    async fn finish_callback(&self, callback: OAuthCallback) -> Result<CallbackOutcome> {
        let deps = &self.deps;
        let (suite_id, corp_id) = (&callback.attempt.suite_id, &callback.attempt.corp_id);
        deps.authenticator.admit(&callback.attempt)?;
        if deps.used_states.contains(&callback.state).await? {
            return Ok(CallbackOutcome::Expired);
        }
        let config = deps.instances.serving(suite_id, corp_id)?;
        deps.instances.check_login(config, corp_id)?;
        // Before the code is sent, so that none is used up for nothing.
        let authorization = deps
            .authorizations
            .require_active(suite_id, corp_id)
            .await?;
        if authorization.epoch != callback.epoch {
            return Ok(CallbackOutcome::Expired);
        }
        let authentication = match deps.authenticator.authenticate(&callback.attempt).await {
            Ok(authentication) => authentication,
            Err(error) => {
                // WeCom accepted the code, though the person may not log in.
                if matches!(
                    error.kind(),
                    ErrorKind::NotCorpMember | ErrorKind::UserNotVisible
                ) {
                    deps.used_states
                        .consume(&callback.state, callback.expires_at)
                        .await?;
                }
                return Err(error);
            }
        };
        if authentication.authorization_epoch != callback.epoch {
            return Ok(CallbackOutcome::Expired);
        }
        if !deps
            .used_states
            .consume(&callback.state, callback.expires_at)
            .await?
        {
            return Ok(CallbackOutcome::Expired);
        }
        let principal = authentication.member.principal.clone();
        let own = CorpChoice::new(principal.corp_id.clone(), authentication.corp_name.clone());
        let user_id = deps.creation.bind(&authentication).await?;
        let corps = deps.corps.corp_list(&user_id, &principal, own).await?;
        if corps.len() == 1 {
            let purpose = SessionPurpose {
                instance: config.name.full(),
                platform: Platform::Web,
                login_type: callback.login_type,
                origin: LoginOrigin::Client(callback.attempt.client),
            };
            let issued = deps
                .creation
                .create_session(authentication, user_id, purpose)
                .await?;
            return Ok(CallbackOutcome::LoggedIn(issued));
        }
        let grant = LoginGrant {
            principal,
            user_id,
            instance: config.name.full().to_owned(),
            login_type: callback.login_type,
            proof: LoginProof::Browser,
            member_epoch: authentication.member_epoch,
            authorization_epoch: authentication.authorization_epoch,
        };
        let login_code = deps.login_codes.issue(&grant).await?;
        Ok(CallbackOutcome::ChooseCorp { login_code })
    }
}

impl fmt::Debug for BrowserLoginService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserLoginService")
    }
}
