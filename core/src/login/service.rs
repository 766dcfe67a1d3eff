//! The logins that answer JSON: by code, by login code, from the workbench, from a mini program.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracing::Instrument as _;

use crate::audit::LoginOrigin;
use crate::authorization::Authorizations;
use crate::domain::{CorpId, LoginHeaders, LoginType, Platform, SuiteId};
use crate::element::{
    DynLoginProviderInstance, InstanceConfig, InstanceKind, InstanceName, Instances, LoginAttempt,
};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::Refusals;
use crate::login::limits::with_login_timeout;
use crate::login::link_tickets::StoppedAt;
use crate::login::session_creation::{SessionCreation, SessionPurpose};
use crate::login::{
    AttemptState, AuthAttempt, Authentication, Authenticator, CorpChoice, CorpSelection,
    LoginByCodeRequest, LoginCodeRequest, LoginCodeResult, LoginCodes, LoginGrant, LoginResult,
    MemberCode, MiniProgramLoginRequest, OrganizationCodes, WorkbenchLoginRequest,
};
use crate::metrics::{LoginMeter, LoginMethod, LoginStep};
use crate::session::{IssuedSession, Sessions, TokenSeed};

/// The logins of the reference page.
#[derive(Clone)]
pub(crate) struct LoginService {
    pub(crate) instances: Arc<Instances>,
    pub(crate) authorizations: Authorizations,
    pub(crate) authenticator: Authenticator,
    pub(crate) corps: CorpSelection,
    pub(crate) creation: SessionCreation,
    pub(crate) login_codes: LoginCodes,
    pub(crate) organization_codes: OrganizationCodes,
    pub(crate) sessions: Sessions,
    pub(crate) refusals: Refusals,
}

/// A login by a code that WeCom's client had for the person who uses it.
struct ClientLogin {
    corp_id: CorpId,
    suite_id: Option<SuiteId>,
    code: MemberCode,
    state: AttemptState,
    client: Option<IpAddr>,
    platform: Platform,
    headers: LoginHeaders,
    method: LoginMethod,
}

impl LoginService {
    /// `getLoginCode`: authenticates a member by a code from WeCom and issues a login code.
    pub(crate) async fn login_code(
        &self,
        name: &InstanceName,
        kind: &InstanceKind,
        request: LoginCodeRequest,
    ) -> Result<LoginCodeResult> {
        let (client, corp_id) = (request.client, request.corp_id.clone());
        let meter = LoginMeter::start(LoginMethod::LoginCode);
        meter.set_instance(name.full());
        let made = with_login_timeout(self.make_login_code(name, kind, request));
        let made = self.refusals.watch(client, Some(corp_id), made);
        let made = made.instrument(meter.span()).await;
        meter.finish(&made, |_| LoginStep::Continues);
        made
    }

    async fn make_login_code(
        &self,
        name: &InstanceName,
        kind: &InstanceKind,
        request: LoginCodeRequest,
    ) -> Result<LoginCodeResult> {
        let login_type = request.login_type;
        let state = AttemptState::of_request(request.state_verified);
        let proof = state.proof();
        let headers = request.headers.clone();
        let authentication = match kind {
            InstanceKind::QywxProxy(config) => {
                let resolving = self
                    .authorizations
                    .resolve(&config.suite.id, &request.corp_id);
                let corp_id = self
                    .authenticator
                    .with_rate_limit(request.client, resolving)
                    .await?;
                let attempt = AuthAttempt {
                    suite_id: config.suite.id.clone(),
                    corp_id,
                    code: request.code.into(),
                    client: request.client,
                    state,
                    is_code_accepted: AtomicBool::new(false),
                };
                self.authenticate(config, attempt, login_type).await?
            }
            InstanceKind::Custom { instance, .. } => {
                self.authenticate_by(&**instance, request).await?
            }
        };
        let stopped_at = StoppedAt {
            instance: name.full(),
            login_type,
            platform: Platform::default(),
            proof,
            state: None,
        };
        let bound = self.creation.bind(&authentication, headers, stopped_at);
        let user_id = bound.await?;
        let principal = authentication.member.principal;
        let own = CorpChoice::new(principal.corp_id.clone(), authentication.corp_name);
        let corp_list = self
            .corps
            .corp_list_for(proof, &user_id, &principal, own)
            .await?;
        let grant = LoginGrant {
            principal,
            user_id: user_id.clone(),
            instance: name.full().to_owned(),
            login_type,
            proof,
            member_epoch: authentication.member_epoch,
            authorization_epoch: authentication.authorization_epoch,
        };
        let login_code = LoginCodes::random();
        self.login_codes.issue(&grant, &login_code).await?;
        Ok(LoginCodeResult::new(login_code, corp_list, user_id))
    }

