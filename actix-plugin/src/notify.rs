//! The answer to a callback, as actix has it.

use actix_web::HttpResponse;
use wecom_login::NotifyResponse;

use crate::respond::to_actix;

/// Makes actix's response of the answer to a callback, for a host app with a callback route of its own.
///
/// ```
/// use actix_web::{HttpRequest, HttpResponse, web};
/// use wecom_login::{NotifyRequest, WecomLogin};
/// use wecom_login_actix::notify_response;
///
/// /// GET: the check of the URL.
/// async fn check_url(request: HttpRequest, login: web::Data<WecomLogin>) -> HttpResponse {
///     let check = NotifyRequest::get(request.query_string());
///     notify_response(login.service().notify(check).await)
/// }
///
/// /// POST: an event.
/// async fn event(request: HttpRequest, body: web::Bytes, login: web::Data<WecomLogin>) -> HttpResponse {
///     let event = NotifyRequest::post(request.query_string(), body);
///     notify_response(login.service().notify(event).await)
/// }
/// # let _ = web::resource("/wecom").get(check_url).post(event);
/// ```
#[must_use]
pub fn notify_response(answer: NotifyResponse) -> HttpResponse {
    to_actix(answer.into())
}
