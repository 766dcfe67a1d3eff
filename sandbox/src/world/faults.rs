//! Faults on demand: what a call answers instead of what it should.

use serde::{Deserialize, Serialize};

use super::World;

/// A fault of one call, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// The path below `/cgi-bin/`, as `service/get_suite_token`; `*` is every call.
    pub api: String,
    /// How many calls it spoils; without it, all until faults are cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Answers this errcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// Answers this HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Answers so much later, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Answers this text instead of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The call is carried out first, and only its answer is spoiled: a code is then spent and lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after: bool,
}

impl Fault {
    /// A fault of the call with this path below `/cgi-bin/`, which does nothing yet.
    #[must_use]
    pub fn of(api: impl Into<String>) -> Self {
        Self { api: api.into(), ..Self::default() }
    }

    /// Only the next `times` calls.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Answers this errcode.
    #[must_use]
    pub const fn errcode(mut self, errcode: i64) -> Self {
        self.errcode = Some(errcode);
        self
    }

    /// Answers this HTTP status.
    #[must_use]
    pub const fn http_status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    /// Answers so many milliseconds later.
    #[must_use]
    pub const fn delay_ms(mut self, millis: u64) -> Self {
        self.delay_ms = Some(millis);
        self
    }

    /// Carries the call out and spoils only its answer.
    #[must_use]
    pub const fn after(mut self) -> Self {
        self.after = true;
        self
    }

    /// Which rule the fault breaks, if any.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        if self.api.trim().is_empty() {
            return Some("api is the path below /cgi-bin/, or *");
        }
        if self.times == Some(0) {
            return Some("times is at least 1");
        }
        if self.http_status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Some("httpStatus is 200 to 599");
        }
        if self.errcode.is_none()
            && self.http_status.is_none()
            && self.delay_ms.is_none()
            && self.body.is_none()
        {
            return Some("a fault needs errcode, httpStatus, delayMs or body");
        }
        None
    }

    /// Whether it replaces the answer, and does not only delay it.
    pub(crate) const fn replaces(&self) -> bool {
        self.errcode.is_some() || self.http_status.is_some() || self.body.is_some()
    }
}

impl World {
    pub(crate) fn add_fault(&mut self, mut fault: Fault) {
        let api = fault.api.trim().trim_start_matches('/');
        fault.api = api.strip_prefix("cgi-bin/").unwrap_or(api).to_owned();
        self.faults.push(fault);
    }

    /// The first fault that this call meets, counted down.
    pub(crate) fn meet_fault(&mut self, api: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|fault| fault.api == api || fault.api == "*")?;
        let fault = self.faults[at].clone();
        if let Some(times) = &mut self.faults[at].times {
            *times -= 1;
            if *times == 0 {
                self.faults.remove(at);
            }
            self.unsaved = true;
        }
        Some(fault)
    }
}
