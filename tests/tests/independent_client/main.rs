//! The sandbox's server API through a client that others wrote: wechatpy, from PyPI.
//!
//! What our own calls do not use of it is checked by nothing else, and what they use is read by another pair of eyes.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::process::{ExitCode, Stdio};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::{PROVIDER, PROVIDER_SECRET, SUITE};
use wecom_login_tests::browser::find;
use wecom_login_tests::scenarios::{self, Scenario};

/// A Python with wechatpy, as `.ci/run` installs it.
const PYTHON: &str = "wechatpy-python";

/// What the client calls, each with success.
const CALLED: [&str; 23] = [
    "agent/get",
    "agent/list",
    "auth/getuserinfo",
    "batch/openuserid_to_userid",
    "batch/userid_to_openuserid",
    "department/list",
    "department/simplelist",
    "get_jsapi_ticket",
    "gettoken",
    "license/get_active_info_by_user",
    "license/get_app_license_info",
    "media/get",
    "media/upload",
    "message/send",
    "miniprogram/jscode2session",
    "service/corpid_to_opencorpid",
    "service/get_provider_token",
    "ticket/get",
    "user/get",
    "user/getuserinfo",
    "user/list",
    "user/list_id",
    "user/simplelist",
];

fn main() -> ExitCode {
    scenarios::run(vec![Scenario::new(
        "wechatpy_calls_the_sandbox",
        &[PYTHON],
        wechatpy_calls_the_sandbox,
    )])
}

async fn wechatpy_calls_the_sandbox() {
    let node = TestApp::builder().provider().start().await;
    node.sandbox
        .change_settings(json!({"ids": "plain"}))
        .await
        .unwrap();
    let corp = node.install(0).await;
    let state = node.sandbox.state();
    let people: Vec<&str> = state["corps"][0]["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|member| member["kind"].is_null())
        .map(|member| member["userId"].as_str().unwrap())
        .collect();
    let someone = people[0];
    let code = || node.sandbox.code_for_suite(&corp, someone, SUITE).unwrap();
    let given = json!({
        "url": node.sandbox.url(), "suite": SUITE, "provider": PROVIDER, "providerSecret": PROVIDER_SECRET,
        "corpId": corp, "secret": node.sandbox.permanent_code(&corp, SUITE), "people": people,
        "agentId": node.sandbox.agent_id(&corp), "page": format!("http://{}/page?x=1", node.address()),
        "codes": [code(), code()], "jsCode": node.sandbox.js_code(&corp, someone).unwrap(),
    });
    let called = CALLED.map(|api| node.sandbox.calls(api));

    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/independent_client/client.py"
    );
    let mut python = Command::new(find(PYTHON).unwrap())
        .args(["-W", "ignore::DeprecationWarning", script])
        .env_remove("http_proxy")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let ended = python.wait_with_output().await.unwrap();
    let printed = String::from_utf8_lossy(&ended.stdout);
    println!("{printed}");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "after:\n{printed}{said}");
    for (api, before) in CALLED.into_iter().zip(called) {
        assert!(node.sandbox.calls(api) > before, "{api} was not called");
    }
    let inbox = node.sandbox.inbox(&corp, someone).unwrap();
    let types: Vec<_> = inbox.iter().rev().map(|one| &one["msgtype"]).collect();
    assert_eq!(
        json!(types),
        json!(["text", "image", "textcard", "news", "markdown"])
    );
    node.stop().await;
}
