//! The callback: from a code to a session, or to the choice of a corp.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::Instrument as _;

use crate::audit::LoginOrigin;
use crate::clock::Timestamp;
use crate::domain::{FlowSecret, LoginCode, LoginHeaders, LoginLink, LoginType, Platform};
use crate::element::InstanceConfig;
use crate::error::{ErrorKind, Result};
use crate::login::browser::BrowserLoginService;
use crate::login::browser::repetition::{Claim, FormerOutcome, FormerUse, OutcomeWait};
use crate::login::limits::with_login_timeout;
use crate::login::{
    AuthAttempt, Authentication, CorpChoice, LoginCodes, LoginGrant, LoginProof, SessionPurpose,
    StoppedAt,
};
use crate::metrics::{LoginMeter, LoginMethod, LoginStep};
use crate::session::{IssuedSession, TokenSeed};

/// A code that came back to the browser, with what was sealed when the browser left.
#[derive(Debug)]
pub(crate) struct OAuthCallback {
    pub(crate) attempt: Arc<AuthAttempt>,
    pub(crate) epoch: i64,
    pub(crate) login_type: LoginType,
    pub(crate) state: String,
    pub(crate) expires_at: Timestamp,
    /// `None` in the cookie of an earlier version: such a login cannot be repeated.
    pub(crate) secret: Option<FlowSecret>,
    pub(crate) headers: LoginHeaders,
}

/// What a callback leads to.
#[derive(Debug)]
pub(crate) enum CallbackOutcome {
    /// The person is logged in.
    LoggedIn(IssuedSession),
    /// The person may enter several corps. The login code carries the authentication.
    ChooseCorp { login_code: LoginCode },
    /// The host app asks the person which of its users they are.
    Link(LoginLink),
    /// The state was used before, or the corp authorized anew since the login began.
    Expired,
}

impl OAuthCallback {
    fn parts(&self) -> [&[u8]; 5] {
        [
            b"callback",
            self.state.as_bytes(),
            self.attempt.suite_id.as_str().as_bytes(),
            self.attempt.corp_id.as_str().as_bytes(),
            self.attempt.code.expose().as_bytes(),
        ]
    }

    fn seed(&self) -> TokenSeed {
        match &self.secret {
            Some(secret) => TokenSeed::derive(secret, &self.parts()),
            None => TokenSeed::random(),
        }
    }

    /// The login code of a member who may enter several corps.
    fn login_code(&self) -> LoginCode {
        match &self.secret {
            Some(secret) => LoginCodes::derived(secret, &self.parts()),
            None => LoginCodes::random(),
        }
    }
}

impl BrowserLoginService {
    /// Logs the person in whose code came back. `codeLogin` does not apply: it is about codes from elsewhere, and this
    /// one comes with a state of ours. The same callback leads to the same session for a minute.
    pub(crate) async fn finish(&self, callback: OAuthCallback) -> Result<CallbackOutcome> {
        let this = self.clone();
        let (client, corp_id) = (callback.attempt.client, callback.attempt.corp_id.clone());
        let meter = Arc::new(LoginMeter::start(LoginMethod::Browser));
        let (span, of_callback) = (meter.span(), Arc::clone(&meter));
        let finished = self.deps.tasks.run(
            async move { this.finish_callback(callback, &of_callback).await }.instrument(span),
        );
        let finished = self.deps.refusals.watch(client, Some(corp_id), finished);
        let finished = finished.instrument(meter.span()).await;
        meter.finish(&finished, |outcome| match outcome {
            CallbackOutcome::LoggedIn(_) => LoginStep::LoggedIn,
            CallbackOutcome::ChooseCorp { .. } | CallbackOutcome::Link(_) => LoginStep::Continues,
            CallbackOutcome::Expired => LoginStep::Expired,
        });
        finished
    }

    async fn finish_callback(
        &self,
        callback: OAuthCallback,
        meter: &LoginMeter,
    ) -> Result<CallbackOutcome> {
        let deps = Arc::clone(&self.deps);
        let (suite_id, corp_id) = (&callback.attempt.suite_id, &callback.attempt.corp_id);
        deps.authenticator.check_limits(&callback.attempt)?;
        let config = deps.instances.serving(suite_id, corp_id)?;
        meter.set_instance(config.name.full());
        deps.instances.check_login(config, corp_id)?;
        // Before the code is sent, so that none is used up for nothing.
        let authorization = deps
            .authorizations
            .require_active(suite_id, corp_id)
            .await?;
        if authorization.epoch != callback.epoch {
            return Ok(CallbackOutcome::Expired);
        }
        let claim = Claim::new(&deps.creation.sessions, callback.seed());
        let mut wait = OutcomeWait::begin();
        loop {
            let claimed =
                deps.used_states
                    .claim(&callback.state, &claim.token_hash, callback.expires_at);
            let Some(former) = claimed.await? else {
                return self.authenticate(&callback, config, claim).await;
            };
            if let Some(outcome) = self.repeat(&callback, &claim, &former).await? {
                meter.set_repetition();
                return Ok(outcome);
            }
            if !wait.pause().await {
                return Ok(CallbackOutcome::Expired);
            }
        }
    }

