//! The handlers of the events (D/97173, D/100965, D/97175, D/96302, D/96468).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::authorization::{AuthCodeEvent, Authorizations, SendGuard};
use crate::callback::{CorpEvent, SuiteEvent, SuiteEventKind, to_user_name};
use crate::db::Store;
use crate::db::entity::callback_record::Model;
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{Notification, Notifications, UnhandledEvent};
use crate::inbox::lane::{CREATE_AUTH, LaneWaker, RESET_PERMANENT_CODE};
use crate::inbox::member_lookup::{MemberLookup, MemberLookupDeps};
use crate::inbox::record;
use crate::members::{IdMigration, Members};
use crate::task_runner::TaskRunner;
use crate::tokens::suite_ticket::{self, event_time};
use crate::vault::KeyRing;

/// How long an event waits for its corp to be known.
const UNKNOWN_CORP_WAIT: Duration = Duration::from_hours(24);

/// How handling a record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The event is about a corp whose authorization has ended, or that was not known for a day. It is stored for the
    /// unhandled-event hook.
    Ignored,
    /// No authorization bears the corp's id yet.
    CorpUnknown,
    Succeeded,
}

impl From<bool> for Outcome {
    fn from(is_known: bool) -> Self {
        if is_known {
            Self::Succeeded
        } else {
            Self::Ignored
        }
    }
}

/// What [`EventHandlers`] depends on.
pub(crate) struct EventHandlerDeps {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) id_migration: IdMigration,
    pub(crate) notifications: Notifications,
    pub(crate) waker: Arc<LaneWaker>,
    pub(crate) tasks: TaskRunner,
}

/// Executes the events.
#[derive(Clone)]
pub(crate) struct EventHandlers {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    pub(super) authorizations: Authorizations,
    pub(super) members: Members,
    pub(super) member_lookup: MemberLookup,
    notifications: Notifications,
}

impl EventHandlers {
    pub(crate) fn new(deps: EventHandlerDeps) -> Self {
        let member_lookup = MemberLookup::new(MemberLookupDeps {
            authorizations: deps.authorizations.clone(),
            members: deps.members.clone(),
            id_migration: deps.id_migration,
            waker: deps.waker,
            tasks: deps.tasks,
        });
        Self {
            store: deps.store,
            keys: deps.keys,
            authorizations: deps.authorizations,
            members: deps.members,
            member_lookup,
            notifications: deps.notifications,
        }
    }

    /// Handles a record. `guard` says whether its lease is still held.
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
        let payload = payload.ok_or_else(|| invalid_record("a waiting record has no payload"))?;
        // A stored event is of one of two kinds. Only corp events, and suite events about a corp, have a corp in the
        // row.
        let (receive_id, mut outcome) = match SuiteEvent::parse(payload, &row.suite_id) {
            Ok(event) => (
                row.suite_id.as_str(),
                self.suite_event(row, event, guard).await?,
            ),
            Err(_) => {
                let corp_id = row
                    .corp_id
                    .as_ref()
                    .ok_or_else(|| invalid_record("a corp event names no corp"))?;
                // It may name the corp by another id than its receiveid is.
                let named = to_user_name(payload).unwrap_or_else(|| corp_id.clone());
                let event = CorpEvent::parse(payload, &named)
                    .map_err(|_| invalid_record("a stored event is unreadable"))?;
                (
                    corp_id.as_str(),
                    self.corp_event(row, corp_id, event.kind).await?,
                )
            }
        };
        if outcome == Outcome::CorpUnknown
            && self.store.now().since(row.received_at) >= UNKNOWN_CORP_WAIT
        {
            outcome = Outcome::Ignored;
        }
        if outcome == Outcome::Ignored && self.notifications.keeps_unhandled_events() {
            let event = UnhandledEvent {
                suite_id: row.suite_id.clone(),
                receive_id: receive_id.to_owned(),
                event: Some(row.event.clone()),
                message: payload.to_vec(),
            };
            let event = Notification::UnhandledEvent(event);
            self.notifications.append_alone(&event).await?;
        }
        Ok(outcome)
    }

    /// Whether the corp's permanent code is the first that this service has had of it.
    pub(super) async fn is_first_permanent_code(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<bool> {
        let known = self.authorizations.find(suite_id, corp_id).await?;
        Ok(known.is_some_and(|known| known.secret_version == 1))
    }

    /// Handles the rest of a record whose one-time step was done before a crash or a failure.
    async fn resume(&self, row: &Model, payload: Option<&[u8]>) -> Result<Outcome> {
        let corp_id = row
            .corp_id
            .as_ref()
            .ok_or_else(|| invalid_record("an exchanged record names no corp"))?;
        let suite_id = &row.suite_id;
        let new_epoch = match row.event.as_str() {
            CREATE_AUTH => true,
            RESET_PERMANENT_CODE => false,
            // An event about a member: nothing is left to do.
            _ => return Ok(Outcome::Succeeded),
        };
        if let Some(answer) = payload {
            let event = AuthCodeEvent::of(row, new_epoch);
            self.authorizations.apply_persisted(&event, answer).await?;
        }
        let corp_id = self.authorizations.resolve(suite_id, corp_id).await?;
        self.authorizations.admit(suite_id, &corp_id).await?;
        Ok(Outcome::Succeeded)
    }

    /// The id that the corp of an event is stored under. If no authorization bears the id that WeCom names, its other id
    /// is asked for.
    pub(super) async fn find_corp(&self, row: &Model, named: &CorpId) -> Result<Option<CorpId>> {
        let suite_id = &row.suite_id;
        let known = self.authorizations.resolve_known(suite_id, named).await?;
        if known.is_none() {
            if row.attempts <= 1 {
                let (event, record_id) = (&row.event, row.id);
                tracing::warn!(
                    target: "wecom_login", %suite_id, corp_id = %named, event, record_id,
                    "an event is of a corp that no authorization bears; it waits for a day for the corp to be known, by \
                     this id or another"
                );
            }
            self.authorizations.request_learning(suite_id, named);
        }
        Ok(known)
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
                let Some(corp_id) = self.find_corp(row, corp_id).await? else {
                    return Ok(Outcome::CorpUnknown);
                };
                return self
                    .authorizations
                    .on_change_auth(suite_id, &corp_id, event_time)
                    .await
                    .map(Outcome::from);
            }
            SuiteEventKind::CancelAuth { corp_id, .. } => {
                let Some(corp_id) = self.find_corp(row, corp_id).await? else {
                    return Ok(Outcome::CorpUnknown);
                };
                return self
                    .authorizations
                    .on_cancel_auth(suite_id, &corp_id, event_time)
                    .await
                    .map(Outcome::from);
            }
            SuiteEventKind::CreateAuth { auth_code, state } => {
                let event = AuthCodeEvent::of(row, true).with_state(state.as_deref());
                self.authorizations
                    .exchange(&event, event_time, auth_code, guard)
                    .await?
            }
            SuiteEventKind::ResetPermanentCode { auth_code, state } => {
                let event = AuthCodeEvent::of(row, false).with_state(state.as_deref());
                self.authorizations
                    .exchange(&event, event_time, auth_code, guard)
                    .await?
            }
            SuiteEventKind::Other => return Ok(Outcome::Ignored),
        };
        self.authorizations.admit(suite_id, &corp_id).await?;
        Ok(Outcome::Succeeded)
    }
}

impl fmt::Debug for EventHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventHandlers")
    }
}

fn invalid_record(detail: &str) -> Error {
    Error::new(ErrorKind::Internal, detail)
}
