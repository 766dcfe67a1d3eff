//! What each event does (D/97173, D/100965, D/97175, D/96302, D/96468).

use std::fmt;
use std::sync::Arc;

use crate::authorization::{Authorizations, Authorizing, Sender};
use crate::callback::{CorpEvent, CorpEventKind, SuiteEvent, SuiteEventKind};
use crate::db::Store;
use crate::db::entity::callback_record::{Model, RecordKey};
use crate::domain::Principal;
use crate::domain::{CorpId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{Hooks, UnhandledEvent};
use crate::inbox::record;
use crate::members::People;
use crate::tokens::ticket::{self, event_time};
use crate::vault::KeyRing;

const CREATE_AUTH: &str = "create_auth";
const RESET: &str = "reset_permanent_code";

/// How a record ends when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It was about a company that we do not know; the host app was told.
    Ignored,
    Succeeded,
}

impl From<bool> for Done {
    fn from(known: bool) -> Self {
        if known {
            Self::Succeeded
        } else {
            Self::Ignored
        }
    }
}

#[derive(Clone)]
pub(crate) struct Effects {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    authorizations: Authorizations,
    people: People,
    hooks: Arc<dyn Hooks>,
}

impl Effects {
    pub(crate) const fn new(
        store: Store,
        keys: KeyRing,
        authorizations: Authorizations,
        people: People,
        hooks: Arc<dyn Hooks>,
    ) -> Self {
        Self {
            store,
            keys,
            authorizations,
            people,
            hooks,
        }
    }

    /// Carries a record out. `sender` says whether its lease is still ours.
    pub(crate) async fn carry_out(
        &self,
        row: &Model,
        payload: Option<&[u8]>,
        sender: &dyn Sender,
    ) -> Result<Done> {
        if row.one_time_step_done
            && (payload.is_none() || matches!(row.event.as_str(), CREATE_AUTH | RESET))
        {
            return self.go_on(row, payload).await;
        }
        let payload = payload.ok_or_else(|| broken("a record that waits has no payload"))?;
        // What was stored was read as one of the two kinds; the company is named in the row only for the second and for
        // suite events that carry it.
        let (receive_id, done) = match SuiteEvent::parse(payload, &row.suite_id) {
            Ok(event) => (
                row.suite_id.as_str(),
                self.suite_event(row, event, sender).await?,
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
        if done == Done::Ignored {
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
    async fn go_on(&self, row: &Model, payload: Option<&[u8]>) -> Result<Done> {
        let corp_id = row
            .corp_id
            .as_ref()
            .ok_or_else(|| broken("an exchanged record names no company"))?;
        let new_epoch = match row.event.as_str() {
            CREATE_AUTH => true,
            RESET => false,
            // An event about a person, of which nothing is left.
            _ => return Ok(Done::Succeeded),
        };
        if let Some(answer) = payload {
            let event = Authorizing::of(row, new_epoch);
            self.authorizations.store_kept(&event, answer).await?;
        }
        self.authorizations.admit(&row.suite_id, corp_id).await?;
        Ok(Done::Succeeded)
    }

    async fn suite_event(
        &self,
        row: &Model,
        event: SuiteEvent,
        sender: &dyn Sender,
    ) -> Result<Done> {
        let suite_id = &row.suite_id;
        let event_time = event_time(event.timestamp, row.received_at);
        let corp_id = match &event.kind {
            SuiteEventKind::SuiteTicket { ticket, .. } => {
                ticket::keep(
                    &self.store,
                    &self.keys,
                    suite_id,
                    ticket,
                    event_time,
                    row.id,
                )
                .await?;
                record::wake_waiting(&self.store, suite_id).await?;
                self.authorizations.ticket_came(suite_id).await?;
                return Ok(Done::Succeeded);
            }
            SuiteEventKind::ChangeAuth { corp_id, .. } => {
                return self
                    .authorizations
                    .change(suite_id, corp_id, event_time)
                    .await
                    .map(Done::from);
            }
            SuiteEventKind::CancelAuth { corp_id, .. } => {
                let again = row.attempts > 1;
                return self
                    .authorizations
                    .cancel(suite_id, corp_id, event_time, again)
                    .await
                    .map(Done::from);
            }
            SuiteEventKind::CreateAuth { auth_code, .. } => {
                self.authorizations
                    .exchange(&Authorizing::of(row, true), event_time, auth_code, sender)
                    .await?
            }
            SuiteEventKind::ResetPermanentCode { auth_code, .. } => {
                self.authorizations
                    .exchange(&Authorizing::of(row, false), event_time, auth_code, sender)
                    .await?
            }
            SuiteEventKind::Other => return Ok(Done::Ignored),
        };
        self.authorizations.admit(suite_id, &corp_id).await?;
        Ok(Done::Succeeded)
    }

    async fn corp_event(&self, row: &Model, corp_id: &CorpId, kind: CorpEventKind) -> Result<Done> {
        let suite_id = &row.suite_id;
        if self.authorizations.find(suite_id, corp_id).await?.is_none() {
            return Ok(Done::Ignored);
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
                self.people
                    .hidden(&person(third_user_id), Some(&record))
                    .await?;
            }
            CorpEventKind::UserDeleted { third_user_id, .. } => {
                let who = person(third_user_id);
                self.people.leaves(&who, &record).await?;
                self.wait_for_earlier(row, &[&who.third_user_id]).await?;
                self.people.left(&who).await?;
            }
            CorpEventKind::UserRenamed {
                third_user_id,
                new_third_user_id,
                ..
            } => {
                let who = person(third_user_id);
                self.people.end_sessions_by(&who, &record).await?;
                self.wait_for_earlier(row, &[&who.third_user_id, &new_third_user_id])
                    .await?;
                self.people
                    .renamed(&who, &new_third_user_id, &record)
                    .await?;
            }
            CorpEventKind::Unsubscribed { third_user_id, .. } => {
                self.people
                    .hidden(&person(third_user_id), Some(&record))
                    .await?;
            }
            CorpEventKind::Other { .. } => return Ok(Done::Ignored),
        }
        Ok(Done::Succeeded)
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Effects")
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::Internal, what)
}
