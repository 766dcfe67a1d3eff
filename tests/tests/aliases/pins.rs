//! Instances that are pinned to a corp by one of its ids.

use serde_json::json;
use wecom_login::element::{CodeLogin, InstanceConfig, InstanceName};
use wecom_login::{
    Builder, CorpId, Error, ErrorKind, OAuthCode, WecomLogin, WorkbenchLoginRequest,
};
use wecom_login_tests::app::{NodeConfig, SUITE};
use wecom_login_tests::auths::{self, CLOSED, COMPANY_A};
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::{TestApp, TestRequest};

use crate::{Migrated, migrated, migrated_with, set_ids};

/// An instance of the tests' suite that is pinned to a corp.
fn pinned(name: &str, corp_id: &str, provider: bool) -> InstanceConfig {
    let config = NodeConfig {
        provider,
        ..NodeConfig::default()
    };
    let suite = config.suites().remove(0);
    InstanceConfig::new(InstanceName::new(name).unwrap(), "Pinned", suite)
        .with_corp_id(CorpId::new(corp_id).unwrap())
}

fn with(instance: InstanceConfig) -> impl FnOnce(Builder) -> Builder {
    |builder| builder.instance(instance)
}

async fn log_in(migrated: &Migrated, node: &WecomLogin, corp_id: &str) -> Result<String, Error> {
    let code = migrated
        .app
        .sandbox
        .code_for_suite(&migrated.open, &migrated.open_person, SUITE)
        .unwrap();
    let request = WorkbenchLoginRequest::new(CorpId::new(corp_id).unwrap(), OAuthCode::new(code));
    let login = node.service().login_by_workbench(request).await?;
    Ok(login.user_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn inactive_pin_is_not_bypassed_by_the_other_id() {
    let migrated = migrated().await;
    for corp_id in [&migrated.plain, &migrated.open] {
        let closed = pinned("auths.Closed", corp_id, true).inactive();
        let node = migrated.app.second_handle_with(with(closed)).await;
        for asked in [&migrated.plain, &migrated.open] {
            let refused = log_in(&migrated, &node, asked).await.unwrap_err();
            assert_eq!(
                refused.kind(),
                ErrorKind::LoginDisabled,
                "pinned {corp_id}, asked {asked}"
            );
        }
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pin_that_must_be_resolved_and_cannot_fails_the_start() {
    let app = TestApp::builder().start().await;
    let closed = pinned("auths.Closed", "ww1234567890abcdef", false);
    for instance in [
        closed.clone().inactive(),
        closed.clone().with_code_login(CodeLogin::State),
    ] {
        let error = app.second_handle_error(with(instance)).await;
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.detail().contains("auths.Closed: corpId"),
            "{}",
            error.detail()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pin_that_is_not_resolved_is_warned_of_and_compared_as_written() {
    let lines = LogCapture::default();
    lines.record("wecom_login=warn");
    let migrated = migrated_with(TestApp::builder()).await;
    let node = migrated
        .app
        .second_handle_with(with(pinned("auths.Open", &migrated.plain, false)))
        .await;
    let log = lines.text();
    assert!(
        log.contains("the other id of the corp") && log.contains("auths.Open"),
        "{log}"
    );
    assert_eq!(
        log_in(&migrated, &node, &migrated.plain).await.unwrap(),
        migrated.user_id
    );
    let unknown = log_in(&migrated, &node, &migrated.open).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::CorpNotAuthorized);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pins_of_one_corp_fail_the_start() {
    let migrated = migrated().await;
    let error = migrated
        .app
        .second_handle_error(|builder| {
            builder
                .instance(pinned("auths.One", &migrated.plain, true).inactive())
                .instance(pinned("auths.Other", &migrated.open, true).inactive())
        })
        .await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.detail().contains("auths.Other"), "{}", error.detail());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_pin_plain_ids_serve_companies_with_encrypted_ones() {
    let app = TestApp::from_auths_directory()
        .authorized(&[])
        .start()
        .await;
    set_ids(&app, "encrypted").await;
    let index = |plain: &str| {
        // The pinned corps come first, in the order of the directory.
        let state = app.sandbox.state();
        let corps = state["corps"].as_array().unwrap().len();
        (0..corps)
            .find(|number| app.sandbox.user_ids(plain) == app.sandbox.user_ids(&app.corp(*number)))
    };
    let open = |plain: &str| app.corp(index(plain).unwrap());
    for plain in [COMPANY_A, CLOSED] {
        let delivery = app
            .sandbox
            .install_suite(plain, auths::SUITE)
            .await
            .unwrap();
        assert!(delivery.succeeded(), "{delivery:?}");
        app.wait_until_active(auths::SUITE, &open(plain)).await;
    }
    let log_in = async |spelling: &str, plain: &str| {
        let code = app.code(plain, &app.member(plain));
        let body = json!({"corpId": spelling, "code": code});
        app.send(TestRequest::post("/loginByWorkbench").json(&body))
            .await
    };
    for spelling in [COMPANY_A, open(COMPANY_A).as_str()] {
        let login = log_in(spelling, COMPANY_A).await.success();
        assert_eq!(login["corpId"], open(COMPANY_A).as_str(), "{login}");
        let me = app
            .send(TestRequest::get("/me").bearer(login["token"].as_str().unwrap()))
            .await
            .success();
        assert_eq!(me["session"]["instance"], "auths.QywxProxyCompanyA", "{me}");
    }
    for spelling in [CLOSED, open(CLOSED).as_str()] {
        let refused = log_in(spelling, CLOSED).await;
        assert_eq!(
            refused.problem(),
            (403, "LOGIN_DISABLED".to_owned()),
            "{spelling}"
        );
    }
    let config = app
        .send(TestRequest::get("/QywxProxyCompanyA/getLoginConfig"))
        .await
        .success();
    assert_eq!(config["corpId"], open(COMPANY_A).as_str());
}
