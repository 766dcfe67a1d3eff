//! The exchange of an AuthCode for a permanent code.

use std::time::Duration;

use serde_json::json;
use url::Url;
use wecom_login::wecom::InstallState;
use wecom_login::{ManualClock, RecordStatus};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, TestRequest, send, until};
use wecom_sandbox::Fault;

const V2: &str = "service/v2/get_permanent_code";
const V1: &str = "service/get_permanent_code";

#[tokio::test]
async fn create_auth_before_the_first_suite_ticket_waits_for_it() {
    let node = TestApp::builder().without_push().start().await;
    node.sandbox
        .change_settings(json!({"ticketPeriodMs": 0}))
        .await
        .unwrap();
    node.sandbox
        .set_notify(&format!("http://{}/auth/notify", node.address()))
        .unwrap();
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("the record waits", async || {
        let record = node.records().await.remove(0);
        let hint = record.hint.unwrap_or_default();
        record.status == RecordStatus::Waiting
            && record.attempts > 0
            && hint.contains("suite_ticket")
    })
    .await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "none");
    assert_eq!(node.sandbox.calls("service/get_suite_token"), 0);
    node.sandbox.push_ticket(SUITE).await.unwrap();
    node.wait_until_active(SUITE, &corp).await;
    until("its record is done", async || {
        node.record_statuses("create_auth").await == ["succeeded"]
    })
    .await;
}

#[tokio::test]
async fn v1_api_is_tried_after_v2_refuses() {
    let node = TestApp::builder().start().await;
    node.sandbox
        .fault(Fault::for_api(V2).errcode(48002))
        .unwrap();
    node.install(0).await;
    assert_eq!((node.sandbox.calls(V2), node.sandbox.calls(V1)), (1, 1));
}

#[tokio::test]
async fn v1_api_is_not_tried_after_an_ambiguous_failure() {
    for (what, fault, answered) in [
        ("no answer", Fault::for_api(V2).errcode(-1), false),
        ("busy", Fault::for_api(V2).errcode(-1), true),
        (
            "a gateway's error",
            Fault::for_api(V2).http_status(502),
            true,
        ),
    ] {
        let transport = FaultyTransport::new();
        let node = TestApp::builder()
            .configure(|builder| builder.http_client(transport.client()))
            .start()
            .await;
        node.sandbox.fault(fault.times(1)).unwrap();
        if !answered {
            transport.drop_response(V2);
        }
        node.install(0).await;
        assert_eq!(
            (node.sandbox.calls(V2), node.sandbox.calls(V1)),
            (2, 0),
            "{what}: v2 again, and only v2"
        );
    }
}

#[tokio::test]
async fn lost_permanent_code_is_hinted_and_healed_by_a_reset() {
    let clock = ManualClock::starting_now();
    let transport = FaultyTransport::new();
    let client = transport.client();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(client).clock(clock.clone()))
        .start()
        .await;
    // WeCom uses the code up, and its response is lost.
    transport.drop_response(V2);
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    let record = async || {
        node.records()
            .await
            .into_iter()
            .find(|record| record.event == "create_auth")
            .unwrap()
    };
    until("the first try is over", async || {
        record().await.attempts == 1 && record().await.last_error.is_some()
    })
    .await;
    until("the second try is over", async || {
        clock.advance(Duration::from_secs(1));
        record().await.attempts == 2 && record().await.hint.is_some()
    })
    .await;
    assert_eq!(
        record().await.status,
        RecordStatus::Waiting,
        "another node may hold the answer: the record waits a minute"
    );
    until("the record failed", async || {
        clock.advance(Duration::from_secs(5));
        record().await.status == RecordStatus::Failed
    })
    .await;
    let failed = record().await;
    assert!(
        failed.hint.clone().unwrap().contains("重新获取secret"),
        "{failed:?}"
    );
    assert!(failed.last_error.unwrap().contains("permanent_code"));
    assert_eq!(
        (
            node.sandbox.calls(V1),
            node.authorization_status(SUITE, &corp).await.as_str()
        ),
        (0, "none")
    );
    // A reset of the secret, which the hint advises, heals the authorization.
    assert!(node.sandbox.reset_secret(&corp).await.unwrap().succeeded());
    node.wait_until_active(SUITE, &corp).await;
}

