//! The error type of this crate: what failed, who can act, and how it is written on the wire.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{
    InvalidAttributes, InvalidId, InvalidPageCursor, LoginLink, UnknownLoginType, UnknownPlatform,
    UnknownSuite,
};

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Blame {
    /// The sender of the request: send another one, or log in again.
    Caller,
    /// The host app or its operator: configuration, keys, database.
    Application,
    /// WeCom, or the network between this service and WeCom.
    WeCom,
    /// This library. Please report it.
    Library,
}

/// What failed. [`ErrorKind::row`] has wire code, HTTP status and title of each kind in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The agentId of the company's app is not known yet; the next read of the authorization brings it.
    AgentUnknown,
    /// A parameter is missing, blank, unknown or of the wrong type.
    ApiParams,
    /// The header `Authorization` is empty, or was sent twice.
    AuthorizationMalformed,
    /// The body did not arrive within 10 s.
    BodyTimeout,
    /// The body is over 16 KiB, or 64 KiB at `notify`.
    BodyTooLarge,
    /// WeCom rejected the code of a login: it is wrong, used or expired (40029, 42003, 42022).
    CodeInvalid,
    /// The host app is configured or mounted wrongly: the detail says how.
    Config,
    /// The login, or the page, is for another company.
    CorpMismatch,
    /// The company has not authorized the app, or its authorization is held, broken or cancelled.
    CorpNotAuthorized,
    /// An administrator named a company that no authorization has.
    CorpNotFound,
    /// The person may not enter this company.
    CorpNotInList,
    /// Two valid credentials of different sessions were sent.
    CredentialsConflict,
    /// A page of another site sent the request.
    CrossSite,
    /// A predicate, or the check of administrators, says no.
    Forbidden,
    /// There is no login instance of this name.
    InstanceNotFound,
    /// A fault of this library, or of the host app's own code ([`Error::internal`]).
    Internal,
    /// The person has no interface license of WeCom (701008, 701099).
    LicenceMissing,
    /// The login code is unknown, used or expired.
    LoginCodeInvalid,
    /// The instance is inactive, or the company has disabled the app (50003).
    LoginDisabled,
    /// `loginType` is neither `qr` nor `workbench`.
    LoginTypeUnknown,
    /// The path does not support the method.
    MethodNotAllowed,
    /// WeCom knows the person, but not as a member of the company.
    NotCorpMember,
    /// Another company has the organization code.
    OrgCodeConflict,
    /// No company has the organization code.
    OrgCodeNotFound,
    /// `platform` is none of `app`, `web` and `mobile`.
    PlatformUnknown,
    /// A limit of attempts is reached; [`Error::retry_after`] says for how long.
    RateLimited,
    /// A node is handling the callback record.
    RecordBusy,
    /// There is no such callback record.
    RecordNotFound,
    /// The person has no such session.
    SessionNotFound,
    /// The database does not answer, or the handle is shut down.
    StoreUnavailable,
    /// WeCom has not pushed a suite_ticket yet.
    SuiteTicketMissing,
    /// The session is unknown, ended or expired.
    TokenInvalid,
    /// No credential was sent.
    Unauthenticated,
    /// WeCom answered with an errcode that has no kind of its own: [`Error::errcode`].
    Upstream,
    /// WeCom did not answer in time.
    UpstreamTimeout,
    /// No user of the host app is bound to the person.
    UserAuthMiss,
    /// An administrator named a person who is not known.
    UserNotFound,
    /// The app is not visible to the person, or the person's account is disabled.
    UserNotVisible,
}

/// One row of the error table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorRow {
    /// The `code` on the wire.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The `title` on the wire.
    pub title: &'static str,
    /// Who can act.
    pub blame: Blame,
}

