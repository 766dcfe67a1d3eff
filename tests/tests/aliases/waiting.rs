//! Events of corps that no authorization bears.

use std::time::Duration;

use wecom_login::ManualClock;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::{TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn event_of_an_unknown_corp_is_ignored_after_a_day() {
    let clock = ManualClock::starting_now();
    let app = TestApp::builder().clock(&clock).start().await;
    let cancel = suite_event(
        SUITE,
        "cancel_auth",
        1_900_000_000,
        &[("AuthCorpId", "wpNobodyKnowsThisOne")],
    );
    app.notify_until_accepted(&app.push_builder.post(SUITE, &cancel))
        .await;
    let record = async || {
        let records = app.records().await;
        records
            .into_iter()
            .find(|record| record.event == "cancel_auth")
            .unwrap()
    };
    until("the event was tried", async || {
        record().await.last_error.is_some()
    })
    .await;
    let waits = async || {
        until("the event waits", async || {
            app.record_statuses("cancel_auth").await == ["waiting"]
        })
        .await;
    };
    waits().await;
    assert!(record().await.hint.unwrap().contains("administrator"));
    assert_eq!(app.hooks.unhandled().len(), 0);
    clock.advance(Duration::from_hours(23));
    until("the event was tried again", async || {
        clock.advance(Duration::from_secs(1));
        let record = record().await;
        record.attempts > 1 && record.last_error.is_some()
    })
    .await;
    waits().await;
    clock.advance(Duration::from_hours(1));
    until("the event is ignored", async || {
        clock.advance(Duration::from_mins(1));
        app.record_statuses("cancel_auth").await == ["ignored"]
    })
    .await;
    until("the host app is told", async || {
        app.hooks.unhandled().len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_before_its_corp_is_known_is_carried_out_later() {
    let app = TestApp::builder().start().await;
    let corp = app.corp(0);
    let change = suite_event(
        SUITE,
        "change_auth",
        1_700_000_000,
        &[("AuthCorpId", &corp)],
    );
    app.notify_until_accepted(&app.push_builder.post(SUITE, &change))
        .await;
    until("the event waits", async || {
        let records = app.records().await;
        records
            .iter()
            .any(|record| record.event == "change_auth" && record.last_error.is_some())
    })
    .await;
    app.install(0).await;
    until("the event is done", async || {
        app.record_statuses("change_auth").await == ["succeeded"]
    })
    .await;
}
