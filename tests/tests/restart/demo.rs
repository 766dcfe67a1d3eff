//! The example with its own sandbox, both with their files in one directory.

use serde_json::json;
use wecom_login_tests::process::{DemoProcess, send_expecting};
use wecom_login_tests::{TestRequest, until};

use super::AXUM_APP;

/// Its plain id: the app has it by the one that is encrypted for the provider.
const COMPANY_A: &str = "wwdemocompanya0001";

/// Whether company A is active and has its organization code: a corp that comes back finds its code before it was
/// reviewed. The admin route is asked: look-ups by anyone are limited.
async fn has_organization_code(demo: &DemoProcess) -> bool {
    let corps = demo.listed_corps().await;
    corps
        .iter()
        .any(|corp| corp["orgCode"] == "demo-a" && corp["status"] == "active")
}

/// The number of corps that 王芳 may log in to.
async fn corps_of_wangfang(demo: &DemoProcess) -> usize {
    let code = control(demo, "members/wangfang/code").await;
    let body = json!({"corpId": COMPANY_A, "code": code["code"]});
    let request = TestRequest::post("/auth/loginByWorkbench").json(&body);
    let result = send_expecting(demo.address, 200, &request).await;
    result["corpList"].as_array().unwrap().len()
}

/// POSTs to the sandbox's control API of company A.
async fn control(demo: &DemoProcess, action: &str) -> serde_json::Value {
    let target = format!("/sandbox/corps/{COMPANY_A}/{action}");
    let request = TestRequest::post(target).json(&json!({}));
    send_expecting(demo.sandbox_address(), 200, &request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_sets_up_a_corp_that_authorizes_again() {
    let directory = tempfile::tempdir().unwrap();
    // The app listens on all addresses; its sandbox must stay on loopback.
    let demo = DemoProcess::start_in(AXUM_APP, directory.path(), "0.0.0.0:0", None).await;
    assert!(demo.address.ip().is_loopback() && demo.sandbox_address().ip().is_loopback());
    assert!(has_organization_code(&demo).await);
    assert_eq!(corps_of_wangfang(&demo).await, 2);
    for action in ["cancel", "install"] {
        control(&demo, action).await;
        if action == "cancel" {
            until("the organization code is deleted", async || {
                !has_organization_code(&demo).await
            })
            .await;
        }
    }
    until("the organization code is set again", async || {
        has_organization_code(&demo).await
    })
    .await;
    assert_eq!(
        corps_of_wangfang(&demo).await,
        2,
        "the members are bound before the organization code is set"
    );
}

/// As after a kill between the sandbox's write and its push.
#[tokio::test(flavor = "multi_thread")]
async fn demo_reauthorizes_corps_that_only_the_sandbox_knows() {
    let directory = tempfile::tempdir().unwrap();
    drop(DemoProcess::start_in(AXUM_APP, directory.path(), "127.0.0.1:0", None).await);
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("axum-app.db")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let demo = DemoProcess::start_in(AXUM_APP, directory.path(), "127.0.0.1:0", None).await;
    assert_eq!(corps_of_wangfang(&demo).await, 2);
}
