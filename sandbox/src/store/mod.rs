//! The sandbox's data: corps, members, apps, tokens, codes, settings, faults and deliveries.

mod codes;
mod corp;
mod delivery;
mod faults;
mod media;
mod messages;
mod rates;
mod seed;
mod selection;
mod settings;
mod state_file;
mod tokens;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use corp::MemberKind;
pub use delivery::{Delivery, Outcome};
pub use faults::Fault;
pub use selection::{
    CallLimits, CallbackFormat, CorpSelector, CorpTokenAccess, EventSelector, FrequencyLimits,
    IdForm, LicenceStatus, ReceiveId,
};
pub use settings::Settings;

pub(crate) use codes::{
    AUTH_LINK_TTL_SECONDS, AuthCode, AuthLink, LoginCode, LoginCodeError, USER_TICKET_TTL_MS,
    UserTicket,
};
pub(crate) use corp::{App, AppStatus, Corp, EffectiveStatus, Member, Promotion};
pub(crate) use delivery::AttemptResult;
pub(crate) use media::Media;
pub(crate) use messages::Message;
pub(crate) use rates::Rates;
pub(crate) use seed::seed;
pub(crate) use tokens::{TokenError, TokenSubject, Tokens};

/// Older deliveries are forgotten.
const MAX_DELIVERIES: usize = 1_000;

/// All data of a sandbox, as a state file keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Store {
    pub(crate) clock_offset_ms: i64,
    pub(crate) corps: Vec<Corp>,
    /// The suite_tickets of each suite that may still be valid, newest last: (ticket, created_at).
    pub(crate) tickets: BTreeMap<String, Vec<(String, i64)>>,
    pub(crate) tokens: Tokens,
    #[serde(rename = "exchangeCodes")]
    pub(crate) auth_codes: BTreeMap<String, AuthCode>,
    pub(crate) login_codes: BTreeMap<String, LoginCode>,
    pub(crate) user_tickets: BTreeMap<String, UserTicket>,
    pub(crate) auth_links: BTreeMap<String, AuthLink>,
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<Fault>,
    /// Calls by path below `/cgi-bin/`.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Answers with an errcode, by path and errcode.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) errors: BTreeMap<String, BTreeMap<i64, u64>>,
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) messages: VecDeque<Message>,
    /// The uploaded files by media_id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) media: BTreeMap<String, Media>,
    /// The calls and wrong secrets that WeCom limits; a restart forgets them.
    #[serde(skip)]
    pub(crate) rates: Rates,
    pub(crate) deliveries: VecDeque<Delivery>,
    #[serde(rename = "lastDelivery")]
    pub(crate) last_delivery_id: u64,
    /// Set by a change that the state file does not have yet.
    #[serde(skip)]
    pub(crate) dirty: bool,
}

impl Store {
    /// Milliseconds since 1970 by the sandbox's clock: the system clock plus the offset of `POST
    /// /sandbox/clock`.
    pub(crate) fn now(&self) -> i64 {
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        i64::try_from(system.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(self.clock_offset_ms)
    }

    /// The corp with this id, plain or encrypted.
    pub(crate) fn corp(&self, id: &str) -> Option<&Corp> {
        self.corps.iter().find(|corp| corp.has_id(id))
    }

    pub(crate) fn corp_mut(&mut self, id: &str) -> Option<&mut Corp> {
        self.corps.iter_mut().find(|corp| corp.has_id(id))
    }

    /// The form of the ids that an app gets.
    pub(crate) fn id_form(&self, app: &App) -> IdForm {
        match (self.settings.ids, app.encrypted) {
            (IdForm::Listed, Some(true)) => IdForm::Encrypted,
            (IdForm::Listed, Some(false)) => IdForm::Plain,
            (form, _) => form,
        }
    }

    /// The form of the ids in the corp's app of a suite; that of the corp if it has no such app.
    pub(crate) fn id_form_in(&self, corp: &Corp, suite_id: &str) -> IdForm {
        match corp.app(suite_id) {
            Some(app) => self.id_form(app),
            None => self.listed_id_form(corp),
        }
    }

    /// The form under which the control API lists a corp: that of its first installed app.
    pub(crate) fn listed_id_form(&self, corp: &Corp) -> IdForm {
        match corp.installed_apps().next() {
            Some(app) => self.id_form(app),
            None => self.settings.ids,
        }
    }

    /// The corp id as the control API lists it.
    pub(crate) fn listed_corp_id(&self, corp: &Corp) -> String {
        corp.public_id(self.listed_id_form(corp)).to_owned()
    }

    /// Whether an app is disabled, by the administrator or by the settings.
    pub(crate) fn is_disabled(&self, corp: &Corp, app: &App) -> bool {
        app.disabled || self.settings.disabled.includes(corp)
    }

    /// Counts an answer that carries an errcode.
    pub(crate) fn count_error(&mut self, api: &str, errcode: i64) {
        let errors = self.errors.entry(api.to_owned()).or_default();
        *errors.entry(errcode).or_default() += 1;
    }

    /// The status of an app, with the settings applied.
    pub(crate) fn effective_status(&self, corp: &Corp, app: &App) -> EffectiveStatus {
        match app.status {
            AppStatus::Cancelled => EffectiveStatus::Cancelled,
            AppStatus::Authorized if self.is_disabled(corp, app) => EffectiveStatus::Disabled,
            AppStatus::Authorized => EffectiveStatus::Authorized,
        }
    }

    /// Issues a suite_ticket; earlier ones stay valid until they expire (D/97173).
    pub(crate) fn new_ticket(&mut self, suite_id: &str) -> String {
        let now = self.now();
        let ttl = self.settings.ticket_ttl_ms;
        let ticket = crate::random::url_safe(64);
        let tickets = self.tickets.entry(suite_id.to_owned()).or_default();
        tickets.retain(|(_, created_at)| now - created_at < ttl);
        tickets.push((ticket.clone(), now));
        self.dirty = true;
        ticket
    }

    pub(crate) fn is_valid_ticket(&self, suite_id: &str, ticket: &str) -> bool {
        let now = self.now();
        self.tickets.get(suite_id).is_some_and(|tickets| {
            tickets.iter().any(|(text, created_at)| {
                text == ticket && now - created_at < self.settings.ticket_ttl_ms
            })
        })
    }

    /// When the last suite_ticket of a suite was issued.
    pub(crate) fn last_ticket_at(&self, suite_id: &str) -> Option<i64> {
        self.tickets
            .get(suite_id)?
            .last()
            .map(|(_, created_at)| *created_at)
    }

    /// Assigns an id to a delivery and stores it.
    pub(crate) fn record_delivery(&mut self, delivery: &mut Delivery) {
        self.last_delivery_id += 1;
        delivery.id = self.last_delivery_id;
        self.deliveries.push_back(delivery.clone());
        while self.deliveries.len() > MAX_DELIVERIES {
            self.deliveries.pop_front();
        }
    }
}
