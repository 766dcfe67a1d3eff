//! The service of the reference page, `QywxProxyAuthService`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::audit::Actor;
use crate::domain::{AuthenticatedMember, CorpId, LinkTicket, OrganizationCode, SuiteId};
use crate::element::InstanceKind;
use crate::error::Result;
use crate::inbox::{CallbackReceiver, NotifyRequest, NotifyResponse, Worker};
use crate::login::{
    AccountLinking, FinishLoginRequest, LoginByCodeRequest, LoginResult, LoginService,
    MiniProgramLoginRequest, OrgCodeLogin, WorkbenchLoginRequest,
};
use crate::services::Instance;
use crate::task_runner::{ShutdownOnDrop, TaskRunner};

/// `auths.loginTypes.QywxProxyType.services.QywxProxyAuthService`: logins across instances, callbacks, organization
/// codes.
#[derive(Clone)]
#[doc(alias = "QywxProxyAuthService")]
pub struct AuthService {
    deps: Arc<AuthDeps>,
    _shutdown_on_drop: ShutdownOnDrop,
}

/// The dependencies of [`AuthService`].
pub(crate) struct AuthDeps {
    pub(crate) login: LoginService,
    pub(crate) linking: AccountLinking,
    pub(crate) receiver: CallbackReceiver,
    pub(crate) worker: Worker,
    pub(crate) tasks: TaskRunner,
}

impl AuthService {
    pub(crate) fn new(deps: AuthDeps, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self {
            deps: Arc::new(deps),
            _shutdown_on_drop: shutdown_on_drop,
        }
    }

    /// Exchanges a login code for a session. The code is used up, whatever comes of it.
    ///
    /// # Errors
    /// `LOGIN_CODE_INVALID`, `CORP_NOT_IN_LIST`, or what keeps people of that corp out.
    #[doc(alias = "loginByCode")]
    pub async fn login_by_code(&self, request: LoginByCodeRequest) -> Result<LoginResult> {
        self.run(|deps| async move { deps.login.login_by_code(request).await })
            .await
    }

    /// Logs a person in who clicked the app in WeCom's workbench.
    ///
    /// # Errors
    /// Any of the login errors; `API_PARAMS_ERROR` if several suites have the corp and the request names none.
    #[doc(alias = "loginByWorkbench")]
    pub async fn login_by_workbench(&self, request: WorkbenchLoginRequest) -> Result<LoginResult> {
        self.run(|deps| async move { deps.login.login_by_workbench(request).await })
            .await
    }

    /// Logs a person in who uses a mini program of the app. The person is the same user as by every other login. WeCom's
    /// session_key stays on the server: [`SessionService::mini_program_key`](crate::SessionService::mini_program_key).
    ///
    /// # Errors
    /// As [`login_by_workbench`](Self::login_by_workbench).
    #[doc(alias = "loginByMiniProgram")]
    #[doc(alias = "jscode2session")]
    pub async fn login_by_mini_program(
        &self,
        request: MiniProgramLoginRequest,
    ) -> Result<LoginResult> {
        self.run(|deps| async move { deps.login.login_by_mini_program(request).await })
            .await
    }

    /// The person at WeCom whom a link ticket is of, for the page that asks which user of the app they are: show whom the
    /// account is linked to. The ticket stays valid.
    ///
    /// ```
    /// # use wecom_login::{LinkTicket, WecomLogin};
    /// /// What the page says; escape it. WeCom tells many apps no names, only the userid.
    /// async fn linked_person(login: &WecomLogin, ticket: &str) -> wecom_login::Result<String> {
    ///     let member = login.service().member_of(&LinkTicket::new(ticket)).await?;
    ///     let name = member.profile.name.unwrap_or_else(|| member.principal.third_user_id.to_string());
    ///     Ok(format!("{name}, {}", member.principal.corp_id))
    /// }
    /// ```
    ///
    /// # Errors
    /// `LOGIN_CODE_INVALID`: the ticket is unknown or older than ten minutes. The database does not answer.
    pub async fn member_of(&self, ticket: &LinkTicket) -> Result<AuthenticatedMember> {
        let ticket = ticket.clone();
        self.run(|deps| async move { deps.linking.member_of(&ticket).await })
            .await
    }

    /// Finishes a login that [`Binding::Link`](crate::Binding::Link) stopped and that was answered in JSON: the person is
    /// this user. The ticket is used up, [`UserBinder::link`](crate::UserBinder::link) keeps the binding, and the result is
    /// that of the login. Prove the user first, in this client: whoever has the ticket is the person at WeCom.
    ///
    /// ```
    /// # use wecom_login::{FinishLoginRequest, LinkTicket, LoginResult, WecomLogin};
    /// /// After the app has checked the password of the user, in the request that brings the ticket.
    /// async fn finish(login: &WecomLogin, ticket: &str, user_id: &str) -> wecom_login::Result<LoginResult> {
    ///     let request = FinishLoginRequest::new(LinkTicket::new(ticket), user_id);
    ///     login.service().finish_login(request).await
    /// }
    /// ```
    ///
    /// # Errors
    /// `LOGIN_CODE_INVALID`: the ticket is unknown, used, older than ten minutes, of a login in a browser, or the member left
    /// since. `USER_AUTH_MISS`: the person is bound to another user. What keeps people of that corp out. `CONFIG_ERROR`: the
    /// binder kept no binding.
    pub async fn finish_login(&self, request: FinishLoginRequest) -> Result<LoginResult> {
        self.run(|deps| async move { deps.linking.finish(request).await })
            .await
    }

