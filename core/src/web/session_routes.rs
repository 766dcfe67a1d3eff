//! The routes of a person who is logged in.

use http::Response;
use serde::Serialize;

use crate::domain::{CorpId, Machine};
use crate::error::{Error, ErrorKind, Result};
use crate::session::{CurrentUser, MachineSummary, SessionSummary, UserSummary};
use crate::web::browser;
use crate::web::http_service::HttpDeps;
use crate::web::params::{JsConfigParams, SessionsParams};
use crate::web::problem::problem;
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, ResponseExt as _, empty, json};
use crate::web::route::Endpoint;

#[derive(Serialize)]
struct Me {
    user: UserSummary,
    session: SessionSummary,
}

#[derive(Serialize)]
struct MeAsMachine {
    machine: MachineSummary,
}

pub(super) async fn answer(
    deps: &HttpDeps,
    request: &RoutedRequest,
) -> Result<Response<ResponseBody>> {
    let headers = &request.headers;
    if request.endpoint == Endpoint::Me {
        deps.config.proxy_warnings.check_me(request);
    }
    let verification = deps
        .config
        .verify(&deps.sessions, request.method.as_str(), headers);
    let verified = verification.resolve().await;
    if let Err(error) = &verified
        && matches!(request.endpoint, Endpoint::Logout | Endpoint::LogoutAll)
    {
        // The cookie of a session that has ended, from a page of ours: for the person it is a logout all the same.
        if error.kind() == ErrorKind::TokenInvalid && deps.config.sent_only_cookie(headers) {
            let cookies = [deps.config.cookie.clear(), browser::logged_out(deps)];
            return Ok(with_cookies(problem(error), cookies));
        }
    }
    let Some(verified) = verified? else {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            "no credential was sent",
        ));
    };
    let (user, service) = (&verified.user, &deps.session_service);
    if let Some(machine) = user.machine() {
        return answer_machine(deps, request, user, machine).await;
    }
    let mut logged_out = false;
    let response = match request.endpoint {
        Endpoint::Me => json(&Me {
            user: UserSummary::new(user),
            session: SessionSummary::of_current(user),
        }),
        Endpoint::JsConfig => {
            let params = JsConfigParams::parse(&request.query, &deps.config.public_url)?;
            require_own_corp(deps, user, params.corp_id.as_ref())?;
            let (suite_id, corp_id) = (user.suite_id(), user.corp_id());
            let signed = deps.corp_api.js_config(suite_id, corp_id, &params.url);
            json(&signed.await?)
        }
        Endpoint::Sessions => {
            let params = SessionsParams::parse(&request.query)?;
            let after = params.after.as_deref();
            json(&service.page(user, params.limit, after).await?)
        }
        Endpoint::EndSession => {
            request.body()?;
            service.revoke(user, request.variable()).await?;
            logged_out = request.variable() == user.session_id() && sent_cookie(deps, request);
            empty(204)
        }
        Endpoint::Logout | Endpoint::LogoutAll => {
            request.body()?;
            if request.endpoint == Endpoint::Logout {
                service.logout(user).await?;
            } else {
                service.logout_all(user).await?;
            }
            logged_out = sent_cookie(deps, request);
            empty(204)
        }
        _ => {
            return Err(Error::new(
                ErrorKind::Internal,
                "a session route has no answer",
            ));
        }
    };
    Ok(match (logged_out, verified.clear_cookie) {
        (true, _) => with_cookies(
            response,
            [deps.config.cookie.clear(), browser::logged_out(deps)],
        ),
        (false, true) => with_cookies(response, [deps.config.cookie.clear()]),
        (false, false) => response,
    })
}

/// A machine sees itself, and may end its own session. Everything else here is a person's.
async fn answer_machine(
    deps: &HttpDeps,
    request: &RoutedRequest,
    user: &CurrentUser,
    machine: &Machine,
) -> Result<Response<ResponseBody>> {
    match request.endpoint {
        Endpoint::Me => Ok(json(&MeAsMachine {
            machine: MachineSummary::of_current(user, machine),
        })),
        Endpoint::Logout => {
            request.body()?;
            let ended = deps.session_service.revoke_machine(
                user.suite_id(),
                user.corp_id(),
                user.session_id(),
            );
            ended.await?;
            Ok(empty(204))
        }
        _ => Err(Error::new(
            ErrorKind::Forbidden,
            "this route is for people, and the session is of a machine",
        )),
    }
}

/// A page of another company than the session's gets nothing of either.
fn require_own_corp(deps: &HttpDeps, user: &CurrentUser, named: Option<&CorpId>) -> Result<()> {
    let aliases = deps.instances.aliases();
    let is_own = |named: &CorpId| aliases.is_same(user.suite_id(), user.corp_id(), named);
    if named.is_none_or(is_own) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CorpMismatch,
        "the session is of another company than the page",
    ))
}

fn sent_cookie(deps: &HttpDeps, request: &RoutedRequest) -> bool {
    deps.config.cookie.is_sent(&request.headers)
}

fn with_cookies<const N: usize>(
    response: Response<ResponseBody>,
    cookies: [String; N],
) -> Response<ResponseBody> {
    cookies.into_iter().fold(response, |response, cookie| {
        response.with_header("set-cookie", cookie)
    })
}
