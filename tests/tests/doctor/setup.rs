//! The setup: public URL, proxies, warnings of the start.

use wecom_login_tests::{TestApp, TestRequest};

use super::{check, checks_of, says};

#[tokio::test(flavor = "multi_thread")]
async fn public_url_proxies_and_warnings_of_the_start_are_told_of() {
    let app = TestApp::builder().start().await;
    let url = check(&app, "publicUrl").await;
    says(&url, "warn", "only this machine", "public URL");
    assert_eq!(
        url["subject"].as_str().unwrap(),
        format!("http://{}", app.address())
    );
    // The suite has no providerCorpId.
    let warning = check(&app, "startWarning").await;
    says(&warning, "warn", "providerCorpId", "");
    says(&check(&app, "proxies").await, "ok", "0 networks", "");
    let forwarded = TestRequest::get("/health/live").forwarded_for("203.0.113.7");
    let _ = app.send(forwarded).await;
    let me = TestRequest::get("/me").forwarded_for("203.0.113.7");
    let _ = app.send(me).await;
    says(
        &check(&app, "proxies").await,
        "fail",
        "not named",
        "trusted_proxies",
    );
    let login = app
        .second_handle_with(|builder| {
            builder
                .public_url("http://app.example.com")
                .allow_insecure_http()
        })
        .await;
    let url = checks_of(&login, "publicUrl").await.remove(0);
    says(&url, "fail", "http:", "https");
    login.shutdown().await;
    let login = app
        .second_handle_with(|builder| builder.public_url("https://app.example.com"))
        .await;
    says(
        &checks_of(&login, "publicUrl").await.remove(0),
        "ok",
        "https",
        "",
    );
    login.shutdown().await;
    app.stop().await;
}
