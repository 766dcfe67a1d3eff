//! The end of an authorization that WeCom refuses: asked twice, limited, undone by contrary answers; and what a corp finds
//! that comes back.

use std::time::Duration;

use serde_json::json;
use wecom_login::{ErrorKind, ManualClock, Platform, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::{TestApp, TestRequest, until, until_mut};
use wecom_sandbox::Fault;

const AUTH_INFO: &str = "service/v2/get_auth_info";
const DAY: Duration = Duration::from_secs(24 * 3600 + 60);
const PERMANENT_CODES: &str =
    "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NOT NULL";

fn not_authorized() -> Fault {
    Fault::for_api(AUTH_INFO).errcode(48004)
}

/// An answer of WeCom as if the authorization was in force.
fn stale_confirmation(corp: &str) -> Fault {
    let mut fault = Fault::for_api(AUTH_INFO).times(1);
    let answer = json!({
        "errcode": 0, "errmsg": "ok",
        "auth_corp_info": {"corpid": corp, "corp_name": "Still there"},
        "auth_info": {"agent": [{"agentid": 1_000_002}]},
    });
    fault.body = Some(answer.to_string());
    fault
}

async fn count(node: &TestApp, status: &str) -> usize {
    let corps = node.login.admin().corps().await.unwrap();
    let of_status = |corp: &&wecom_login::CorpSummary| json!(corp.status) == json!(status);
    corps.iter().filter(of_status).count()
}

/// The user ids of a corp's members who can log in, in an order of their own.
async fn user_ids(node: &TestApp, corp: &str) -> Vec<String> {
    let members = [
        node.sandbox.user_ids(corp)[0].clone(),
        node.sandbox.user_ids(corp)[1].clone(),
        node.special_member(corp, "linked"),
    ];
    let mut ids = Vec::new();
    for member in members {
        let login = node.log_in_to_suite(SUITE, corp, &member).await.success();
        ids.push(login["userId"].as_str().unwrap().to_owned());
    }
    ids
}

async fn corp_of_code(node: &TestApp, code: &str) -> u16 {
    let path = format!("/getLoginConfigByCode?code={code}");
    node.call(TestRequest::get(path)).await.status
}

/// The corp cancels; waits until its data is erased.
async fn cancel(node: &TestApp, corp: &str) {
    assert!(node.sandbox.cancel(corp).await.unwrap().succeeded());
    until("WeCom confirmed the end", async || {
        node.number(PERMANENT_CODES).await == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn daily_reads_refused_for_seconds_erase_no_corp() {
    const CORPS: usize = 50;
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().corps(CORPS).clock(&clock).start().await;
    let mut corps = Vec::new();
    for number in 0..CORPS {
        corps.push(node.install(number).await);
    }
    let user_id = node
        .log_in_to_suite(SUITE, &corps[7], &node.user(7, 0))
        .await
        .success()["userId"]
        .clone();
    node.set_organization_code(&corps[7], "company-seven").await;
    node.sandbox.fault(not_authorized()).unwrap();
    clock.advance(DAY);
    until("every authorization was read", async || {
        count(&node, "active").await == 0
    })
    .await;
    node.sandbox.clear_faults();
    println!(
        "{} permanent codes of {CORPS} are left, {} corps are cancelled",
        node.number(PERMANENT_CODES).await,
        count(&node, "cancelled").await
    );
    assert_eq!(count(&node, "broken").await, CORPS);
    assert_eq!(node.number(PERMANENT_CODES).await, 50);
    let code = node.sandbox.code(&corps[7], &node.user(7, 0)).unwrap();
    node.log_in_with_code(&corps[7], &code, Some(SUITE))
        .await
        .assert_problem(403, "CORP_NOT_AUTHORIZED");
    let broken = node.corp_summary(SUITE, &corps[7]).await.unwrap();
    assert_eq!(broken.broken_by, Some(48004));
    until("every authorization is active again", async || {
        clock.advance(Duration::from_secs(30));
        count(&node, "active").await == CORPS
    })
    .await;
    let login = node.log_in_with_code(&corps[7], &code, Some(SUITE)).await;
    assert_eq!(login.success()["userId"], user_id);
    assert_eq!(corp_of_code(&node, "company-seven").await, 200);
    for corp in &corps {
        assert_eq!(node.hooks.count(&format!("cancelled: {corp}")), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_before_the_first_good_read_is_no_end() {
    let node = TestApp::builder().start().await;
    node.sandbox.fault(not_authorized().times(1)).unwrap();
    let corp = node.corp(0);
    node.sandbox.install(&corp).await.unwrap();
    until("the record is done", async || {
        node.record_statuses("create_auth").await == ["succeeded"]
    })
    .await;
    node.wait_until_active(SUITE, &corp).await;
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(login.status, 200, "{:?}", login.json());
    assert_eq!(node.hooks.count(&format!("cancelled: {corp}")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stale_answer_does_not_undo_a_cancellation() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let reads = node.sandbox.calls(AUTH_INFO);
    node.sandbox.fault(stale_confirmation(&corp)).unwrap();
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("WeCom was asked", async || {
        node.sandbox.calls(AUTH_INFO) > reads
    })
    .await;
    node.wait_until_done().await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "cancelled");
    until("the end is confirmed", async || {
        clock.advance(Duration::from_secs(15));
        node.number(PERMANENT_CODES).await == 0
    })
    .await;
    assert_eq!(
        node.hooks.count(&format!("wants in: {corp}")),
        1,
        "the corp does not come back in between"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn corp_that_comes_back_after_a_second_keeps_user_ids_and_organization_code() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let before = user_ids(&node, &corp).await;
    node.set_organization_code(&corp, "Company-One").await;
    cancel(&node, &corp).await;
    assert_eq!(corp_of_code(&node, "company-one").await, 404);
    node.install(0).await;
    let after = user_ids(&node, &corp).await;
    let kept = before.iter().filter(|id| after.contains(id)).count();
    println!("{kept} of {} user ids kept", before.len());
    assert_eq!(after, before);
    assert_eq!(corp_of_code(&node, "company-one").await, 200);
    let corp = node.corp_summary(SUITE, &corp).await.unwrap();
    assert_eq!(corp.org_code.as_deref(), Some("Company-One"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fourth_end_without_cancel_auth_waits_for_an_administrator() {
    let lines = LogCapture::default();
    lines.record("wecom_login=error");
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().corps(5).clock(&clock).start().await;
    // The ends of all nodes are counted together.
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    for number in 0..5 {
        node.install(number).await;
    }
    node.sandbox.fault(not_authorized()).unwrap();
    clock.advance(DAY);
    until("every authorization was read", async || {
        count(&node, "broken").await == 5
    })
    .await;
    assert_eq!(node.number(PERMANENT_CODES).await, 5, "asked once");
    // WeCom still says so.
    let held = async || {
        let corps = node.login.admin().corps().await.unwrap();
        corps
            .iter()
            .filter(|corp| corp.end_held_since.is_some())
            .count()
    };
    // All within the hour in which three may end, however slow the machine is.
    let mut minutes = 0;
    until_mut("the ends are carried out or held", async || {
        if minutes < 40 {
            minutes += 1;
            clock.advance(Duration::from_mins(1));
        }
        count(&node, "cancelled").await + held().await == 5
    })
    .await;
    // Nor does the time go on for those that are held.
    let reads = node.sandbox.calls(AUTH_INFO);
    until("the corps that are left were read again", async || {
        clock.advance(Duration::from_hours(6));
        node.sandbox.calls(AUTH_INFO) >= reads + 4
    })
    .await;
    println!("{} corps of 5 are left", node.number(PERMANENT_CODES).await);
    assert_eq!(node.number(PERMANENT_CODES).await, 2);
    assert_eq!(count(&node, "cancelled").await, 3);
    let corps = node.login.admin().corps().await.unwrap();
    let held: Vec<_> = corps
        .iter()
        .filter(|corp| corp.end_held_since.is_some())
        .collect();
    assert_eq!(held.len(), 2);
    let log = lines.text();
    assert!(
        log.contains("ERROR") && log.contains("AdminService::confirm_corp_end"),
        "{log}"
    );
    assert!(held.iter().all(|corp| corp.broken_by == Some(48004)));
    let (confirmed, back) = (held[0].corp_id.clone(), held[1].corp_id.clone());
    let suite_id = SuiteId::new(SUITE).unwrap();
    let admin = node.login.admin();
    admin.confirm_corp_end(&suite_id, &confirmed).await.unwrap();
    assert_eq!(node.number(PERMANENT_CODES).await, 1);
    let hook = format!("cancelled: {confirmed}");
    until("the host app is told", async || {
        node.hooks.count(&hook) == 1
    })
    .await;
    // WeCom takes back what it said of the other one, and says so twice.
    let reads = node.sandbox.calls(AUTH_INFO);
    node.sandbox.clear_faults();
    until("the end is undone", async || {
        clock.advance(Duration::from_mins(5));
        node.authorization_status(SUITE, back.as_str()).await == "active"
    })
    .await;
    assert!(node.sandbox.calls(AUTH_INFO) >= reads + 2);
    let refused = admin.confirm_corp_end(&suite_id, &back).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CorpNotAuthorized);
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corp_that_comes_back_too_late_is_a_new_one() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let before = user_ids(&node, &corp).await;
    node.set_organization_code(&corp, "company-one").await;
    cancel(&node, &corp).await;
    let departed = "SELECT COUNT(*) FROM wecom_departed_member";
    assert_eq!(node.number(departed).await, 3);
    clock.advance(Duration::from_secs(30 * 86_400 + 1));
    until("housekeeping deleted what was left", async || {
        clock.advance(Duration::from_mins(10));
        node.number(departed).await == 0
            && node
                .number("SELECT COUNT(*) FROM wecom_departed_corp")
                .await
                == 0
    })
    .await;
    node.install(0).await;
    let after = user_ids(&node, &corp).await;
    assert!(before.iter().all(|id| !after.contains(id)), "{after:?}");
    assert_eq!(corp_of_code(&node, "company-one").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn member_of_a_corp_that_came_back_may_log_in_late_and_may_leave() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let before = user_ids(&node, &corp).await;
    cancel(&node, &corp).await;
    node.install(0).await;
    // One leaves before the first login after the return.
    let (stays, leaves) = (node.user(0, 0), node.user(0, 1));
    node.sandbox.leave(&corp, &leaves).await.unwrap();
    until("the departure is done", async || {
        node.record_statuses("change_contact").await == ["succeeded"]
    })
    .await;
    clock.advance(Duration::from_secs(40 * 86_400));
    clock.advance(Duration::from_mins(10));
    let login = node.log_in_to_suite(SUITE, &corp, &stays).await.success();
    assert_eq!(login["userId"], before[0].as_str(), "40 days later");
    let who = wecom_login_tests::app::principal(SUITE, &corp, &leaves);
    let issued = node.login.sessions().issue(&who, Platform::App).await;
    assert_ne!(
        issued.unwrap().user.user_id(),
        before[1],
        "the same userid is a new person"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellation_that_wecom_contradicts_twice_is_undone() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    let time = node
        .number("SELECT event_time FROM wecom_authorization")
        .await;
    let cancels = suite_event(SUITE, "cancel_auth", time + 1, &[("AuthCorpId", &corp)]);
    let reads = node.sandbox.calls(AUTH_INFO);
    node.notify_until_done(&node.push_builder.post(SUITE, &cancels), "cancel_auth")
        .await;
    until("WeCom was asked", async || {
        node.sandbox.calls(AUTH_INFO) > reads
    })
    .await;
    assert!(!node.is_valid(&token).await);
    until("the cancellation is undone", async || {
        clock.advance(Duration::from_secs(15));
        node.authorization_status(SUITE, &corp).await == "active"
    })
    .await;
    assert!(
        node.sandbox.calls(AUTH_INFO) >= reads + 2,
        "one answer is not enough"
    );
}
