//! The routes of a person who is logged in.

use serde::Serialize;

use super::browser;
use super::respond::Call;
use super::response::Response;
use super::routes::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::wecom_login::{SessionSummary, UserSummary, WecomLogin};

#[derive(Serialize)]
struct Me {
    user: UserSummary,
    session: SessionSummary,
}

#[derive(Serialize)]
struct Sessions<T> {
    sessions: T,
}

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Result<Response> {
    let headers = call.request.headers.as_slice();
    let Some(verified) = login.verify(&call.request.method, headers).answer().await? else {
        return Err(Error::new(ErrorKind::Unauthenticated, "no credential was sent"));
    };
    let (user, service) = (&verified.user, login.service());
    let (mut clear_cookie, mut logged_out) = (verified.clear_cookie, false);
    let response = match call.endpoint {
        Endpoint::Me => {
            Response::json(&Me { user: UserSummary::new(user), session: SessionSummary::of_current(user) })
        }
        Endpoint::Sessions => Response::json(&Sessions { sessions: service.sessions(user).await? }),
        Endpoint::EndSession => {
            call.body()?;
            service.end_session(user, call.variable()).await?;
            logged_out = call.variable() == user.session_id() && sent_cookie(login, call);
            Response::empty(204)
        }
        Endpoint::Logout | Endpoint::LogoutAll => {
            call.body()?;
            if call.endpoint == Endpoint::Logout {
                service.logout(user).await?;
            } else {
                service.logout_all(user).await?;
            }
            logged_out = sent_cookie(login, call);
            Response::empty(204)
        }
        _ => return Err(Error::new(ErrorKind::Internal, "a session route has no answer")),
    };
    clear_cookie |= logged_out;
    let response =
        if clear_cookie { response.with_header("set-cookie", login.clear_cookie()) } else { response };
    Ok(if logged_out {
        response.with_header("set-cookie", browser::logged_out(&login.0.web))
    } else {
        response
    })
}

fn sent_cookie(login: &WecomLogin, call: &Call) -> bool {
    login.0.web.cookie.read(call.request.headers.as_slice()).is_some()
}
