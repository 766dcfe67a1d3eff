//! The idle timeout counts the use of a session on every node.

use std::time::Duration;

use wecom_login::{
    Builder, Clock as _, CurrentUser, ManualClock, Platform, SessionConfig, WecomLogin,
};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::{TestApp, until};

const MINUTE: Duration = Duration::from_mins(1);
/// A use is written down at most once a minute, which is 1/96 of it.
const IDLE: Duration = Duration::from_mins(96);

/// Sessions that are idle soon and stay in memory for long, on a clock that is moved.
fn idle_soon(clock: &ManualClock) -> impl Fn(Builder) -> Builder + '_ {
    move |builder| {
        let mut settings = SessionConfig::default().with_idle_timeout(IDLE);
        settings.cache_idle = Duration::from_hours(100);
        builder.clock(clock.clone()).sessions(settings)
    }
}

/// A request to a node that has to let it in.
async fn use_it(login: &WecomLogin, token: &str) {
    until("the session is used", async || {
        login
            .verify_token(token.as_bytes())
            .resolve()
            .await
            .is_ok_and(|verified| verified.is_some())
    })
    .await;
}

/// When a session was used last, by what is written.
async fn written(node: &TestApp, user: &CurrentUser) -> i64 {
    node.number(&format!(
        "SELECT last_seen_at FROM wecom_session WHERE id = '{}'",
        user.session_id()
    ))
    .await
}

async fn until_written(node: &TestApp, user: &CurrentUser, clock: &ManualClock) {
    let now = clock.now().as_millis();
    until("the touch is stored", async || {
        written(node, user).await == now
    })
    .await;
}

/// Sets when a session was used last.
async fn write(node: &TestApp, user: &CurrentUser, at: i64) {
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
        .configure(idle_soon(&clock))
        .start()
        .await;
    let (corp, member) = (node.install(0).await, node.user(0, 0));
    let other = node.second_handle_with(idle_soon(&clock)).await;
    let mut token = String::new();
    // What was read is believed for two seconds: in a round that takes longer there is nothing to trip over.
    for _ in 0..10 {
        let (user, of_round) = log_in(&other, &corp, &member).await;
        assert!(node.is_valid(&of_round).await, "it is in memory here");
        clock.advance(IDLE - MINUTE);
        use_it(&other, &of_round).await;
        until_written(&node, &user, &clock).await;
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
        .configure(idle_soon(&clock))
        .start()
        .await;
    let corp = node.install(0).await;
    let (user, token) = log_in(&node.login, &corp, &node.user(0, 0)).await;
    let (long_idle, _) = log_in(&node.login, &corp, &node.user(0, 1)).await;
    let begun = clock.now();
    clock.advance(IDLE - MINUTE);
    use_it(&node.login, &token).await;
    until_written(&node, &user, &clock).await;
    // The one's use is still on its way to the database; the other was idle a minute and a half longer.
    write(&node, &user, begun.as_millis()).await;
    write(&node, &long_idle, begun.as_millis() - 90_000).await;
    clock.advance(MINUTE + Duration::from_secs(90));

    // Whoever starts keeps house at once, if it is its turn.
    node.database
        .execute("UPDATE wecom_housekeeping SET due_at = 0")
        .await;
    let cleaner = node.second_handle_with(idle_soon(&clock)).await;
    let rows = async |user: &CurrentUser| {
        let id = user.session_id();
        node.number(&format!(
            "SELECT COUNT(*) FROM wecom_session WHERE id = '{id}'"
        ))
        .await
    };
    until("housekeeping has run", async || rows(&long_idle).await == 0).await;
    assert_eq!(rows(&user).await, 1, "its use may still be written");
    use_it(&node.login, &token).await;
    until_written(&node, &user, &clock).await;
    use_it(&cleaner, &token).await;
    cleaner.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_touch_does_not_move_last_seen_back() {
    let clock = ManualClock::starting_now();
    let late = ManualClock::new(clock.now());
    let node = TestApp::builder()
        .configure(idle_soon(&clock))
        .start()
        .await;
    let (corp, member) = (node.install(0).await, node.user(0, 0));
    let other = node.second_handle_with(idle_soon(&late)).await;
    // Until then it may read anew, and would know of the later use.
    node.wait_until_following(&other).await;
    let (user, token) = log_in(&node.login, &corp, &member).await;
    let (mark, of_mark) = log_in(&node.login, &corp, &member).await;
    for token in [&token, &of_mark] {
        use_it(&other, token).await;
    }
    clock.advance(10 * MINUTE);
    use_it(&node.login, &token).await;
    until_written(&node, &user, &clock).await;

    late.advance(5 * MINUTE);
    use_it(&other, &token).await;
    // A node writes one use after the other.
    use_it(&other, &of_mark).await;
    until_written(&node, &mark, &late).await;
    assert_eq!(written(&node, &user).await, clock.now().as_millis());
    other.shutdown().await;
}
