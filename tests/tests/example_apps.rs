//! What the example apps do with WeCom after a login.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use serde_json::json;
use wecom_login_tests::TestRequest;
use wecom_login_tests::process::{DemoProcess, Example};

const AXUM: Example = Example {
    name: "axum-app",
    binary: env!("CARGO_BIN_EXE_axum-app-under-test"),
};
const ACTIX: Example = Example {
    name: "actix-app",
    binary: env!("CARGO_BIN_EXE_actix-app-under-test"),
};

/// Logs the first member of the first company in; gives the token.
async fn log_in(app: &DemoProcess, corp_id: &str, user_id: &str) -> String {
    let path = format!("/corps/{corp_id}/members/{user_id}/code");
    let code = app.control(&path, &json!({})).await["code"].clone();
    let login = TestRequest::post("/auth/loginByWorkbench");
    let login = login.json(&json!({"corpId": corp_id, "code": code}));
    let session = app.send(login).await.success();
    session["token"].as_str().unwrap().to_owned()
}

async fn message_leads_back_into_the_app(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let corp = &app.authorized_corps().await[0];
    let user_id = &corp.member.0;
    let nobody = app.send(TestRequest::post("/api/message")).await;
    assert_eq!(nobody.status, 401);
    let token = log_in(&app, &corp.id, user_id).await;
    let sent = app
        .send(TestRequest::post("/api/message").bearer(&token))
        .await;
    assert_eq!((sent.status, &sent.json()["errcode"]), (200, &json!(0)));

    let inbox = format!("/sandbox/corps/{}/members/{user_id}/inbox", corp.id);
    let inbox = app.send_to_sandbox(TestRequest::get(inbox)).await.json();
    let message = inbox["messages"][0]["content"].as_str().unwrap();
    let link = message.split('"').nth(1).unwrap();
    let path = link.strip_prefix(app.url.as_str()).unwrap();
    assert_eq!(path, format!("/account?corpId={}", corp.id));
    let opened = TestRequest::get(path).header("accept", "text/html");
    let opened = app.send(opened.header("user-agent", "wxwork/4.1")).await;
    let to_login = opened.header("location").unwrap();
    assert_eq!(opened.status, 302);
    assert!(
        to_login.starts_with("/auth/login?") && to_login.contains(&format!("corpId={}", corp.id)),
        "{to_login}"
    );
    app.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn message_of_the_axum_app_leads_back_into_it() {
    message_leads_back_into_the_app(AXUM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_of_the_actix_app_leads_back_into_it() {
    message_leads_back_into_the_app(ACTIX).await;
}

async fn workbench_page_is_signed(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let corp = &app.authorized_corps().await[0];
    let token = log_in(&app, &corp.id, &corp.member.0).await;
    let page = app
        .send(TestRequest::get("/workbench").bearer(&token))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(&corp.member.1), "{}", page.text());
    let url = format!("{}/workbench", app.url);
    let signed = format!("/auth/jsConfig?url={url}");
    let signed = app.send(TestRequest::get(signed).bearer(&token)).await;
    let config = signed.success();
    assert_eq!(config["corpId"], corp.id.as_str());
    for signature in [&config["config"], &config["agentConfig"]] {
        assert_eq!(signature["signature"].as_str().unwrap().len(), 40);
    }
    app.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn workbench_page_of_both_apps_is_signed() {
    for example in [AXUM, ACTIX] {
        workbench_page_is_signed(example).await;
    }
}

/// Without a name the pages have WeCom's component, and allow what its script needs; with one they allow nothing of WeCom.
async fn name_that_is_not_known_is_wecoms_to_show(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let corp = &app.authorized_corps().await[0];
    let fault = json!({"api": "user/get", "errcode": 48002});
    app.control("/faults", &fault).await;
    let nameless = log_in(&app, &corp.id, &corp.member.0).await;
    let element = format!(
        r#"<ww-open-data type="userName" openid="{0}">{0}</ww-open-data>"#,
        corp.member.0
    );
    let open = async |path: &str, token: &str| {
        let page = app.send(TestRequest::get(path).bearer(token)).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").unwrap().to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        let html = page.text().to_owned();
        let scripts = html.matches("<script").count();
        let with_nonce = html.matches(&format!("nonce=\"{nonce}\"")).count();
        assert_eq!(
            with_nonce,
            scripts + html.matches("<style").count(),
            "{html}"
        );
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(!html.contains("{nonce}"), "{html}");
        (html, policy)
    };
    for path in ["/account", "/workbench"] {
        let (html, policy) = open(path, &nameless).await;
        assert!(html.contains(&element), "{html}");
        assert!(html.contains("https://open.work.weixin.qq.com/wwopen/js/jwxwork-1.0.0.js"));
        assert!(
            policy.contains("https://open.work.weixin.qq.com"),
            "{policy}"
        );
    }
    let (_, first) = open("/account", &nameless).await;
    assert_ne!(
        first,
        open("/account", &nameless).await.1,
        "each page has a nonce of its own"
    );
    app.stop();

    let app = DemoProcess::start(example, None).await;
    let corp = &app.authorized_corps().await[0];
    let named = log_in(&app, &corp.id, &corp.member.0).await;
    let page = app.send(TestRequest::get("/account").bearer(&named)).await;
    assert!(page.text().contains(&corp.member.1) && !page.text().contains("ww-open-data type"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(!policy.contains("weixin"), "{policy}");
    app.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn name_that_is_not_known_is_wecoms_to_show_in_both_apps() {
    for example in [AXUM, ACTIX] {
        name_that_is_not_known_is_wecoms_to_show(example).await;
    }
}
