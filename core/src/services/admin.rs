//! The operator's service: callback records, corps, imports, bindings, data keys.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::authorization::{Authorizations, CorpSummary};
use crate::db::Store;
use crate::domain::{AgentId, CorpId, PermanentCode, Principal, RecordStatus, SuiteId, Suites};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::CorpDecision;
use crate::inbox::{CallbackRecord, Worker, list_records};
use crate::members::{DefaultUserBinder, IdMigration, IdMigrationProgress, Members};
use crate::task_runner::{ShutdownOnDrop, TaskRunner, shutting_down};
use crate::vault::{KeyRotationReport, Vault};

/// The longest id of a user of the host app, in bytes.
const MAX_USER_ID_BYTES: usize = 255;

/// The operations of an operator, from code.
///
/// ```no_run
/// # async fn list(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
/// for corp in login.admin().corps().await? {
///     println!("{} of {}", corp.corp_name, corp.suite_id);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AdminService {
    deps: Arc<AdminDeps>,
    _shutdown_on_drop: ShutdownOnDrop,
}

/// The dependencies of [`AdminService`].
pub(crate) struct AdminDeps {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) suites: Suites,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) id_migration: IdMigration,
    pub(crate) default_binder: DefaultUserBinder,
    pub(crate) worker: Worker,
    pub(crate) tasks: TaskRunner,
}

impl AdminDeps {
    /// The member by the ids that are stored, or that WeCom knows.
    async fn resolve(&self, principal: &Principal) -> Result<Principal> {
        let principal = self.authorizations.resolve_corp_of(principal).await?;
        let (suite_id, corp_id) = (&principal.suite_id, &principal.corp_id);
        match self.authorizations.require_active(suite_id, corp_id).await {
            Ok(authorization) => self.id_migration.convert(&authorization, principal).await,
            Err(_) => self.members.resolve(&principal).await,
        }
    }
}

impl AdminService {
    pub(crate) fn new(deps: AdminDeps, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self {
            deps: Arc::new(deps),
            _shutdown_on_drop: shutdown_on_drop,
        }
    }

    /// Callback records, newest first: `limit` of them, older than `before`.
    ///
    /// # Errors
    /// The database does not answer.
    #[doc(alias = "callbackRecords")]
    pub async fn callback_records(
        &self,
        status: Option<RecordStatus>,
        limit: u64,
        before: Option<i64>,
    ) -> Result<Vec<CallbackRecord>> {
        self.run(|deps| async move {
            list_records(&deps.store, deps.suites.ids(), status, limit, before).await
        })
        .await
    }

    /// Ends the lease on a callback record, whoever holds it, so that any node works on it at once: for a node that hangs.
    /// An AuthCode that is on its way is still waited for.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`.
    pub async fn release_callback(&self, record_id: i64) -> Result<()> {
        self.run(|deps| async move { deps.worker.release_by_operator(record_id).await })
            .await
    }

