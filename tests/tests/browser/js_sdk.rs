//! WeCom's `@wecom/jssdk`, and the workbench page of the examples.

use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, js_sdk, run_with_panel};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{Adapter, TestApp, TestRequest};

use crate::steps::{is_in, log_in};

/// The sandbox's page registers WeCom's real script with what the app signed, and the sandbox checks that.
pub(crate) async fn sandbox_registers_wecoms_script(adapter: &dyn Adapter) {
    run_with_panel(
        "sandbox_registers_wecoms_script",
        adapter,
        TestApp::from_auths_directory(),
        &js_sdk().unwrap(),
        async |session: &BrowserSession, app: &TestApp, profile: BrowserProfile| {
            let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
            let page = format!("http://{}/workbench?x=1", app.address());
            let encoded = page.replace('?', "%3F").replace('=', "%3D");
            let sign = TestRequest::get(format!("/jsConfig?url={encoded}")).bearer(&token);
            let signed = app.send(sign).await.success();
            let mut swapped = signed.clone();
            swapped["agentConfig"] = signed["config"].clone();
            let mut forged = signed.clone();
            forged["config"]["nonceStr"] = "another".into();
            let other_page = format!("{page}&y=2");
            for (name, page, given, shown) in [
                ("good", &page, &signed, ["config:ok", "agentConfig:ok"]),
                (
                    "swapped",
                    &page,
                    &swapped,
                    ["config:ok", "agentConfig:invalid signature"],
                ),
                (
                    "forged",
                    &page,
                    &forged,
                    ["config:invalid signature", "agentConfig:ok"],
                ),
                (
                    "other-page",
                    &other_page,
                    &signed,
                    ["config:invalid signature", "agentConfig:invalid signature"],
                ),
            ] {
                let window = session.open(profile).await;
                let url = format!("{}/sandbox/jssdk", app.sandbox.url());
                window.goto(&url).await;
                window.fill("[name=url]", page).await;
                window.fill("[name=json]", &given.to_string()).await;
                window.click("button.main").await;
                for text in shown {
                    window.wait_for_text(text).await;
                }
                session.screenshot(&window, name).await;
            }
        },
    )
    .await;
}

/// The workbench page is signed and sends its user a message; the link in it leads back into the app, without a question
/// inside WeCom.
pub(crate) async fn workbench_sends_a_message_whose_link_logs_in(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corps = app.authorized_corps().await;
    let corp = &corps[1];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, corp, "/workbench").await;
    window.wait_for_text(&corp.member.1).await;
    // The script itself is on a host that does not resolve here.
    window
        .wait_for_text(&format!("Signed for {}", corp.id))
        .await;
    window.click("#message").await;
    window.wait_for_text("Sent: look into WeCom.").await;
    session.screenshot(&window, "sent").await;
    let inbox = format!("/sandbox/corps/{}/members/{}/inbox", corp.id, corp.member.0);
    let inbox = app.send_to_sandbox(TestRequest::get(inbox)).await.json();
    let message = &inbox["messages"][0];
    assert_eq!(message["msgtype"], "text");
    let content = message["content"].as_str().unwrap();
    let link = content.split('"').nth(1).unwrap();

    // With a session of the other company, on the phone.
    let phone = session.open(BrowserProfile::workbench()).await;
    log_in_inside_wecom(&phone, app, &corps[0]).await;
    phone.goto(link).await;
    phone
        .wait_for_url(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
        .await;
    phone.click_text(&corp.member.1).await;
    phone.wait_for_url(link).await;
    is_in(&phone, corp).await;
    session.screenshot(&phone, "account").await;
}

async fn log_in_inside_wecom(
    window: &wecom_login_tests::browser::Window,
    app: &DemoProcess,
    corp: &wecom_login_tests::process::DemoCorp,
) {
    let account = format!("{}/account?corpId={}", app.url, corp.id);
    window.goto(&account).await;
    window.click_text(&corp.member.1).await;
    window.wait_for_url(&account).await;
}
