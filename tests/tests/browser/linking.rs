//! A login that stops at a page of the host app, which finds out who the person is.

use wecom_login_tests::adapter::HOST_404;
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Window, run_embedded};
use wecom_login_tests::linking::{LINK_PAGE, LinkingBinder};
use wecom_login_tests::{Adapter, TestApp};

/// The person logs in at WeCom, is asked by the app, and is where they were going. Their ticket is refused in another
/// browser before, and in their own afterwards.
pub(crate) async fn person_is_asked_and_led_on(adapter: &dyn Adapter) {
    let binder = LinkingBinder::default();
    let setup = TestApp::from_auths_directory().configure(|builder| builder.binder(binder));
    run_embedded(
        "person_is_asked_and_led_on",
        adapter,
        setup,
        async |session: &BrowserSession, app: &TestApp| {
            let window = session.open(BrowserProfile::desktop()).await;
            let ticket = to_the_page(&window, app).await;

            let other = session.open(BrowserProfile::desktop()).await;
            to_the_page(&other, app).await;
            submit(&other, &ticket, "victim").await;
            other.wait_for_text("This login is no longer valid").await;
            session.screenshot(&other, "another browser").await;

            submit(&window, &ticket, "7").await;
            window.wait_for_url(&at(app, "/api/public")).await;
            let (status, me) = window.fetch("GET", "/auth/me").await;
            assert_eq!((status, &me["user"]["userId"]), (200, &"7".into()));
            let cookies = window.cookies().await;
            let is_left = |cookie: &serde_json::Value| {
                cookie["name"].as_str().unwrap().contains("wecom_link_")
            };
            assert!(!cookies.iter().any(is_left), "{cookies:?}");

            window.goto(&at(app, LINK_PAGE)).await;
            submit(&window, &ticket, "8").await;
            window.wait_for_text("This login is no longer valid").await;
            // Our pages fetch nothing.
            window.goto(&at(app, "/api/public")).await;
            let (_, me) = window.fetch("GET", "/auth/me").await;
            assert_eq!(me["user"]["userId"], "7");
        },
    )
    .await;
}

/// Logs in at WeCom; gives the ticket in the address of the host app's page, which this app does not have.
async fn to_the_page(window: &Window, app: &TestApp) -> String {
    let login = format!("/auth/login?corpId={COMPANY_A}&returnTo=/api/public");
    window.goto(&at(app, &login)).await;
    window.click(".people a").await;
    window.wait_for_text(HOST_404).await;
    let url = window.url().await;
    let ticket = url.strip_prefix(&at(app, &format!("{LINK_PAGE}?ticket=")));
    ticket.unwrap_or_else(|| panic!("{url}")).to_owned()
}

/// Submits the form of the host app's page.
async fn submit(window: &Window, ticket: &str, user_id: &str) {
    let script = format!(
        "const form = document.createElement('form'); form.method = 'post'; \
         form.action = '/api/link?ticket={ticket}&userId={user_id}'; \
         document.body.append(form); form.submit();"
    );
    window.script(&script).await;
}

fn at(app: &TestApp, path: &str) -> String {
    format!("http://{}{path}", app.address())
}
