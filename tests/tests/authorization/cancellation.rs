//! Cancellation: logins and sessions stop at once, the data is erased once WeCom confirms.

use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use serde_json::json;
use wecom_login::ManualClock;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, TestRequest, until};
use wecom_sandbox::Fault;

/// The tables that have rows of the corp, with the number of those rows.
async fn rows_of(node: &TestApp, corp: &str) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for (table, columns) in node.database.tables().await {
        let condition: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} = '{corp}'"))
            .collect();
        let count = format!(
            "SELECT COUNT(*) FROM {table} WHERE {}",
            condition.join(" OR ")
        );
        let count = node.number(&count).await;
        if count > 0 {
            found.push((table, count));
        }
    }
    found
}

/// What the host app is still to be told.
const NOTIFICATIONS: &str = "SELECT COUNT(*) FROM wecom_notification";
/// The tables that a corp is in whose end WeCom confirmed.
const REMAINING: [&str; 4] = [
    "wecom_audit",
    "wecom_authorization",
    "wecom_callback_record",
    "wecom_end",
];

/// The number of entries of the audit that name a member of the corp.
async fn audited_members(node: &TestApp, corp: &str) -> i64 {
    let corp = node.database.literal(corp);
    let entries = "SELECT COUNT(*) FROM wecom_audit WHERE user_id IS NOT NULL AND corp_id";
    node.number(&format!("{entries} = {corp}")).await
}

#[tokio::test]
async fn confirmed_cancellation_erases_all_data_of_the_corp() {
    let node = TestApp::builder().start().await;
    let (corp, other) = (node.install(0).await, node.install(1).await);
    let user = node.user(0, 0);
    let token = node.token_for_suite(SUITE, &corp, &user).await;
    let stays = node
        .log_in_to_suite(SUITE, &other, &node.user(1, 0))
        .await
        .json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let code = node.sandbox.code(&corp, &user).unwrap();
    let login_code = json!({"corpId": corp, "code": code});
    let answer = node
        .call(TestRequest::post("/First/getLoginCode").json(&login_code))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    node.set_organization_code(&corp, "company-one").await;
    let before = rows_of(&node, &corp).await;
    for table in [
        "access_token",
        "authorization",
        "login_code",
        "organization_code",
        "person",
        "session",
        "user",
    ] {
        let table = format!("wecom_{table}");
        assert!(
            before.iter().any(|(name, _)| *name == table),
            "{table} has no row to erase: {before:?}"
        );
    }
    let others = rows_of(&node, &other).await;

    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the authorization is cancelled", async || {
        node.authorization_status(SUITE, &corp).await == "cancelled"
    })
    .await;
    assert!(!node.is_valid(&token).await);
    let erased = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL AND agent_id IS NULL \
        AND corp_name = '' AND status = 'cancelled'";
    until("WeCom confirmed", async || node.number(erased).await == 1).await;
    until("the host app is told", async || {
        node.number(NOTIFICATIONS).await == 0
    })
    .await;
    let after: Vec<String> = rows_of(&node, &corp)
        .await
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    assert_eq!(
        after, REMAINING,
        "the audit of the corp, the cancelled authorization, the callback records, and the revocation for the other nodes \
         stay"
    );
    assert_eq!(audited_members(&node, &corp).await, 0);
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_callback_record WHERE payload IS NOT NULL")
            .await,
        0
    );
    assert_eq!(rows_of(&node, &other).await, others);
    assert!(node.is_valid(&stays).await);
    assert_eq!(node.hooks.count(&format!("cancelled: {corp}")), 1);
    let found = node
        .call(TestRequest::get("/getLoginConfigByCode?code=company-one"))
        .await;
    assert_eq!(found.problem(), (404, "ORG_CODE_NOT_FOUND".to_owned()));
    // The corp may authorize the app again. It is then a new authorization.
    node.install(0).await;
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    assert!(!node.is_valid(&token).await);
}

/// More rows than one statement deletes.
const MEMBERS: usize = 1_200;

/// A corp's members, each with a profile, a user and a session.
async fn populate(node: &TestApp, corp: &str) {
    let (suite, corp_id) = (node.database.literal(SUITE), node.database.literal(corp));
    let database = node.database.connect().await;
    let insert = async |into: &str, row: &dyn Fn(usize, &str) -> String| {
        let rows: Vec<String> = (0..MEMBERS)
            .map(|number| row(number, &node.database.literal(&format!("person-{number}"))))
            .map(|rest| format!("({suite}, {corp_id}, {rest})"))
            .collect();
        for some in rows.chunks(300) {
            let insert = format!("INSERT INTO {into} VALUES {}", some.join(", "));
            database.execute_unprepared(&insert).await.unwrap();
        }
    };
    let member =
        "wecom_person (suite_id, corp_id, user_id, epoch, name, avatar, email, mobile, created_at)";
    insert(member, &|number, user| {
        format!("{user}, 0, 'Person {number}', 'https://a/{number}', 'p{number}@a', '{number}', 0")
    })
    .await;
    let user = "wecom_user (suite_id, corp_id, user_id, local_id, created_at)";
    insert(user, &|number, user| format!("{user}, 'user-{number}', 0")).await;
    let session = "wecom_session (suite_id, corp_id, user_id, id, token_hash, local_id, instance, platform, \
        login_type, person_epoch, authorization_epoch, created_at, last_seen_at, expires_at)";
    let later = 4_000_000_000_000_i64;
    insert(session, &|number, user| {
        let hash = node.database.literal(&format!("{number:0>8}{corp:0>24.24}"));
        let times = format!("0, {later}, {later}");
        format!(
            "{user}, '{corp}-{number}', {hash}, 'user-{number}', 'auths.First', 'web', 'scan', 0, 1, {times}"
        )
    })
    .await;
}

