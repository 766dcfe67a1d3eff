//! Tests wait for conditions, never for time.

use std::future::Future;
use std::time::Duration;

/// So long a condition is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until a condition holds; fails after half a minute.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let held = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(held.await.is_ok(), "waited in vain: {what}");
}
