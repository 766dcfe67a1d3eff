//! The idle timeout counts the use of a session on every node.

use std::time::Duration;

use wecom_login::{
    Builder, Clock as _, CurrentUser, ManualClock, Platform, SessionConfig, WecomLogin,
};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::{TestApp, until};

const MINUTE: Duration = Duration::from_mins(1);
/// A touch is stored at most once per 1/96 of the idle timeout: once a minute here.
const IDLE: Duration = Duration::from_mins(96);

/// A short idle timeout, a long time in the cache, and a clock that the test advances.
fn short_idle_timeout(clock: &ManualClock) -> impl Fn(Builder) -> Builder + '_ {
    move |builder| {
        let mut settings = SessionConfig::default().with_idle_timeout(IDLE);
        settings.cache_idle = Duration::from_hours(100);
        builder.clock(clock.clone()).sessions(settings)
    }
}

/// A request that the node has to accept.
async fn use_session(login: &WecomLogin, token: &str) {
    until("the session is used", async || {
        login
            .verify_token(token.as_bytes())
            .resolve()
            .await
            .is_ok_and(|verified| verified.is_some())
    })
    .await;
}

/// The stored `last_seen_at` of a session.
async fn last_seen_at(node: &TestApp, user: &CurrentUser) -> i64 {
    node.number(&format!(
        "SELECT last_seen_at FROM wecom_session WHERE id = '{}'",
        user.session_id()
    ))
    .await
}

async fn until_touch_is_stored(node: &TestApp, user: &CurrentUser, clock: &ManualClock) {
    let now = clock.now().as_millis();
    until("the touch is stored", async || {
        last_seen_at(node, user).await == now
    })
    .await;
}

async fn set_last_seen_at(node: &TestApp, user: &CurrentUser, at: i64) {
    let (database, id) = (&node.database, user.session_id());
    database
        .execute(&format!(
            "UPDATE wecom_session SET last_seen_at = {at} WHERE id = '{id}'"
        ))
        .await;
}

async fn log_in(login: &WecomLogin, corp: &str, member: &str) -> (CurrentUser, String) {
    let who = principal(SUITE, corp, member);
    let issued = login.sessions().issue(&who, Platform::App).await.unwrap();
    (issued.user, issued.token.expose().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn session_used_on_another_node_is_not_idle() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder()
        .configure(short_idle_timeout(&clock))
        .start()
        .await;
    let (corp, member) = (node.install(0).await, node.user(0, 0));
    let other = node.second_handle_with(short_idle_timeout(&clock)).await;
    let mut token = String::new();
    // A node shares the load of a session for two seconds. A round that takes longer does not reach that case.
    for _ in 0..10 {
        let (user, of_round) = log_in(&other, &corp, &member).await;
        assert!(
            node.is_valid(&of_round).await,
            "this node has the session in its cache"
        );
        clock.advance(IDLE - MINUTE);
        use_session(&other, &of_round).await;
        until_touch_is_stored(&node, &user, &clock).await;
        clock.advance(2 * MINUTE);
        assert!(
            node.is_valid(&of_round).await,
            "the cache of this node saw no use for 97 minutes"
        );
        token = of_round;
    }
    clock.advance(IDLE);
    assert!(!node.is_valid(&token).await, "used nowhere");
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_with_unwritten_touch_is_not_deleted_as_idle() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder()
        .configure(short_idle_timeout(&clock))
        .start()
        .await;
    let corp = node.install(0).await;
    let (user, token) = log_in(&node.login, &corp, &node.user(0, 0)).await;
    let (long_idle, _) = log_in(&node.login, &corp, &node.user(0, 1)).await;
    let begun = clock.now();
    clock.advance(IDLE - MINUTE);
    use_session(&node.login, &token).await;
    until_touch_is_stored(&node, &user, &clock).await;
    // The touch of `user` is not stored yet. `long_idle` has been idle for 90 seconds more.
    set_last_seen_at(&node, &user, begun.as_millis()).await;
    set_last_seen_at(&node, &long_idle, begun.as_millis() - 90_000).await;
    clock.advance(MINUTE + Duration::from_secs(90));

    // A node that starts runs housekeeping at once if it is due.
    node.database
        .execute("UPDATE wecom_housekeeping SET due_at = 0")
        .await;
    let cleaner = node.second_handle_with(short_idle_timeout(&clock)).await;
    let rows = async |user: &CurrentUser| {
        let id = user.session_id();
        node.number(&format!(
            "SELECT COUNT(*) FROM wecom_session WHERE id = '{id}'"
        ))
        .await
    };
    until("housekeeping has run", async || rows(&long_idle).await == 0).await;
    assert_eq!(rows(&user).await, 1, "its use may still be written");
    use_session(&node.login, &token).await;
    until_touch_is_stored(&node, &user, &clock).await;
    use_session(&cleaner, &token).await;
    cleaner.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_touch_does_not_move_last_seen_back() {
    let clock = ManualClock::starting_now();
    let late = ManualClock::new(clock.now());
    let node = TestApp::builder()
        .configure(short_idle_timeout(&clock))
        .start()
        .await;
    let (corp, member) = (node.install(0).await, node.user(0, 0));
    let other = node.second_handle_with(short_idle_timeout(&late)).await;
    // Before that, the other node may reload the session and see the later touch.
    node.wait_until_following(&other).await;
    let (user, token) = log_in(&node.login, &corp, &member).await;
    let (mark, of_mark) = log_in(&node.login, &corp, &member).await;
    for token in [&token, &of_mark] {
        use_session(&other, token).await;
    }
    clock.advance(10 * MINUTE);
    use_session(&node.login, &token).await;
    until_touch_is_stored(&node, &user, &clock).await;

    late.advance(5 * MINUTE);
    use_session(&other, &token).await;
    // A node stores touches one after the other: once that of `mark` is stored, that of `user` was tried.
    use_session(&other, &of_mark).await;
    until_touch_is_stored(&node, &mark, &late).await;
    assert_eq!(last_seen_at(&node, &user).await, clock.now().as_millis());
    other.shutdown().await;
}
