//! Who may have how many connections at the same time, so that a flood of one kind leaves some to the others.

use std::sync::Arc;

use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that nobody but `/notify` takes …
const KEPT_FOR_NOTIFY: usize = 2;
/// … and one for what keeps this node in time with the others.
const KEPT_FOR_PULSE: usize = 1;

/// Who uses connections, so that a flood of one kind leaves some to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionClass {
    /// Storing a permanent code, which cannot be had again: nobody stands before it.
    Critical,
    /// Storing what WeCom pushes.
    Callbacks,
    /// Look-ups of sessions: half at most.
    Sessions,
    /// The books of the work on callbacks: a quarter at most.
    Worker,
    /// Everything else.
    Default,
    /// What is short and cannot wait: the look at the feed of ends, the renewal of leases.
    Heartbeat,
}

/// How many connections each share may have at the same time.
#[derive(Clone, Debug)]
pub(super) struct Room {
    for_all: Arc<Semaphore>,
    sessions: Arc<Semaphore>,
    worker: Arc<Semaphore>,
    pulse: Arc<Semaphore>,
}

impl Room {
    pub(super) fn of_pool(connections: usize) -> Self {
        let of = |connections: usize| Arc::new(Semaphore::new(connections.max(1)));
        Self {
            for_all: of(connections.saturating_sub(KEPT_FOR_NOTIFY + KEPT_FOR_PULSE)),
            sessions: of(connections / 2),
            worker: of(connections / 4),
            pulse: of(KEPT_FOR_PULSE),
        }
    }

    pub(super) async fn take(&self, share: ConnectionClass) -> Result<Places, DbErr> {
        // The narrow door first, so that who waits there holds nothing that others could use.
        let own = match share {
            ConnectionClass::Critical | ConnectionClass::Callbacks => return Ok(Places::default()),
            ConnectionClass::Sessions => Some(Arc::clone(&self.sessions).acquire_owned().await),
            ConnectionClass::Worker => Some(Arc::clone(&self.worker).acquire_owned().await),
            ConnectionClass::Default => None,
            ConnectionClass::Heartbeat => {
                let own = Arc::clone(&self.pulse)
                    .acquire_owned()
                    .await
                    .map_err(closed)?;
                return Ok(Places {
                    _own: Some(own),
                    _of_all: None,
                });
            }
        };
        let of_all = Arc::clone(&self.for_all).acquire_owned().await;
        Ok(Places {
            _own: own.transpose().map_err(closed)?,
            _of_all: Some(of_all.map_err(closed)?),
        })
    }
}

/// Places in the pool, until dropped.
#[derive(Debug, Default)]
pub(super) struct Places {
    _own: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

/// Our semaphores are never closed; the type does not know it.
fn closed<E>(_: E) -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// How many connections the pool has, the host app's too.
pub(super) fn connections(database: &DatabaseConnection) -> usize {
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    use sea_orm::DatabaseConnectionType;
    let connections = match &database.inner {
        #[cfg(feature = "sqlite")]
        DatabaseConnectionType::SqlxSqlitePoolConnection(_) => database
            .get_sqlite_connection_pool()
            .options()
            .get_max_connections(),
        #[cfg(feature = "postgres")]
        DatabaseConnectionType::SqlxPostgresPoolConnection(_) => database
            .get_postgres_connection_pool()
            .options()
            .get_max_connections(),
        #[cfg(feature = "mysql")]
        DatabaseConnectionType::SqlxMySqlPoolConnection(_) => database
            .get_mysql_connection_pool()
            .options()
            .get_max_connections(),
        // A kind of database that this build does not know: as many as a pool of ours.
        _ => crate::db::CONNECTIONS,
    };
    usize::try_from(connections)
        .unwrap_or(Semaphore::MAX_PERMITS)
        .min(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_wait_does_not_stand_behind_a_rush() {
        let room = Room::of_pool(8);
        let mut rush = Vec::new();
        for _ in 0..8 - KEPT_FOR_NOTIFY - KEPT_FOR_PULSE {
            rush.push(room.take(ConnectionClass::Default).await.unwrap());
        }
        let mut next = Box::pin(room.take(ConnectionClass::Default));
        assert!(futures_util::poll!(&mut next).is_pending());
        assert!(futures_util::poll!(Box::pin(room.take(ConnectionClass::Heartbeat))).is_ready());
        assert!(futures_util::poll!(Box::pin(room.take(ConnectionClass::Callbacks))).is_ready());
        drop(rush);
        assert!(futures_util::poll!(&mut next).is_ready());
    }
}
