//! What each event does (D/97173, D/100965, D/97175, D/96302, D/96468).

use std::fmt;
use std::sync::Arc;

use crate::authorization::{AuthCodeEvent, Authorizations, SendGuard};
use crate::callback::{CorpEvent, CorpEventKind, SuiteEvent, SuiteEventKind};
use crate::db::Store;
use crate::db::entity::callback_record::{Model, RecordKey};
use crate::domain::Principal;
use crate::domain::{CorpId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{DynHooks, UnhandledEvent};
use crate::inbox::record;
use crate::members::Members;
use crate::tokens::suite_ticket::{self, event_time};
use crate::vault::KeyRing;

const CREATE_AUTH: &str = "create_auth";
const RESET_PERMANENT_CODE: &str = "reset_permanent_code";

/// How a record ends when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was about a company that we do not know; the host app was told.
    Ignored,
    Succeeded,
}

impl From<bool> for Outcome {
    fn from(known: bool) -> Self {
        if known {
            Self::Succeeded
        } else {
            Self::Ignored
        }
    }
}

#[derive(Clone)]
pub(crate) struct EventHandlers {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    authorizations: Authorizations,
    members: Members,
    hooks: Arc<dyn DynHooks>,
}

impl EventHandlers {
    pub(crate) const fn new(
        store: Store,
        keys: KeyRing,
        authorizations: Authorizations,
        members: Members,
        hooks: Arc<dyn DynHooks>,
    ) -> Self {
        Self {
            store,
            keys,
            authorizations,
            members,
            hooks,
        }
    }

    /// Carries a record out. `guard` says whether its lease is still ours.
    pub(crate) async fn handle(
        &self,
        row: &Model,
        payload: Option<&[u8]>,
        guard: &dyn SendGuard,
    ) -> Result<Outcome> {
        if row.one_time_step_done
            && (payload.is_none()
                || matches!(row.event.as_str(), CREATE_AUTH | RESET_PERMANENT_CODE))
        {
            return self.resume(row, payload).await;
        }
        let payload = payload.ok_or_else(|| broken("a record that waits has no payload"))?;
        // What was stored was read as one of the two kinds; the company is named in the row only for the second and for
        // suite events that carry it.
        let (receive_id, done) = match SuiteEvent::parse(payload, &row.suite_id) {
            Ok(event) => (
                row.suite_id.as_str(),
                self.suite_event(row, event, guard).await?,
            ),
            Err(_) => {
                let corp_id = row
                    .corp_id
                    .as_ref()
                    .ok_or_else(|| broken("an app event names no company"))?;
                let event = CorpEvent::parse(payload, corp_id)
                    .map_err(|_| broken("a stored event is unreadable"))?;
                (
                    corp_id.as_str(),
                    self.corp_event(row, corp_id, event.kind).await?,
                )
            }
        };
        if done == Outcome::Ignored {
            let event = UnhandledEvent {
                suite_id: row.suite_id.clone(),
                receive_id: receive_id.to_owned(),
                event: Some(row.event.clone()),
                message: payload.to_vec(),
            };
            self.hooks.unhandled_event(event).await;
        }
        Ok(done)
    }

    /// The step that can be done only once was done before a crash or a failure; the rest is to be done.
    async fn resume(&self, row: &Model, payload: Option<&[u8]>) -> Result<Outcome> {
        let corp_id = row
            .corp_id
            .as_ref()
            .ok_or_else(|| broken("an exchanged record names no company"))?;
        let new_epoch = match row.event.as_str() {
            CREATE_AUTH => true,
            RESET_PERMANENT_CODE => false,
            // An event about a person, of which nothing is left.
            _ => return Ok(Outcome::Succeeded),
        };
        if let Some(answer) = payload {
            let event = AuthCodeEvent::of(row, new_epoch);
            self.authorizations.apply_persisted(&event, answer).await?;
        }
        self.authorizations.admit(&row.suite_id, corp_id).await?;
        Ok(Outcome::Succeeded)
    }

