//! Fault injection: a wrong response, a delay, or both, for chosen API calls.

use serde::{Deserialize, Serialize};

use super::Store;

/// A fault that is injected into one API call, or into all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// The path below `/cgi-bin/`, as `service/get_suite_token`; `*` is every call.
    pub api: String,
    /// The number of calls that get the fault; without it, all of them until the faults are
    /// cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The errcode of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// The HTTP status of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The delay of the response, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// The body of the response, instead of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Executes the call before replacing or delaying its response: a code is then consumed, and its
    /// result lost or late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after: bool,
}

impl Fault {
    /// A fault of the calls with this path below `/cgi-bin/`. It has no effect until one is added.
    #[must_use]
    pub fn for_api(api: impl Into<String>) -> Self {
        Self {
            api: api.into(),
            ..Self::default()
        }
    }

    /// Limits the fault to the next `times` calls.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Responds with this errcode.
    #[must_use]
    pub const fn errcode(mut self, errcode: i64) -> Self {
        self.errcode = Some(errcode);
        self
    }

    /// Responds with this HTTP status.
    #[must_use]
    pub const fn http_status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    /// Delays the response by this many milliseconds.
    #[must_use]
    pub const fn delay_ms(mut self, millis: u64) -> Self {
        self.delay_ms = Some(millis);
        self
    }

    /// Executes the call and replaces only its response.
    #[must_use]
    pub const fn after(mut self) -> Self {
        self.after = true;
        self
    }

    /// Why the fault is invalid; `None` if it is valid.
    pub(crate) fn reject_reason(&self) -> Option<&'static str> {
        if self.api.trim().is_empty() {
            return Some("api must be the path below /cgi-bin/, or *");
        }
        if self.times == Some(0) {
            return Some("times must be at least 1");
        }
        if self
            .http_status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return Some("httpStatus must be 200 to 599");
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

    /// Whether the fault replaces the response, and does not only delay it.
    pub(crate) const fn replaces_response(&self) -> bool {
        self.errcode.is_some() || self.http_status.is_some() || self.body.is_some()
    }
}

impl Store {
    pub(crate) fn add_fault(&mut self, mut fault: Fault) {
        let api = fault.api.trim().trim_start_matches('/');
        fault.api = api.strip_prefix("cgi-bin/").unwrap_or(api).to_owned();
        self.faults.push(fault);
    }

    /// The first fault that applies to this call. Decrements its `times`.
    pub(crate) fn take_fault(&mut self, api: &str) -> Option<Fault> {
        let at = self
            .faults
            .iter()
            .position(|fault| fault.api == api || fault.api == "*")?;
        let fault = self.faults[at].clone();
        if let Some(times) = &mut self.faults[at].times {
            *times -= 1;
            if *times == 0 {
                self.faults.remove(at);
            }
            self.dirty = true;
        }
        Some(fault)
    }
}
