//! What is refused before a call, and what WeCom refuses.

use std::error::Error as _;

use serde_json::{Value, json};
use wecom_login::wecom::{CallError, CallErrorKind};
use wecom_login::{AdminService, CorpDecision, CorpId, ErrorKind, SuiteId, UploadFile};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

use super::{all_calls, corp_on};

#[tokio::test]
async fn corp_that_is_not_authorized_is_refused_before_a_call() {
    let node = TestApp::builder().corps(5).start().await;
    let unknown = node.corp(3);
    let cancelled = node.install(0).await;
    let held = node.install(1).await;
    let broken = node.install(2).await;
    node.sandbox.cancel(&cancelled).await.unwrap();
    until("the authorization has ended", async || {
        node.authorization_status(SUITE, &cancelled).await == "cancelled"
    })
    .await;
    let admin: AdminService = node.login.admin();
    let (suite_id, held_id) = (SuiteId::new(SUITE).unwrap(), CorpId::new(&held).unwrap());
    admin
        .set_corp_decision(&suite_id, &held_id, CorpDecision::Defer)
        .await
        .unwrap();
    // A re-read that finds the same secret does not heal it.
    for api in ["gettoken", "service/v2/get_auth_info"] {
        node.sandbox
            .fault(Fault::for_api(api).errcode(40001))
            .unwrap();
    }
    node.sandbox.expire_tokens();
    let failed = corp_on(&node.login, &broken)
        .get::<Value>("agent/get", &())
        .await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::CorpNotAuthorized);
    assert_eq!(node.authorization_status(SUITE, &broken).await, "broken");

    let asked = || node.sandbox.calls("agent/get") + node.sandbox.calls("media/upload");
    let before = asked();
    for corp_id in [&unknown, &cancelled, &held, &broken, &"wwnobody".to_owned()] {
        let corp = corp_on(&node.login, corp_id);
        for error in [
            corp.get::<Value>("agent/get", &()).await.unwrap_err(),
            corp.post::<Value>("agent/get", &json!({}))
                .await
                .unwrap_err(),
            corp.upload::<Value>("media/upload", UploadFile::new("x", "y"))
                .await
                .unwrap_err(),
            corp.access_token().await.unwrap_err(),
            corp.js_config("https://app.example.com/")
                .await
                .unwrap_err(),
        ] {
            assert_eq!(
                error.kind(),
                ErrorKind::CorpNotAuthorized,
                "{corp_id}: {error}"
            );
        }
    }
    let other_suite = SuiteId::new("dkofsomebodyelse").unwrap();
    let corp = node
        .login
        .corp(&other_suite, &CorpId::new(&broken).unwrap());
    let error = corp.get::<Value>("agent/get", &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CorpNotAuthorized);
    assert_eq!(asked(), before);
}

#[tokio::test]
async fn path_that_leads_elsewhere_and_token_of_the_caller_are_refused_before_a_call() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    let _: Value = corp
        .get("user/get", &[("userid", &node.user(0, 0))])
        .await
        .unwrap();
    let before = all_calls(&node);
    for path in [
        "https://evil.example/cgi-bin/user/get",
        "//evil.example/x",
        "../wwlogin/sso",
        "user/../../sandbox/state",
        "user/get?userid=x",
        "/sandbox/state",
        "user/get#x",
        "user/%2e%2e/get",
        "",
        "gettoken",
        "service/get_suite_token",
    ] {
        for error in [
            corp.get::<Value>(path, &()).await.unwrap_err(),
            corp.post::<Value>(path, &json!({})).await.unwrap_err(),
            corp.upload::<Value>(path, UploadFile::new("x", "y"))
                .await
                .unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::ApiParams, "{path:?}");
        }
    }
    for error in [
        corp.get::<Value>("user/get", &[("access_token", "t")])
            .await
            .unwrap_err(),
        corp.get::<Value>("user/get", &json!({"userid": {"a": 1}}))
            .await
            .unwrap_err(),
        corp.post::<Value>("message/send", &json!({"access_token": "t"}))
            .await
            .unwrap_err(),
        corp.post::<Value>("message/send", &json!({"text": {"Access_Token": "t"}}))
            .await
            .unwrap_err(),
        corp.post::<Value>("message/send", &json!([]))
            .await
            .unwrap_err(),
        corp.upload::<Value>(
            "media/upload",
            UploadFile::new("x", "y").with_parameter("access_token", "t"),
        )
        .await
        .unwrap_err(),
        corp.js_config("app.example.com").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::ApiParams, "{error}");
    }
    assert_eq!(all_calls(&node), before);
}

