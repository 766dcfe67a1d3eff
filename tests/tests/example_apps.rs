//! What the example apps do with WeCom after a login.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::time::Duration;

use serde_json::json;
use wecom_login_tests::process::{DemoProcess, Example};
use wecom_login_tests::{TestRequest, TestResponse};

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

/// What an app prints that cannot start.
async fn refusal(example: &Example, arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(example.binary);
    command
        .args(arguments)
        .current_dir(directory.path())
        .env_remove("WECOM_LOGIN_DATA_KEY")
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(60), command.output());
    let output = output.await.expect("it gives up").unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn apps_say_in_a_sentence_why_they_cannot_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let auths = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/auths");
    let listen = ["--listen", "127.0.0.1:0"];
    let cases: [(&[&str], &str); 5] = [
        (
            &["--auths", "nowhere"],
            "nowhere: there is no such directory",
        ),
        (
            &["--database-url", "app.db"],
            "an SQLite file is sqlite://PATH",
        ),
        (
            &["--database-url", "sqlite://no/where/app.db"],
            "the directory no/where of the SQLite file does not exist",
        ),
        (&["--public-url", "app.example.com"], "public URL"),
        (&["--auths", auths, "--wecom-url", "nowhere"], "WeCom"),
    ];
    for example in [AXUM, ACTIX] {
        let text = refusal(&example, &["--listen", &taken]).await;
        println!("{}", text.trim_end());
        assert!(
            text.contains(&format!("cannot listen on {taken}")),
            "{text}"
        );
        assert!(text.contains("--listen"), "{text}");
        for (arguments, expected) in &cases {
            let text = refusal(&example, &[&listen[..], *arguments].concat()).await;
            println!("{}", text.trim_end());
            assert!(text.contains(expected), "{arguments:?}: {text}");
            assert!(
                !text.contains("Error {") && !text.contains("Os {"),
                "{text}"
            );
        }
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

async fn roles_and_companies_have_their_own_routes(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let corps = app.authorized_corps().await;
    let [company_a, company_b] = [0, 1].map(|index| &corps[index]);
    // 王芳 is an administrator by the app's own table.
    let administrator = log_in(&app, &company_a.id, "wangfang").await;
    let colleague = log_in(&app, &company_a.id, &company_a.member.0).await;
    let outsider = log_in(&app, &company_b.id, &company_b.member.0).await;
    let status = async |path: &str, token: &str| {
        let request = TestRequest::get(path).bearer(token);
        app.send(request).await.status
    };
    assert_eq!(status("/api/admin", &administrator).await, 200);
    assert_eq!(status("/api/admin", &colleague).await, 403);
    assert_eq!(status("/api/company-a", &colleague).await, 200);
    assert_eq!(status("/api/company-a", &outsider).await, 403);
    let set_role = async |token: &str| {
        let request = TestRequest::post("/api/admin/role").bearer(token);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        app.send(request.body("userId=wangfang&role=editor"))
            .await
            .status
    };
    assert_eq!(set_role(&colleague).await, 403);
    assert_eq!(set_role(&administrator).await, 204);
    assert_eq!(status("/api/admin", &administrator).await, 403);
    assert_eq!(
        set_role(&administrator).await,
        403,
        "by the table as it is now"
    );
    app.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_companies_have_their_own_routes_in_both_apps() {
    for example in [AXUM, ACTIX] {
        roles_and_companies_have_their_own_routes(example).await;
    }
}

async fn existing_account_is_linked_at_the_first_login(example: Example) {
    let app = DemoProcess::start_asking(example).await;
    let corp = &app.authorized_corps().await[0];
    let mut cookies: Vec<String> = Vec::new();
    let begin = format!("/auth/login?corpId={}&returnTo=/account&mode=qr", corp.id);
    let begun = app.send(TestRequest::get(begin)).await;
    keep(&mut cookies, &begun);
    let link = begun.header("location").unwrap().split('#').next().unwrap();
    let link = format!("{link}&sandboxUser={}", corp.member.0);
    let back = app.redirect_target(&link).await;
    let asked = app
        .send(TestRequest::get(back).header("cookie", cookies.join("; ")))
        .await;
    keep(&mut cookies, &asked);
    let page = asked.header("location").unwrap().to_owned();
    let ticket = page.strip_prefix("/link?ticket=").unwrap();
    let shown = app.send(TestRequest::get(&*page)).await;
    assert!(shown.text().contains(ticket), "{}", shown.text());
    assert!(shown.text().contains(&corp.id), "whom it links");

    let answer = |password: &str, cookies: &[String]| {
        TestRequest::post("/link")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("cookie", cookies.join("; "))
            .body(format!("ticket={ticket}&name=editor&password={password}"))
    };
    assert_eq!(app.send(answer("guess", &cookies)).await.status, 403);
    let other = app.send(answer("editor-demo", &[])).await;
    assert_eq!(other.status, 401, "another browser");
    let linked = app.send(answer("editor-demo", &cookies)).await;
    assert_eq!(linked.status, 303, "{}", linked.text());
    keep(&mut cookies, &linked);
    let callback = TestRequest::get(linked.header("location").unwrap());
    let entered = app
        .send(callback.header("cookie", cookies.join("; ")))
        .await;
    assert_eq!(entered.header("location"), Some("/account"));
    keep(&mut cookies, &entered);
    let hello = TestRequest::get("/api/hello").header("cookie", cookies.join("; "));
    assert_eq!(app.send(hello).await.json()["userId"], "editor");
    app.stop();
}

/// Keeps the cookies of an answer, as a browser does.
fn keep(cookies: &mut Vec<String>, answer: &TestResponse) {
    for line in answer.header_values("set-cookie") {
        let pair = line.split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        cookies.retain(|known| known.split('=').next() != Some(name));
        if !value.is_empty() {
            cookies.push(pair.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_account_is_linked_at_the_first_login_in_both_apps() {
    for example in [AXUM, ACTIX] {
        existing_account_is_linked_at_the_first_login(example).await;
    }
}
