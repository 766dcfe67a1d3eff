//! One attempt at a record: its payload is opened, its event handled, its lease renewed meanwhile.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::authorization::not_authorized;
use crate::db::Sealed;
use crate::db::entity::callback_record::Model;
use crate::domain::RecordStatus;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::inbox::handlers::Outcome;
use crate::inbox::lane::event_label;
use crate::inbox::worker::Worker;
use crate::inbox::worker::in_flight::InFlight;
use crate::inbox::worker::lease::Lease;
use crate::inbox::worker::next_state::NextState;
use crate::vault::CALLBACK_PAYLOAD;

impl Worker {
    /// Works on a claimed record. `is_manual` says that an operator retries it.
    pub(super) async fn process(
        &self,
        row: Model,
        in_flight: InFlight,
        claimed_at: Instant,
        is_manual: bool,
    ) -> Result<()> {
        let span = tracing::info_span!(
            target: "wecom_login",
            "callback",
            "messaging.system" = "wecom",
            "messaging.operation.type" = "process",
            "messaging.message.id" = row.id,
            "wecom_login.event" = event_label(&row.event),
            "wecom_login.attempt" = row.attempts,
            "error.type" = Empty,
        );
        let processed = self
            .process_in_span(row, in_flight, claimed_at, is_manual)
            .instrument(span.clone())
            .await;
        if let Err(error) = &processed {
            span.record("error.type", error.kind().code());
        }
        processed
    }

    async fn process_in_span(
        &self,
        row: Model,
        in_flight: InFlight,
        claimed_at: Instant,
        is_manual: bool,
    ) -> Result<()> {
        // The first attempt is always made: clocks differ, and WeCom knows best whether its code is still valid.
        let is_expired = row.attempts > 1
            && !row.one_time_step_done
            && row
                .deadline
                .is_some_and(|deadline| self.inner.store.now() >= deadline);
        if is_expired && !is_manual {
            let error = Error::new(
                ErrorKind::Upstream,
                "the AuthCode expired before it could be exchanged",
            );
            self.finish(&row, NextState::expired(row.errcode), Some(&error), false)
                .await?;
            return Err(error);
        }
        failpoint::reach("worker/claimed");
        let lease = Lease::new(
            claimed_at,
            self.inner.auth_codes.clone(),
            self.inner.stop.clone(),
        );
        let handling = async {
            let payload = row
                .payload
                .as_ref()
                .map(|sealed| self.open(&row.hash, sealed))
                .transpose()?;
            self.inner
                .handlers
                .handle(&row, payload.as_deref(), &lease)
                .await
        };
        // A binder of the host app may panic; without this the record would be retried forever.
        let handling = AssertUnwindSafe(handling).catch_unwind();
        let outcome = tokio::select! {
            outcome = handling => outcome.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Internal, "the work on the record panicked"))
            }),
            () = self.renew_until_lost(row.id, &lease) => {
                return Err(Error::new(ErrorKind::RecordBusy, "the lease is lost; another node has the record"));
            }
            () = self.until_overdue(&lease) => {
                Err(Error::new(ErrorKind::Internal, "the work on the record took longer than a minute"))
            }
            () = self.until_released(&lease) => {
                // The next holder goes on from what is stored, as after a crash, but at once.
                self.release(&row).await?;
                return Err(Error::new(ErrorKind::StoreUnavailable, "the service is shutting down"));
            }
        };
        failpoint::reach("worker/done");
        let may_be_spent = lease.was_sent();
        let finished = match outcome {
            Ok(Outcome::CorpUnknown) => {
                let error = not_authorized();
                let next = NextState::corp_unknown(&row, self.inner.store.now());
                self.finish(&row, next, Some(&error), may_be_spent)
                    .await
                    .and(Err(error))
            }
            Ok(outcome) => {
                let status = match outcome {
                    Outcome::Ignored => RecordStatus::Ignored,
                    _ => RecordStatus::Succeeded,
                };
                self.finish(&row, NextState::settled(status), None, may_be_spent)
                    .await
            }
            Err(error) => {
                let next = self.next_state(&row, &error).await;
                self.finish(&row, next, Some(&error), may_be_spent)
                    .await
                    .and(Err(error))
            }
        };
        drop(in_flight);
        finished
    }

    fn open(&self, hash: &[u8], sealed: &Sealed) -> Result<Vec<u8>> {
        let keys = &self.inner.handlers.keys;
        let payload = keys.open(CALLBACK_PAYLOAD.aad_context(&[hash]), sealed)?;
        Ok(payload.to_vec())
    }
}