    /// Answers a callback of WeCom, for a host app with a route of its own.
    /// [`Instance::notify`](crate::Instance::notify) takes the callbacks of one suite only.
    ///
    /// The answer becomes an [`http::Response`], which axum takes as it is; `wecom-login-actix` makes actix's of it.
    ///
    /// ```
    /// use wecom_login::web::ResponseBody;
    /// use wecom_login::{NotifyRequest, WecomLogin};
    ///
    /// /// The host app's own POST handler.
    /// async fn callback(login: WecomLogin, query: &str, body: Vec<u8>) -> http::Response<ResponseBody> {
    ///     login.service().notify(NotifyRequest::post(query, body)).await.into()
    /// }
    /// ```
    pub async fn notify(&self, request: NotifyRequest) -> NotifyResponse {
        self.callback(None, request).await
    }

    /// Gives a corp its organization code, in place of the one it had.
    ///
    /// # Errors
    /// `ORG_CODE_CONFLICT`, `CORP_NOT_AUTHORIZED`, or `API_PARAMS_ERROR` if several suites have the corp and none is
    /// named.
    #[doc(alias = "setCode")]
    pub async fn set_organization_code(
        &self,
        corp_id: &CorpId,
        code: &OrganizationCode,
        suite_id: Option<&SuiteId>,
    ) -> Result<()> {
        self.set_organization_code_as(corp_id, code, suite_id, Actor::App)
            .await
    }

    pub(crate) async fn set_organization_code_as(
        &self,
        corp_id: &CorpId,
        code: &OrganizationCode,
        suite_id: Option<&SuiteId>,
        actor: Actor,
    ) -> Result<()> {
        let (corp_id, code, suite_id) = (corp_id.clone(), code.clone(), suite_id.cloned());
        self.run(|deps| async move {
            deps.login
                .set_organization_code(&corp_id, &code, suite_id, actor)
                .await
        })
        .await
    }

    /// The corp and its app that an organization code stands for. One `client` has 30 look-ups a minute; look-ups
    /// without a client, which only the host app's own code makes, have no limit.
    ///
    /// # Errors
    /// `ORG_CODE_NOT_FOUND`, `RATE_LIMITED`, `LOGIN_DISABLED`, `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`.
    #[doc(alias = "getLoginConfigByCode")]
    #[doc(alias = "getLoginConfig")]
    pub async fn login_config_by_code(
        &self,
        code: &str,
        client: Option<IpAddr>,
    ) -> Result<OrgCodeLogin> {
        let code = code.to_owned();
        self.run(|deps| async move { deps.login.login_config_by_code(&code, client).await })
            .await
    }

    /// The instance that serves a corp, by whichever of its ids it is named: the one that is pinned to it, else the one of
    /// its suite that is pinned to none. It says nothing about whether the corp is authorized, or the instance active.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED` if no instance is pinned to the corp and it authorized no suite; `API_PARAMS_ERROR` if several
    /// suites have the corp and none is named; `CORP_MISMATCH` if the suite has instances for other corps only.
    #[doc(alias = "getAuthByCorpId")]
    pub async fn instance_by_corp_id(
        &self,
        corp_id: &CorpId,
        suite_id: Option<&SuiteId>,
    ) -> Result<Instance> {
        let (corp_id, suite_id) = (corp_id.clone(), suite_id.cloned());
        let service = self.clone();
        self.run(|deps| async move {
            let login = &deps.login;
            let (suite_id, corp_id) = login.corps.resolve(&corp_id, suite_id).await?;
            let config = Arc::clone(login.instances.serving(&suite_id, &corp_id)?);
            let name = config.name.clone();
            Ok(Instance::new(
                service,
                name,
                InstanceKind::QywxProxy(config),
            ))
        })
        .await
    }

    /// Works on a callback record now.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`, `RECORD_BUSY`, or what went wrong this time.
    #[doc(alias = "retryCallBack")]
    pub async fn retry_callback(&self, record_id: i64) -> Result<()> {
        self.run(|deps| async move { deps.worker.retry(record_id).await })
            .await
    }

    /// The corp that an administrator means, by the id that is stored.
    pub(crate) async fn resolve_corp(
        &self,
        corp_id: &CorpId,
        suite_id: Option<&SuiteId>,
    ) -> CorpId {
        let (asked, suite_id) = (corp_id.clone(), suite_id.cloned());
        let resolved = self
            .run(|deps| async move { deps.login.corps.resolve(&asked, suite_id).await })
            .await;
        resolved.map_or_else(|_| corp_id.clone(), |(_, corp_id)| corp_id)
    }

    /// The suite and the corp that an administrator means, by the id that is stored.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`; `API_PARAMS_ERROR` if several suites have the corp and none is named.
    pub(crate) async fn resolve_authorization(
        &self,
        corp_id: &CorpId,
        suite_id: Option<SuiteId>,
    ) -> Result<(SuiteId, CorpId)> {
        let corp_id = corp_id.clone();
        self.run(|deps| async move { deps.login.corps.resolve(&corp_id, suite_id).await })
            .await
    }

    /// Answers a callback of the suite that `scope` names, or of any.
    pub(super) async fn callback(
        &self,
        scope: Option<SuiteId>,
        request: NotifyRequest,
    ) -> NotifyResponse {
        let answered = self
            .run(|deps| async move { Ok(deps.receiver.answer(scope.as_ref(), &request).await) });
        answered
            .await
            .unwrap_or_else(|_| NotifyResponse::rejection(500))
    }

    /// Runs an operation on our runtime, to its end whatever becomes of the caller.
    pub(super) fn run<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<AuthDeps>) -> F,
    ) -> BoxFuture<'static, Result<T>> {
        self.deps.tasks.run(operation(Arc::clone(&self.deps)))
    }
}

impl fmt::Debug for AuthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthService")
    }
}
