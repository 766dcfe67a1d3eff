//! The steps of runbooks: the rotation of data keys, the end of all sessions.

use crate::audit::AuditAction;
use crate::error::Result;
use crate::services::DoctorReport;
use crate::services::admin::AdminService;
use crate::task_runner::shutting_down;
use crate::vault::KeyRotationReport;

impl AdminService {
    /// What is wrong, since when, and what helps. Nobody is called for it, and it ends within ten seconds, also while the
    /// database does not answer: it says so.
    ///
    /// ```no_run
    /// # async fn examine(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// for check in login.admin().doctor().await?.checks {
    ///     println!("{:?} {}: {}", check.status, check.id, check.detail);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The handle is shut down.
    pub async fn doctor(&self) -> Result<DoctorReport> {
        self.run(|deps| async move { Ok(deps.doctor.examine().await) })
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
        let entry = self.entry(AuditAction::KeysRotated);
        self.run(|deps| async move {
            deps.audit(&entry).await?;
            tokio::select! {
                report = deps.vault.rotate() => report,
                () = deps.tasks.shutdown_token().cancelled() => Err(shutting_down()),
            }
        })
        .await
    }

    /// Ends every session of the service, as [`SessionService::revoke_all`](crate::SessionService::revoke_all) does.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn revoke_all_sessions(&self) -> Result<()> {
        let actor = self.actor();
        self.run(|deps| async move { deps.authorizations.revoke_all_sessions(actor).await })
            .await
    }
}
