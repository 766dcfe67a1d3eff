//! What caches keep of a person's pages: one in front of the app, and the browser's own.

use serde_json::json;
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Window, run_embedded};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{Adapter, TestApp};

use crate::steps::{begin, is_in, is_out, log_in};

/// nginx keeps every page for a minute that it may: each person sees their own, and who is not logged in sees none.
pub(crate) async fn page_behind_a_cache_is_shown_to_its_person_alone(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corps = app.authorized_corps().await;
    let account = format!("{}/account", app.url);
    let mut windows = Vec::new();
    for corp in &corps[..2] {
        let window = session.open(BrowserProfile::desktop()).await;
        begin(&window, app, corp, "/account").await;
        window.click_text(&corp.member.1).await;
        window.wait_for_url(&account).await;
        window.wait_for_text(&corp.id).await;
        is_in(&window, corp).await;
        windows.push(window);
    }
    session.screenshot(&windows[1], "second").await;
    for (window, corp) in windows.iter().zip(&corps) {
        window.goto(&account).await;
        window.wait_for_text(&corp.id).await;
    }
    let anybody = session.open(BrowserProfile::desktop()).await;
    anybody.goto(&account).await;
    anybody
        .wait_for_url(&format!("{}/auth/login?returnTo=/account", app.url))
        .await;
    assert_eq!(anybody.fetch("GET", "/api/hello").await.0, 401);
    assert_eq!(anybody.fetch("GET", "/api/public").await.1, json!({}));
    session.screenshot(&anybody, "anybody").await;
}

/// The back button after a logout, and the next person at the same browser.
pub(crate) async fn page_is_not_kept_for_the_next_person(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corps = app.authorized_corps().await;
    let account = format!("{}/account", app.url);
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, &corps[0], "/account").await;
    window.wait_for_text(&corps[0].id).await;
    window.click("#logout").await;
    window.wait_for_text("Nobody is logged in").await;
    is_out(&window).await;
    window.back().await;
    window
        .wait_for_url(&format!("{}/auth/login?returnTo=/account", app.url))
        .await;
    session.screenshot(&window, "back").await;
    log_in(&window, app, &corps[1], "/").await;
    window.goto(&account).await;
    window.wait_for_text(&corps[1].id).await;
    assert!(!window.text().await.contains(&corps[0].id));
}

/// An answer whose handler lets the browser keep it: it keeps it for whom it was, and for nobody after them.
pub(crate) async fn kept_answer_is_given_to_its_person_alone(adapter: &dyn Adapter) {
    run_embedded(
        "kept_answer_is_given_to_its_person_alone",
        adapter,
        TestApp::from_auths_directory(),
        async |session: &BrowserSession, app: &TestApp| {
            let window = session.open(BrowserProfile::desktop()).await;
            let other = app.open_corp();
            for corp in [COMPANY_A, &other] {
                let url = |path: &str| format!("http://{}{path}", app.address());
                let login = format!("/auth/login?corpId={corp}&returnTo=/api/public");
                window.goto(&url(&login)).await;
                window.click(".people a").await;
                window.wait_for_url(&url("/api/public")).await;
                assert_eq!(fetch_cached(&window).await, (200, corp.to_owned(), false));
                assert_eq!(fetch_cached(&window).await, (200, corp.to_owned(), true));
            }
            assert_eq!(window.fetch("POST", "/auth/logout").await.0, 204);
            assert_eq!(fetch_cached(&window).await.0, 401);
        },
    )
    .await;
}

/// Status and text of the route that allows a minute in a cache, and whether they came from the browser's.
async fn fetch_cached(window: &Window) -> (u64, String, bool) {
    let script = "performance.clearResourceTimings(); \
        return fetch('/api/cached').then(async answer => [answer.status, await answer.text(), \
        performance.getEntriesByType('resource').some(entry => entry.transferSize === 0)])";
    let answer = window.script(script).await;
    (
        answer[0].as_u64().unwrap(),
        answer[1].as_str().unwrap().to_owned(),
        answer[2] == true,
    )
}
