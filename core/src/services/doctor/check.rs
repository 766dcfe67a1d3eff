//! What the doctor says.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// It works, or may be known only later; somebody should look at it.
    Warn,
    /// People cannot log in, events are not carried out, or soon will not be.
    Fail,
}

/// One check of the doctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DoctorCheck {
    /// What was checked.
    pub id: &'static str,
    /// How it is.
    pub status: CheckStatus,
    /// Which suite, corp, instance, event or node it is about, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What was found.
    pub detail: String,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Cow<'static, str>>,
    /// Since when it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl DoctorCheck {
    fn new(id: &'static str, status: CheckStatus, detail: impl Into<String>) -> Self {
        Self {
            id,
            status,
            subject: None,
            detail: detail.into(),
            hint: None,
            since: None,
        }
    }

    pub(crate) fn ok(id: &'static str, detail: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::Ok, detail)
    }

    pub(crate) fn warn(id: &'static str, detail: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::Warn, detail)
    }

    pub(crate) fn fail(id: &'static str, detail: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::Fail, detail)
    }

    pub(crate) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_since(mut self, since: impl Into<Option<Timestamp>>) -> Self {
        self.since = since.into();
        self
    }
}

/// Everything that the doctor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DoctorReport {
    /// The worst of the checks.
    pub status: CheckStatus,
    /// The checks, by subject.
    pub checks: Vec<DoctorCheck>,
}

impl DoctorReport {
    pub(super) fn new(checks: Vec<DoctorCheck>) -> Self {
        let worst = checks.iter().map(|check| check.status).max();
        Self {
            status: worst.unwrap_or(CheckStatus::Ok),
            checks,
        }
    }
}
