//! The routes of a person who is logged in.

use serde::Serialize;

use super::respond::Call;
use super::response::Response;
use super::routes::Endpoint;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CorpId, SuiteId, UserId};
use crate::session::{CurrentUser, LoginType, Platform, Profile};
use crate::wecom_login::WecomLogin;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Me<'a> {
    user: User<'a>,
    session: Session<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    user_id: &'a str,
    third_user_id: &'a UserId,
    corp_id: &'a CorpId,
    #[serde(flatten)]
    profile: &'a Profile,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session<'a> {
    id: &'a str,
    suite_id: &'a SuiteId,
    corp_id: &'a CorpId,
    instance: &'a str,
    platform: Platform,
    login_type: LoginType,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    current: bool,
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
    let mut clear_cookie = verified.clear_cookie;
    let response = match call.endpoint {
        Endpoint::Me => Response::json(&me(user)),
        Endpoint::Sessions => Response::json(&Sessions { sessions: service.sessions(user).await? }),
        Endpoint::EndSession => {
            call.body()?;
            service.end_session(user, call.variable()).await?;
            clear_cookie |= call.variable() == user.session_id() && sent_cookie(login, call);
            Response::empty(204)
        }
        Endpoint::Logout | Endpoint::LogoutAll => {
            call.body()?;
            if call.endpoint == Endpoint::Logout {
                service.logout(user).await?;
            } else {
                service.logout_all(user).await?;
            }
            clear_cookie |= sent_cookie(login, call);
            Response::empty(204)
        }
        _ => return Err(Error::new(ErrorKind::Internal, "a session route has no answer")),
    };
    Ok(if clear_cookie { response.with_header("set-cookie", login.clear_cookie()) } else { response })
}

fn sent_cookie(login: &WecomLogin, call: &Call) -> bool {
    login.web().cookie.read(call.request.headers.as_slice()).is_some()
}

fn me(user: &CurrentUser) -> Me<'_> {
    Me {
        user: User {
            user_id: user.user_id(),
            third_user_id: user.third_user_id(),
            corp_id: user.corp_id(),
            profile: user.profile(),
        },
        session: Session {
            id: user.session_id(),
            suite_id: user.suite_id(),
            corp_id: user.corp_id(),
            instance: user.instance(),
            platform: user.platform(),
            login_type: user.login_type(),
            created_at: user.created_at(),
            last_seen_at: user.0.last_seen_at(),
            expires_at: user.expires_at(),
            current: true,
        },
    }
}
