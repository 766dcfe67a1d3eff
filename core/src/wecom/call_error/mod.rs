//! The errors of calls.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::wecom::errcode::Errcode;

/// When to try again after 45009: WeCom's shortest window (D/96212).
const RATE_LIMIT_RETRY_AFTER: Duration = Duration::from_mins(1);
/// When to try again after 45033.
const CONCURRENCY_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A failed call: its path and the kind of failure. It holds no URL, no body and no text of an underlying error, because
/// WeCom's URLs carry tokens, codes and secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallError {
    /// The path of the call below `/cgi-bin/`.
    pub path: Cow<'static, str>,
    /// The kind of failure.
    pub kind: CallErrorKind,
}

/// The kind of failure of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// WeCom answered with an errcode other than 0.
    Refused(Errcode),
    /// The HTTP status is not a success. Redirects are never followed and count here.
    HttpStatus(u16),
    /// The response was not complete within the call timeout.
    Timeout,
    /// No connection: nothing was sent.
    Unreachable,
    /// The connection was lost before the response was complete.
    ConnectionLost,
    /// The response is longer than this library reads.
    TooLarge,
    /// The response is not as the call is documented.
    Malformed,
}

impl CallError {
    /// An error of the call at `path`.
    #[must_use]
    pub const fn new(path: &'static str, kind: CallErrorKind) -> Self {
        Self {
            path: Cow::Borrowed(path),
            kind,
        }
    }

    /// An error of a call that the host app chose.
    pub(crate) fn of_path(path: &str, kind: CallErrorKind) -> Self {
        Self {
            path: Cow::Owned(path.to_owned()),
            kind,
        }
    }

    /// WeCom's errcode, if the response has one.
    #[must_use]
    pub const fn errcode(&self) -> Option<Errcode> {
        match self.kind {
            CallErrorKind::Refused(errcode) => Some(errcode),
            _ => None,
        }
    }

    /// What the operator can do about the error, where that is known (D/96213).
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            CallErrorKind::Refused(errcode) => errcode.hint_for(&self.path),
            CallErrorKind::Unreachable => {
                Some("check that this service reaches WeCom: its DNS, firewall and egress proxy")
            }
            _ => None,
        }
    }

    /// The error of a call to WeCom that caused this error.
    pub(crate) fn cause_of(error: &Error) -> Option<Self> {
        let mut source = StdError::source(error);
        while let Some(cause) = source {
            if let Some(call) = cause.downcast_ref::<Self>() {
                return Some(call.clone());
            }
            source = cause.source();
        }
        None
    }

    /// Whether a call that only reads may succeed when it is repeated after a pause: -1, 6000, 45033, a 5xx, a broken
    /// connection.
    pub(in crate::wecom) const fn may_be_repeated(&self) -> bool {
        match self.kind {
            CallErrorKind::Refused(errcode) => errcode.is_busy(),
            CallErrorKind::HttpStatus(status) => status >= 500,
            CallErrorKind::ConnectionLost => true,
            CallErrorKind::Timeout
            | CallErrorKind::Unreachable
            | CallErrorKind::TooLarge
            | CallErrorKind::Malformed => false,
        }
    }

    /// How long the caller waits before the next attempt, where WeCom limits the calls.
    const fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            CallErrorKind::Refused(errcode) if errcode.is_rate_limit() => {
                Some(RATE_LIMIT_RETRY_AFTER)
            }
            CallErrorKind::Refused(Errcode::CONCURRENCY_LIMIT) => Some(CONCURRENCY_RETRY_AFTER),
            _ => None,
        }
    }

    /// Whether WeCom refused the call and did not carry it out. -1 and 6000 leave that open.
    #[must_use]
    pub const fn is_definite_refusal(&self) -> bool {
        match self.kind {
            CallErrorKind::Refused(errcode) => !errcode.is_ambiguous(),
            _ => false,
        }
    }

    /// Whether WeCom may have executed the call: a code that was sent with it may be used up.
    #[must_use]
    pub const fn is_ambiguous(&self) -> bool {
        match self.kind {
            CallErrorKind::Refused(errcode) => errcode.is_ambiguous(),
            // A redirect or a client error precedes the work. 408 and all others leave it open.
            CallErrorKind::HttpStatus(status) => !matches!(status, 300..=407 | 409..=499),
            CallErrorKind::Unreachable => false,
            CallErrorKind::Timeout
            | CallErrorKind::ConnectionLost
            | CallErrorKind::TooLarge
            | CallErrorKind::Malformed => true,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.kind)?;
        self.hint().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl StdError for CallError {}

impl fmt::Display for CallErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(errcode) => write!(f, "errcode {errcode}"),
            Self::HttpStatus(status) => write!(f, "HTTP status {status}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable => f.write_str("no connection"),
            Self::ConnectionLost => f.write_str("the connection broke"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Malformed => f.write_str("the answer cannot be read"),
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        let kind = match error.kind {
            CallErrorKind::Refused(errcode) => refusal(errcode),
            CallErrorKind::Timeout | CallErrorKind::Unreachable | CallErrorKind::ConnectionLost => {
                ErrorKind::UpstreamTimeout
            }
            CallErrorKind::HttpStatus(_) | CallErrorKind::TooLarge | CallErrorKind::Malformed => {
                ErrorKind::Upstream
            }
        };
        let wire = match error.errcode() {
            Some(errcode) => Self::new(kind, &*error.path).with_errcode(errcode.number()),
            None => Self::new(kind, format!("{}: {}", error.path, error.kind)),
        };
        match error.retry_after() {
            Some(wait) => wire.with_retry_after(wait),
            None => wire,
        }
        .with_source(error)
    }
}

const fn refusal(errcode: Errcode) -> ErrorKind {
    if errcode.is_code_invalid() {
        ErrorKind::CodeInvalid
    } else if errcode.is_app_disabled() {
        ErrorKind::LoginDisabled
    } else if errcode.is_user_not_visible() {
        ErrorKind::UserNotVisible
    } else if errcode.is_licence_missing() {
        ErrorKind::LicenceMissing
    } else if errcode.is_ticket_invalid() {
        ErrorKind::SuiteTicketMissing
    } else {
        ErrorKind::Upstream
    }
}

#[cfg(test)]
mod tests;
