//! Which connections of a pool may be used again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait as _};

use crate::db::connection::slow;

/// A connection that does not answer its ping in this time is given up.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PONG_WITHIN: Duration = Duration::from_secs(2);
/// After a switch to another server, connections to the old one may live on and take no writes.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const OLDEST: Duration = Duration::from_mins(10);
/// A `BEGIN` that is not answered in this time is given up, and its connection with it.
const BEGUN_WITHIN: Duration = Duration::from_secs(10);
/// A connection comes back to its pool at once when it is given up.
const DISTRUSTED_FOR: Duration = Duration::from_secs(5);

/// Until then no connection that comes back is used again: one of them may be in a transaction.
static DISTRUSTED_UNTIL: Mutex<Option<Instant>> = Mutex::new(None);

/// Begins a transaction, in a task that goes on when nobody waits any more. sqlx 0.9 counts a transaction only when its
/// `BEGIN` was answered: cut off before, the connection went back to the pool, and what others wrote on it later was
/// written in a transaction that nobody commits.
pub(super) async fn begin(database: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let database = database.clone();
    let begun = tokio::spawn(async move {
        let options = crate::db::writing(&database);
        let mut begun = std::pin::pin!(database.begin_with_options(options));
        match tokio::time::timeout(BEGUN_WITHIN, &mut begun).await {
            Ok(begun) => begun,
            Err(_) => {
                // Before the connection is dropped.
                distrust();
                Err(slow())
            }
        }
    });
    begun.await.unwrap_or_else(|_| Err(slow()))
}

fn distrust() {
    let until = Instant::now() + DISTRUSTED_FOR;
    *DISTRUSTED_UNTIL
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(until);
}

/// Whether a connection that comes back to a pool of ours is used again: one that answers, of an age that may be. The pool
/// itself would ask one to a server that is gone without a word, and wait until the kernel gives up; and its own care for
/// their age is a task that we do without (see [`Store::connect`](crate::db::Store::connect)).
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(in crate::db) async fn is_used_again(
    connection: &mut impl sea_orm::sqlx::Connection,
    age: Duration,
) -> Result<bool, sea_orm::sqlx::Error> {
    let distrusted = *DISTRUSTED_UNTIL
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if age > OLDEST || distrusted.is_some_and(|until| Instant::now() < until) {
        return Ok(false);
    }
    let asked = tokio::time::timeout(PONG_WITHIN, connection.ping()).await;
    asked
        .unwrap_or(Err(sea_orm::sqlx::Error::PoolTimedOut))
        .map(|()| true)
}
