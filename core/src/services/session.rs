//! Sessions: issued without WeCom, listed, revoked.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::audit::{Actor, LoginOrigin};
use crate::authorization::Authorizations;
use crate::domain::{
    AuthenticatedMember, CorpId, LoginHeaders, LoginType, Machine, MiniProgramSessionKey, Page,
    PageCursor, Platform, Principal, Profile, SuiteId,
};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{LoginProof, SessionCreation, SessionPurpose, StoppedAt};
use crate::members::Members;
use crate::session::{
    CurrentUser, IssuedSession, MachineSessionRequest, MachineSummary, NewMachineSession,
    SessionPage, SessionSummary, Sessions, TokenSeed,
};
use crate::task_runner::{ShutdownOnDrop, TaskRunner};

/// The sessions of the service.
#[derive(Clone)]
pub struct SessionService {
    deps: Arc<SessionDeps>,
    _shutdown_on_drop: ShutdownOnDrop,
}

/// The dependencies of [`SessionService`].
pub(crate) struct SessionDeps {
    pub(crate) instances: Arc<Instances>,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) sessions: Sessions,
    pub(crate) creation: SessionCreation,
    pub(crate) tasks: TaskRunner,
}

impl SessionService {
    pub(crate) fn new(deps: SessionDeps, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self {
            deps: Arc::new(deps),
            _shutdown_on_drop: shutdown_on_drop,
        }
    }

    /// Issues a session without WeCom: for tests of a host app, or for its support desk.
    ///
    /// # Errors
    /// `CONFIG_ERROR` if no instance has the suite, `USER_AUTH_MISS`, or the database does not answer.
    pub async fn issue(&self, principal: &Principal, platform: Platform) -> Result<IssuedSession> {
        let principal = principal.clone();
        self.run(|deps| async move {
            // The session of a suite that nobody configured would never end with its corp. The suites of a Type of the
            // host app's own are not known here.
            if !deps.instances.has_custom() {
                deps.creation.corps.suites.require(&principal.suite_id)?;
            }
            let instance = deps
                .instances
                .serving(&principal.suite_id, &principal.corp_id)
                .map(|config| config.name.full().to_owned())
                .unwrap_or_default();
            let revocation_seq = deps.sessions.revocation_seq();
            let member = AuthenticatedMember::new(principal, Profile::default());
            let authentication = deps
                .creation
                .authenticate_trusted(member, revocation_seq)
                .await?;
            let stopped_at = StoppedAt {
                instance: &instance,
                login_type: LoginType::default(),
                platform,
                proof: LoginProof::Code,
                state: None,
            };
            let bound = deps
                .creation
                .bind(&authentication, LoginHeaders::default(), stopped_at);
            let user_id = bound.await?;
            let purpose = SessionPurpose {
                instance: &instance,
                platform,
                login_type: LoginType::default(),
                origin: LoginOrigin::HostApp,
                seed: TokenSeed::random(),
            };
            deps.creation
                .create_session(authentication, user_id, purpose)
                .await
        })
        .await
    }