    async fn suite_event(
        &self,
        row: &Model,
        event: SuiteEvent,
        guard: &dyn SendGuard,
    ) -> Result<Outcome> {
        let suite_id = &row.suite_id;
        let event_time = event_time(event.timestamp, row.received_at);
        let corp_id = match &event.kind {
            SuiteEventKind::SuiteTicket { ticket, .. } => {
                suite_ticket::store(
                    &self.store,
                    &self.keys,
                    suite_id,
                    ticket,
                    event_time,
                    row.id,
                )
                .await?;
                record::wake_waiting(&self.store, suite_id).await?;
                self.authorizations.on_suite_ticket(suite_id).await?;
                return Ok(Outcome::Succeeded);
            }
            SuiteEventKind::ChangeAuth { corp_id, .. } => {
                return self
                    .authorizations
                    .on_change_auth(suite_id, corp_id, event_time)
                    .await
                    .map(Outcome::from);
            }
            SuiteEventKind::CancelAuth { corp_id, .. } => {
                let again = row.attempts > 1;
                return self
                    .authorizations
                    .on_cancel_auth(suite_id, corp_id, event_time, again)
                    .await
                    .map(Outcome::from);
            }
            SuiteEventKind::CreateAuth { auth_code, .. } => {
                self.authorizations
                    .exchange(&AuthCodeEvent::of(row, true), event_time, auth_code, guard)
                    .await?
            }
            SuiteEventKind::ResetPermanentCode { auth_code, .. } => {
                self.authorizations
                    .exchange(&AuthCodeEvent::of(row, false), event_time, auth_code, guard)
                    .await?
            }
            SuiteEventKind::Other => return Ok(Outcome::Ignored),
        };
        self.authorizations.admit(suite_id, &corp_id).await?;
        Ok(Outcome::Succeeded)
    }

    async fn corp_event(
        &self,
        row: &Model,
        corp_id: &CorpId,
        kind: CorpEventKind,
    ) -> Result<Outcome> {
        let suite_id = &row.suite_id;
        if self.authorizations.find(suite_id, corp_id).await?.is_none() {
            return Ok(Outcome::Ignored);
        }
        let person = |third_user_id: WecomUserId| {
            Principal::new(suite_id.clone(), corp_id.clone(), third_user_id)
        };
        let record = RecordKey::of(row);
        // Sessions end at once, whatever stands in the way of the rest.
        match kind {
            CorpEventKind::UserDeleted { third_user_id, .. }
            | CorpEventKind::UserRenamed { third_user_id, .. }
                if row.ambiguous_suite =>
            {
                self.members
                    .revoke_hidden(&person(third_user_id), Some(&record))
                    .await?;
            }
            CorpEventKind::UserDeleted { third_user_id, .. } => {
                let who = person(third_user_id);
                self.members.begin_departure(&who, &record).await?;
                self.require_no_earlier(row, &[&who.third_user_id]).await?;
                self.members.finish_departure(&who).await?;
            }
            CorpEventKind::UserRenamed {
                third_user_id,
                new_third_user_id,
                ..
            } => {
                let who = person(third_user_id);
                self.members.revoke_sessions_for(&who, &record).await?;
                self.require_no_earlier(row, &[&who.third_user_id, &new_third_user_id])
                    .await?;
                self.members
                    .rename(&who, &new_third_user_id, &record)
                    .await?;
            }
            CorpEventKind::Unsubscribed { third_user_id, .. } => {
                self.members
                    .revoke_hidden(&person(third_user_id), Some(&record))
                    .await?;
            }
            CorpEventKind::Other { .. } => return Ok(Outcome::Ignored),
        }
        Ok(Outcome::Succeeded)
    }
}

impl fmt::Debug for EventHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventHandlers")
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::Internal, what)
}
