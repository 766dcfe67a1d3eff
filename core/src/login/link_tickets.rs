//! Link tickets: a login that stopped because the host app's binder does not know the user yet. The ticket proves for ten
//! minutes who logged in at WeCom; the host app finishes the login with the user that it found out.
//!
//! A ticket is sealed, so that nothing is stored of a login that nobody finishes. A finished one is recorded among the used
//! states, on every node and over a crash. That of a browser's login names the login's `state`: it is worth nothing without
//! the cookie of that state.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::{Sealed, Store};
use crate::domain::{
    CorpId, LinkTicket, LoginType, MiniProgramSessionKey, Platform, Principal, SuiteId, TokenHash,
    WecomUserId,
};
use crate::error::{Error, ErrorKind, Result};
use crate::login::{Authentication, LoginGrant, LoginProof, UsedStates};
use crate::random;
use crate::vault::{AadContext, KeyRing};

/// How long a ticket can be finished.
pub(crate) const LINK_TICKET_TTL: Duration = Duration::from_mins(10);

/// A used ticket leads to no session that a repeat may have.
const NO_TOKEN: TokenHash = [0; 32];

/// Longer than any ticket.
const MAX_TICKET_BYTES: usize = 4096;

/// No table has this name: neither a sealed row opens as a ticket nor a ticket as a row.
const TICKET: AadContext<'_> = AadContext {
    table: "(login)",
    column: "link ticket",
    key: &[],
};

/// Makes, opens and uses up link tickets.
#[derive(Clone)]
pub(crate) struct LinkTickets {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) used: UsedStates,
}

/// The login that a ticket stands for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoppedLogin {
    /// Under which the ticket is used up.
    id: String,
    suite_id: SuiteId,
    corp_id: CorpId,
    third_user_id: WecomUserId,
    instance: String,
    login_type: LoginType,
    platform: Platform,
    proof: String,
    member_epoch: i64,
    authorization_epoch: i64,
    expires_at: Timestamp,
    /// Of the login in a browser; none of one that was answered in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mini_program_key: Option<String>,
}

/// How a login came in that stops.
#[derive(Clone, Copy)]
pub(crate) struct StoppedAt<'a> {
    pub(crate) instance: &'a str,
    pub(crate) login_type: LoginType,
    pub(crate) platform: Platform,
    pub(crate) proof: LoginProof,
    pub(crate) state: Option<&'a str>,
}

impl StoppedLogin {
    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    pub(crate) const fn platform(&self) -> Platform {
        self.platform
    }

    pub(crate) fn mini_program_key(&self) -> Option<MiniProgramSessionKey> {
        self.mini_program_key
            .as_deref()
            .map(MiniProgramSessionKey::new)
    }

    /// The member who logged in.
    pub(crate) fn principal(&self) -> Principal {
        Principal::new(
            self.suite_id.clone(),
            self.corp_id.clone(),
            self.third_user_id.clone(),
        )
    }

    /// What the login proves, for this user.
    pub(crate) fn grant(&self, user_id: &str) -> LoginGrant {
        LoginGrant {
            principal: self.principal(),
            user_id: user_id.to_owned(),
            instance: self.instance.clone(),
            login_type: self.login_type,
            proof: LoginProof::of_stored(Some(&self.proof)),
            member_epoch: self.member_epoch,
            authorization_epoch: self.authorization_epoch,
        }
    }
}

impl LinkTickets {
    /// The ticket of an authenticated member whose user is not known.
    pub(crate) fn seal(
        &self,
        authentication: &Authentication,
        at: &StoppedAt<'_>,
    ) -> Result<LinkTicket> {
        let principal = authentication.member.principal.clone();
        let stopped = StoppedLogin {
            id: random::hex::<16>(),
            suite_id: principal.suite_id,
            corp_id: principal.corp_id,
            third_user_id: principal.third_user_id,
            instance: at.instance.to_owned(),
            login_type: at.login_type,
            platform: at.platform,
            proof: at.proof.as_str().to_owned(),
            member_epoch: authentication.member_epoch,
            authorization_epoch: authentication.authorization_epoch,
            expires_at: self.store.now() + LINK_TICKET_TTL,
            state: at.state.map(str::to_owned),
            mini_program_key: authentication
                .mini_program_key
                .as_ref()
                .map(|key| key.expose().to_owned()),
        };
        let text = serde_json::to_vec(&stopped).map_err(|error| {
            Error::new(ErrorKind::Internal, "a link ticket cannot be serialized").with_source(error)
        })?;
        let sealed = self.keys.seal(TICKET, &text)?;
        Ok(LinkTicket::new(URL_SAFE_NO_PAD.encode(sealed.0)))
    }

    /// The login of a ticket that is not expired. It may be used up.
    pub(crate) fn open(&self, ticket: &LinkTicket) -> Result<StoppedLogin> {
        let text = ticket.expose();
        let opened = || {
            let sealed = Sealed(URL_SAFE_NO_PAD.decode(text).ok()?);
            let text = self.keys.open(TICKET, &sealed).ok()?;
            serde_json::from_slice::<StoppedLogin>(&text).ok()
        };
        (text.len() <= MAX_TICKET_BYTES)
            .then(opened)
            .flatten()
            .filter(|stopped| self.store.now() < stopped.expires_at)
            .ok_or_else(invalid)
    }

    /// Uses a ticket up. Of concurrent calls, on whichever node, one succeeds.
    pub(crate) async fn claim(&self, stopped: &StoppedLogin) -> Result<()> {
        let state = used_under(stopped);
        let claimed = self.used.claim(&state, &NO_TOKEN, stopped.expires_at);
        match claimed.await? {
            None => Ok(()),
            Some(_) => Err(invalid()),
        }
    }

    /// Gives a ticket back with which nothing was done.
    pub(crate) async fn release(&self, stopped: &StoppedLogin) -> Result<()> {
        self.used.release(&used_under(stopped), &NO_TOKEN).await
    }
}

impl fmt::Debug for LinkTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkTickets")
    }
}

/// No state looks like it: those have 32 hex digits.
fn used_under(stopped: &StoppedLogin) -> String {
    format!("link ticket {}", stopped.id)
}

pub(crate) fn invalid() -> Error {
    Error::new(
        ErrorKind::LoginCodeInvalid,
        "the link ticket is unknown, used, expired or of another browser",
    )
}