    /// Every corp that authorized a suite of ours.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn corps(&self) -> Result<Vec<CorpSummary>> {
        self.run(|deps| async move { deps.authorizations.summaries().await })
            .await
    }

    /// Decides about a corp that [`Hooks::review_authorization`](crate::Hooks::review_authorization) deferred, or
    /// changes the decision. [`CorpDecision::Deny`] ends the sessions of its people.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: there is nothing to decide.
    pub async fn set_corp_decision(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        decision: CorpDecision,
    ) -> Result<()> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            deps.authorizations
                .set_decision(&suite_id, &corp_id, decision)
                .await
        })
        .await
    }

    /// Confirms that a corp's authorization has ended: its permanent code and all its data are deleted, as after a
    /// `cancel_auth`. Without a `cancel_auth` no more than three corps end within an hour; a further one that WeCom says has
    /// ended is [`Broken`](crate::AuthorizationStatus::Broken), and has
    /// [`CorpSummary::end_held_since`](crate::CorpSummary::end_held_since).
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: WeCom has not said that this authorization has ended. The database does not answer.
    pub async fn confirm_corp_end(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        self.run(|deps| async move { deps.authorizations.confirm_end(&suite_id, &corp_id).await })
            .await
    }

    /// Imports an authorization from before this library: the corps of a provider authorized long ago. Without an
    /// `agent_id` WeCom is asked for it.
    ///
    /// # Errors
    /// The suite is not configured, or the database does not answer.
    pub async fn import_authorization(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        permanent_code: PermanentCode,
        agent_id: Option<AgentId>,
    ) -> Result<()> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        self.run(|deps| async move {
            deps.authorizations
                .import(&suite_id, &corp_id, &permanent_code, agent_id)
                .await
        })
        .await
    }

    /// Binds a member to a user of the host app in our auth model, and ends the member's sessions. A binder of your own
    /// sees the binding only where it asks ours ([`Builder::wrap_binder`](crate::Builder::wrap_binder)).
    ///
    /// # Errors
    /// The id is blank or over 255 bytes, or the database does not answer.
    pub async fn bind_user(&self, principal: &Principal, user_id: &str) -> Result<()> {
        if user_id.trim().is_empty() || user_id.len() > MAX_USER_ID_BYTES {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "a user id is 1 to 255 bytes and not blank",
            ));
        }
        let (principal, user_id) = (principal.clone(), user_id.to_owned());
        self.run(|deps| async move {
            let principal = deps.resolve(&principal).await?;
            deps.default_binder.set(&principal, &user_id).await?;
            deps.members.revoke_sessions(&principal).await
        })
        .await
    }

    /// Removes the binding of a member, and ends the member's sessions.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unbind_user(&self, principal: &Principal) -> Result<()> {
        let principal = principal.clone();
        self.run(|deps| async move {
            let principal = deps.resolve(&principal).await?;
            deps.members.binder().unbind(&principal).await?;
            deps.members.revoke_sessions(&principal).await
        })
        .await
    }

    /// Says that two ids are one corp under a suite, where WeCom was not asked or did not say: the plain id (`ww…`) and the
    /// one that is encrypted for the provider (`wp…`). From then on either of them is that corp, and events that wait for
    /// it are carried out. Where both ids have an authorization, the two become one.
    ///
    /// # Errors
    /// The suite is not configured, or the database does not answer.
    #[doc(alias = "corpid_to_opencorpid")]
    pub async fn add_corp_alias(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        alias: &CorpId,
    ) -> Result<()> {
        let (suite_id, corp_id, alias) = (suite_id.clone(), corp_id.clone(), alias.clone());
        self.run(|deps| async move {
            deps.suites.require(&suite_id)?;
            deps.authorizations
                .store_pair(&suite_id, &corp_id, &alias)
                .await
        })
        .await
    }

    /// Moves the members of a corp whose app has encrypted ids to theirs: the same users, and sessions go on. It happens
    /// by itself when such a member logs in or an event is about one. Returns how many were moved.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, or WeCom, the binder or the database does not answer.
    #[doc(alias = "userid_to_openuserid")]
    pub async fn migrate_ids(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<u64> {
        self.migrate_ids_with_progress(suite_id, corp_id, |_| {})
            .await
    }

    /// The same, telling how far it has come: WeCom is asked about a thousand members at a time, its limit, and each is
    /// moved by itself, so that they can log in meanwhile by either id. An error or a shutdown ends it, and the next call
    /// goes on with those who are left.
    ///
    /// ```no_run
    /// # async fn move_all(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// use wecom_login::{CorpId, SuiteId};
    ///
    /// let (suite_id, corp_id) = (SuiteId::new("dk1234567890abcdef")?, CorpId::new("ww1234567890abcdef")?);
    /// let moved = login
    ///     .admin()
    ///     .migrate_ids_with_progress(&suite_id, &corp_id, |progress| {
    ///         println!("{} of {}", progress.moved, progress.total);
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`migrate_ids`](Self::migrate_ids).
    #[doc(alias = "userid_to_openuserid")]
    pub async fn migrate_ids_with_progress(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        on_progress: impl Fn(IdMigrationProgress) + Send + Sync + 'static,
    ) -> Result<u64> {
        let (suite_id, corp_id) = (suite_id.clone(), corp_id.clone());
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            let of_corp = deps.authorizations.require_active(&suite_id, &corp_id);
            let authorization = of_corp.await?;
            tokio::select! {
                moved = deps.id_migration.migrate(&authorization, &on_progress) => moved,
                () = deps.tasks.shutdown_token().cancelled() => Err(shutting_down()),
            }
        })
        .await
    }

    /// Seals everything that is stored anew under the primary data key, so that older keys can be removed: the last step
    /// of a change of keys, once every process has had the new key first for three minutes. Nothing is interrupted, and
    /// a repetition does no harm.
    ///
    /// Sessions are not sealed, but their tokens are made under a key, and end when no process has that key any more. To
    /// spare people a new login, keep an older key for as long as a session may last after the change
    /// ([`SessionConfig::absolute_timeout`](crate::SessionConfig::absolute_timeout)).
    ///
    /// ```no_run
    /// # async fn rotate(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// let report = login.admin().rotate_keys().await?;
    /// println!("{} values resealed, {} keys retired", report.resealed, report.retired);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The database does not answer, or the handle is shut down. What was not reached stays under its key, and every key
    /// that is needed stays.
    #[doc(alias = "rotate-keys")]
    pub async fn rotate_keys(&self) -> Result<KeyRotationReport> {
        self.run(|deps| async move {
            tokio::select! {
                report = deps.vault.rotate() => report,
                () = deps.tasks.shutdown_token().cancelled() => Err(shutting_down()),
            }
        })
        .await
    }

    /// Runs an operation on our runtime, to its end whatever becomes of the caller.
    fn run<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<AdminDeps>) -> F,
    ) -> BoxFuture<'static, Result<T>> {
        self.deps.tasks.run(operation(Arc::clone(&self.deps)))
    }
}

impl fmt::Debug for AdminService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminService")
    }
}
