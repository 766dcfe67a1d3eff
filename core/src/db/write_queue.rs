//! The queue of SQLite's writers in this process. SQLite has one writer at a time and lets the others poll for its lock
//! in no order; here they wait in order, and priority writers go first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The right to write, until dropped.
pub(super) type WritePermit = OwnedSemaphorePermit;

/// A queue with one permit.
#[derive(Debug)]
pub(super) struct WriteQueue {
    permit: Arc<Semaphore>,
    /// How long a writer without priority waits.
    timeout: Duration,
    /// How many priority writers wait.
    priority_waiters: watch::Sender<usize>,
}

impl WriteQueue {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            permit: Arc::new(Semaphore::new(1)),
            timeout,
            priority_waiters: watch::Sender::new(0),
        }
    }

    /// Waits for the permit while no priority writer waits; `None` if it is not there within the timeout.
    pub(super) async fn acquire(&self) -> Option<WritePermit> {
        let permit = async {
            let mut priority_waiters = self.priority_waiters.subscribe();
            loop {
                let permit = Arc::clone(&self.permit).acquire_owned().await.ok()?;
                if *priority_waiters.borrow_and_update() == 0 {
                    return Some(permit);
                }
                drop(permit);
                priority_waiters
                    .wait_for(|waiters| *waiters == 0)
                    .await
                    .ok()?;
            }
        };
        tokio::time::timeout(self.timeout, permit)
            .await
            .ok()
            .flatten()
    }

    /// Waits for the permit before all writers without priority.
    pub(super) async fn acquire_priority(&self) -> Option<WritePermit> {
        let _waiter = PriorityWaiter::new(&self.priority_waiters);
        Arc::clone(&self.permit).acquire_owned().await.ok()
    }
}

/// Counts one priority writer that waits, until its future ends or is dropped.
struct PriorityWaiter<'a> {
    waiters: &'a watch::Sender<usize>,
}

impl<'a> PriorityWaiter<'a> {
    fn new(waiters: &'a watch::Sender<usize>) -> Self {
        waiters.send_modify(|waiters| *waiters += 1);
        Self { waiters }
    }
}

impl Drop for PriorityWaiter<'_> {
    fn drop(&mut self) {
        self.waiters.send_modify(|waiters| *waiters -= 1);
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    const LONG_TIMEOUT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn priority_waiter_goes_first() {
        let queue = Arc::new(WriteQueue::new(LONG_TIMEOUT));
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = queue.acquire().await.unwrap();
        let mut writers = Vec::new();
        for name in ["first", "second", "priority", "third"] {
            let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
            writers.push(tokio::spawn(async move {
                let permit = if name == "priority" {
                    queue.acquire_priority().await
                } else {
                    queue.acquire().await
                };
                order.lock().push(name);
                drop(permit);
            }));
            // The runtime has one thread: the writer waits in the queue after this.
            tokio::task::yield_now().await;
        }
        drop(held);
        for writer in writers {
            writer.await.unwrap();
        }
        let order = order.lock();
        assert_eq!(order[0], "priority", "{order:?}");
        assert_eq!(order.len(), 4);
    }

    #[tokio::test]
    async fn acquire_times_out() {
        let queue = WriteQueue::new(Duration::from_millis(1));
        let _held = queue.acquire().await.unwrap();
        assert!(queue.acquire().await.is_none());
    }

    #[tokio::test]
    async fn dropped_priority_waiter_blocks_nobody() {
        let queue = WriteQueue::new(LONG_TIMEOUT);
        let held = queue.acquire().await.unwrap();
        let dropped =
            tokio::time::timeout(Duration::from_millis(1), queue.acquire_priority()).await;
        assert!(dropped.is_err());
        drop(held);
        assert!(queue.acquire().await.is_some());
    }
}
