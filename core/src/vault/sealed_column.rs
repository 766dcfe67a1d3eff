//! The columns that hold sealed values, in one list: what seals, what opens and what changes the keys goes by it.

use crate::vault::seal::AadContext;

/// A column of sealed values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedColumn {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// The columns that a value is bound to: what is sealed in one row opens in no other.
    pub(super) key: &'static [&'static str],
    /// The number that a row is found by, where it is not found by those.
    pub(super) number: Option<&'static str>,
}

pub(crate) const PERMANENT_CODE: SealedColumn = SealedColumn::new(
    "wecom_authorization",
    "permanent_code",
    &["suite_id", "corp_id"],
);
pub(crate) const SUITE_TICKET: SealedColumn =
    SealedColumn::new("wecom_suite", "ticket", &["suite_id"]);
pub(crate) const ACCESS_TOKEN: SealedColumn =
    SealedColumn::new("wecom_access_token", "value", &["id"]);
pub(crate) const CALLBACK_PAYLOAD: SealedColumn = SealedColumn {
    number: Some("id"),
    ..SealedColumn::new("wecom_callback_record", "payload", &["hash"])
};

/// All of them.
pub(super) const SEALED_COLUMNS: [SealedColumn; 4] =
    [PERMANENT_CODE, SUITE_TICKET, ACCESS_TOKEN, CALLBACK_PAYLOAD];

impl SealedColumn {
    const fn new(table: &'static str, column: &'static str, key: &'static [&'static str]) -> Self {
        Self {
            table,
            column,
            key,
            number: None,
        }
    }

    /// Where the value of the row with this key is sealed.
    pub(crate) const fn aad_context<'a>(&self, key: &'a [&'a [u8]]) -> AadContext<'a> {
        AadContext {
            table: self.table,
            column: self.column,
            key,
        }
    }
}
