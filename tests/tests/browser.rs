//! What people see: both example apps in a real Chromium, with the sandbox as their WeCom.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use wecom_login_tests::browser::{Example, Language, Look, Size, Stage, run};

/// Every page of the sandbox, on a phone and on a desktop, light and dark.
async fn sandbox_pages(stage: &Stage) {
    let app = &stage.app;
    let companies = app.companies().await;
    let company = &companies[0];
    let query = format!(
        "appid={}&agentid={}&state=ab12&redirect_uri={}%2Fauth%2Fcallback",
        company.id, company.agent_id, app.url
    );
    let pages = [
        ("qr", format!("/wwlogin/sso/login?login_type=CorpApp&{query}")),
        ("oauth", format!("/connect/oauth2/authorize?response_type=code&scope=snsapi_base&{query}")),
        (
            "consent",
            format!(
                "/connect/oauth2/authorize?response_type=code&scope=snsapi_privateinfo&{query}&sandboxUser={}",
                company.person.0
            ),
        ),
        ("refusal", "/wwlogin/sso/login?login_type=CorpApp&appid=nobody".to_owned()),
        ("console", "/sandbox".to_owned()),
    ];
    app.control("/faults", &json!({"api": "gettoken", "times": 1, "errcode": -1})).await;
    for (size, dark) in
        [(Size::Phone, false), (Size::Phone, true), (Size::Desktop, false), (Size::Desktop, true)]
    {
        let window = stage.open(Look { size, dark, ..Look::desktop() }).await;
        for (name, path) in &pages {
            window.go(&format!("{}{path}", app.sandbox_url)).await;
            let shade = if dark { "dark" } else { "light" };
            stage.picture(&window, &format!("{name}-{size:?}-{shade}").to_lowercase()).await;
            assert!(!window.overflows().await, "{name} is wider than a {size:?}");
        }
        window.click("summary").await;
        window.says("userid").await;
        stage.picture(&window, &format!("people-{size:?}-{dark}").to_lowercase()).await;
    }
    let _ = Language::Chinese;
}

macro_rules! scenarios {
    ($($scenario:ident),* $(,)?) => {
        mod axum_app {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                run(stringify!($scenario), Example::Axum, super::$scenario).await;
            })*
        }
    };
}

scenarios!(sandbox_pages);
