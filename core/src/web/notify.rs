//! WeCom's callbacks: plain text, and nothing at all where they are refused.

use crate::app::WecomLogin;
use crate::error::ErrorKind;
use crate::inbox::NotifyResponse;
use crate::web::dispatch::Call;
use crate::web::response::Response;

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Response {
    let body = match call.body() {
        Ok(body) => body,
        Err(error) if error.kind() == ErrorKind::BodyTooLarge => return refused(413),
        Err(_) => return refused(400),
    };
    let (method, query) = (&call.request.method, &call.request.query);
    let answer = match call.variable.as_deref().map(|name| login.instance(name)) {
        None => login.service().notify(method, query, body).await,
        Some(Ok(instance)) => instance.notify(method, query, body).await,
        Some(Err(_)) => return refused(404),
    };
    plain(answer)
}

/// A refusal: empty, with the headers of every answer.
pub(super) fn refused(status: u16) -> Response {
    plain(NotifyResponse::refusal(status))
}

fn plain(answer: NotifyResponse) -> Response {
    Response {
        status: answer.status,
        headers: answer.headers(),
        body: answer.body,
    }
}
