//! The end of a login that the host app finishes.

use actix_web::{HttpRequest, HttpResponse};
use wecom_login::{LinkTicket, WecomLogin};

use crate::respond::{core_headers, to_actix};

/// Answers the page of the host app that asked a person which of its users they are, after
/// [`Binding::Link`](wecom_login::Binding::Link): the person is this user, and is led on to where they were going. A login
/// that cannot be finished is answered by our page about it, or by a problem to a script.
///
/// `request` is a POST: its cookie binds the ticket to the browser.
///
/// ```
/// use actix_web::{HttpRequest, HttpResponse};
/// use wecom_login::WecomLogin;
/// use wecom_login_actix::finish_login;
///
/// # async fn check_password(name: &str, password: &str) -> String { name.to_owned() }
/// /// What the handler of the page's form does with its fields.
/// async fn link(login: &WecomLogin, request: &HttpRequest, ticket: &str, name: &str, password: &str) -> HttpResponse {
///     let user_id = check_password(name, password).await;
///     finish_login(login, request, ticket, &user_id).await
/// }
/// ```
pub async fn finish_login(
    login: &WecomLogin,
    request: &HttpRequest,
    ticket: &str,
    user_id: &str,
) -> HttpResponse {
    let headers = core_headers(request);
    let ticket = LinkTicket::new(ticket);
    let response = match login.finish_login(&headers, &ticket, user_id).await {
        Ok(response) => response,
        Err(error) => login.login_failed(&error, &headers),
    };
    to_actix(response)
}
