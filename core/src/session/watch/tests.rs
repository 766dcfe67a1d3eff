use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use tokio::sync::mpsc;

use super::*;
use crate::clock::ManualClock;
use crate::db::{Pool, Store};
use crate::domain::{CorpId, LoginType, Platform, Principal, Profile, SuiteId, WecomUserId};
use crate::session::fixture::insert_member;
use crate::session::{NewSession, SessionConfig, TokenSeed, rows};
use crate::vault::{DataKey, KeyRing};

struct Fixture {
    store: Store,
    sessions: Sessions,
    clock: ManualClock,
    _background_tasks: mpsc::UnboundedReceiver<crate::session::BackgroundTask>,
}

impl Fixture {
    async fn new() -> Self {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let keys = KeyRing::new(vec![DataKey::new([7; 32])]).unwrap();
        let clock = ManualClock::starting_now();
        let store = Store::open(database, Arc::new(clock.clone()), true)
            .await
            .unwrap();
        insert_member(&store, &principal()).await;
        let (sender, background_tasks) = mpsc::unbounded_channel();
        let sessions = Sessions::new(
            store.clone(),
            &keys,
            SessionConfig::default(),
            sender,
            tokio::runtime::Handle::current(),
        );
        Self {
            store,
            sessions,
            clock,
            _background_tasks: background_tasks,
        }
    }

    async fn login(&self) -> CurrentUser {
        let new_session = NewSession {
            principal: principal(),
            user_id: "1".to_owned(),
            instance: String::new(),
            platform: Platform::App,
            login_type: LoginType::Qr,
            profile: Profile::default(),
            attributes: crate::session::StoredAttributes::default(),
            member_epoch: 0,
            authorization_epoch: 0,
            visible_at: Timestamp::default(),
            revocation_seq: self.sessions.revocation_seq(),
            origin: crate::audit::LoginOrigin::HostApp,
            seed: TokenSeed::random(),
        };
        self.sessions.issue(new_session).await.unwrap().user
    }
}

fn principal() -> Principal {
    Principal::new(
        SuiteId::new("dkS").unwrap(),
        CorpId::new("ww1").unwrap(),
        WecomUserId::new("a").unwrap(),
    )
}

/// Whether it is still waited for, after everything that is ready has run.
async fn waits(ended: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    for _ in 0..100 {
        let polled =
            std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *ended).poll(cx)));
        if polled.await.is_ready() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

#[tokio::test]
async fn ended_wakes_at_the_revocation_of_a_session_that_left_the_cache() {
    let fixture = Fixture::new().await;
    let (user, other) = (fixture.login().await, fixture.login().await);
    let mut ended = Box::pin(user.ended());
    assert!(waits(&mut ended).await && user.is_live());
    fixture.sessions.flush();
    assert!(waits(&mut ended).await && user.is_live());
    let hash = user.session.token_hash;
    fixture.sessions.apply_session_revocation(&hash).await;
    ended.await;
    assert!(!user.is_live() && other.is_live());
}

#[tokio::test]
async fn ended_of_a_session_that_was_revoked_before_ends_at_once() {
    let fixture = Fixture::new().await;
    let user = fixture.login().await;
    // Left the cache, and was revoked so long ago that the revocation is forgotten.
    fixture.sessions.flush();
    let transaction = fixture.store.begin().await.unwrap();
    rows::delete(&transaction, user.session_id()).await.unwrap();
    transaction.commit().await.unwrap();
    user.ended().await;
    assert!(!user.is_live());
}

#[tokio::test]
async fn ended_wakes_at_a_newer_epoch_of_the_member_or_the_authorization() {
    let fixture = Fixture::new().await;
    let user = fixture.login().await;
    let ended = tokio::spawn(user.ended());
    fixture.sessions.apply_member_epoch(&principal(), 0, 1);
    ended.await.unwrap();
    assert!(!user.is_live());

    let fixture = Fixture::new().await;
    let user = fixture.login().await;
    let ended = tokio::spawn(user.ended());
    fixture
        .sessions
        .apply_authorization_epoch(user.suite_id(), user.corp_id(), 1);
    ended.await.unwrap();
}

#[tokio::test]
async fn ended_wakes_at_the_revocation_of_all_sessions() {
    let fixture = Fixture::new().await;
    let (watched, unwatched) = (fixture.login().await, fixture.login().await);
    let ended = tokio::spawn(watched.ended());
    let jump = "UPDATE wecom_authorization SET epoch = epoch + 1";
    let database = fixture.store.database();
    database.execute_unprepared(jump).await.unwrap();
    fixture.sessions.apply_revoke_all();
    assert!(!watched.is_live() && !unwatched.is_live());
    ended.await.unwrap();
}

#[tokio::test]
async fn ended_outlasts_a_revocation_of_all_sessions_that_arrives_late() {
    let fixture = Fixture::new().await;
    // It began after the revocation, of which this node reads only now.
    let user = fixture.login().await;
    let mut ended = Box::pin(user.ended());
    assert!(waits(&mut ended).await);
    fixture.sessions.apply_revoke_all();
    while !user.is_live() {
        assert!(waits(&mut ended).await);
    }
    assert!(waits(&mut ended).await);
}

#[tokio::test]
async fn ended_follows_the_idle_timeout_and_activity_on_other_nodes() {
    let fixture = Fixture::new().await;
    let user = fixture.login().await;
    let mut ended = Box::pin(user.ended());
    let hour = Duration::from_hours(1);
    for _ in 0..23 {
        fixture.clock.advance(hour);
    }
    assert!(waits(&mut ended).await && user.is_live());
    // Another node writes what it saw.
    let seen_at = fixture.store.now();
    rows::touch(fixture.store.database(), user.session_id(), seen_at)
        .await
        .unwrap();
    fixture.clock.advance(hour);
    // The database is asked, and the session goes on.
    tokio::time::timeout(Duration::from_secs(10), async {
        while user.last_seen_at() != seen_at {
            assert!(waits(&mut ended).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert!(waits(&mut ended).await && user.is_live());
    fixture.clock.advance(23 * hour);
    ended.await;
    assert!(!user.is_live());
}

#[tokio::test]
async fn ended_wakes_when_revocations_are_not_known_any_more() {
    let fixture = Fixture::new().await;
    let user = fixture.login().await;
    let ended = tokio::spawn(user.ended());
    fixture.sessions.set_stale(true);
    ended.await.unwrap();
    assert!(!user.is_live());
    fixture.sessions.set_stale(false);
    assert!(user.is_live());
}

#[tokio::test]
async fn sessions_that_nobody_holds_are_not_watched() {
    let fixture = Fixture::new().await;
    let user = fixture.login().await;
    drop(user.ended());
    assert_eq!(fixture.sessions.inner.watched.all().len(), 1);
    fixture.sessions.flush();
    drop(user);
    tokio::time::timeout(Duration::from_secs(10), async {
        while !fixture.sessions.inner.watched.all().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}
