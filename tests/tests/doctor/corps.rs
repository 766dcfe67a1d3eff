//! Corps that are broken, switched off, or wait for an administrator.

use serde_json::Value;
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{CorpDecision, CorpId, SuiteId};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::{NodeConfig, SUITE};
use wecom_sandbox::Fault;

use super::{check, checks_of, says};

fn ids(corp: &str) -> (SuiteId, CorpId) {
    (SuiteId::new(SUITE).unwrap(), CorpId::new(corp).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn troubled_corps_are_named_with_what_helps() {
    let app = TestApp::builder().corps(5).start().await;
    let mut corps = Vec::new();
    for number in 0..5 {
        corps.push(app.install(number).await);
    }
    says(&check(&app, "corp").await, "ok", "5 corps", "");
    let admin = app.login.admin();

    app.sandbox
        .fault(Fault::for_api("service/v2/get_auth_info").errcode(40084))
        .unwrap();
    let (suite_id, broken) = ids(&corps[0]);
    admin.read_corp(&suite_id, &broken).await.unwrap();
    let held = ids(&corps[1]).1;
    admin
        .set_corp_decision(&suite_id, &held, CorpDecision::Defer)
        .await
        .unwrap();
    let set = async |corp: &str, columns: &str| {
        let id = app.database.bytes(corp);
        app.database
            .execute(&format!(
                "UPDATE wecom_authorization SET {columns} WHERE corp_id = {id}"
            ))
            .await;
    };
    set(&corps[2], "switched_off_at = 1700000000000").await;
    set(&corps[3], "end_held_at = 1700000000001").await;
    set(&corps[4], "agent_id = NULL").await;

    let found = checks_of(&app.login, "corp").await;
    let of = |corp: &str| -> Value {
        let mut of_corp = found.iter().filter(|check| check["subject"] == corp);
        let check = of_corp.next().unwrap().clone();
        assert_eq!(of_corp.next(), None);
        check
    };
    says(&of(&corps[0]), "fail", "40084", "重新获取secret");
    assert!(of(&corps[0])["since"].as_i64().unwrap() > 1_700_000_000_000);
    says(&of(&corps[1]), "warn", "waits for a decision", "decide");
    says(
        &of(&corps[2]),
        "fail",
        "switched the app off",
        "enable the app",
    );
    assert_eq!(of(&corps[2])["since"], 1_700_000_000_000_i64);
    says(&of(&corps[3]), "fail", "ended", "confirm_corp_end");
    assert_eq!(of(&corps[3])["since"], 1_700_000_000_001_i64);
    says(&of(&corps[4]), "warn", "agentId", "read");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_say_how_their_corp_is() {
    let app = TestApp::builder().start().await;
    let corp = app.install(0).await;
    says(&check(&app, "instance").await, "ok", "1 are authorized", "");
    let absent = app.corp(1);
    let suite = NodeConfig::default().suites().remove(0);
    let pinned = |name: &str, corp: &str| {
        let name = InstanceName::new(name).unwrap();
        InstanceConfig::new(name, "Pinned", suite.clone()).with_corp_id(CorpId::new(corp).unwrap())
    };
    let login = app
        .second_handle_with(|builder| {
            builder
                .instance(pinned("auths.Here", &corp))
                .instance(pinned("auths.Absent", &absent))
        })
        .await;
    let of = async |instance: &str| {
        let found = checks_of(&login, "instance").await;
        let of_instance = found.into_iter().find(|check| check["subject"] == instance);
        of_instance.unwrap()
    };
    says(&of("auths.Here").await, "ok", "is authorized", "");
    says(
        &of("auths.Absent").await,
        "warn",
        "not authorized",
        "authorization link",
    );
    app.sandbox
        .fault(Fault::for_api("service/v2/get_auth_info").errcode(40084))
        .unwrap();
    let (suite_id, corp_id) = ids(&corp);
    app.login
        .admin()
        .read_corp(&suite_id, &corp_id)
        .await
        .unwrap();
    says(&of("auths.Here").await, "fail", "broken", "read");
    login.shutdown().await;
    app.stop().await;
}