#[tokio::test]
async fn spent_auth_code_fails_at_once_with_a_hint() {
    let node = TestApp::builder().start().await;
    node.install(0).await;
    let spent = "s".repeat(64);
    let now = i64::MAX;
    let event = suite_event(SUITE, "create_auth", now, &[("AuthCode", &spent)]);
    node.notify_until_accepted(&node.push_builder.post(SUITE, &event))
        .await;
    until("the record failed", async || {
        node.record_statuses("create_auth").await[0] == "failed"
    })
    .await;
    let record = node.records().await.remove(0);
    assert!(record.hint.unwrap().contains("重新获取secret"));
    assert_eq!(
        node.sandbox.calls(V1),
        0,
        "40078 is the end, not a reason for v1"
    );
    let answer = node
        .login
        .service()
        .retry_callback(record.record_id)
        .await
        .unwrap_err();
    assert_eq!(
        answer.errcode(),
        Some(40078),
        "a manual retry returns WeCom's error"
    );
}

#[tokio::test]
async fn existing_authorization_is_imported() {
    let node = TestApp::builder().without_push().start().await;
    let corp = node.corp(0);
    // The corp authorized the suite before this service existed.
    let _ = node.sandbox.install(&corp).await.unwrap();
    node.start_pushing().await;
    let import = async |code: &str| {
        let ids = (
            wecom_login::SuiteId::new(SUITE).unwrap(),
            wecom_login::CorpId::new(&*corp).unwrap(),
        );
        node.login
            .admin()
            .import_authorization(&ids.0, &ids.1, wecom_login::PermanentCode::new(code), None)
            .await
    };
    let code = node.sandbox.permanent_code(&corp, SUITE).unwrap();
    import(&code).await.unwrap();
    until("WeCom named the app", async || {
        node.corp_summary(SUITE, &corp)
            .await
            .unwrap()
            .agent_id
            .is_some()
    })
    .await;
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(login.status, 200, "{:?}", login.json());
    let token = login.json()["token"].as_str().unwrap().to_owned();
    import(&code).await.unwrap();
    assert!(
        node.is_valid(&token).await,
        "a second import is the same authorization"
    );
    assert_eq!(
        import("  ").await.unwrap_err().kind(),
        wecom_login::ErrorKind::ApiParams
    );
}

#[tokio::test]
async fn older_code_replaces_no_newer_one_whatever_the_status() {
    for status in ["active", "held", "refused", "broken"] {
        let node = TestApp::builder().start().await;
        let corp = node.install(0).await;
        let table = "wecom_authorization";
        let mut newer = format!("event_time = event_time + 100, status = '{status}'");
        if node
            .database
            .columns(table)
            .await
            .contains(&"code_event_time".to_owned())
        {
            newer += ", code_event_time = code_event_time + 100";
        }
        node.database
            .execute(&format!("UPDATE {table} SET {newer}"))
            .await;
        let version = "SELECT secret_version FROM wecom_authorization";
        let before = node.number(version).await;
        assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
        until("the older authorization is exchanged", async || {
            node.sandbox.calls(V2) == 2
                && node.number("SELECT epoch FROM wecom_authorization").await > 1
        })
        .await;
        println!(
            "{status}: {} codes later",
            node.number(version).await - before
        );
        assert_eq!(node.number(version).await, before, "{status}");
    }
}

#[tokio::test]
async fn state_of_the_link_and_who_installed_are_given_to_the_hooks() {
    let node = TestApp::builder().provider().start().await;
    let (corp, suites) = (node.corp(0), [wecom_login::SuiteId::new(SUITE).unwrap()]);
    let (links, state) = (node.login.links(), InstallState::new("order7").unwrap());
    let link = links.authorization_link(&suites, &state).await.unwrap();
    let link = Url::parse(&link.url).unwrap();
    let key = link
        .query_pairs()
        .find(|(name, _)| name == "key")
        .unwrap()
        .1;
    let agreed = TestRequest::post(link.path())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("key={key}&corpId={corp}"));
    let sandbox = link.socket_addrs(|| None).unwrap()[0];
    assert_eq!(send(sandbox, &agreed).await.status, 200);
    node.wait_until_active(SUITE, &corp).await;
    let told = async |count: usize| {
        until("the hook is called", async || {
            node.hooks.authorized().len() == count
        })
        .await;
        let corp = node.hooks.authorized().remove(count - 1);
        (corp.state, corp.installed_by)
    };
    let administrator = wecom_login::WecomUserId::new(node.user(0, 0)).ok();
    let expected = (Some("order7".to_owned()), administrator);
    assert_eq!(told(1).await, expected);
    // A reset is of the same authorization.
    assert!(node.sandbox.reset_secret(&corp).await.unwrap().succeeded());
    assert_eq!(told(2).await, expected);
    assert!(node.database.contains("order7").await);
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    let erased = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL AND state IS NULL \
        AND installed_by IS NULL";
    until("WeCom confirmed", async || node.number(erased).await == 1).await;
}