impl ErrorKind {
    /// Returns the row of this kind in the error table.
    #[must_use]
    pub const fn row(self) -> ErrorRow {
        use Blame::{Application, Caller, Library, WeCom};
        #[rustfmt::skip]
        let (code, status, title, blame) = match self {
            Self::ApiParams => ("API_PARAMS_ERROR", 400, "A parameter is missing, blank, unknown or of the wrong type", Caller),
            Self::AuthorizationMalformed => ("API_PARAMS_ERROR", 400, "Authorization is empty, or was sent twice", Caller),
            Self::LoginTypeUnknown => ("LOGIN_TYPE_UNKNOWN", 400, "loginType is neither qr nor workbench", Caller),
            Self::PlatformUnknown => ("PLATFORM_UNKNOWN", 400, "platform is none of app, web and mobile", Caller),
            Self::CredentialsConflict => ("CREDENTIALS_CONFLICT", 400, "Two credentials of different sessions were sent", Caller),
            Self::Unauthenticated => ("UNAUTHENTICATED", 401, "Log in first", Caller),
            Self::TokenInvalid => ("TOKEN_INVALID", 401, "The session is unknown, ended or expired", Caller),
            Self::CodeInvalid => ("CODE_INVALID", 401, "WeCom rejected the code: it is wrong, used or expired", Caller),
            Self::LoginCodeInvalid => ("LOGIN_CODE_INVALID", 401, "The login code is unknown, used or expired", Caller),
            Self::Forbidden => ("FORBIDDEN", 403, "Not allowed", Caller),
            Self::CrossSite => ("CROSS_SITE", 403, "The request comes from another site", Caller),
            Self::LoginDisabled => ("LOGIN_DISABLED", 403, "Logins are currently disabled", Application),
            Self::CorpMismatch => ("CORP_MISMATCH", 403, "This login is for another company", Caller),
            Self::CorpNotAuthorized => ("CORP_NOT_AUTHORIZED", 403, "The company has not authorized the app", Caller),
            Self::CorpNotInList => ("CORP_NOT_IN_LIST", 403, "The person may not log in to this company", Caller),
            Self::NotCorpMember => ("NOT_CORP_MEMBER", 403, "The person is not a member of the company", Caller),
            Self::UserNotVisible => ("USER_NOT_VISIBLE", 403, "The app is not visible to this person", Caller),
            Self::UserAuthMiss => ("USER_AUTH_MISS", 403, "No user of the app is bound to this person", Application),
            Self::LicenceMissing => ("LICENCE_MISSING", 403, "The person has no interface license", Application),
            Self::CorpNotFound => ("CORP_NOT_FOUND", 404, "There is no such company", Caller),
            Self::UserNotFound => ("USER_NOT_FOUND", 404, "There is no such person", Caller),
            Self::InstanceNotFound => ("INSTANCE_NOT_FOUND", 404, "There is no login instance of this name", Caller),
            Self::OrgCodeNotFound => ("ORG_CODE_NOT_FOUND", 404, "There is no such organization code", Caller),
            Self::RecordNotFound => ("RECORD_NOT_FOUND", 404, "There is no such callback record", Caller),
            Self::SessionNotFound => ("SESSION_NOT_FOUND", 404, "There is no such session", Caller),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", 405, "This path does not support this method", Caller),
            Self::BodyTimeout => ("BODY_TIMEOUT", 408, "The body did not arrive in time", Caller),
            Self::OrgCodeConflict => ("ORG_CODE_CONFLICT", 409, "Another company has this organization code", Caller),
            Self::RecordBusy => ("RECORD_BUSY", 409, "The callback record is being handled", Caller),
            Self::BodyTooLarge => ("BODY_TOO_LARGE", 413, "The body is too large", Caller),
            Self::RateLimited => ("RATE_LIMITED", 429, "Too many attempts; try again later", Caller),
            Self::Config => ("CONFIG_ERROR", 500, "Login is misconfigured", Application),
            Self::Internal => ("INTERNAL_ERROR", 500, "Internal error", Library),
            Self::Upstream => ("UPSTREAM_ERROR", 502, "WeCom answered with an error", WeCom),
            Self::SuiteTicketMissing => ("SUITE_TICKET_MISSING", 503, "WeCom has not pushed a suite_ticket yet", WeCom),
            Self::AgentUnknown => ("AGENT_UNKNOWN", 503, "The agentId of the company's app is not known yet", WeCom),
            Self::StoreUnavailable => ("STORE_UNAVAILABLE", 503, "The database is unavailable", Application),
            Self::UpstreamTimeout => ("UPSTREAM_TIMEOUT", 504, "WeCom did not answer in time", WeCom),
        };
        ErrorRow {
            code,
            status,
            title,
            blame,
        }
    }

    /// Returns the `code` on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// Returns the HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().status
    }
}

