//! Steps of several scenarios.

use wecom_login_tests::browser::{Key, Window};
use wecom_login_tests::process::{DemoCorp, DemoProcess};

/// Begins a login for a corp and waits for WeCom's QR page.
pub(crate) async fn begin(window: &Window, app: &DemoProcess, corp: &DemoCorp, return_to: &str) {
    window
        .goto(&format!(
            "{}/auth/login?corpId={}&returnTo={return_to}",
            app.url, corp.id
        ))
        .await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
}

/// Logs the first member of a corp in by the QR page.
pub(crate) async fn log_in(window: &Window, app: &DemoProcess, corp: &DemoCorp, return_to: &str) {
    begin(window, app, corp, return_to).await;
    window.click_text(&corp.member.1).await;
    window
        .wait_for_url(&format!("{}{return_to}", app.url))
        .await;
}

/// Path and query that the QR page would lead its first member to.
pub(crate) async fn way_back(window: &Window, app: &DemoProcess) -> String {
    let link = window
        .script("return document.querySelector('.people a').href")
        .await;
    app.redirect_target(link.as_str().unwrap()).await
}

/// The `state` of a way back.
pub(crate) fn state_of(way_back: &str) -> String {
    let (_, state) = way_back.split_once("state=").unwrap();
    state.split('&').next().unwrap().to_owned()
}

/// Asserts that the app shows a session of this member in the browser.
pub(crate) async fn is_in(window: &Window, corp: &DemoCorp) {
    let (status, user) = window.fetch("GET", "/api/hello").await;
    assert_eq!(status, 200, "{user}");
    assert_eq!(
        (&user["corpId"], &user["thirdUserId"]),
        (&corp.id.as_str().into(), &corp.member.0.as_str().into())
    );
}

/// Asserts that the browser has no session cookie.
pub(crate) async fn is_out(window: &Window) {
    let cookies = window.cookies().await;
    let session = cookies
        .iter()
        .find(|cookie| cookie["name"].as_str().unwrap().ends_with("wecom_login"));
    assert!(session.is_none(), "{session:?}");
}

/// Presses Tab until the focus, which can be seen, is on what says this.
pub(crate) async fn tab_to(window: &Window, text: &str) {
    for _ in 0..60 {
        window.press(Key::Tab).await;
        let focused = window
            .script(&format!("const focused = document.activeElement; {FOCUS}"))
            .await;
        if focused[1].as_str().unwrap().contains(text) {
            assert_eq!(focused[0], true, "the focus on {text:?} cannot be seen");
            return;
        }
    }
    panic!("Tab does not come to {text:?}");
}

/// Whether the focus can be seen, and what is focused.
pub(crate) const FOCUS: &str = "return [focused.matches(':focus-visible') && \
    getComputedStyle(focused).outlineStyle !== 'none', focused.innerText || focused.id || '']";