#[tokio::test]
async fn refusal_carries_errcode_and_text_without_the_url() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    let token = corp.access_token().await.unwrap().access_token;
    let message = json!({
        "touser": "nobody", "msgtype": "text", "agentid": node.sandbox.agent_id(&corp_id).unwrap(),
        "text": {"content": "hello"},
    });
    let error = corp
        .post::<Value>("message/send", &message)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream);
    assert_eq!(error.errcode(), Some(81013));
    assert!(
        error.errmsg().is_some_and(|text| !text.is_empty()),
        "{error}"
    );
    let shown = format!("{error} {error:?} {:?}", error.source());
    assert!(
        !shown.contains("http") && !shown.contains(token.expose()),
        "{shown}"
    );
    let limited = Fault::for_api("user/get").errcode(45009).times(1);
    node.sandbox.fault(limited).unwrap();
    let error = corp
        .get::<Value>("user/get", &[("userid", "x")])
        .await
        .unwrap_err();
    assert_eq!(error.errcode(), Some(45009));
    assert!(error.retry_after().is_some());
    let unknown = corp
        .get::<Value>("user/get", &[("userid", "nobody")])
        .await
        .unwrap_err();
    assert_eq!(
        (unknown.kind(), unknown.errcode()),
        (ErrorKind::UserNotVisible, Some(60111))
    );
}

#[tokio::test]
async fn answer_that_is_no_json_or_too_large_is_a_typed_error() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    let kind = |error: &wecom_login::Error| {
        let call = error
            .source()
            .and_then(|source| source.downcast_ref::<CallError>());
        call.map(|call| (call.path.to_string(), call.kind))
    };
    let answered = async |body: String| {
        let mut fault = Fault::for_api("agent/get").times(1);
        fault.body = Some(body);
        node.sandbox.fault(fault).unwrap();
        corp.get::<Value>("agent/get", &()).await
    };
    for body in ["<html>", "ok", "", "[0]", "7"] {
        let error = answered(body.to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream);
        let malformed = ("agent/get".to_owned(), CallErrorKind::Malformed);
        assert_eq!(kind(&error), Some(malformed), "{body:?}");
    }
    let padded = |bytes: usize| format!(r#"{{"errcode":0}}{}"#, " ".repeat(bytes - 13));
    answered(padded(10 << 20)).await.unwrap();
    let error = answered(padded((10 << 20) + 1)).await.unwrap_err();
    assert_eq!(
        kind(&error),
        Some(("agent/get".to_owned(), CallErrorKind::TooLarge))
    );
    // A file.
    let file = UploadFile::new("a.txt", "hello, world").with_parameter("type", "file");
    let uploaded: Value = corp.upload("media/upload", file).await.unwrap();
    let media_id = uploaded["media_id"].as_str().unwrap();
    let error = corp
        .get::<Value>("media/get", &[("media_id", media_id)])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream);
    let malformed = ("media/get".to_owned(), CallErrorKind::Malformed);
    assert_eq!(kind(&error), Some(malformed));
    let error = corp
        .get::<Value>("media/get", &[("media_id", "nothing")])
        .await
        .unwrap_err();
    assert_eq!(error.errcode(), Some(40007));
    // Not of the caller's type.
    let user = node.user(0, 0);
    let error = corp
        .get::<Vec<String>>("user/get", &[("userid", &user)])
        .await
        .unwrap_err();
    assert_eq!(
        kind(&error),
        Some(("user/get".to_owned(), CallErrorKind::Malformed))
    );
}
