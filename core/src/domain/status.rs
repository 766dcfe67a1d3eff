//! The states that rows go through, as the wire names them.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// How an authorisation stands. Only an active one lets people log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AuthorizationStatus {
    /// The company's people can log in.
    #[sea_orm(string_value = "active")]
    Active,
    /// WeCom refused its permanent code; a re-read, a change or a reset heals it.
    #[sea_orm(string_value = "broken")]
    Broken,
    /// The company has cancelled.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
    /// The host app has not decided yet.
    #[sea_orm(string_value = "held")]
    Held,
    /// The host app does not want this company.
    #[sea_orm(string_value = "refused")]
    Refused,
}

/// How far the work on a callback record is.
///
/// ```text
///  arrived ──▶ Ignored
///     │
///     ▼     claimed                 done
///  Waiting ─────────▶ Running ────────────────▶ Succeeded, Ignored
///   ▲  ▲               │ │ └─▶ Running: its lease ran out, another node has it
///   │  └─ can succeed ─┘ │     (Succeeded again: an event that only makes us read came once more ─▶ Waiting)
///   │     handed back    │ cannot
///   └───── again ◀── Failed ◀┘
/// ```
///
/// | from | to | by |
/// |---|---|---|
/// | – | waiting, ignored | `callback::inbox`: stored, before WeCom is answered |
/// | waiting; failed by hand; running without a lease | running | `callback::worker`: the one statement that finds the old state |
/// | running | succeeded, ignored, failed, waiting | `callback::worker`: by the holder of the lease only |
/// | failed; succeeded if it only makes us read | waiting | `callback::inbox`: the same event came again |
/// | failed | waiting | `authorization::keeping`: its permanent code was stored after all |
///
/// Succeeded and ignored are the end, but for an event that only makes us read. What a record does only once is booked
/// in the record by the transaction that does it, so that a record which is taken up again goes on after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RecordStatus {
    /// Given up; `retryCallBack` or the same event again starts it anew.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Authentic, but nothing we act on.
    #[sea_orm(string_value = "ignored")]
    Ignored,
    /// A node is at it.
    #[sea_orm(string_value = "running")]
    Running,
    /// Carried out.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// Its turn has not come yet, or comes again.
    #[sea_orm(string_value = "waiting")]
    Waiting,
}
