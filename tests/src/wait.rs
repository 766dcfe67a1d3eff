//! Waiting for conditions: tests never wait for time.

use std::time::Duration;

/// How long a condition is waited for before the test fails.
const CONDITION_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Waits until a condition holds. Its future is `Send`, so that a scenario that waits can be spawned.
///
/// # Panics
/// The condition does not hold within a minute.
pub async fn until<F: Future<Output = bool>>(condition: &str, mut holds: impl FnMut() -> F) {
    let waited = tokio::time::timeout(CONDITION_TIMEOUT, async {
        while !holds().await {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    });
    assert!(waited.await.is_ok(), "timed out waiting until {condition}");
}

/// The same for a closure that changes what it captures.
///
/// # Panics
/// The condition does not hold within a minute.
pub async fn until_mut(condition: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(CONDITION_TIMEOUT, async {
        while !holds().await {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    });
    assert!(waited.await.is_ok(), "timed out waiting until {condition}");
}
