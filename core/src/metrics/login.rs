//! A login, measured and traced from its beginning to its end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Span;
use tracing::field::Empty;

use crate::error::Result;
use crate::metrics::{Counter, Histogram, Stopwatch, table};

/// The way by which a person logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginMethod {
    /// The login pages.
    Browser,
    /// `getLoginCode` and `loginByCode`.
    LoginCode,
    /// `loginByWorkbench`.
    Workbench,
    /// `loginByMiniProgram`.
    MiniProgram,
    /// `finish_login`, of a login that was answered in JSON.
    Link,
}

impl LoginMethod {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::LoginCode => "login_code",
            Self::Workbench => "workbench",
            Self::MiniProgram => "mini_program",
            Self::Link => "link",
        }
    }
}

/// What a request of a login leads to, besides an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginStep {
    /// To a session.
    LoggedIn,
    /// To a further step, or to the answer that a former request had.
    Continues,
    /// The attempt was too old.
    Expired,
}

/// Measures one login.
pub(crate) struct LoginMeter {
    method: LoginMethod,
    instance: OnceLock<String>,
    is_repetition: AtomicBool,
    stopwatch: Stopwatch,
    span: Span,
}

impl LoginMeter {
    pub(crate) fn start(method: LoginMethod) -> Self {
        let span = tracing::info_span!(
            target: "wecom_login",
            "login",
            "wecom_login.method" = method.as_str(),
            "wecom_login.instance" = Empty,
            "wecom_login.outcome" = Empty,
            "error.type" = Empty,
        );
        Self {
            method,
            instance: OnceLock::new(),
            is_repetition: AtomicBool::new(false),
            stopwatch: Stopwatch::start(),
            span,
        }
    }

    /// The span of the login.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The login is one at this instance, by its full name.
    pub(crate) fn set_instance(&self, name: &str) {
        self.span.record("wecom_login.instance", name);
        // The first one stays.
        let _ = self.instance.set(name.to_owned());
    }

    /// The request is answered as a former one was, and counts no more.
    pub(crate) fn set_repetition(&self) {
        self.is_repetition.store(true, Ordering::Relaxed);
    }

    /// The login ended.
    pub(crate) fn finish<T>(&self, result: &Result<T>, step: impl FnOnce(&T) -> LoginStep) {
        let step = result.as_ref().map(step);
        let outcome = match step {
            Ok(LoginStep::LoggedIn) => "succeeded",
            Ok(LoginStep::Continues) => "continues",
            Ok(LoginStep::Expired) => "expired",
            Err(error) => {
                self.span.record("error.type", error.kind().code());
                error.kind().code()
            }
        };
        self.span.record("wecom_login.outcome", outcome);
        let method = self.method.as_str();
        Histogram::new(table::LOGIN_DURATION, &[("method", method)])
            .record(self.stopwatch.elapsed());
        if step.is_ok_and(|step| step == LoginStep::Continues)
            || self.is_repetition.load(Ordering::Relaxed)
        {
            return;
        }
        let instance = self.instance.get().map_or("none", String::as_str);
        let labels = [
            ("method", method),
            ("instance", instance),
            ("outcome", outcome),
        ];
        Counter::new(table::LOGINS, &labels).add(1);
    }
}
