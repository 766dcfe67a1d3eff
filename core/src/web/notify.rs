//! WeCom's callbacks: plain text, and nothing at all where they are refused.

use bytes::Bytes;

use super::respond::Call;
use super::response::Response;
use crate::error::ErrorKind;
use crate::wecom_login::WecomLogin;

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Response {
    let body = match call.body() {
        Ok(body) => body,
        Err(error) if error.kind() == ErrorKind::BodyTooLarge => return Response::plain(413, Bytes::new()),
        Err(_) => return Response::plain(400, Bytes::new()),
    };
    let method = if call.request.method == "HEAD" { "GET" } else { &call.request.method };
    let instance = call.variable.as_deref();
    let answer = login.service().notify(instance, method, &call.request.query, body).await;
    Response::plain(answer.status, answer.body)
}

/// The refusal of a method, in the way of these routes.
pub(super) fn refused(response: &Response) -> Response {
    let plain = Response::plain(response.status, Bytes::new());
    match response.header("allow") {
        Some(allow) => plain.with_header("allow", allow),
        None => plain,
    }
}
