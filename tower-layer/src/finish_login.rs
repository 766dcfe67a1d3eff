//! The end of a login that the host app finishes.

use bytes::Bytes;
use http::{HeaderMap, Response};
use wecom_login::{LinkTicket, WecomLogin};

/// Answers the page of the host app that asked a person which of its users they are, after
/// [`Binding::Link`](wecom_login::Binding::Link): the person is this user, and is led on to where they were going. A login
/// that cannot be finished is answered by our page about it, or by a problem to a script.
///
/// `headers` are those of the request, a POST: their cookie binds the ticket to the browser.
///
#[cfg_attr(feature = "axum", doc = "```")]
#[cfg_attr(not(feature = "axum"), doc = "```ignore")]
/// use axum::http::HeaderMap;
/// use axum::response::Response;
/// use wecom_login::WecomLogin;
/// use wecom_login_tower::finish_login;
///
/// # async fn check_password(name: &str, password: &str) -> String { name.to_owned() }
/// /// What the handler of the page's form does with its fields.
/// async fn link(login: &WecomLogin, headers: &HeaderMap, ticket: &str, name: &str, password: &str) -> Response {
///     let user_id = check_password(name, password).await;
///     finish_login(login, headers, ticket, &user_id).await
/// }
/// ```
pub async fn finish_login<T: From<Bytes>>(
    login: &WecomLogin,
    headers: &HeaderMap,
    ticket: &str,
    user_id: &str,
) -> Response<T> {
    let ticket = LinkTicket::new(ticket);
    let response = match login.finish_login(headers, &ticket, user_id).await {
        Ok(response) => response,
        Err(error) => login.login_failed(&error, headers),
    };
    response.map(|body| T::from(body.into_bytes()))
}
