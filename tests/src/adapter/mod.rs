//! The app that every adapter has to build, and how it is started.

mod actix;
mod axum;

use std::fmt;
use std::net::TcpListener;
use std::sync::Mutex;

use serde_json::{Value, json};
use wecom_login::{CurrentUser, Error, ErrorKind, WecomLogin};

pub use self::actix::ActixAdapter;
pub use self::axum::AxumAdapter;

/// A framework that the login can be mounted in.
///
/// Beside the login routes at [`Layout::mount`], the app has:
///
/// | route | is |
/// |---|---|
/// | any method `/api/hello` | behind a guard that requires a login; answers [`describe`] |
/// | GET `/api/member` | behind a guard that requires a login; asks WeCom for the user as their corp and answers what it says |
/// | any method `/api/public` | behind an optional guard; [`describe`], or `{}` without a user |
/// | GET `/api/only-corp` | only for members of [`auths::COMPANY_A`](crate::auths::COMPANY_A); [`describe`] |
/// | GET `/api/only-instance` | only for members who came in by `QywxProxyCompanyA`; [`describe`] |
/// | GET `/api/attributes` | behind a guard; the attributes of the user |
/// | GET `/api/asked` | requires that [`asked`] holds; [`describe`] |
/// | POST `/api/link?ticket=&userId=` | not guarded; finishes the login of the ticket for this user, whom the app has proved |
/// | GET `/api/for-machines` | people, and machines with the scope `orders:read`; [`describe`] |
/// | GET `/api/only-machines` | only machines with the scopes `orders:read` and `orders:write`; [`describe`] |
/// | GET `/api/page` | requires a login and redirects browsers to the login page; [`describe`] |
/// | GET `/api/corp-page` | the same, and redirects sessions of another corp than its query names |
/// | GET `/api/company-a-page` | the same, of [`auths::COMPANY_A`](crate::auths::COMPANY_A) where its query names none |
/// | GET `/api/replaced` | requires a login; a rejection is answered 418, `Cache-Control: public`, with the error's code as its body |
/// | GET `/api/replaced-page` | the same, and redirects browsers to the login page |
/// | GET `/api/unguarded` | asks for the user without a guard |
/// | any method `/api/echo-method` | behind a guard that requires a login; answers the method as text |
/// | POST `/api/guarded-upload` | behind a guard; reads the body as [`HOST_BODY_LIMIT`] allows; answers its length as text |
/// | GET `/api/cached` | behind a guard; the user's corpId, with `Cache-Control: public, max-age=60` and `Vary: Origin` |
/// | GET `/api/ws` | behind a guard; a WebSocket of the subprotocol `echo`, or of none, that sends back every text, and closes with 1008 when the session ends |
/// | GET `/api/ws-naive` | the same, with the first subprotocol that the client offers, whatever it is |
/// | GET `/api/events` | behind a guard; server-sent events: `hello`, and `ended` when the session ends |
/// | POST `/api/upload` | not guarded; reads the body with the framework's own reader; answers its length as text |
/// | everything else | 404 with [`HOST_404`] |
///
/// [`HOST_BODY_LIMIT`] is the framework's own limit for the whole app. The client's address is known to the app.
pub trait Adapter: Send + Sync {
    /// The framework's name.
    fn name(&self) -> &'static str;

    /// Starts the app on a thread and a runtime of its own; it ends with [`RunningApp`].
    fn serve(&self, login: &WecomLogin, layout: Layout, listener: TcpListener) -> RunningApp;
}

/// The body of the host app's own 404.
pub const HOST_404: &str = "the host knows no such page";

/// The host app's own limit for bodies: below ours.
pub const HOST_BODY_LIMIT: usize = 1024;

/// Where the login routes are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// At the root.
    Root,
    /// At `/auth`.
    Auth,
    /// At `/a/b/auth`, by two nests: `/a/b` and `/auth` within it.
    Nested,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::Root, Self::Auth, Self::Nested];

    /// The mount that the handle is built with.
    #[must_use]
    pub const fn mount(self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Auth => "/auth",
            Self::Nested => "/a/b/auth",
        }
    }

    /// The prefix of the login routes; empty at the root.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Root => "",
            other => other.mount(),
        }
    }
}

/// A running app; dropping it stops the app and waits for its end.
pub struct RunningApp {
    /// In a mutex, so that the struct is `Sync` although the closure is not.
    stop: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl RunningApp {
    /// An app that `stop` stops; it returns when the app has ended.
    pub fn new(stop: impl FnOnce() + Send + 'static) -> Self {
        Self {
            stop: Mutex::new(Some(Box::new(stop))),
        }
    }
}

impl Drop for RunningApp {
    fn drop(&mut self) {
        let stop = self.stop.get_mut().ok().and_then(Option::take);
        if let Some(stop) = stop {
            stop();
        }
    }
}

impl fmt::Debug for RunningApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningApp")
    }
}

/// The parameters of `/api/link`.
#[must_use]
pub fn link_parameters(query: &str) -> (String, String) {
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(of, _)| of == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    (value("ticket"), value("userId"))
}

/// An asynchronous predicate that does what the user's attribute `answer` says.
///
/// # Errors
/// For `error` one of the table, for `own error` one of the host app's own.
#[allow(clippy::panic, reason = "a predicate of a host app may panic")]
pub async fn asked(user: CurrentUser) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    tokio::task::yield_now().await;
    match user.attributes().get("answer").and_then(Value::as_str) {
        Some("yes") => Ok(true),
        Some("error") => Err(Error::new(ErrorKind::RateLimited, "slowly").into()),
        Some("own error") => Err("the directory of the app is closed".into()),
        Some("panic") => panic!("a predicate panics"),
        Some("hang") => std::future::pending().await,
        _ => Ok(false),
    }
}

/// The JSON with which the app's routes describe a user.
#[must_use]
pub fn describe(user: &CurrentUser) -> Value {
    let mut description = json!({
        "userId": user.user_id(),
        "thirdUserId": user.third_user_id(),
        "corpId": user.corp_id(),
        "suiteId": user.suite_id(),
        "platform": user.platform(),
    });
    if let Some(machine) = user.machine() {
        description["machine"] = machine.name().into();
    }
    description
}