    /// `loginByCode`: exchanges a login code for a session.
    pub(crate) async fn login_by_code(&self, request: LoginByCodeRequest) -> Result<LoginResult> {
        let (client, corp_id) = (request.client, request.corp_id.clone());
        let meter = LoginMeter::start(LoginMethod::LoginCode);
        let exchanged = with_login_timeout(self.exchange(request, &meter));
        let exchanged = self.refusals.watch(client, corp_id, exchanged);
        let exchanged = exchanged.instrument(meter.span()).await;
        meter.finish(&exchanged, |_| LoginStep::LoggedIn);
        exchanged
    }

    async fn exchange(
        &self,
        request: LoginByCodeRequest,
        meter: &LoginMeter,
    ) -> Result<LoginResult> {
        let consumed = self.login_codes.consume(&request.login_code, None);
        let grant = self
            .authenticator
            .with_rate_limit(request.client, consumed)
            .await?;
        meter.set_instance(&grant.instance);
        let authentication = self
            .creation
            .authentication_for(&grant, request.corp_id)
            .await?;
        let own = self.corps.choice_of(&grant.principal).await?;
        let corp_list = self
            .corps
            .corp_list_for(grant.proof, &grant.user_id, &grant.principal, own)
            .await?;
        let issued = self
            .creation
            .create_session_for(
                authentication,
                grant,
                request.platform,
                LoginOrigin::Client(request.client),
                TokenSeed::random(),
            )
            .await?;
        Ok(self.result(issued, corp_list))
    }

    /// `loginByWorkbench`: authenticates a member who clicked the app in WeCom.
    pub(crate) async fn login_by_workbench(
        &self,
        request: WorkbenchLoginRequest,
    ) -> Result<LoginResult> {
        self.log_in_by_client(ClientLogin {
            corp_id: request.corp_id,
            suite_id: request.suite_id,
            code: request.code.into(),
            state: AttemptState::of_request(request.state_verified),
            client: request.client,
            platform: request.platform,
            headers: request.headers,
            method: LoginMethod::Workbench,
        })
        .await
    }

    /// `loginByMiniProgram`: authenticates a member in a mini program.
    pub(crate) async fn login_by_mini_program(
        &self,
        request: MiniProgramLoginRequest,
    ) -> Result<LoginResult> {
        self.log_in_by_client(ClientLogin {
            corp_id: request.corp_id,
            suite_id: request.suite_id,
            code: MemberCode::MiniProgram(request.js_code),
            state: AttemptState::None,
            client: request.client,
            platform: request.platform,
            headers: request.headers,
            method: LoginMethod::MiniProgram,
        })
        .await
    }

    /// Resolves the corp, logs the member in, and records a refusal.
    async fn log_in_by_client(&self, login: ClientLogin) -> Result<LoginResult> {
        let (client, named) = (login.client, login.corp_id.clone());
        let meter = LoginMeter::start(login.method);
        let entered = async {
            let resolving = self.corps.resolve(&login.corp_id, login.suite_id);
            let (suite_id, corp_id) = self
                .authenticator
                .with_rate_limit(client, resolving)
                .await?;
            let attempt = AuthAttempt {
                suite_id,
                corp_id,
                code: login.code,
                client,
                state: login.state,
                is_code_accepted: AtomicBool::new(false),
            };
            self.log_in_within_wecom(attempt, login.platform, login.headers, &meter)
                .await
        };
        let entered = with_login_timeout(entered);
        let entered = self.refusals.watch(client, Some(named), entered);
        let entered = entered.instrument(meter.span()).await;
        meter.finish(&entered, |_| LoginStep::LoggedIn);
        entered
    }