    /// What the request led to that claimed the state. `None` while that is not known.
    async fn repeat(
        &self,
        callback: &OAuthCallback,
        claim: &Claim,
        former: &FormerUse,
    ) -> Result<Option<CallbackOutcome>> {
        let deps = &self.deps;
        let sessions = &deps.creation.sessions;
        match former.outcome(&deps.store, sessions, &claim.seed).await? {
            FormerOutcome::Session(issued) => Ok(Some(CallbackOutcome::LoggedIn(issued))),
            FormerOutcome::Over => Ok(Some(CallbackOutcome::Expired)),
            FormerOutcome::Link(link) => Ok(Some(CallbackOutcome::Link(link))),
            FormerOutcome::Unknown => {
                let login_code = callback.login_code();
                if deps.login_codes.is_issued(&login_code).await? {
                    return Ok(Some(CallbackOutcome::ChooseCorp { login_code }));
                }
                let over = !former.may_be_under_way(deps.store.now());
                Ok(over.then_some(CallbackOutcome::Expired))
            }
        }
    }

    /// Authenticates the member by the code. The state is claimed; it stays so unless WeCom did not accept the code.
    async fn authenticate(
        &self,
        callback: &OAuthCallback,
        config: &InstanceConfig,
        claim: Claim,
    ) -> Result<CallbackOutcome> {
        let (deps, state, token_hash) = (&self.deps, &callback.state, claim.token_hash);
        let authenticated = deps.creation.authenticate_at(
            config,
            &deps.authenticator,
            &callback.attempt,
            callback.login_type,
        );
        let authentication = match authenticated.await {
            Ok(authentication) => authentication,
            Err(error) => {
                // WeCom accepted the code, though the person may not log in, or a login provider of the host app says
                // so, by whatever error; or WeCom refused too many.
                let is_accepted = callback.attempt.is_code_accepted.load(Ordering::Relaxed);
                let is_over = matches!(
                    error.kind(),
                    ErrorKind::NotCorpMember | ErrorKind::UserAuthMiss | ErrorKind::UserNotVisible
                ) || (is_accepted && error.kind() != ErrorKind::StoreUnavailable)
                    || deps.authenticator.is_state_dead(&callback.attempt);
                let released = if is_over {
                    deps.used_states.end(state, &token_hash).await
                } else {
                    deps.used_states.release(state, &token_hash).await
                };
                if let Err(error) = released {
                    tracing::warn!(target: "wecom_login", %error, "the state of a refused login could not be released");
                }
                return Err(error);
            }
        };
        let entering = self.enter(callback, config, authentication, claim.seed);
        let entered = with_login_timeout(entering).await;
        // For the repeats of the callback, which cannot send the code again.
        if let Ok(CallbackOutcome::Link(link)) = &entered {
            deps.used_states
                .record_link(state, &token_hash, link)
                .await?;
        }
        // Where the database did not answer, the session may be there all the same.
        let is_over = match &entered {
            Ok(CallbackOutcome::Expired) => true,
            Ok(_) => false,
            Err(error) => error.kind() != ErrorKind::StoreUnavailable,
        };
        if is_over {
            deps.used_states.end(state, &token_hash).await?;
        }
        entered
    }

    /// Creates the session of an authenticated member, or the choice of a corp.
    async fn enter(
        &self,
        callback: &OAuthCallback,
        config: &InstanceConfig,
        authentication: Authentication,
        seed: TokenSeed,
    ) -> Result<CallbackOutcome> {
        let deps = &self.deps;
        if authentication.authorization_epoch != callback.epoch {
            return Ok(CallbackOutcome::Expired);
        }
        let principal = authentication.member.principal.clone();
        let own = CorpChoice::new(principal.corp_id.clone(), authentication.corp_name.clone());
        let stopped_at = StoppedAt {
            instance: config.name.full(),
            login_type: callback.login_type,
            platform: Platform::Web,
            proof: LoginProof::Browser,
            state: Some(&callback.state),
        };
        let bound = deps
            .creation
            .bind(&authentication, callback.headers.clone(), stopped_at);
        let user_id = match bound.await {
            Ok(user_id) => user_id,
            Err(error) => {
                let link = error.link().cloned().ok_or(error)?;
                return Ok(CallbackOutcome::Link(link));
            }
        };
        let corps = deps.corps.corp_list(&user_id, &principal, own).await?;
        if corps.len() == 1 {
            let purpose = SessionPurpose {
                instance: config.name.full(),
                platform: Platform::Web,
                login_type: callback.login_type,
                origin: LoginOrigin::Client(callback.attempt.client),
                seed,
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
        let login_code = callback.login_code();
        deps.login_codes.issue(&grant, &login_code).await?;
        Ok(CallbackOutcome::ChooseCorp { login_code })
    }
}
