//! The time limit of a call to the host app.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How long a call to the host app may take.
pub(super) const HOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Fails if a call to the host app takes longer than 10 s; it is dropped then. `what` names the call.
pub(crate) async fn within_hook_timeout<T>(
    what: &str,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(HOOK_TIMEOUT, call)
        .await
        .unwrap_or_else(|_| {
            let detail = format!("{what} of the host app did not return within 10 s");
            Err(Error::new(ErrorKind::Internal, detail))
        })
}
