//! The columns that hold sealed values, in one list: sealing, opening and rotation use it.

use crate::vault::AadContext;

/// A column of sealed values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedColumn {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// The columns whose values are the row key of the [`AadContext`].
    pub(super) key: &'static [&'static str],
    /// The integer primary key, in a table whose primary key is not `key`.
    pub(super) numeric_id: Option<&'static str>,
}

/// The permanent code of an authorization.
pub(crate) const PERMANENT_CODE: SealedColumn = SealedColumn::new(
    "wecom_authorization",
    "permanent_code",
    &["suite_id", "corp_id"],
);
/// The newest ticket of a suite.
pub(crate) const SUITE_TICKET: SealedColumn =
    SealedColumn::new("wecom_suite", "ticket", &["suite_id"]);
/// An access token.
pub(crate) const ACCESS_TOKEN: SealedColumn =
    SealedColumn::new("wecom_access_token", "value", &["id"]);
/// The event of a callback record.
pub(crate) const CALLBACK_PAYLOAD: SealedColumn = SealedColumn {
    numeric_id: Some("id"),
    ..SealedColumn::new("wecom_callback_record", "payload", &["hash"])
};

/// What the host app is to be told.
pub(crate) const NOTIFICATION_PAYLOAD: SealedColumn = SealedColumn {
    numeric_id: Some("id"),
    ..SealedColumn::new("wecom_notification", "payload", &["seal_key"])
};

/// A key of keyed hashes.
pub(crate) const HASH_KEY: SealedColumn = SealedColumn::new("wecom_hash_key", "value", &["id"]);

/// The session_key of a mini program.
pub(crate) const MINI_PROGRAM_KEY: SealedColumn =
    SealedColumn::new("wecom_session", "mini_program_key", &["token_hash"]);

/// All of them.
pub(super) const SEALED_COLUMNS: [SealedColumn; 7] = [
    PERMANENT_CODE,
    SUITE_TICKET,
    ACCESS_TOKEN,
    CALLBACK_PAYLOAD,
    NOTIFICATION_PAYLOAD,
    HASH_KEY,
    MINI_PROGRAM_KEY,
];

impl SealedColumn {
    const fn new(table: &'static str, column: &'static str, key: &'static [&'static str]) -> Self {
        Self {
            table,
            column,
            key,
            numeric_id: None,
        }
    }

    /// Returns the context of the row with this key.
    pub(crate) const fn aad_context<'a>(&self, key: &'a [&'a [u8]]) -> AadContext<'a> {
        AadContext {
            table: self.table,
            column: self.column,
            key,
        }
    }
}
