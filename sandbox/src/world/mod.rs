//! What exists in the box: companies, people, apps, tokens, codes, and the switches.

mod choices;
mod corp;
mod faults;
mod grants;
mod seed;
mod settings;
mod tokens;

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use serde::{Deserialize, Serialize};

pub(crate) use corp::{App, AppStatus, Corp, Member};
pub(crate) use grants::{AuthLink, CodeTrouble, ExchangeCode, LoginCode, UserTicket};
pub(crate) use seed::seed;
pub(crate) use tokens::{Holder, TokenTrouble, Tokens};

pub use choices::{Format, IdForm, ReceiveId, Which, Whose};
pub use corp::Kind;
pub use faults::Fault;
pub use settings::Settings;

use crate::delivery::{Delivery, Outcome};

/// How many deliveries are remembered.
const DELIVERIES_KEPT: usize = 1_000;

/// Everything that lives, and that a state file keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct World {
    pub(crate) clock_offset_ms: i64,
    pub(crate) corps: Vec<Corp>,
    /// The suite_tickets of each suite that may still be alive, newest last: (ticket, born).
    pub(crate) tickets: BTreeMap<String, Vec<(String, i64)>>,
    pub(crate) tokens: Tokens,
    pub(crate) exchange_codes: BTreeMap<String, ExchangeCode>,
    pub(crate) login_codes: BTreeMap<String, LoginCode>,
    pub(crate) user_tickets: BTreeMap<String, UserTicket>,
    pub(crate) auth_links: BTreeMap<String, AuthLink>,
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<Fault>,
    pub(crate) calls: BTreeMap<String, u64>,
    pub(crate) deliveries: VecDeque<Delivery>,
    pub(crate) last_delivery: u64,
    /// Something changed that a state file has to learn.
    #[serde(skip)]
    pub(crate) unsaved: bool,
}

impl World {
    /// Milliseconds since 1970 by the sandbox's clock: the machine's, moved on by `POST /sandbox/clock`.
    pub(crate) fn now(&self) -> i64 {
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(machine.as_millis()).unwrap_or(i64::MAX).saturating_add(self.clock_offset_ms)
    }

    /// The company that has this id in either form. Ids are compared byte for byte (D/97104).
    pub(crate) fn corp(&self, id: &str) -> Option<&Corp> {
        self.corps.iter().find(|corp| corp.is(id))
    }

    pub(crate) fn corp_mut(&mut self, id: &str) -> Option<&mut Corp> {
        self.corps.iter_mut().find(|corp| corp.is(id))
    }

    /// The company's id as it is shown to the provider.
    pub(crate) fn shown_corp_id(&self, corp: &Corp) -> String {
        corp.shown_id(self.settings.ids).to_owned()
    }

    /// Makes a new suite_ticket; the earlier ones live on for their half hour (D/97173).
    pub(crate) fn new_ticket(&mut self, suite_id: &str) -> String {
        let now = self.now();
        let life = self.settings.ticket_ttl_ms;
        let ticket = crate::random::text(64);
        let tickets = self.tickets.entry(suite_id.to_owned()).or_default();
        tickets.retain(|(_, born)| now - born < life);
        tickets.push((ticket.clone(), now));
        self.unsaved = true;
        ticket
    }

    pub(crate) fn ticket_is_good(&self, suite_id: &str, ticket: &str) -> bool {
        let now = self.now();
        self.tickets.get(suite_id).is_some_and(|tickets| {
            tickets.iter().any(|(text, born)| text == ticket && now - born < self.settings.ticket_ttl_ms)
        })
    }

    /// Remembers a delivery and gives it its number.
    pub(crate) fn record(&mut self, mut delivery: Delivery) -> u64 {
        self.last_delivery += 1;
        delivery.id = self.last_delivery;
        self.deliveries.push_back(delivery);
        while self.deliveries.len() > DELIVERIES_KEPT {
            self.deliveries.pop_front();
        }
        self.last_delivery
    }

    /// Reads a state file; `None` if there is none yet.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => {
                let mut world: Self = serde_json::from_slice(&bytes)?;
                world.end_deliveries();
                Ok(Some(world))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was under way or kept back when the sandbox stopped was never finished.
    fn end_deliveries(&mut self) {
        for delivery in &mut self.deliveries {
            if matches!(delivery.outcome, Outcome::Sending | Outcome::Held) {
                delivery.outcome = Outcome::Failed;
                delivery.error = Some("the sandbox was stopped".to_owned());
            }
        }
    }

    /// Writes the state file beside itself and moves it into place, so that a kill leaves the old or the new one.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // It holds permanent codes and tokens that open everything here.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&beside)?.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(&beside, path)
    }

    /// Takes over companies that the start asks for and the state file does not know.
    pub(crate) fn settle(&mut self, asked: Vec<Corp>) {
        let mut corps = Vec::with_capacity(asked.len());
        for corp in asked {
            match self.corps.iter().position(|known| known.key == corp.key) {
                Some(at) => {
                    let mut known = self.corps.remove(at);
                    for member in corp.members {
                        if !known.members.iter().any(|old| old.key == member.key) {
                            known.members.push(member);
                        }
                    }
                    corps.push(known);
                }
                None => corps.push(corp),
            }
        }
        corps.append(&mut self.corps);
        self.corps = corps;
    }
}
