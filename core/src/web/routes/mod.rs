//! The one table of paths, methods, access and body limits, and the look-up of a path in it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::inbox::NotifyResponse;
use crate::services::MAX_IMPORT_BYTES;
use crate::web::route::{Access, AdminRoute, ConsoleRoute, Endpoint, Route};

/// The longest JSON body, and what is read of a longer one before it is known who sends it.
pub(super) const JSON_LIMIT: usize = 16 * 1024;
const NOTIFY_LIMIT: usize = 64 * 1024;

const GET: &[&str] = &["GET", "HEAD"];
/// For a request that uses a code up, which a HEAD request must not do.
const GET_ALONE: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const GET_OR_POST: &[&str] = &["GET", "HEAD", "POST"];
const DELETE: &[&str] = &["DELETE"];
/// Of a route that takes others, too.
const ANY: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
];
const GET_OR_DELETE: &[&str] = &["GET", "HEAD", "DELETE"];

const fn route(
    methods: &'static [&'static str],
    path: &'static str,
    access: Access,
    endpoint: Endpoint,
) -> Route {
    let body_limit = match endpoint {
        Endpoint::Notify => NOTIFY_LIMIT,
        Endpoint::ForwardAuth => 0,
        Endpoint::AdminApi(AdminRoute::Import) => MAX_IMPORT_BYTES,
        _ => JSON_LIMIT,
    };
    Route {
        path,
        methods,
        below: matches!(endpoint, Endpoint::ForwardAuth),
        access,
        body_limit,
        endpoint,
    }
}

const fn admin(
    methods: &'static [&'static str],
    path: &'static str,
    endpoint: AdminRoute,
) -> Route {
    route(methods, path, Access::Admin, Endpoint::AdminApi(endpoint))
}

const fn console(
    methods: &'static [&'static str],
    path: &'static str,
    page: ConsoleRoute,
) -> Route {
    route(methods, path, Access::Console, Endpoint::Console(page))
}