    /// Asks WeCom who it is, and makes a session of the answer.
    async fn log_in_within_wecom(
        &self,
        attempt: AuthAttempt,
        platform: Platform,
        headers: LoginHeaders,
        meter: &LoginMeter,
    ) -> Result<LoginResult> {
        let config = self
            .instances
            .serving(&attempt.suite_id, &attempt.corp_id)?;
        meter.set_instance(config.name.full());
        let (proof, client) = (attempt.proof(), attempt.client);
        let mut authentication = self
            .authenticate(config, attempt, LoginType::Workbench)
            .await?;
        let principal = authentication.member.principal.clone();
        let own = CorpChoice::new(principal.corp_id.clone(), authentication.corp_name.clone());
        let stopped_at = StoppedAt {
            instance: config.name.full(),
            login_type: LoginType::Workbench,
            platform,
            proof,
            state: None,
        };
        let bound = self.creation.bind(&authentication, headers, stopped_at);
        let user_id = bound.await?;
        let mini_program_key = authentication.mini_program_key.take();
        let corp_list = self
            .corps
            .corp_list_for(proof, &user_id, &principal, own)
            .await?;
        let purpose = SessionPurpose {
            instance: config.name.full(),
            platform,
            login_type: LoginType::Workbench,
            origin: LoginOrigin::Client(client),
            seed: TokenSeed::random(),
        };
        let issued = self
            .creation
            .create_session(authentication, user_id, purpose)
            .await?;
        if let Some(key) = mini_program_key {
            self.sessions
                .store_mini_program_key(&issued.user, &key)
                .await?;
        }
        Ok(self.result(issued, corp_list))
    }

    /// Authenticates a member through one of our instances, if it takes codes of this corp that come this way.
    async fn authenticate(
        &self,
        config: &InstanceConfig,
        attempt: AuthAttempt,
        login_type: LoginType,
    ) -> Result<Authentication> {
        self.instances.check_login(config, &attempt.corp_id)?;
        let proof = attempt.proof();
        let accepts = |config: &InstanceConfig| proof.satisfies(config.code_login);
        // Both have to accept: an unpinned instance does not allow what the one pinned to the corp forbids.
        let serving = self.instances.serving(&config.suite.id, &attempt.corp_id)?;
        if !accepts(config) || !accepts(serving) {
            return Err(Error::new(
                ErrorKind::LoginDisabled,
                "this login does not take codes by this way",
            ));
        }
        // What the host app asks of the people of the pinned corp, it asks at every door.
        let asked = if serving.wrapping().is_some() {
            serving
        } else {
            config
        };
        self.creation
            .authenticate_at(asked, &self.authenticator, &Arc::new(attempt), login_type)
            .await
    }

    /// Authenticates a member through an instance of the host app's own login provider.
    async fn authenticate_by(
        &self,
        instance: &dyn DynLoginProviderInstance,
        request: LoginCodeRequest,
    ) -> Result<Authentication> {
        if !instance.is_active() {
            return Err(Error::new(
                ErrorKind::LoginDisabled,
                "this instance is disabled",
            ));
        }
        let attempt = LoginAttempt::new(
            request.corp_id,
            request.code,
            request.login_type,
            request.client,
        );
        let revocation_seq = self.sessions.revocation_seq();
        let member = self
            .authenticator
            .with_rate_limit(attempt.client, instance.log_in(&attempt))
            .await?;
        self.creation
            .authenticate_trusted(member, revocation_seq)
            .await
    }

    fn result(&self, issued: IssuedSession, corp_list: Vec<CorpChoice>) -> LoginResult {
        let idle = self.sessions.config().idle_timeout.as_secs();
        LoginResult::new(issued.token, &issued.user, idle, corp_list)
    }
}

impl fmt::Debug for LoginService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginService")
    }
}
