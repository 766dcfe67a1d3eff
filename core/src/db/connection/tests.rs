use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::RuntimeErr;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};

use super::*;

/// What a database says of a statement.
#[derive(Debug)]
struct Said(&'static str, &'static str);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
}

impl StdError for Said {}

impl DatabaseError for Said {
    fn message(&self) -> &str {
        self.1
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.0.into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// How often a statement is begun of which the database says this the first `times`.
async fn begun(code: &'static str, message: &'static str, times: u32) -> (u32, bool) {
    let begun = AtomicU32::new(0);
    let done = repeated(|| async {
        if begun.fetch_add(1, Ordering::Relaxed) >= times {
            return Ok(());
        }
        let said = sea_orm::sqlx::Error::Database(Box::new(Said(code, message)));
        Err(DbErr::Exec(RuntimeErr::SqlxError(said.into())))
    })
    .await;
    (begun.into_inner(), done.is_ok())
}

#[tokio::test]
async fn a_statement_that_gave_way_is_done_again_a_few_times() {
    for code in ["40001", "40P01", "5", "517"] {
        assert_eq!(begun(code, "it gave way", 3).await, (4, true), "{code}");
    }
    assert_eq!(
        begun("HY000", "Lock wait timeout exceeded; try restarting", 1).await,
        (2, true)
    );
    assert_eq!(begun("40P01", "deadlock detected", 9).await, (4, false));
    assert_eq!(
        begun("23505", "duplicate key", 1).await,
        (1, false),
        "another answer stands"
    );
}
