//! WebSockets and server-sent events behind the guard: who opens them, and that they end with the session.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Target;
use super::credentials::{absent, ended, invalid};
use crate::app::TestApp;
use crate::auths::COMPANY_A;
use crate::websocket::TestSocket;
use crate::{TestRequest, TestResponse};

const POLICY: Result<String, Option<u16>> = Err(Some(1008));

async fn open(app: &TestApp, headers: &[(&'static str, &str)]) -> Result<TestSocket, TestResponse> {
    TestSocket::open(app.address(), "/api/ws", headers).await
}

async fn echoes(socket: &mut TestSocket) {
    socket.send("hello").await;
    assert_eq!(socket.receive().await.as_deref(), Ok("hello"));
}

pub(super) async fn websocket_with_the_cookie_needs_an_own_page(target: Target) {
    const FRONT: &str = "https://front.example.com";
    let app = target
        .app()
        .configure(|builder| builder.allowed_origins([FRONT]))
        .start()
        .await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let (cookie, bearer) = (format!("wecom_login={token}"), format!("Bearer {token}"));
    let own = format!("http://{}", app.address());
    let evil = ("origin", "https://evil.example.com");
    for more in [
        &[][..],
        &[evil],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), evil],
        &[("sec-fetch-site", "same-site"), evil],
        &[("sec-fetch-site", "cross-site"), ("origin", own.as_str())],
        &[("sec-fetch-site", "none")],
    ] {
        let headers = [&[("cookie", cookie.as_str())], more].concat();
        let refused = open(&app, &headers).await.unwrap_err();
        refused.assert_problem(403, "CROSS_SITE");
        // Any case, and what frameworks take for it.
        for upgrade in ["WebSocket", "websocket, h2c"] {
            let mut ask = TestRequest::get("/api/public")
                .header("connection", "close")
                .header("upgrade", upgrade);
            for (name, value) in &headers {
                ask = ask.header(name, *value);
            }
            app.send_to_host(ask)
                .await
                .assert_problem(403, "CROSS_SITE");
        }
    }
    for more in [
        ("origin", own.as_str()),
        ("origin", FRONT),
        ("sec-fetch-site", "same-origin"),
    ] {
        let mut socket = open(&app, &[("cookie", &cookie), more]).await.unwrap();
        assert_eq!(socket.handshake.status, 101);
        echoes(&mut socket).await;
    }
    let mut socket = open(&app, &[("authorization", &bearer), evil])
        .await
        .unwrap();
    echoes(&mut socket).await;
    absent(&open(&app, &[("origin", &own)]).await.unwrap_err());
    // A page is no handshake.
    let page = TestRequest::get("/api/hello")
        .cookie(&token)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(app.send_to_host(page).await.status, 200);
    app.stop().await;
}

pub(super) async fn websocket_takes_its_bearer_as_subprotocol(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let other = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let dead = ended(&app).await;
    let evil = ("origin", "https://evil.example.com");
    let protocols = |token: &str| format!("echo, wecom-login.bearer.{token}");
    let mut socket = open(
        &app,
        &[("sec-websocket-protocol", &protocols(&token)), evil],
    )
    .await
    .unwrap();
    let handshake = &socket.handshake;
    assert_eq!(handshake.header("sec-websocket-protocol"), Some("echo"));
    assert!(!format!("{handshake:?}").contains(&token));
    echoes(&mut socket).await;

    for bad in [dead.as_str(), "nonsense"] {
        let refused = open(&app, &[("sec-websocket-protocol", &protocols(bad))])
            .await
            .unwrap_err();
        invalid(&refused);
        assert!(!format!("{refused:?}").contains(bad));
    }
    for several in [
        format!("{}, {}", protocols(&token), protocols(&token)),
        "echo, wecom-login.bearer.".to_owned(),
    ] {
        let refused = open(&app, &[("sec-websocket-protocol", &several)])
            .await
            .unwrap_err();
        refused.assert_problem(400, "API_PARAMS_ERROR");
    }
    let cookie = format!("wecom_login={other}");
    let both = [
        ("sec-websocket-protocol", protocols(&token)),
        ("cookie", cookie),
    ];
    let both: Vec<_> = both.iter().map(|(name, value)| (*name, &**value)).collect();
    open(&app, &both)
        .await
        .unwrap_err()
        .assert_problem(400, "CREDENTIALS_CONFLICT");

    // A handler that says back what it was offered does not say the token back.
    let naive = format!("wecom-login.bearer.{token}, echo");
    let raw = TestRequest::get("/api/ws-naive")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", naive);
    let head = head_of(&app, &raw).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(!head.contains(&token), "{head}");
    app.stop().await;
}

pub(super) async fn websocket_ends_with_its_session(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let open = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let mut socket = open(&app, &[("authorization", &bearer)]).await.unwrap();
        echoes(&mut socket).await;
        socket
    };
    // One session: by its own logout, wherever its cache entry is.
    let (one, two) = (
        app.token(COMPANY_A, &member).await,
        app.token(COMPANY_A, &member).await,
    );
    let (mut first, mut second) = (open(&one).await, open(&two).await);
    app.send(TestRequest::post("/logout").bearer(&one))
        .await
        .assert_no_content();
    assert_eq!(first.receive().await, POLICY);
    echoes(&mut second).await;
    // All of a person.
    app.login
        .sessions()
        .revoke_member(&crate::app::principal(
            crate::auths::SUITE,
            COMPANY_A,
            &member,
        ))
        .await
        .unwrap();
    assert_eq!(second.receive().await, POLICY);
    // All of the service.
    let token = app.token(COMPANY_A, &member).await;
    let mut socket = open(&token).await;
    app.login.sessions().revoke_all().await.unwrap();
    assert_eq!(socket.receive().await, POLICY);
    // Its time is over: a socket is no activity.
    let token = app.token(COMPANY_A, &member).await;
    let mut socket = open(&token).await;
    app.advance(Duration::from_hours(23));
    echoes(&mut socket).await;
    app.advance(Duration::from_hours(1));
    assert_eq!(socket.receive().await, POLICY);
    app.stop().await;
}

pub(super) async fn events_end_with_their_session(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let ask = TestRequest::get("/api/events").bearer(&token);
    let mut stream = connect(&app, &ask).await;
    let mut received = String::new();
    while !received.contains("data: hello") {
        received.push_str(&some(&mut stream).await);
    }
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");
    assert!(received.contains("text/event-stream"), "{received}");
    app.send(TestRequest::post("/logout").bearer(&token))
        .await
        .assert_no_content();
    while !received.contains("data: ended") {
        received.push_str(&some(&mut stream).await);
    }
    app.stop().await;
}

async fn connect(app: &TestApp, ask: &TestRequest) -> TcpStream {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(&ask.bytes(app.address())).await.unwrap();
    stream
}

/// Some more of an answer.
async fn some(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).await.unwrap();
    assert!(read > 0, "the stream ended early");
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

async fn head_of(app: &TestApp, ask: &TestRequest) -> String {
    let mut stream = connect(app, ask).await;
    let mut head = String::new();
    while !head.contains("\r\n\r\n") {
        head.push_str(&some(&mut stream).await);
    }
    head
}
