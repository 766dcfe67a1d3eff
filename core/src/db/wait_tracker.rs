//! Whether work whose time is up was waiting for the database: then it is the database that is late, and not WeCom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

tokio::task_local! {
    static WAITS: Arc<AtomicBool>;
}

/// Says of one piece of work whether it waits for the database.
#[derive(Debug, Default)]
pub(crate) struct DbWaitTracker(Arc<AtomicBool>);

impl DbWaitTracker {
    /// Does `work` and watches it.
    pub(crate) async fn scope<T>(&self, work: impl Future<Output = T>) -> T {
        WAITS.scope(Arc::clone(&self.0), work).await
    }

    /// Whether the work waits now, or did when it was dropped.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does what waits for the database.
pub(super) async fn noted<T>(work: impl Future<Output = T>) -> T {
    // Nobody watches what no login waits for.
    let note = |waits: bool| {
        WAITS
            .try_with(|watched| watched.store(waits, Ordering::Relaxed))
            .is_ok()
    };
    note(true);
    let done = work.await;
    note(false);
    done
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits_for_database(work: impl Future<Output = ()>) -> bool {
        let waits = DbWaitTracker::default();
        let cut_off = tokio::time::timeout(Duration::from_millis(1), waits.scope(work)).await;
        assert!(cut_off.is_err());
        waits.is_waiting()
    }

    #[tokio::test]
    async fn work_that_is_cut_off_in_the_database_is_told_apart() {
        assert!(waits_for_database(noted(std::future::pending())).await);
        let after = async {
            noted(async {}).await;
            std::future::pending().await
        };
        assert!(!waits_for_database(after).await);
        noted(async {}).await;
    }
}
