//! The latest suite_ticket of each suite (D/97173): pushed every ten minutes, valid for thirty.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::suite::{ActiveModel, Column, Entity};
use crate::domain::{SuiteId, SuiteTicket};
use crate::error::{Error, ErrorKind, Result};
use crate::vault::{KeyRing, SUITE_TICKET};

/// An event that WeCom dates further ahead of its arrival than this is dated by its arrival.
const EVENT_TIME_TOLERANCE: Duration = Duration::from_mins(10);

/// WeCom's time of an event in seconds, or the time of its arrival if WeCom's is missing or implausible.
pub(crate) fn event_time(named: Option<i64>, received_at: Timestamp) -> i64 {
    let latest = (received_at + EVENT_TIME_TOLERANCE).as_secs();
    named
        .filter(|time| (0..=latest).contains(time))
        .unwrap_or_else(|| received_at.as_secs())
}

/// Stores a ticket, unless a newer one is stored. At equal seconds the later record wins. After WeCom rejected the stored
/// ticket, the next one is taken whatever its time.
pub(crate) async fn store(
    store: &Store,
    keys: &KeyRing,
    suite_id: &SuiteId,
    ticket: &SuiteTicket,
    time: i64,
    record_id: i64,
) -> Result<()> {
    let empty = ActiveModel {
        suite_id: Set(suite_id.clone()),
        ticket: Set(None),
        ticket_time: Set(None),
        ticket_at: Set(None),
        ticket_record: Set(None),
        ticket_refused: Set(false),
    };
    Entity::insert(empty)
        .on_conflict(
            OnConflict::column(Column::SuiteId)
                .value(
                    Column::TicketRefused,
                    Expr::col((Entity, Column::TicketRefused)),
                )
                .to_owned(),
        )
        .exec_without_returning(store.database())
        .await?;
    let sealed = keys.seal(
        SUITE_TICKET.aad_context(&[suite_id.as_str().as_bytes()]),
        ticket.expose().as_bytes(),
    )?;
    let older = Column::TicketTime
        .is_null()
        .or(Column::TicketRefused.eq(true))
        .or(Column::TicketTime.lt(time))
        .or(Column::TicketTime
            .eq(time)
            .and(Column::TicketRecord.lt(record_id)));
    Entity::update_many()
        .col_expr(Column::Ticket, Expr::value(sealed))
        .col_expr(Column::TicketTime, Expr::value(time))
        .col_expr(Column::TicketAt, Expr::value(store.now()))
        .col_expr(Column::TicketRecord, Expr::value(record_id))
        .col_expr(Column::TicketRefused, Expr::value(false))
        .filter(Column::SuiteId.eq(suite_id.clone()))
        .filter(older)
        .exec(store.database())
        .await?;
    Ok(())
}

/// The latest ticket, with the id of the record that brought it.
///
/// # Errors
/// `SUITE_TICKET_MISSING` if none has arrived yet, or WeCom rejected the latest.
pub(crate) async fn latest(
    store: &Store,
    keys: &KeyRing,
    suite_id: &SuiteId,
) -> Result<(SuiteTicket, i64)> {
    let row = Entity::find_by_id(suite_id.clone())
        .one(store.database())
        .await?;
    let row = row.filter(|row| !row.ticket_refused);
    let Some((sealed, record_id)) = row.and_then(|row| row.ticket.zip(row.ticket_record)) else {
        return Err(Error::new(
            ErrorKind::SuiteTicketMissing,
            "no valid suite_ticket: WeCom pushes one every ten minutes, the provider console at once",
        ));
    };
    let text = keys.open_text(
        SUITE_TICKET.aad_context(&[suite_id.as_str().as_bytes()]),
        &sealed,
    )?;
    Ok((SuiteTicket::new(text), record_id))
}

/// Marks the ticket that this record brought as rejected by WeCom (40085).
pub(super) async fn reject(store: &Store, suite_id: &SuiteId, record_id: i64) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::TicketRefused, Expr::value(true))
        .filter(Column::SuiteId.eq(suite_id.clone()))
        .filter(Column::TicketRecord.eq(record_id))
        .exec(store.database())
        .await?;
    Ok(())
}
