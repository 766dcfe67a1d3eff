//! Single-use codes and other short-lived credentials: AuthCodes, login codes, user_tickets,
//! authorization links.

use serde::{Deserialize, Serialize};

use super::Store;

/// A map of codes that is longer than this is pruned of the used and expired ones.
const PRUNE_ABOVE: usize = 2_000;

/// How long a user_ticket is valid (D/96442).
pub(crate) const USER_TICKET_TTL_MS: i64 = 1_800_000;

/// How long an authorization link is valid (D/98744).
pub(crate) const AUTH_LINK_TTL_SECONDS: i64 = 864_000;

/// An AuthCode of `create_auth` or `reset_permanent_code`: ten minutes, single use (D/100965).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthCode {
    pub(crate) suite_id: String,
    #[serde(rename = "corp")]
    pub(crate) corp_key: String,
    #[serde(rename = "born")]
    pub(crate) created_at: i64,
    pub(crate) used: bool,
}

/// The code that a login page appends to the redirect URI: five minutes, single use (D/96442).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoginCode {
    pub(crate) suite_id: String,
    #[serde(rename = "corp")]
    pub(crate) corp_key: String,
    #[serde(rename = "member")]
    pub(crate) member_key: String,
    /// Host and port of the redirect URI; `None` if the control API issued the code.
    pub(crate) redirect_host: Option<String>,
    /// Whether `snsapi_privateinfo` was granted.
    pub(crate) private_info: bool,
    /// Whether a mini program got the code, for `miniprogram/jscode2session` (D/96959).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) mini_program: bool,
    #[serde(rename = "born")]
    pub(crate) created_at: i64,
    pub(crate) used: bool,
}

/// Why a login code is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginCodeError {
    /// Unknown, or issued for another corp or app.
    Invalid,
    /// Used before.
    Used,
    /// Past its lifetime.
    Expired,
}

/// The ticket that `auth/getuserdetail` takes: half an hour (D/96442).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserTicket {
    pub(crate) suite_id: String,
    #[serde(rename = "corp")]
    pub(crate) corp_key: String,
    #[serde(rename = "member")]
    pub(crate) member_key: String,
    #[serde(rename = "born")]
    pub(crate) created_at: i64,
}

impl UserTicket {
    pub(crate) const fn is_expired(&self, now: i64) -> bool {
        now - self.created_at >= USER_TICKET_TTL_MS
    }
}

/// A link of `get_customized_auth_url`: ten days (D/98744).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthLink {
    pub(crate) suite_ids: Vec<String>,
    pub(crate) state: String,
    #[serde(rename = "born")]
    pub(crate) created_at: i64,
}

impl AuthLink {
    const fn is_expired(&self, now: i64) -> bool {
        now - self.created_at >= AUTH_LINK_TTL_SECONDS * 1000
    }
}

impl Store {
    /// Issues an AuthCode. WeCom rejects AuthCodes below 64 bytes, so these are longer.
    pub(crate) fn new_auth_code(&mut self, corp_key: &str, suite_id: &str) -> String {
        let now = self.now();
        let ttl = self.settings.auth_code_ttl_ms;
        if self.auth_codes.len() > PRUNE_ABOVE {
            self.auth_codes
                .retain(|_, code| !code.used && now - code.created_at < ttl);
        }
        let text = crate::random::url_safe(96);
        let code = AuthCode {
            suite_id: suite_id.to_owned(),
            corp_key: corp_key.to_owned(),
            created_at: now,
            used: false,
        };
        self.auth_codes.insert(text.clone(), code);
        self.dirty = true;
        text
    }

    /// Consumes an AuthCode and returns the corp's key; `None` if the code is unknown, used,
    /// expired, or of another suite.
    pub(crate) fn consume_auth_code(&mut self, text: &str, suite_id: &str) -> Option<String> {
        let now = self.now();
        let ttl = self.settings.auth_code_ttl_ms;
        let code = self.auth_codes.get_mut(text)?;
        if code.used || code.suite_id != suite_id || now - code.created_at >= ttl {
            return None;
        }
        code.used = true;
        self.dirty = true;
        Some(code.corp_key.clone())
    }

    /// Issues a login code; `created_at` and `used` of the argument are overwritten.
    pub(crate) fn new_login_code(&mut self, mut code: LoginCode) -> String {
        let now = self.now();
        let ttl = self.settings.code_ttl_ms;
        if self.login_codes.len() > PRUNE_ABOVE {
            self.login_codes
                .retain(|_, code| !code.used && now - code.created_at < ttl);
        }
        code.created_at = now;
        code.used = false;
        let text = crate::random::url_safe(43);
        self.login_codes.insert(text.clone(), code);
        self.dirty = true;
        text
    }

    /// The login code of this kind, if this app may still use it.
    pub(crate) fn login_code(
        &self,
        text: &str,
        corp_key: &str,
        suite_id: &str,
        mini_program: bool,
    ) -> Result<&LoginCode, LoginCodeError> {
        let code = self
            .login_codes
            .get(text)
            .filter(|code| code.mini_program == mini_program)
            .ok_or(LoginCodeError::Invalid)?;
        if code.corp_key != corp_key || code.suite_id != suite_id {
            return Err(LoginCodeError::Invalid);
        }
        if code.used {
            return Err(LoginCodeError::Used);
        }
        if self.now() - code.created_at >= self.settings.code_ttl_ms {
            return Err(LoginCodeError::Expired);
        }
        Ok(code)
    }

    pub(crate) fn consume_login_code(&mut self, text: &str) {
        if let Some(code) = self.login_codes.get_mut(text) {
            code.used = true;
            self.dirty = true;
        }
    }

    pub(crate) fn new_user_ticket(&mut self, ticket: UserTicket) -> String {
        let now = self.now();
        if self.user_tickets.len() > PRUNE_ABOVE {
            self.user_tickets
                .retain(|_, ticket| !ticket.is_expired(now));
        }
        let text = crate::random::url_safe(64);
        self.user_tickets.insert(text.clone(), ticket);
        self.dirty = true;
        text
    }

    /// Stores an authorization link under a new key and removes the expired ones.
    pub(crate) fn new_auth_link(&mut self, suite_ids: Vec<String>, state: String) -> String {
        let now = self.now();
        self.auth_links.retain(|_, link| !link.is_expired(now));
        let key = crate::random::url_safe(32);
        self.auth_links.insert(
            key.clone(),
            AuthLink {
                suite_ids,
                state,
                created_at: now,
            },
        );
        self.dirty = true;
        key
    }

    /// The authorization link with this key, unless it has expired.
    pub(crate) fn auth_link(&self, key: &str) -> Option<&AuthLink> {
        self.auth_links
            .get(key)
            .filter(|link| !link.is_expired(self.now()))
    }
}
