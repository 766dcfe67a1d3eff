//! Tells whether work that timed out was waiting for the database or for WeCom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

tokio::task_local! {
    static IS_WAITING: Arc<AtomicBool>;
}

/// Tracks whether one piece of work is waiting for the database.
#[derive(Debug, Default)]
pub(crate) struct DbWaitTracker {
    is_waiting: Arc<AtomicBool>,
}

impl DbWaitTracker {
    /// Runs `work` and tracks its statements.
    pub(crate) async fn scope<T>(&self, work: impl Future<Output = T>) -> T {
        IS_WAITING.scope(Arc::clone(&self.is_waiting), work).await
    }

    /// Tells whether the work is waiting for the database, or was when it was dropped.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }
}

/// Runs a statement, and marks the work that it is part of as waiting meanwhile.
pub(super) async fn track<T>(statement: impl Future<Output = T>) -> T {
    let set = |is_waiting: bool| {
        // Fails outside of a scope, where nobody asks.
        let _ = IS_WAITING.try_with(|tracked| tracked.store(is_waiting, Ordering::Relaxed));
    };
    set(true);
    let result = statement.await;
    set(false);
    result
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn is_waiting_after_timeout(work: impl Future<Output = ()>) -> bool {
        let tracker = DbWaitTracker::default();
        let timed_out = tokio::time::timeout(Duration::from_millis(1), tracker.scope(work)).await;
        assert!(timed_out.is_err());
        tracker.is_waiting()
    }

    #[tokio::test]
    async fn is_waiting_only_during_a_statement() {
        assert!(is_waiting_after_timeout(track(std::future::pending())).await);
        let after_statement = async {
            track(async {}).await;
            std::future::pending().await
        };
        assert!(!is_waiting_after_timeout(after_statement).await);
        // Outside of a scope.
        track(async {}).await;
    }
}
