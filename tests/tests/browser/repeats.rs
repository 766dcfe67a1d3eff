//! A callback that the browser asks for more than once, and answers that come late.

use serde_json::Value;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Window};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{TestRequest, until};

use crate::steps::{begin, is_in, is_out, log_in, way_back};

/// Four requests at once, then a navigation that another one cuts off.
pub(crate) async fn callback_asked_for_again_gives_the_same_session(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/api/public?a=1").await;
    let back = way_back(&window, app).await;
    window.goto(&format!("{}/", app.url)).await;
    let before = identity_calls(app).await;
    let four = format!(
        "const ask = () => fetch('{back}', {{redirect: 'manual'}}).then(answer => answer.type); \
         return Promise.all([ask(), ask(), ask(), ask()])"
    );
    let answers = window.script(&four).await;
    for answer in answers.as_array().unwrap() {
        assert_eq!(answer, "opaqueredirect", "{answers}");
    }
    is_in(&window, corp).await;
    let first = session_cookie(&window).await;
    assert!(first.is_some());
    // The second navigation cuts the first one off.
    let twice = format!("location.href = '{back}'; location.href = '{back}'");
    window.script(&twice).await;
    window
        .wait_for_url(&format!("{}/api/public?a=1", app.url))
        .await;
    is_in(&window, corp).await;
    assert_eq!(session_cookie(&window).await, first);
    assert_eq!(identity_calls(app).await, before + 1);

    // The first request of all is cut off.
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/api/public?a=2").await;
    let back = way_back(&window, app).await;
    window.goto(&format!("{}/", app.url)).await;
    window
        .script(&format!(
            "const cut = new AbortController(); fetch('{back}', {{redirect: 'manual', signal: cut.signal}}).catch(() => 0); \
             setTimeout(() => {{ cut.abort(); location.href = '{back}' }}, 5)"
        ))
        .await;
    window
        .wait_for_url(&format!("{}/api/public?a=2", app.url))
        .await;
    is_in(&window, corp).await;
    assert_eq!(identity_calls(app).await, before + 2);
}

/// A prefetch of the callback, as of a link that the person may follow.
pub(crate) async fn prefetched_callback_spends_nothing(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/api/public").await;
    let back = way_back(&window, app).await;
    window.goto(&format!("{}/", app.url)).await;
    let before = identity_calls(app).await;
    window
        .script(&format!(
            "window.prefetched = 0; const link = document.createElement('link'); link.rel = 'prefetch'; \
             link.href = '{back}'; link.onload = link.onerror = () => {{ window.prefetched = 1 }}; \
             document.head.append(link)"
        ))
        .await;
    until("the prefetch is answered", async || {
        window.script("return window.prefetched").await == 1
    })
    .await;
    is_out(&window).await;
    assert!(session_cookie(&window).await.is_none());
    assert_eq!(identity_calls(app).await, before);
    window.goto(&format!("{}{back}", app.url)).await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    is_in(&window, corp).await;
}

/// A page polls with the cookie of a session that has ended, while the person logs in again in another tab.
pub(crate) async fn late_answers_leave_the_new_session(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, corp, "/").await;
    let old = session_cookie(&window).await.unwrap();
    let logout = TestRequest::post("/auth/logout").bearer(old.as_str().unwrap());
    assert_eq!(app.send(logout).await.status, 204);
    // What a script gets clears no cookie.
    for path in ["/auth/me", "/api/hello", "/api/public"] {
        assert_eq!(window.fetch("GET", path).await.0, 401, "{path}");
    }
    assert_eq!(session_cookie(&window).await, Some(old));
    for _ in 0..5 {
        let old = session_cookie(&window).await.unwrap();
        let polling = window
            .script(
                "window.polls = 0; window.polling = true; \
                 const poll = () => Promise.all(['/auth/me', '/api/hello'].map(path => fetch(path))) \
                 .then(() => { window.polls += 1; if (window.polling) poll() }); poll(); poll(); return true",
            )
            .await;
        assert_eq!(polling, true);
        let first = window.new_tab().await;
        log_in(&window, app, corp, "/api/public").await;
        is_in(&window, corp).await;
        let new = session_cookie(&window).await.unwrap();
        assert_ne!(new, old);
        let second = window.switch_tab(first).await;
        let polls = window.script("return window.polls").await.as_u64().unwrap();
        until("the page has polled on", async || {
            window.script("return window.polls").await.as_u64().unwrap() > polls + 3
        })
        .await;
        assert_eq!(session_cookie(&window).await, Some(new.clone()));
        is_in(&window, corp).await;
        window.script("window.polling = false").await;
        let _ = second;
        let logout = TestRequest::post("/auth/logout").bearer(new.as_str().unwrap());
        assert_eq!(app.send(logout).await.status, 204);
    }
    // A page that the person opens clears it.
    window.goto(&format!("{}/account", app.url)).await;
    assert!(session_cookie(&window).await.is_none());
}

/// The callback again from the history: within its minute it leads on, and later its page does.
pub(crate) async fn going_back_leads_to_where_the_person_was_going(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/account?tab=2").await;
    let back = way_back(&window, app).await;
    window.goto(&format!("{}{back}", app.url)).await;
    let account = format!("{}/account?tab=2", app.url);
    window.wait_for_url(&account).await;
    window.goto(&format!("{}/", app.url)).await;
    window.goto(&format!("{}{back}", app.url)).await;
    window.wait_for_url(&account).await;
    is_in(&window, corp).await;
    // Another code for the state that is used: as a second scan of the same QR page.
    let other = back.replacen("code=", "code=other", 1);
    window.goto(&format!("{}{other}", app.url)).await;
    window.wait_for_text("This login is no longer valid").await;
    session.screenshot(&window, "over").await;
    window.click_text("Continue to the app").await;
    window.wait_for_url(&account).await;
    is_in(&window, corp).await;
}

async fn identity_calls(app: &DemoProcess) -> u64 {
    app.state().await["calls"]["auth/getuserinfo"]
        .as_u64()
        .unwrap_or_default()
}

async fn session_cookie(window: &Window) -> Option<Value> {
    let cookies = window.cookies().await;
    cookies
        .into_iter()
        .find(|cookie| cookie["name"] == "wecom_login")
        .map(|cookie| cookie["value"].clone())
}
