//! The statuses of authorizations and callback records.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The status of an authorization. Members can log in only while it is active.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AuthorizationStatus {
    /// The corp's members can log in.
    #[sea_orm(string_value = "active")]
    Active,
    /// WeCom rejected its permanent code. A re-read, a `change_auth` or a `reset_permanent_code` restores it.
    #[sea_orm(string_value = "broken")]
    Broken,
    /// The corp has cancelled it.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
    /// The host app has not decided on it yet.
    #[sea_orm(string_value = "held")]
    Held,
    /// The host app denied it.
    #[sea_orm(string_value = "refused")]
    Refused,
}

/// The status of a callback record.
///
/// ```text
///  received ─▶ Ignored
///     │
///     ▼     claimed                 handled
///  Waiting ─────────▶ Running ────────────────▶ Succeeded, Ignored
///   ▲  ▲               │ │ └─▶ Running: the lease expired, another node claimed it
///   │  └─ retryable ───┘ │     (from Succeeded: an idempotent re-read was delivered again ─▶ Waiting)
///   │     or released    ▼ not retryable
///   └─ redelivered ◀── Failed
/// ```
///
/// | from | to | by |
/// |---|---|---|
/// | – | waiting, ignored | `inbox`: stored, before WeCom is answered |
/// | waiting; failed, by `retryCallBack`; running without a lease | running | the worker of `inbox`: by the one statement that finds the old status |
/// | running | succeeded, ignored, failed, waiting | the worker of `inbox`: by the holder of the lease only |
/// | failed; succeeded, for an idempotent re-read | waiting | `inbox`: the event was delivered again |
/// | failed | waiting | `authorization`: its permanent code was stored after all |
///
/// `Succeeded` and `Ignored` are terminal, except for idempotent re-reads (`change_auth`). A step that must not be
/// repeated is marked in the record by the transaction that does it, so that a later attempt resumes after it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RecordStatus {
    /// It failed and is not retried. `retryCallBack`, or another delivery of the event, retries it.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Authentic, but not an event that this library handles.
    #[sea_orm(string_value = "ignored")]
    Ignored,
    /// A node is handling it.
    #[sea_orm(string_value = "running")]
    Running,
    /// Handled.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// It is to be handled, or to be retried.
    #[sea_orm(string_value = "waiting")]
    Waiting,
}
