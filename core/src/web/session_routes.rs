//! The routes of a person who is logged in.

use serde::Serialize;

use crate::app::{SessionSummary, UserSummary, WecomLogin};
use crate::error::{Error, ErrorKind, Result};
use crate::web::browser;
use crate::web::dispatch::Call;
use crate::web::response::Response;
use crate::web::routes::Endpoint;

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
    let verified = login.verify(&call.request.method, headers).resolve().await;
    if let Err(error) = &verified
        && matches!(call.endpoint, Endpoint::Logout | Endpoint::LogoutAll)
    {
        let rejection = login.reject(error.clone(), headers);
        // A cookie of a session that is over already, from a page of ours: for the person it is a logout all the same.
        if rejection.set_cookie().is_some() {
            return Ok(rejection
                .response()
                .with_header("set-cookie", browser::logged_out(login)));
        }
    }
    let Some(verified) = verified? else {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            "no credential was sent",
        ));
    };
    let (user, service) = (&verified.user, login.service());
    let mut logged_out = false;
    let response = match call.endpoint {
        Endpoint::Me => Response::json(&Me {
            user: UserSummary::new(user),
            session: SessionSummary::of_current(user),
        }),
        Endpoint::Sessions => Response::json(&Sessions {
            sessions: service.sessions(user).await?,
        }),
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
        _ => {
            return Err(Error::new(
                ErrorKind::Internal,
                "a session route has no answer",
            ));
        }
    };
    let cookies = match (logged_out, verified.clear_cookie) {
        (true, _) => login.logout_cookies().into(),
        (false, true) => vec![login.clear_cookie()],
        (false, false) => Vec::new(),
    };
    Ok(cookies.into_iter().fold(response, |response, cookie| {
        response.with_header("set-cookie", cookie)
    }))
}

fn sent_cookie(login: &WecomLogin, call: &Call) -> bool {
    login
        .0
        .web
        .cookie
        .read(call.request.headers.as_slice())
        .is_some()
}
