//! The write turn: SQLite has one writer at a time and lets those who wait poll for it, whoever came first. Within this
//! process they stand in line instead, and one who holds what cannot be had again goes first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The right to write, until dropped.
pub(super) type Turn = OwnedSemaphorePermit;

#[derive(Debug)]
pub(super) struct Turns {
    line: Arc<Semaphore>,
    /// How long an ordinary write stands in line.
    patience: Duration,
    /// How many urgent writes stand in line.
    urgent: watch::Sender<usize>,
}

impl Turns {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            line: Arc::new(Semaphore::new(1)),
            patience,
            urgent: watch::Sender::new(0),
        }
    }

    /// The next turn of one who can try again; `None` if it does not come in time.
    pub(super) async fn ordinary(&self) -> Option<Turn> {
        let turn = async {
            let mut urgent = self.urgent.subscribe();
            loop {
                let turn = Arc::clone(&self.line).acquire_owned().await.ok()?;
                if *urgent.borrow_and_update() == 0 {
                    return Some(turn);
                }
                drop(turn);
                urgent.wait_for(|waiting| *waiting == 0).await.ok()?;
            }
        };
        tokio::time::timeout(self.patience, turn)
            .await
            .ok()
            .flatten()
    }

    /// The next turn of all.
    pub(super) async fn urgent(&self) -> Option<Turn> {
        let _waiting = Waiting::new(&self.urgent);
        Arc::clone(&self.line).acquire_owned().await.ok()
    }
}

/// One urgent write in line, whatever becomes of its future.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(urgent: &'a watch::Sender<usize>) -> Self {
        urgent.send_modify(|waiting| *waiting += 1);
        Self(urgent)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn those_who_wait_come_in_their_order_and_the_urgent_one_first() {
        let turns = Arc::new(Turns::new(LONG));
        let came = Arc::new(Mutex::new(Vec::new()));
        let held = turns.ordinary().await.unwrap();
        let mut waiting = Vec::new();
        for name in ["first", "second", "urgent", "third"] {
            let (theirs, order) = (Arc::clone(&turns), Arc::clone(&came));
            waiting.push(tokio::spawn(async move {
                let turn = if name == "urgent" {
                    theirs.urgent().await
                } else {
                    theirs.ordinary().await
                };
                order.lock().unwrap().push(name);
                drop(turn);
            }));
            // The runtime has one thread: who was spawned stands in line after this.
            tokio::task::yield_now().await;
        }
        drop(held);
        for one in waiting {
            one.await.unwrap();
        }
        let came = came.lock().unwrap();
        assert_eq!(came[0], "urgent", "{came:?}");
        assert_eq!(came.len(), 4);
    }

    #[tokio::test]
    async fn nobody_stands_in_line_for_ever() {
        let turns = Turns::new(Duration::from_millis(1));
        let _held = turns.ordinary().await.unwrap();
        assert!(turns.ordinary().await.is_none());
    }

    #[tokio::test]
    async fn an_urgent_one_that_gives_up_holds_nobody_back() {
        let turns = Turns::new(LONG);
        let held = turns.ordinary().await.unwrap();
        assert!(
            tokio::time::timeout(Duration::from_millis(1), turns.urgent())
                .await
                .is_err()
        );
        drop(held);
        assert!(turns.ordinary().await.is_some());
    }
}