/// The number of rows of the corp's members in each table.
async fn member_rows(node: &TestApp, corp: &str) -> [i64; 3] {
    let corp = node.database.literal(corp);
    let mut left = [0; 3];
    for (rows, table) in left.iter_mut().zip(["person", "user", "session"]) {
        *rows = node
            .number(&format!(
                "SELECT COUNT(*) FROM wecom_{table} WHERE corp_id = {corp}"
            ))
            .await;
    }
    left
}

#[tokio::test]
async fn large_corp_is_erased_completely_and_no_other_corp_is() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let (corp, other) = (node.install(0).await, node.install(1).await);
    for corp in [&corp, &other] {
        populate(&node, corp).await;
    }
    let stays = node.issue_session(SUITE, &other, "person-7").await;
    let others = rows_of(&node, &other).await;
    assert_eq!(member_rows(&node, &corp).await, [1_200; 3]);

    // The last deletion fails: the batches before it were committed on their own.
    node.database
        .execute("ALTER TABLE wecom_organization_code RENAME TO away")
        .await;
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the members of the corp are deleted", async || {
        member_rows(&node, &corp).await == [0; 3]
    })
    .await;
    let kept = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NOT NULL";
    assert_eq!(node.number(kept).await, 2, "WeCom can be asked again");
    node.database
        .execute("ALTER TABLE away RENAME TO wecom_organization_code")
        .await;
    until("the rest is deleted", async || {
        clock.advance(Duration::from_secs(5));
        node.number(kept).await == 1
    })
    .await;
    until("the host app is told", async || {
        node.number(NOTIFICATIONS).await == 0
    })
    .await;

    let after: Vec<String> = rows_of(&node, &corp)
        .await
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    assert_eq!(after, REMAINING);
    assert_eq!(rows_of(&node, &other).await, others);
    assert!(node.is_valid(&stays).await);
    assert_eq!(node.hooks.count(&format!("cancelled: {corp}")), 1);
}

#[tokio::test]
async fn unconfirmed_cancellation_stops_logins_and_keeps_the_permanent_code() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &user).await;
    node.sandbox
        .fault(Fault::for_api("service/v2/get_auth_info").http_status(502))
        .unwrap();
    let code = node.sandbox.code(&corp, &user).unwrap();
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the authorization is cancelled", async || {
        node.authorization_status(SUITE, &corp).await == "cancelled"
    })
    .await;
    assert!(!node.is_valid(&token).await);
    let answer = node.log_in_with_code(&corp, &code, Some(SUITE)).await;
    assert_eq!(answer.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NOT NULL")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn login_overtaken_by_a_cancellation_is_refused() {
    for (api, known) in [("user/get", false), ("auth/getuserinfo", true)] {
        let node = TestApp::builder().start().await;
        let corp = node.install(0).await;
        let user = node.user(0, 0);
        if known {
            node.token_for_suite(SUITE, &corp, &user).await;
        }
        // WeCom answers after the cancellation, as if it had not been.
        let mut slow = Fault::for_api(api).delay_ms(1_500);
        slow.body = Some(json!({"errcode": 0, "userid": user, "status": 1}).to_string());
        node.sandbox.fault(slow).unwrap();
        let asked = node.sandbox.calls(api);
        let code = node.sandbox.code(&corp, &user).unwrap();
        let (answer, ()) = tokio::join!(node.log_in_with_code(&corp, &code, Some(SUITE)), async {
            until("the login is under way", async || {
                node.sandbox.calls(api) > asked
            })
            .await;
            node.sandbox.cancel(&corp).await.unwrap();
            until("the authorization is cancelled", async || {
                node.authorization_status(SUITE, &corp).await == "cancelled"
            })
            .await;
        });
        println!("{api}: {}", answer.status);
        answer.assert_problem(403, "CORP_NOT_AUTHORIZED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authorization_that_was_cancelled_before_it_was_stored_stays_cancelled() {
    let transport = FaultyTransport::new();
    let client = transport.client();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(client))
        .start()
        .await;
    let corp = node.install(0).await;
    node.wait_until_done().await;
    let told = || node.hooks.count(&format!("authorized: {corp}"));
    until("the authorization is told", async || told() == 1).await;

    // The corp authorizes again, and cancels while WeCom's answer is under way.
    transport.hold_responses("service/v2/get_permanent_code");
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom has answered", async || {
        transport.held_responses() == 1
    })
    .await;
    node.sandbox.advance(Duration::from_secs(1));
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the authorization is cancelled", async || {
        node.authorization_status(SUITE, &corp).await == "cancelled"
    })
    .await;
    // The answer arrives, and what would say that the authorization has ended does not.
    transport.hold_responses("service/v2/get_auth_info");
    let codes = "SELECT secret_version FROM wecom_authorization";
    until("the permanent code is stored", async || {
        node.number(codes).await == 2
    })
    .await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "cancelled");
    let reviews = format!("{NOTIFICATIONS} WHERE kind = 'review'");
    assert_eq!(node.number(&reviews).await, 0);
    transport.release();
    node.wait_until_done().await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "cancelled");
    assert_eq!(told(), 1);
}
