//! A WebSocket and server-sent events that end with the session of their user: with a logout, or when the member leaves the
//! company, and not at the next request.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get};
use futures_util::{Stream, StreamExt as _, stream};
use wecom_login::{CurrentUser, WecomLogin};
use wecom_login_tower::{AuthLayer, User};

/// The subprotocol of the WebSocket. A page opens it with
/// `new WebSocket(url, ["example.echo", "wecom-login.bearer." + token])`, or with the session cookie.
pub const PROTOCOL: &str = "example.echo";

/// The streams.
pub fn app(login: &WecomLogin) -> Router {
    Router::new()
        .route("/events", get(events))
        .route("/ws", any(websocket))
        .route_layer(AuthLayer::required(login))
}

async fn events(User(user): User) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let greeting = Event::default().data(format!("hello {}", user.third_user_id()));
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let ticks = stream::poll_fn(move |context| {
        seconds
            .poll_tick(context)
            .map(|_| Some(Event::default().data("tick")))
    });
    let events = stream::once(async { greeting }).chain(ticks);
    Sse::new(events.take_until(Box::pin(user.ended())).map(Ok))
}

async fn websocket(upgrade: WebSocketUpgrade, User(user): User) -> Response {
    upgrade
        .protocols([PROTOCOL])
        .on_upgrade(|socket| echo(socket, user))
}

async fn echo(mut socket: WebSocket, user: CurrentUser) {
    let mut ended = pin!(user.ended());
    loop {
        tokio::select! {
            () = &mut ended => {
                let reason = "the session ended".into();
                let frame = CloseFrame { code: close_code::POLICY, reason };
                // The client may be gone.
                let _ = socket.send(Message::Close(Some(frame))).await;
                return;
            }
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return };
                if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use futures_util::SinkExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::client_async;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    use tower::ServiceExt as _;
    use wecom_login_test::{CORP, SUITE, TestLogin};

    use super::*;

    async fn end_sessions(login: &WecomLogin) {
        let who = wecom_login::Principal::new(
            SUITE.parse().unwrap(),
            CORP.parse().unwrap(),
            "zhangwei".parse().unwrap(),
        );
        login.sessions().revoke_member(&who).await.unwrap();
    }

    #[tokio::test]
    async fn events_end_with_the_session() {
        let test = TestLogin::start().await;
        let session = test.log_in("zhangwei").await;
        let request = Request::get("/events").header("authorization", session.bearer());
        let request = request.body(Body::empty()).unwrap();
        let response = app(test.handle()).oneshot(request).await.unwrap();
        let mut body = response.into_body().into_data_stream();
        let first = body.next().await.unwrap().unwrap();
        assert_eq!(first, "data: hello zhangwei\n\n");
        end_sessions(test.handle()).await;
        while let Some(event) = body.next().await {
            assert_eq!(event.unwrap(), "data: tick\n\n");
        }
    }

    #[tokio::test]
    async fn websocket_closes_with_the_session() {
        let test = TestLogin::start().await;
        let session = test.log_in("zhangwei").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, app(test.handle())).into_future());

        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        let protocols = format!("{PROTOCOL}, wecom-login.bearer.{}", session.token());
        let protocols = protocols.parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocols);
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut socket, answer) = client_async(request, stream).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], PROTOCOL);

        socket.send(Message::text("hi")).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hi"));
        end_sessions(test.handle()).await;
        let last = socket.next().await.unwrap().unwrap();
        assert!(matches!(last, Message::Close(Some(frame)) if frame.reason == "the session ended"));
        server.abort();
    }
}
