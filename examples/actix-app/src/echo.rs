//! `/api/ws`: a WebSocket that sends back what it gets, until the session of its user ends.

use std::pin::pin;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, Result};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use wecom_login::CurrentUser;
use wecom_login_actix::User;
use wecom_login_demo::ECHO_PROTOCOL;

pub(crate) async fn websocket(
    request: HttpRequest,
    body: Payload,
    User(user): User,
) -> Result<HttpResponse> {
    let (response, session, messages) =
        actix_ws::handle_with_protocols(&request, body, &[ECHO_PROTOCOL])?;
    actix_web::rt::spawn(echo(session, messages, user));
    Ok(response)
}

async fn echo(mut session: Session, mut messages: MessageStream, user: CurrentUser) {
    let mut ended = pin!(user.ended());
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            () = &mut ended => {
                let reason = CloseReason {
                    code: CloseCode::Policy,
                    description: Some("the session ended".to_owned()),
                };
                // The client may be gone.
                let _ = session.close(Some(reason)).await;
                return;
            }
        };
        let sent = match message {
            Some(Ok(Message::Text(text))) => session.text(text).await,
            Some(Ok(Message::Binary(bytes))) => session.binary(bytes).await,
            Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await,
            Some(Ok(Message::Close(reason))) => {
                let _ = session.close(reason).await;
                return;
            }
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return,
        };
        if sent.is_err() {
            return;
        }
    }
}