/// An error, with what a log needs. It never holds a secret, a URL or a stack trace.
///
/// ```
/// use wecom_login::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::CodeInvalid, "auth/getuserinfo").with_errcode(40029);
/// assert_eq!(error.kind().status(), 401);
/// assert_eq!(error.to_string(), "CODE_INVALID: auth/getuserinfo (errcode 40029)");
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    detail: String,
    errcode: Option<i64>,
    errmsg: Option<String>,
    retry_after: Option<Duration>,
    link: Option<LoginLink>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error. `detail` is logged and may reach the caller, so it must not contain a secret.
    #[must_use]
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                detail: detail.into(),
                errcode: None,
                errmsg: None,
                retry_after: None,
                link: None,
                source: None,
            }),
        }
    }

    /// Creates an `INTERNAL_ERROR` from an error of the host app, such as that of a query in its binder. The source is for
    /// logs, callers never see it.
    ///
    /// ```
    /// # struct Users;
    /// # impl Users { fn find(&self, id: &str) -> std::result::Result<String, std::num::ParseIntError> { id.parse::<i64>().map(|id| id.to_string()) } }
    /// fn find(users: &Users, id: &str) -> wecom_login::Result<String> {
    ///     users.find(id).map_err(wecom_login::Error::internal)
    /// }
    /// # assert!(std::error::Error::source(&find(&Users, "x").unwrap_err()).is_some());
    /// ```
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut error = Self::new(ErrorKind::Internal, "an error of the host app");
        error.inner.source = Some(source.into().into());
        error
    }

    /// Adds the errcode of WeCom's response.
    #[must_use]
    pub fn with_errcode(mut self, errcode: i64) -> Self {
        self.inner.errcode = Some(errcode);
        self
    }

    /// Adds WeCom's text about the errcode. It must not contain a secret or a URL.
    #[must_use]
    pub fn with_errmsg(mut self, errmsg: impl Into<String>) -> Self {
        self.inner.errmsg = Some(errmsg.into());
        self
    }

    /// Adds how long the caller should wait before the next attempt.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.inner.retry_after = Some(wait);
        self
    }

    /// Adds where the login goes on.
    #[must_use]
    pub(crate) fn with_link(mut self, link: LoginLink) -> Self {
        self.inner.link = Some(link);
        self
    }

    /// Adds the cause, for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    /// Returns what failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the details in a few words.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.inner.detail
    }

    /// Returns the errcode of WeCom's response, if WeCom returned an error.
    #[must_use]
    pub fn errcode(&self) -> Option<i64> {
        self.inner.errcode
    }

    /// Returns WeCom's text about the errcode, where the host app made the call
    /// ([`CorpApi`](crate::CorpApi)). It is for people and changes without notice.
    #[must_use]
    pub fn errmsg(&self) -> Option<&str> {
        self.inner.errmsg.as_deref()
    }

    /// Returns how long the caller should wait before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Returns where a login goes on that the host app has to finish ([`Binding::Link`](crate::Binding::Link)).
    #[must_use]
    pub fn link(&self) -> Option<&LoginLink> {
        self.inner.link.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.kind.code(), self.inner.detail)?;
        match (self.inner.errcode, &self.inner.errmsg) {
            (Some(errcode), Some(errmsg)) => write!(f, " (errcode {errcode}: {errmsg})"),
            (Some(errcode), None) => write!(f, " (errcode {errcode})"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match &self.inner.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<InvalidId> for Error {
    fn from(error: InvalidId) -> Self {
        Self::new(ErrorKind::ApiParams, error.to_string())
    }
}

impl From<InvalidAttributes> for Error {
    fn from(error: InvalidAttributes) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

impl From<InvalidPageCursor> for Error {
    fn from(error: InvalidPageCursor) -> Self {
        Self::new(ErrorKind::ApiParams, error.to_string())
    }
}

impl From<UnknownLoginType> for Error {
    fn from(error: UnknownLoginType) -> Self {
        Self::new(ErrorKind::LoginTypeUnknown, error.to_string())
    }
}

impl From<UnknownPlatform> for Error {
    fn from(error: UnknownPlatform) -> Self {
        Self::new(ErrorKind::PlatformUnknown, error.to_string())
    }
}

impl From<UnknownSuite> for Error {
    fn from(error: UnknownSuite) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}
