//! Events that name a corp and its members by encrypted ids, after both were stored under plain ones.

use wecom_login::{Platform, RecordStatus};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::push::app_event;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until};

use crate::{Migrated, migrated, migrated_with};

async fn ends_session(migrated: &Migrated) {
    until("the session is revoked", async || {
        !migrated.app.is_valid(&migrated.token).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_user_by_the_encrypted_id_ends_sessions_and_binding() {
    let migrated = migrated().await;
    let (app, open) = (&migrated.app, &migrated.open);
    assert!(app.is_valid(&migrated.token).await);
    let left = app
        .sandbox
        .leave(open, &migrated.open_person)
        .await
        .unwrap();
    assert!(left.succeeded(), "{left:?}");
    ends_session(&migrated).await;
    until("the record is done", async || {
        app.record_statuses("change_contact").await == ["succeeded"]
    })
    .await;
    let bound = app.number("SELECT COUNT(*) FROM wecom_user").await;
    assert_eq!(bound, 0, "the binding ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_user_by_the_plain_id_ends_sessions_of_a_moved_member() {
    let migrated = migrated().await;
    let (app, plain) = (&migrated.app, &migrated.plain);
    let token = app
        .token_for_suite(SUITE, &migrated.open, &migrated.open_person)
        .await;
    let fields = [
        ("ChangeType", "delete_user"),
        ("UserID", migrated.plain_person.as_str()),
    ];
    // Pushed before the migration, handled after it.
    let push = app.push_builder.post(
        plain,
        &app_event(plain, "change_contact", 1_700_000_000, &fields),
    );
    app.notify_until_accepted(&push).await;
    ends_session(&migrated).await;
    assert!(!app.is_valid(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsubscribe_by_the_encrypted_id_ends_sessions() {
    let migrated = migrated().await;
    let push = migrated
        .app
        .push_builder
        .unsubscribe(&migrated.open, &migrated.open_person);
    migrated.app.notify_until_accepted(&push).await;
    ends_session(&migrated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_user_by_the_encrypted_id_moves_the_binding() {
    let migrated = migrated().await;
    let (app, open) = (&migrated.app, &migrated.open);
    let fields = [
        ("ChangeType", "update_user"),
        ("UserID", migrated.open_person.as_str()),
        ("NewUserID", "woAnotherUserId"),
    ];
    let push = app.push_builder.post(
        open,
        &app_event(open, "change_contact", 1_700_000_000, &fields),
    );
    app.notify_until_accepted(&push).await;
    ends_session(&migrated).await;
    until("the record is done", async || {
        app.record_statuses("change_contact").await == ["succeeded"]
    })
    .await;
    let renamed = principal(SUITE, open, "woAnotherUserId");
    let issued = app
        .login
        .sessions()
        .issue(&renamed, Platform::App)
        .await
        .unwrap();
    assert_eq!(issued.user.user_id(), migrated.user_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn change_auth_by_the_encrypted_id_re_reads_the_authorization() {
    let migrated = migrated().await;
    let app = &migrated.app;
    let changed_at = "SELECT changed_at FROM wecom_authorization";
    let before = app.number(changed_at).await;
    assert!(
        app.sandbox
            .change(&migrated.open)
            .await
            .unwrap()
            .succeeded()
    );
    until("the record is done", async || {
        app.record_statuses("change_auth").await == ["succeeded"]
    })
    .await;
    assert!(app.number(changed_at).await > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_auth_by_the_encrypted_id_ends_the_corp() {
    let migrated = migrated().await;
    let app = &migrated.app;
    assert!(
        app.sandbox
            .cancel(&migrated.open)
            .await
            .unwrap()
            .succeeded()
    );
    ends_session(&migrated).await;
    until("the authorization is cancelled", async || {
        app.authorization_status(SUITE, &migrated.plain).await == "cancelled"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_auth_by_the_encrypted_id_is_of_the_same_corp() {
    let migrated = migrated().await;
    let app = &migrated.app;
    let request = app.corp_summary(SUITE, &migrated.plain).await.unwrap();
    app.set_organization_code(&migrated.plain, "acme").await;
    assert!(
        app.sandbox
            .install_suite(&migrated.open, SUITE)
            .await
            .unwrap()
            .succeeded()
    );
    until(
        "the sessions of the last authorization are revoked",
        async || !app.is_valid(&migrated.token).await,
    )
    .await;
    app.wait_until_active(SUITE, &migrated.plain).await;
    let corps = app.login.admin().corps().await.unwrap();
    assert_eq!(corps.len(), 1, "{corps:?}");
    assert_eq!(corps[0].corp_id, request.corp_id);
    assert_eq!(corps[0].org_code.as_deref(), Some("acme"));
    let login = app
        .log_in_to_suite(SUITE, &migrated.open, &migrated.open_person)
        .await
        .success();
    assert_eq!(login["userId"], migrated.user_id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_about_people_whom_wecom_is_asked_about_hold_up_no_other() {
    /// More than are worked on at the same time.
    const UNKNOWN: usize = 20;
    let transport = FaultyTransport::new();
    let client = transport.client();
    let builder = TestApp::builder()
        .provider()
        .configure(|builder| builder.http_client(client));
    let migrated = migrated_with(builder).await;
    let app = &migrated.app;
    let other = app
        .issue_session(SUITE, &migrated.plain, "stays-plain")
        .await;
    until("the other id of the corp is learnt", async || {
        let corp = app.corp_summary(SUITE, &migrated.plain).await;
        corp.is_some_and(|corp| !corp.aliases.is_empty())
    })
    .await;
    transport.hold_responses("batch/userid_to_openuserid");
    for number in 0..UNKNOWN {
        let unknown = format!("woUnknown{number}");
        let push = app.push_builder.unsubscribe(&migrated.open, &unknown);
        app.notify_until_accepted(&push).await;
    }
    until("WeCom is being asked", async || {
        transport.held_responses() > 0
    })
    .await;
    let push = app
        .push_builder
        .unsubscribe(&migrated.plain, &migrated.plain_person);
    app.notify_until_accepted(&push).await;
    ends_session(&migrated).await;
    assert!(transport.held_responses() > 0, "WeCom has not answered");
    assert!(app.is_valid(&other).await);
    transport.release();
    until("every record is done", async || {
        let records = app.records().await;
        let mut ends = records
            .iter()
            .filter(|record| record.event == "unsubscribe");
        ends.all(|record| record.status == RecordStatus::Succeeded)
    })
    .await;
}
