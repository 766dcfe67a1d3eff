//! WebSockets of a browser: from the app's own pages, from another origin's, with a token in a subprotocol.

use serde_json::Value;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Window};
use wecom_login_tests::process::DemoProcess;

use crate::steps::log_in;

/// Opens `/api/ws` from the page that the window shows: `open` and the subprotocol, or `closed`. What comes afterwards is
/// kept in the page.
async fn open(window: &Window, app: &DemoProcess, protocols: &[&str]) -> String {
    let url = app.url.replacen("http", "ws", 1);
    let protocols = serde_json::to_string(protocols).unwrap();
    let script = format!(
        "return new Promise(done => {{ \
           const socket = window.socket = new WebSocket('{url}/api/ws', {protocols}); \
           window.socketClosed = new Promise(closed => socket.onclose = event => {{ done('closed'); closed(event.code) }}); \
           socket.onopen = () => done('open ' + socket.protocol) }})"
    );
    text(&window.script(&script).await)
}

/// What the socket of the page sends back.
async fn echo(window: &Window, message: &str) -> String {
    let script = format!(
        "return new Promise(done => {{ window.socket.onmessage = event => done(event.data); \
         window.socket.send('{message}') }})"
    );
    text(&window.script(&script).await)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The cookie opens a WebSocket from the app's own pages and from nowhere else; a token does from anywhere; both end with
/// the logout.
pub(crate) async fn websocket_opens_from_own_pages_and_ends_with_the_logout(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, corp, "/").await;
    let cookies = window.cookies().await;
    let cookie = cookies
        .iter()
        .find(|cookie| cookie["name"] == "wecom_login");
    let token = text(&cookie.unwrap()["value"]);
    assert_eq!(open(&window, app, &["echo"]).await, "open echo");
    assert_eq!(echo(&window, "hello").await, "hello");

    // Another origin of the same site: the browser sends the cookie along.
    let own = window.new_tab().await;
    window
        .goto(&format!("{}/cgi-bin/get_api_domain_ip", app.sandbox_url))
        .await;
    assert_eq!(open(&window, app, &["echo"]).await, "closed");
    let bearer = format!("wecom-login.bearer.{token}");
    assert_eq!(open(&window, app, &["echo", &bearer]).await, "open echo");
    assert_eq!(echo(&window, "there").await, "there");

    let other = window.switch_tab(own).await;
    assert_eq!(window.fetch("POST", "/auth/logout").await.0, 204);
    assert_eq!(window.script("return window.socketClosed").await, 1008);
    window.switch_tab(other).await;
    assert_eq!(window.script("return window.socketClosed").await, 1008);
    assert_eq!(open(&window, app, &["echo", &bearer]).await, "closed");
}
