//! What another one wrote first.

use sea_orm::{DbErr, SqlErr};

/// Whether a row could not be written because its key is there already.
pub(crate) fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
