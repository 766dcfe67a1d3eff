//! WeCom's callbacks: plain text, and nothing at all where they are refused.

use http::{Method, Response};

use crate::error::ErrorKind;
use crate::inbox::{NotifyRequest, NotifyResponse};
use crate::web::http_service::HttpDeps;
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, ResponseHead as _};

pub(super) async fn answer(deps: &HttpDeps, request: &RoutedRequest) -> Response<ResponseBody> {
    let body = match request.body() {
        Ok(body) => body,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::BodyTooLarge | ErrorKind::BodyTimeout
            ) =>
        {
            return refused(error.kind().status());
        }
        Err(_) => return refused(400),
    };
    let callback = if request.method == Method::POST {
        NotifyRequest::post(&request.query, body.clone())
    } else {
        NotifyRequest::get(&request.query)
    };
    let answer = match request.variable.as_deref().map(|name| deps.instance(name)) {
        None => deps.auth.notify(callback).await,
        Some(Ok(instance)) => instance.notify(callback).await,
        Some(Err(_)) => return refused(404),
    };
    answer.into()
}

/// A refusal: empty, with the headers of every answer.
pub(super) fn refused(status: u16) -> Response<ResponseBody> {
    NotifyResponse::rejection(status).into()
}

impl From<NotifyResponse> for Response<ResponseBody> {
    fn from(answer: NotifyResponse) -> Self {
        let headers = answer.headers();
        let mut response = Self::new(ResponseBody::from(answer.body));
        response.set_status(answer.status);
        for (name, value) in headers {
            response.append(name, &value);
        }
        response
    }
}
