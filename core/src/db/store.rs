//! `Store`: the database as one of its users sees it, with the database's clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Statement};

use crate::clock::{Clock, Timestamp};
use crate::db::bulkhead::ConnectionClass;
use crate::db::clock::DbClock;
use crate::db::connection::Connection;
use crate::db::migration::MigrationState;
use crate::db::pool::Pool;
use crate::db::transaction::Transaction;
use crate::db::{counter, migration, pooler, requirements};
use crate::error::Result;

/// The database, in one connection class, and the clock that its times follow. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
    class: ConnectionClass,
}

struct Inner {
    /// One for each class, in the order of [`ConnectionClass::ALL`].
    connections: [Connection; ConnectionClass::ALL.len()],
    clock: Arc<dyn Clock>,
    db_clock: DbClock,
}

impl Store {
    /// Checks that the database can hold our data, runs the pending migrations and reads the database's clock.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: the database is set so that it cannot hold our data, or `migrate` is off and migrations are
    /// pending; `STORE_UNAVAILABLE`.
    pub(crate) async fn open(
        pool: impl Into<Pool>,
        clock: Arc<dyn Clock>,
        migrate: bool,
    ) -> Result<Self> {
        let pool = pool.into();
        pooler::require_kept_statements(&pool).await?;
        requirements::require_strict_mode(&pool).await?;
        requirements::require_row_log(&pool).await?;
        requirements::warn_if_not_durable(&pool).await?;
        if migrate {
            migration::run_pending(&pool).await?;
        } else {
            migration::require_up_to_date(&pool).await?;
        }
        counter::insert_counter(&pool).await?;
        let db_clock = DbClock::new(&*clock);
        db_clock.sync(&pool, &*clock).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                connections: Connection::for_each_class(&pool),
                clock,
                db_clock,
            }),
            class: ConnectionClass::Default,
        })
    }

    /// Returns this store in another connection class.
    pub(crate) fn with_class(&self, class: ConnectionClass) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            class,
        }
    }

    /// Returns the connection of this store's class.
    pub(crate) fn database(&self) -> &Connection {
        self.connection(self.class)
    }

    /// Returns the connection for persisting a permanent code.
    pub(crate) fn critical(&self) -> &Connection {
        self.connection(ConnectionClass::Critical)
    }

    /// Returns the connection for short statements that must not wait: the revocation log, the renewal of leases.
    pub(crate) fn heartbeat(&self) -> &Connection {
        self.connection(ConnectionClass::Heartbeat)
    }

    /// Begins a write transaction in this store's class.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        Ok(self.database().begin().await?)
    }

    /// Returns the database's time, by which rows are compared.
    pub(crate) fn now(&self) -> Timestamp {
        self.inner.db_clock.now(&*self.inner.clock)
    }

    /// Asks the database for an answer, and says why there was none within this time.
    ///
    /// # Errors
    /// What an operator is told.
    pub(crate) async fn ping(&self, within: Duration) -> std::result::Result<(), &'static str> {
        let database = self.database();
        let statement = Statement::from_string(database.get_database_backend(), "SELECT 1");
        match tokio::time::timeout(within, database.query_one_raw(statement)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the database does not answer"),
            Err(_) => Err("the database does not answer in time"),
        }
    }

    /// Reads the database's clock, from which this node's may drift.
    pub(crate) async fn sync_clock(&self) -> Result<()> {
        self.inner
            .db_clock
            .sync(self.database().pool(), &*self.inner.clock)
            .await
    }

    /// How far this machine's clock is ahead of the database's, in milliseconds.
    pub(crate) async fn clock_lead_millis(&self) -> Result<i64> {
        self.inner
            .db_clock
            .lead_millis(self.database(), &*self.inner.clock)
            .await
    }

    /// Which migrations the database has.
    pub(crate) async fn migration_state(&self) -> Result<MigrationState> {
        migration::state(self.database().pool()).await
    }

    /// Returns this node's clock.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    fn connection(&self, class: ConnectionClass) -> &Connection {
        &self.inner.connections[class as usize]
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}
