//! The operator's console.

use wecom_login_tests::app::ADMIN_KEY;
use wecom_login_tests::auths::{COMPANY_A, SUITE};
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Key, Window, run_embedded};
use wecom_login_tests::push::Push;
use wecom_login_tests::{Adapter, TestApp, until};

use crate::layout::{LOOKS, look_at};
use crate::steps::tab_to;

/// An operator logs in by keyboard alone, finds a company, ends its sessions, and runs a callback record again.
pub(crate) async fn operator_ends_sessions_and_retries_a_record(adapter: &dyn Adapter) {
    run_embedded(
        "operator_ends_sessions_and_retries_a_record",
        adapter,
        TestApp::from_auths_directory(),
        async |session: &BrowserSession, app: &TestApp| {
            let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
            let failed = failed_record(app).await;
            let window = session.open(BrowserProfile::desktop()).await;
            // The page that was asked for comes after the login. The field has the focus.
            window.goto(&at(app, "/corps")).await;
            window.find("#adminKey:focus").await;
            window.type_text(ADMIN_KEY).await;
            window.press(Key::Enter).await;
            window.wait_for_text("Companies").await;
            window.find("#q").await;
            let cookies = window.cookies().await;
            let own = cookies
                .iter()
                .find(|cookie| cookie["name"] == "wecom_admin")
                .unwrap();
            assert_eq!(
                (&own["httpOnly"], &own["sameSite"], &own["path"]),
                (&true.into(), &"Strict".into(), &"/auth/admin".into())
            );

            tab_to(&window, "Skip to the main content").await;
            window.fill("#q", COMPANY_A).await;
            window.press(Key::Enter).await;
            window.wait_for_url(&at(app, "/corps?q=")).await;
            assert_eq!(window.count("tbody tr").await, 1);
            window.click("tbody a").await;
            window.wait_for_text("What can be done").await;
            window.click_text("End sessions").await;
            window.wait_for_text("1 session ends at once").await;
            assert_eq!(app.hello_status(&token).await, 200);
            window.click(".main-danger").await;
            window.wait_for_text("The sessions are ended.").await;
            assert_eq!(app.hello_status(&token).await, 401);
            // A reload repeats nothing.
            window.reload().await;
            window.wait_for_text("What can be done").await;

            window.goto(&at(app, "/records?status=failed")).await;
            window.click("tbody a").await;
            window.wait_for_text("40078").await;
            window.click_text("Retry now").await;
            // WeCom does not know the code this time either.
            window.wait_for_text("errcode 40078").await;
            let retried = format!(
                "SELECT COUNT(*) FROM wecom_audit WHERE action = 'callbackRetried' AND detail = '{failed}'"
            );
            assert_eq!(app.number(&retried).await, 1);

            window.goto(&at(app, "/corps")).await;
            window.click_text("中文").await;
            window.wait_for_text("企业").await;
            window.goto(&at(app, "/people")).await;
            assert_eq!(window.attribute("html", "lang").await.as_deref(), Some("zh-CN"));
            tab_to(&window, "退出").await;
            window.press(Key::Enter).await;
            window.find("#adminKey").await;
            window.goto(&at(app, "/people")).await;
            window.find("#adminKey").await;
        },
    )
    .await;
}

/// Every page of the console, in both languages, on a phone and on a desktop, light and dark.
pub(crate) async fn console_pages_fit_every_profile(adapter: &dyn Adapter) {
    run_embedded(
        "console_pages_fit_every_profile",
        adapter,
        TestApp::from_auths_directory(),
        async |session: &BrowserSession, app: &TestApp| {
            let person = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
            for user_id in &app.sandbox.user_ids(COMPANY_A)[1..3] {
                app.token(COMPANY_A, user_id).await;
            }
            app.set_organization_code(COMPANY_A, "Acme-01").await;
            let failed = failed_record(app).await;
            let user_id = person["userId"].as_str().unwrap();
            let corp = format!("/corps/{COMPANY_A}");
            let pages = [
                ("overview", String::new()),
                ("corps", "/corps".to_owned()),
                ("corp", corp.clone()),
                ("ask", format!("{corp}/endSessions")),
                (
                    "alias",
                    format!("{corp}/alias?corpId=wpAAAAencryptedidofthecompany0001"),
                ),
                ("people", "/people".to_owned()),
                ("person", format!("/people/{user_id}")),
                ("erase", format!("/people/{user_id}/erase")),
                ("records", "/records".to_owned()),
                ("record", format!("/records/{failed}")),
                ("audit", "/audit".to_owned()),
                ("service", "/service".to_owned()),
                ("wrong", "/corps?status=done".to_owned()),
            ];
            for look in LOOKS {
                let (viewport, language, dark) = look;
                let window = session
                    .open(BrowserProfile {
                        viewport,
                        language,
                        dark,
                        ..BrowserProfile::desktop()
                    })
                    .await;
                window.goto(&at(app, "")).await;
                look_at(session, &window, "login", look).await;
                window
                    .fill("#adminKey", "a-wrong-key-of-the-tests-00")
                    .await;
                if look == LOOKS[0] {
                    window.press(Key::Enter).await;
                    window.find("[role=alert]").await;
                    look_at(session, &window, "wrong-key", look).await;
                }
                log_in(&window).await;
                for (name, path) in &pages {
                    window.goto(&at(app, path)).await;
                    look_at(session, &window, name, look).await;
                }
                window.goto(&at(app, "/links")).await;
                window.click(&format!("input[value='{SUITE}']")).await;
                window.click(".main-button").await;
                window.find(".qr svg").await;
                look_at(session, &window, "link", look).await;
            }
        },
    )
    .await;
}

async fn log_in(window: &Window) {
    window.fill("#adminKey", ADMIN_KEY).await;
    window.press(Key::Enter).await;
    window.find("nav").await;
}

/// A page of the console.
fn at(app: &TestApp, path: &str) -> String {
    format!("http://{}/auth/admin{path}", app.address())
}

/// A record whose AuthCode WeCom does not know; its number.
async fn failed_record(app: &TestApp) -> i64 {
    let seconds = app.now_millis() / 1000 + 1;
    // Of the right form: WeCom refuses others as malformed, which is tried again.
    let code = "no-such-code-".repeat(6);
    let code = [("AuthCode", code.as_str())];
    let push = Push::suite_event(SUITE, "reset_permanent_code", seconds, &code);
    assert_eq!(app.post_push(&push).await.text(), "success");
    let failed = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'failed'";
    until("the record failed", async || app.number(failed).await == 1).await;
    app.number("SELECT MAX(id) FROM wecom_callback_record WHERE status = 'failed'")
        .await
}
