//! What is handed out once: AuthCodes, login codes, user_tickets, authorisation links.

use serde::{Deserialize, Serialize};

use super::World;

/// Beyond so many, what is used or over is forgotten.
const KEPT: usize = 2_000;

/// An AuthCode of `create_auth` or `reset_permanent_code`: ten minutes, single use (D/100965).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExchangeCode {
    pub(crate) suite_id: String,
    pub(crate) corp: String,
    pub(crate) born: i64,
    pub(crate) used: bool,
}

/// What a person brings back from a login page: five minutes, single use (D/96442).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoginCode {
    pub(crate) suite_id: String,
    pub(crate) corp: String,
    pub(crate) member: String,
    /// The host that it was handed to; none if no page was involved.
    pub(crate) redirect_host: Option<String>,
    /// `snsapi_privateinfo` was granted.
    pub(crate) private_info: bool,
    pub(crate) born: i64,
    pub(crate) used: bool,
}

/// Why a login code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeTrouble {
    /// Unknown, or of another company or app.
    Bad,
    /// It was used before.
    Used,
    /// Its time is over.
    Expired,
}

/// What `auth/getuserdetail` takes: half an hour (D/96442).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserTicket {
    pub(crate) suite_id: String,
    pub(crate) corp: String,
    pub(crate) member: String,
    pub(crate) born: i64,
}

/// A link of `get_customized_auth_url`: ten days (D/98744).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthLink {
    pub(crate) suite_ids: Vec<String>,
    pub(crate) state: String,
    pub(crate) born: i64,
}

impl World {
    /// Makes an AuthCode. Shorter ones than 64 bytes are refused by WeCom, so these are longer.
    pub(crate) fn new_exchange_code(&mut self, corp: &str, suite_id: &str) -> String {
        let now = self.now();
        let life = self.settings.auth_code_ttl_ms;
        if self.exchange_codes.len() > KEPT {
            self.exchange_codes.retain(|_, code| !code.used && now - code.born < life);
        }
        let text = crate::random::text(96);
        let code =
            ExchangeCode { suite_id: suite_id.to_owned(), corp: corp.to_owned(), born: now, used: false };
        self.exchange_codes.insert(text.clone(), code);
        self.unsaved = true;
        text
    }

    /// Takes an AuthCode in; `None` if it is unknown, used, over, or of another suite.
    pub(crate) fn spend_exchange_code(&mut self, text: &str, suite_id: &str) -> Option<String> {
        let now = self.now();
        let life = self.settings.auth_code_ttl_ms;
        let code = self.exchange_codes.get_mut(text)?;
        if code.used || code.suite_id != suite_id || now - code.born >= life {
            return None;
        }
        code.used = true;
        self.unsaved = true;
        Some(code.corp.clone())
    }

    /// Makes a login code; `born` and `used` of what is passed in do not count.
    pub(crate) fn new_login_code(&mut self, mut code: LoginCode) -> String {
        let now = self.now();
        let life = self.settings.code_ttl_ms;
        if self.login_codes.len() > KEPT {
            self.login_codes.retain(|_, code| !code.used && now - code.born < life);
        }
        code.born = now;
        code.used = false;
        let text = crate::random::text(43);
        self.login_codes.insert(text.clone(), code);
        self.unsaved = true;
        text
    }

    /// The login code, if it may still be used by this app.
    pub(crate) fn login_code(
        &self,
        text: &str,
        corp: &str,
        suite_id: &str,
    ) -> Result<&LoginCode, CodeTrouble> {
        let now = self.now();
        match self.login_codes.get(text) {
            None => Err(CodeTrouble::Bad),
            Some(code) if code.corp != corp || code.suite_id != suite_id => Err(CodeTrouble::Bad),
            Some(code) if code.used => Err(CodeTrouble::Used),
            Some(code) if now - code.born >= self.settings.code_ttl_ms => Err(CodeTrouble::Expired),
            Some(code) => Ok(code),
        }
    }

    pub(crate) fn spend_login_code(&mut self, text: &str) {
        if let Some(code) = self.login_codes.get_mut(text) {
            code.used = true;
            self.unsaved = true;
        }
    }

    pub(crate) fn new_user_ticket(&mut self, ticket: UserTicket) -> String {
        let now = self.now();
        if self.user_tickets.len() > KEPT {
            self.user_tickets.retain(|_, ticket| now - ticket.born < 1_800_000);
        }
        let text = crate::random::text(64);
        self.user_tickets.insert(text.clone(), ticket);
        self.unsaved = true;
        text
    }
}
