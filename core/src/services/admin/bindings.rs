//! What a provider brings along: authorizations, bindings, and the ids of members.

use crate::audit::AuditAction;
use crate::authorization::ImportedAuthorization;
use crate::domain::{AgentId, CorpId, PermanentCode, Principal, SuiteId};
use crate::error::Result;
use crate::members::{IdMigrationProgress, check_user_id};
use crate::services::admin::AdminService;
use crate::task_runner::shutting_down;

impl AdminService {
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
        let mut imported =
            ImportedAuthorization::new(suite_id.clone(), corp_id.clone(), permanent_code);
        imported.agent_id = agent_id;
        let entry = self.entry(AuditAction::CorpImported);
        self.run(|deps| async move {
            let asks_wecom = &mut true;
            deps.authorizations
                .import(&imported, asks_wecom, &entry)
                .await?;
            deps.authorizations.load_aliases().await
        })
        .await
    }

    /// The user that the binder in use has for a member.
    pub(crate) async fn bound_user(&self, principal: &Principal) -> Result<Option<String>> {
        let principal = principal.clone();
        self.run(|deps| async move {
            let principal = deps.authorizations.resolve_corp_of(&principal).await?;
            let principal = deps.members.resolve(&principal).await?;
            deps.members.binder().find(&principal).await
        })
        .await
    }

    /// Binds a member to a user of the host app in our auth model, and ends the member's sessions. A binder of your own
    /// sees the binding only where it asks ours ([`Builder::wrap_binder`](crate::Builder::wrap_binder)).
    ///
    /// # Errors
    /// The id is blank or over 255 bytes, or the database does not answer.
    pub async fn bind_user(&self, principal: &Principal, user_id: &str) -> Result<()> {
        check_user_id(user_id)?;
        let (principal, user_id) = (principal.clone(), user_id.to_owned());
        let (actor, entry) = (self.actor(), self.entry(AuditAction::UserBound));
        self.run(|deps| async move {
            let principal = deps.resolve(&principal).await?;
            deps.audit(&entry.of_member(&principal)).await?;
            deps.default_binder.set(&principal, &user_id).await?;
            deps.members.revoke_sessions(&principal, &actor).await
        })
        .await
    }

    /// Removes the binding of a member, and ends the member's sessions.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unbind_user(&self, principal: &Principal) -> Result<()> {
        let principal = principal.clone();
        let (actor, entry) = (self.actor(), self.entry(AuditAction::UserUnbound));
        self.run(|deps| async move {
            let principal = deps.resolve(&principal).await?;
            deps.audit(&entry.of_member(&principal)).await?;
            deps.members.binder().unbind(&principal).await?;
            deps.members.revoke_sessions(&principal, &actor).await
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
        let entry = self.entry(AuditAction::IdsMigrated);
        self.run(|deps| async move {
            let corp_id = deps.authorizations.resolve(&suite_id, &corp_id).await?;
            let of_corp = deps.authorizations.require_active(&suite_id, &corp_id);
            let authorization = of_corp.await?;
            deps.audit(&entry.of_corp(&suite_id, &corp_id)).await?;
            tokio::select! {
                moved = deps.id_migration.migrate(&authorization, &on_progress) => moved,
                () = deps.tasks.shutdown_token().cancelled() => Err(shutting_down()),
            }
        })
        .await
    }
}
