//! Limits on the connections that each class uses at a time, so a flood in one class leaves connections to the others.

use std::sync::Arc;

use sea_orm::{ConnAcquireErr, DbErr};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Connections that are left to [`ConnectionClass::Callbacks`] and [`ConnectionClass::Critical`].
const RESERVED_CALLBACK_CONNECTIONS: usize = 2;
/// Connections that are left to [`ConnectionClass::Heartbeat`].
const RESERVED_HEARTBEAT_CONNECTIONS: usize = 1;

/// What a connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionClass {
    /// Persisting a permanent code (WeCom issues it once). Highest priority.
    Critical,
    /// Storing what WeCom pushes.
    Callbacks,
    /// Session look-ups: at most half of the pool.
    Sessions,
    /// The status of callback records: at most a quarter of the pool.
    Worker,
    /// Everything else.
    Default,
    /// Short statements that must not wait: polls of the revocation log, renewal of leases.
    Heartbeat,
}

impl ConnectionClass {
    /// The word of a label.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Callbacks => "callbacks",
            Self::Sessions => "sessions",
            Self::Worker => "worker",
            Self::Default => "default",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// Every class, in the order of its number.
    pub(super) const ALL: [Self; 6] = [
        Self::Critical,
        Self::Callbacks,
        Self::Sessions,
        Self::Worker,
        Self::Default,
        Self::Heartbeat,
    ];
}

/// The limits of a pool.
#[derive(Clone, Debug)]
pub(super) struct Bulkhead {
    /// For all classes but those with reserved connections.
    shared: Arc<Semaphore>,
    sessions: Arc<Semaphore>,
    worker: Arc<Semaphore>,
    heartbeat: Arc<Semaphore>,
}

impl Bulkhead {
    /// The limits of a pool of this size.
    pub(super) fn new(pool_size: usize) -> Self {
        let pool_size = pool_size.min(Semaphore::MAX_PERMITS);
        let limit = |connections: usize| Arc::new(Semaphore::new(connections.max(1)));
        let reserved = RESERVED_CALLBACK_CONNECTIONS + RESERVED_HEARTBEAT_CONNECTIONS;
        Self {
            shared: limit(pool_size.saturating_sub(reserved)),
            sessions: limit(pool_size / 2),
            worker: limit(pool_size / 4),
            heartbeat: limit(RESERVED_HEARTBEAT_CONNECTIONS),
        }
    }

    /// Waits until this class may use a connection.
    pub(super) async fn acquire(&self, class: ConnectionClass) -> Result<Permit, DbErr> {
        // Acquire the class permit before the shared one, so a waiter never holds shared capacity.
        let (class_limit, is_shared) = match class {
            ConnectionClass::Critical | ConnectionClass::Callbacks => (None, false),
            ConnectionClass::Sessions => (Some(&self.sessions), true),
            ConnectionClass::Worker => (Some(&self.worker), true),
            ConnectionClass::Default => (None, true),
            ConnectionClass::Heartbeat => (Some(&self.heartbeat), false),
        };
        let class_permit = match class_limit {
            Some(limit) => Some(acquire_from(limit).await?),
            None => None,
        };
        let shared_permit = match is_shared {
            true => Some(acquire_from(&self.shared).await?),
            false => None,
        };
        Ok(Permit {
            _class: class_permit,
            _shared: shared_permit,
        })
    }
}

/// The right to use one connection, until dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _class: Option<OwnedSemaphorePermit>,
    _shared: Option<OwnedSemaphorePermit>,
}

async fn acquire_from(limit: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, DbErr> {
    // Our semaphores are never closed; the error exists in the type only.
    let closed = |_: AcquireError| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
    Arc::clone(limit).acquire_owned().await.map_err(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_classes_by_number() {
        for (number, class) in ConnectionClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, number);
        }
    }

    #[tokio::test]
    async fn heartbeat_bypasses_default_class() {
        let bulkhead = Bulkhead::new(8);
        let mut held = Vec::new();
        for _ in 0..8 - RESERVED_CALLBACK_CONNECTIONS - RESERVED_HEARTBEAT_CONNECTIONS {
            held.push(bulkhead.acquire(ConnectionClass::Default).await.unwrap());
        }
        let mut next = Box::pin(bulkhead.acquire(ConnectionClass::Default));
        let mut heartbeat = Box::pin(bulkhead.acquire(ConnectionClass::Heartbeat));
        let mut callback = Box::pin(bulkhead.acquire(ConnectionClass::Callbacks));
        assert!(futures_util::poll!(&mut next).is_pending());
        assert!(futures_util::poll!(&mut heartbeat).is_ready());
        assert!(futures_util::poll!(&mut callback).is_ready());
        drop(held);
        assert!(futures_util::poll!(&mut next).is_ready());
    }
}