/// Paths without `{Instance}` stand first: the first row that fits is the one.
const ROUTES: &[Route] = &[
    route(
        GET,
        "/getLoginConfig",
        Access::Anyone,
        Endpoint::LoginConfigByCode,
    ),
    route(
        GET,
        "/getLoginConfigByCode",
        Access::Anyone,
        Endpoint::LoginConfigByCode,
    ),
    route(POST, "/loginByCode", Access::Anyone, Endpoint::LoginByCode),
    route(
        POST,
        "/loginByWorkbench",
        Access::Anyone,
        Endpoint::LoginByWorkbench,
    ),
    route(
        POST,
        "/loginByMiniProgram",
        Access::Anyone,
        Endpoint::LoginByMiniProgram,
    ),
    route(GET, "/login", Access::Browser, Endpoint::BrowserLogin),
    route(
        GET_ALONE,
        "/callback",
        Access::Browser,
        Endpoint::BrowserCallback,
    ),
    route(
        NotifyResponse::METHODS,
        "/notify",
        Access::WeCom,
        Endpoint::Notify,
    ),
    route(GET, "/health/live", Access::Anyone, Endpoint::HealthLive),
    route(GET, "/health/ready", Access::Anyone, Endpoint::HealthReady),
    route(GET, "/openapi.json", Access::Anyone, Endpoint::OpenApi),
    route(POST, "/setCode", Access::Admin, Endpoint::SetCode),
    route(
        POST,
        "/retryCallBack",
        Access::Admin,
        Endpoint::RetryCallback,
    ),
    route(
        GET,
        "/callbackRecords",
        Access::Admin,
        Endpoint::CallbackRecords,
    ),
    route(GET, "/corps", Access::Admin, Endpoint::Corps),
    route(ANY, "/forwardAuth", Access::Session, Endpoint::ForwardAuth),
    admin(GET, "/admin/api/doctor", AdminRoute::Doctor),
    admin(GET, "/admin/api/corps", AdminRoute::Corps),
    admin(GET, "/admin/api/corps/{corpId}", AdminRoute::Corp),
    admin(POST, "/admin/api/corps/{corpId}/read", AdminRoute::CorpRead),
    admin(
        POST,
        "/admin/api/corps/{corpId}/decide",
        AdminRoute::CorpDecision,
    ),
    admin(
        POST,
        "/admin/api/corps/{corpId}/endSessions",
        AdminRoute::CorpSessions,
    ),
    admin(
        POST,
        "/admin/api/corps/{corpId}/alias",
        AdminRoute::CorpAlias,
    ),
    admin(
        POST,
        "/admin/api/corps/{corpId}/setCode",
        AdminRoute::CorpSetCode,
    ),
    admin(
        DELETE,
        "/admin/api/corps/{corpId}/code",
        AdminRoute::CorpCode,
    ),
    admin(
        GET,
        "/admin/api/corps/{corpId}/machines",
        AdminRoute::Machines,
    ),
    admin(DELETE, "/admin/api/machines/{id}", AdminRoute::Machine),
    admin(GET, "/admin/api/records", AdminRoute::Records),
    admin(GET, "/admin/api/records/{id}", AdminRoute::Record),
    admin(
        POST,
        "/admin/api/records/{id}/retry",
        AdminRoute::RecordRetry,
    ),
    admin(
        POST,
        "/admin/api/records/{id}/release",
        AdminRoute::RecordRelease,
    ),
    admin(GET, "/admin/api/people", AdminRoute::People),
    admin(GET, "/admin/api/audit", AdminRoute::Audit),
    admin(
        GET_OR_DELETE,
        "/admin/api/people/{userId}",
        AdminRoute::Person,
    ),
    admin(
        POST,
        "/admin/api/people/{userId}/endSessions",
        AdminRoute::PersonSessions,
    ),
    admin(POST, "/admin/api/links", AdminRoute::Links),
    admin(POST, "/admin/api/import", AdminRoute::Import),
    admin(GET, "/admin/api/export", AdminRoute::Export),
    admin(
        POST,
        "/admin/api/endAllSessions",
        AdminRoute::EndAllSessions,
    ),
    admin(POST, "/admin/api/rotateKeys", AdminRoute::RotateKeys),
    route(
        POST,
        "/admin/api/corps/{corpId}/accessToken",
        Access::Admin,
        Endpoint::AccessToken,
    ),
    console(GET, "/admin", ConsoleRoute::Overview),
    console(GET_OR_POST, "/admin/login", ConsoleRoute::Login),
    console(POST, "/admin/logout", ConsoleRoute::Logout),
    console(GET, "/admin/corps", ConsoleRoute::Corps),
    console(GET, "/admin/corps/{corpId}", ConsoleRoute::Corp),
    console(POST, "/admin/corps/{corpId}/read", ConsoleRoute::CorpRead),
    console(
        GET_OR_POST,
        "/admin/corps/{corpId}/decide",
        ConsoleRoute::CorpDecision,
    ),
    console(
        GET_OR_POST,
        "/admin/corps/{corpId}/endSessions",
        ConsoleRoute::CorpSessions,
    ),
    console(
        GET_OR_POST,
        "/admin/corps/{corpId}/alias",
        ConsoleRoute::CorpAlias,
    ),
    console(
        POST,
        "/admin/corps/{corpId}/setCode",
        ConsoleRoute::CorpSetCode,
    ),
    console(
        GET_OR_POST,
        "/admin/corps/{corpId}/deleteCode",
        ConsoleRoute::CorpCode,
    ),
    console(GET, "/admin/people", ConsoleRoute::People),
    console(GET, "/admin/people/{userId}", ConsoleRoute::Person),
    console(
        GET_OR_POST,
        "/admin/people/{userId}/endSessions",
        ConsoleRoute::PersonSessions,
    ),
    console(
        GET_OR_POST,
        "/admin/people/{userId}/erase",
        ConsoleRoute::PersonErasure,
    ),
    console(GET, "/admin/records", ConsoleRoute::Records),
    console(GET, "/admin/records/{id}", ConsoleRoute::Record),
    console(POST, "/admin/records/{id}/retry", ConsoleRoute::RecordRetry),
    console(
        POST,
        "/admin/records/{id}/release",
        ConsoleRoute::RecordRelease,
    ),
    console(GET_OR_POST, "/admin/links", ConsoleRoute::Links),
    console(GET, "/admin/audit", ConsoleRoute::Audit),
    console(GET, "/admin/service", ConsoleRoute::Service),
    console(
        GET_OR_POST,
        "/admin/endAllSessions",
        ConsoleRoute::EndAllSessions,
    ),
    console(GET_OR_POST, "/admin/rotateKeys", ConsoleRoute::RotateKeys),
    route(GET, "/me", Access::Session, Endpoint::Me),
    route(GET, "/sessions", Access::Session, Endpoint::Sessions),
    route(
        DELETE,
        "/sessions/{id}",
        Access::Session,
        Endpoint::EndSession,
    ),
    route(GET, "/jsConfig", Access::Session, Endpoint::JsConfig),
    route(POST, "/logout", Access::Session, Endpoint::Logout),
    route(POST, "/logoutAll", Access::Session, Endpoint::LogoutAll),
    route(
        GET,
        "/{Instance}/getLoginConfig",
        Access::Anyone,
        Endpoint::LoginConfig,
    ),
    route(
        POST,
        "/{Instance}/getLoginCode",
        Access::Anyone,
        Endpoint::LoginCode,
    ),
    route(
        NotifyResponse::METHODS,
        "/{Instance}/notify",
        Access::WeCom,
        Endpoint::Notify,
    ),
];

/// Every path of ours. An adapter mounts each for every method, with and without a slash at its end: what a request gets
/// is decided here.
#[must_use]
pub const fn routes() -> &'static [Route] {
    ROUTES
}

/// The row of a path below the mount, with or without a slash at its end, and the text of its one variable segment,
/// decoded; of a route with everything below it, what follows its path, as it was sent.
pub(crate) fn find(path: &str) -> Option<(&'static Route, Option<Cow<'_, str>>)> {
    let unslashed = path.strip_suffix('/').unwrap_or(path);
    ROUTES.iter().find_map(|route| {
        if route.below {
            let rest = path.strip_prefix(route.path)?;
            let is_below = rest.is_empty() || rest.starts_with('/');
            return is_below.then_some((route, Some(Cow::Borrowed(rest))));
        }
        let variable = fit(route.path, unslashed)?;
        // No instance and no session has a name that is not UTF-8, so the lossy text is not found either.
        Some((
            route,
            variable.map(|segment| percent_decode_str(segment).decode_utf8_lossy()),
        ))
    })
}

/// Fixed segments are compared as they are sent: `/%6De` is not `/me`, to no adapter and no proxy in front.
fn fit<'a>(pattern: &str, path: &'a str) -> Option<Option<&'a str>> {
    let mut variable = None;
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        let segment = segments.next()?;
        if !part.starts_with('{') {
            if part != segment {
                return None;
            }
        } else if segment.is_empty() {
            return None;
        } else {
            variable = Some(segment);
        }
    }
    segments.next().is_none().then_some(variable)
}

#[cfg(test)]
mod tests;