    /// Issues a session for a program of the host app or of a customer, to be sent as a bearer. It has no idle timeout; it ends
    /// by [`revoke_machine`](Self::revoke_machine), with the corp's authorization, by
    /// [`revoke_corp`](Self::revoke_corp), and when the request says. A guard lets it in only where it
    /// [allows machines](crate::web::Guard::allow_machines).
    ///
    /// ```no_run
    /// # use wecom_login::{CorpId, SuiteId, WecomLogin};
    /// use wecom_login::MachineSessionRequest;
    ///
    /// # async fn issue(login: WecomLogin, suite_id: SuiteId, corp_id: CorpId) -> wecom_login::Result<()> {
    /// let request = MachineSessionRequest::new(suite_id, corp_id, "nightly export").with_scopes(["orders:read"]);
    /// let issued = login.sessions().issue_machine_session(request).await?;
    /// println!("Authorization: Bearer {}", issued.token.expose()); // it cannot be read again
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`; `API_PARAMS_ERROR` if the name, a scope or the end is invalid. The database does not answer.
    pub async fn issue_machine_session(
        &self,
        request: MachineSessionRequest,
    ) -> Result<IssuedSession> {
        let machine = Machine::new(&request.name, &request.scopes)
            .map_err(|rule| Error::new(ErrorKind::ApiParams, rule))?;
        self.run(|deps| async move {
            let revocation_seq = deps.sessions.revocation_seq();
            let authorization = deps
                .authorizations
                .require_active(&request.suite_id, &request.corp_id)
                .await?;
            let (suite_id, corp_id) = (&authorization.suite_id, &authorization.corp_id);
            let serving = deps.instances.serving(suite_id, corp_id);
            let instance = serving.map(|config| config.name.full().to_owned());
            deps.sessions
                .issue_machine(NewMachineSession {
                    suite_id: suite_id.clone(),
                    corp_id: corp_id.clone(),
                    machine,
                    expires_at: request.expires_at,
                    instance: instance.unwrap_or_default(),
                    authorization_epoch: authorization.epoch,
                    revocation_seq,
                })
                .await
        })
        .await
    }

    /// A page of the live sessions of a corp's machines, newest first.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR` if the cursor is of another list; the database does not answer.
    pub async fn machines(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        limit: u64,
        after: Option<&PageCursor>,
    ) -> Result<Page<MachineSummary>> {
        let (suite_id, corp_id, after) = (suite_id.clone(), corp_id.clone(), after.cloned());
        self.run(move |deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            deps.sessions
                .machines_of_corp(&suite_id, &corp_id, limit.max(1), after.as_ref())
                .await
        })
        .await
    }

    /// Ends the session of a machine of this corp, by its id.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND`, for a person's session too. The database does not answer; the session goes on.
    pub async fn revoke_machine(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        id: &str,
    ) -> Result<()> {
        let (suite_id, corp_id, id) = (suite_id.clone(), corp_id.clone(), id.to_owned());
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            deps.sessions
                .revoke_machine(&suite_id, &corp_id, &id, Actor::App)
                .await
        })
        .await
    }

    /// The session_key of the mini program that a person logged in from (D/96959), for what WeCom's client encrypted or signed
    /// with it; none for a session of another login. It is sealed in the database and goes with the session. Do not
    /// send it to the client.
    ///
    /// ```no_run
    /// # async fn decrypt(login: wecom_login::WecomLogin, user: wecom_login::CurrentUser) -> wecom_login::Result<()> {
    /// if let Some(key) = login.sessions().mini_program_key(&user).await? {
    ///     let aes_key = key.expose(); // base64 of the 16 bytes of an AES key
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The database does not answer.
    #[doc(alias = "session_key")]
    pub async fn mini_program_key(
        &self,
        user: &CurrentUser,
    ) -> Result<Option<MiniProgramSessionKey>> {
        let user = user.clone();
        self.run(|deps| async move { deps.sessions.mini_program_key(&user).await })
            .await
    }

    /// The live sessions of the person behind a session, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn list(&self, user: &CurrentUser) -> Result<Vec<SessionSummary>> {
        let user = user.clone();
        self.run(|deps| async move {
            let rows = deps.sessions.list_by_member(user.principal()).await?;
            rows.into_iter()
                .map(|row| SessionSummary::of_row(row, Some(&user)))
                .collect()
        })
        .await
    }

    /// A page of the live sessions of the person behind a session, newest first: `limit` of them, after the page whose
    /// [`next`](field@SessionPage::next) is given.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR` if `after` is no such text; the database does not answer.
    pub async fn page(
        &self,
        user: &CurrentUser,
        limit: u32,
        after: Option<&str>,
    ) -> Result<SessionPage> {
        let after = after.map(str::parse).transpose()?;
        let user = user.clone();
        self.run(move |deps| async move {
            let page = deps
                .sessions
                .page_of_member(user.principal(), after, limit.max(1).into());
            let (rows, next) = page.await?;
            let summaries: Result<Vec<_>> = rows
                .into_iter()
                .map(|row| SessionSummary::of_row(row, Some(&user)))
                .collect();
            Ok(SessionPage::new(
                summaries?,
                next.map(|cursor| cursor.to_string()),
            ))
        })
        .await
    }

    /// Ends one session of the person behind a session.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND`, for another person's session too.
    pub async fn revoke(&self, user: &CurrentUser, id: &str) -> Result<()> {
        let (principal, id) = (user.principal().clone(), id.to_owned());
        self.run(|deps| async move { deps.sessions.revoke_by_id(&principal, &id).await })
            .await
    }

    /// Ends this session.
    ///
    /// # Errors
    /// The database does not answer; the session goes on.
    pub async fn logout(&self, user: &CurrentUser) -> Result<()> {
        let user = user.clone();
        self.run(|deps| async move { deps.sessions.revoke(&user).await })
            .await
    }

    /// Ends every session of the person behind this one; that of a machine alone.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    #[doc(alias = "logoutAll")]
    pub async fn logout_all(&self, user: &CurrentUser) -> Result<()> {
        let actor = Actor::User(user.user_id().to_owned());
        if user.machine().is_none() {
            return self.revoke_member_as(user.principal(), actor).await;
        }
        let user = user.clone();
        self.run(|deps| async move {
            let ended = deps.sessions.revoke_machine(
                user.suite_id(),
                user.corp_id(),
                user.session_id(),
                actor,
            );
            match ended.await {
                Err(error) if error.kind() == ErrorKind::SessionNotFound => Ok(()),
                ended => ended,
            }
        })
        .await
    }

    /// Ends every session of a member; a login of the member that is under way fails too.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR` for a machine, which [`revoke_machine`](Self::revoke_machine) ends. The database does not answer;
    /// the sessions go on.
    pub async fn revoke_member(&self, principal: &Principal) -> Result<()> {
        if Sessions::is_machine(principal) {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "a machine is no member: revoke_machine ends its session",
            ));
        }
        self.revoke_member_as(principal, Actor::App).await
    }

    async fn revoke_member_as(&self, principal: &Principal, actor: Actor) -> Result<()> {
        let principal = principal.clone();
        self.run(|deps| async move {
            let principal = deps.authorizations.resolve_corp_of(&principal).await?;
            let principal = deps.members.resolve(&principal).await?;
            deps.members.revoke_sessions(&principal, &actor).await
        })
        .await
    }

    /// Asks the binder anew for the [`attributes`](crate::UserBinder::attributes) of a user, in every corp where the user
    /// has sessions. The sessions on this node have them when it returns, those on other nodes within a second.
    ///
    /// ```no_run
    /// # async fn change(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// // After `UPDATE staff SET role = 'administrator' WHERE id = '7'`:
    /// login.sessions().refresh_attributes("7").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The binder fails, or says more than [`Attributes::MAX_BYTES`](crate::Attributes::MAX_BYTES); the database does not
    /// answer. Some sessions may have the new attributes then; repeating it does no harm.
    pub async fn refresh_attributes(&self, user_id: &str) -> Result<()> {
        let user_id = user_id.to_owned();
        self.run(|deps| async move { deps.members.refresh_attributes(&user_id).await })
            .await
    }

    /// Ends every session of a corp's people and of its machines.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn revoke_corp(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            deps.authorizations
                .revoke_sessions(&suite_id, &corp_id, Actor::App)
                .await
        })
        .await
    }

    /// Ends every session of the service, on every node, and every login that is under way. For after a restore, which
    /// brings sessions back that were revoked since the backup.
    ///
    /// ```no_run
    /// # async fn restored(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// login.sessions().revoke_all().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn revoke_all(&self) -> Result<()> {
        self.run(|deps| async move { deps.authorizations.revoke_all_sessions(Actor::App).await })
            .await
    }

    /// Runs an operation on our runtime, to its end whatever becomes of the caller.
    fn run<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<SessionDeps>) -> F,
    ) -> BoxFuture<'static, Result<T>> {
        self.deps.tasks.run(operation(Arc::clone(&self.deps)))
    }
}

impl fmt::Debug for SessionService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionService")
    }
}
