//! What is done about the data keys while the service runs.

use crate::app::handle::{WecomLogin, stopped};
use crate::app::service::AuthService;
use crate::error::Result;
use crate::vault::{KEY_HEARTBEAT, KeyRotationReport};

impl AuthService {
    /// Seals everything that is stored anew under the data key that writes, so that older keys may go: the last step of
    /// a change of keys, for when the new key has been the first of every process for three minutes. Nothing is
    /// interrupted, and it may be done again.
    ///
    /// Sessions are not sealed, but their tokens are made under a key, and end when no process has it any more. If nobody
    /// is to log in again, leave an older key out no sooner than a session may last after the change
    /// ([`SessionConfig::absolute_timeout`](crate::SessionConfig::absolute)).
    ///
    /// ```no_run
    /// # async fn rotate(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// let rotated = login.service().rotate_keys().await?;
    /// println!("{} values were sealed anew, {} keys may go", rotated.resealed, rotated.retired);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The database does not answer, or the handle is shut down. What was not reached stays under its key, and every key
    /// that is needed stays.
    #[doc(alias = "rotate-keys")]
    pub async fn rotate_keys(&self) -> Result<KeyRotationReport> {
        let (vault, stop) = (self.0.0.vault.clone(), self.0.0.stop.clone());
        self.0
            .run(async move {
                tokio::select! {
                    rotated = vault.rotate() => rotated,
                    () = stop.cancelled() => Err(stopped()),
                }
            })
            .await
    }
}

/// Says again and again that this node writes with its key, until dropped.
pub(super) async fn keep_key_booked(login: WecomLogin) {
    loop {
        login.0.store.clock().sleep(KEY_HEARTBEAT).await;
        if let Err(error) = login.0.vault.heartbeat().await {
            tracing::debug!(target: "wecom_login", ?error, "the data key could not be booked");
        }
    }
}
