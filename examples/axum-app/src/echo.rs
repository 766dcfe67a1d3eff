//! `/api/ws`: a WebSocket that sends back what it gets, until the session of its user ends.

use std::pin::pin;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use wecom_login::CurrentUser;
use wecom_login_demo::ECHO_PROTOCOL;
use wecom_login_tower::User;

pub(crate) async fn websocket(upgrade: WebSocketUpgrade, User(user): User) -> Response {
    upgrade
        .protocols([ECHO_PROTOCOL])
        .on_upgrade(|socket| echo(socket, user))
}

async fn echo(mut socket: WebSocket, user: CurrentUser) {
    let mut ended = pin!(user.ended());
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            () = &mut ended => {
                let frame = CloseFrame {
                    code: close_code::POLICY,
                    reason: "the session ended".into(),
                };
                // The client may be gone.
                let _ = socket.send(Message::Close(Some(frame))).await;
                return;
            }
        };
        let sent = match message {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                socket.send(message).await
            }
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return,
        };
        if sent.is_err() {
            return;
        }
    }
}
