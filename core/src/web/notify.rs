//! WeCom's callbacks: plain text, and nothing at all where they are refused.

use bytes::Bytes;

use super::respond::Call;
use super::response::Response;
use crate::callback::NotifyAnswer;
use crate::error::ErrorKind;
use crate::wecom_login::WecomLogin;

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Response {
    let body = match call.body() {
        Ok(body) => body,
        Err(error) if error.kind() == ErrorKind::BodyTooLarge => return refused(413),
        Err(_) => return refused(400),
    };
    let instance = call.variable.as_deref();
    let answer = login.service().notify(instance, &call.request.method, &call.request.query, body).await;
    plain(answer.status, answer.body)
}

/// A refusal: empty, with the headers of every answer.
pub(super) fn refused(status: u16) -> Response {
    plain(status, Bytes::new())
}

fn plain(status: u16, body: Bytes) -> Response {
    let headers = NotifyAnswer::HEADERS.map(|(name, value)| (name, value.to_owned()));
    Response { status, headers: headers.to_vec(), body }
}
