//! One AuthCode sent by two nodes. The first node loses its lease while WeCom's response is in flight, and WeCom tells
//! the second one that the code is used. The authorization must not be lost.

use std::time::Duration;

use wecom_login::CallbackRecord;
use wecom_login::{ManualClock, NotifyRequest, RecordStatus, WecomLogin};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until};

const V2: &str = "service/v2/get_permanent_code";
const V1: &str = "service/get_permanent_code";
const SECOND: Duration = Duration::from_secs(1);

/// WeCom's response to the first node is held back, and the other node has sent the code again.
struct SentTwice {
    node: TestApp,
    /// The transport of the first node.
    transport: FaultyTransport,
    other: WecomLogin,
    /// The clock of both nodes. It stands still, so no lease is renewed and nothing becomes due by itself.
    clock: ManualClock,
    corp: String,
}

impl SentTwice {
    async fn begin() -> Self {
        let (clock, transport) = (ManualClock::starting_now(), FaultyTransport::new());
        let change = |builder: wecom_login::Builder| {
            builder.clock(clock.clone()).http_client(transport.client())
        };
        let node = TestApp::builder().configure(change).start().await;
        let corp = node.corp(0);
        transport.hold_responses(V2);
        assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
        until("WeCom has answered", async || {
            transport.held_responses() == 1
        })
        .await;
        let lapse = "UPDATE wecom_callback_record SET lease_until = 0 WHERE event = 'create_auth'";
        node.database.execute(lapse).await;
        let other = node
            .second_handle_with(|builder| builder.clock(clock.clone()))
            .await;
        let refused =
            "SELECT COUNT(*) FROM wecom_callback_record WHERE attempts = 2 AND errcode = 40078";
        until("the other node gets errcode 40078", async || {
            node.number(refused).await == 1
        })
        .await;
        Self {
            node,
            transport,
            other,
            clock,
            corp,
        }
    }

    async fn record(&self) -> CallbackRecord {
        self.node
            .records()
            .await
            .into_iter()
            .find(|record| record.event == "create_auth")
            .unwrap()
    }

    /// Makes the other node poll for due records, and waits until it has.
    async fn poll(&self) {
        for nobody in ["wwnobody0000000001", "wwnobody0000000002"] {
            let event = suite_event(
                SUITE,
                "change_auth",
                1_700_000_000,
                &[("AuthCorpId", nobody)],
            );
            let push = self.node.push_builder.post(SUITE, &event);
            until("the push is accepted", async || {
                self.other
                    .service()
                    .notify(NotifyRequest::post(&push.query, push.body.clone()))
                    .await
                    .status
                    == 200
            })
            .await;
            // Due records are claimed in order, and `create_auth` comes before this one, which waits for its corp to be known.
            until("the record was tried", async || {
                let records = self.node.records().await;
                records
                    .iter()
                    .filter(|record| record.event == "change_auth")
                    .all(|record| record.last_error.is_some())
            })
            .await;
        }
    }

    /// Releases the response. The authorization is then as if one node alone had sent the code.
    async fn assert_authorized_after_release(self) {
        self.transport.release();
        let (node, corp) = (&self.node, &self.corp);
        node.wait_until_active(SUITE, corp).await;
        let login = node.log_in_to_suite(SUITE, corp, &node.user(0, 0)).await;
        assert_eq!(login.status, 200, "{:?}", login.json());
        until("its record is done", async || {
            self.clock.advance(SECOND);
            node.record_statuses("create_auth").await == ["succeeded"]
        })
        .await;
        let record = self.record().await;
        assert_eq!((record.last_error, record.hint), (None, None));
        assert_eq!(node.authorization_status(SUITE, corp).await, "active");
        assert_eq!(node.hooks.count(&format!("wants in: {corp}")), 1);
        assert_eq!(node.sandbox.calls(V1), 0);
        let left = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND payload IS NOT NULL";
        assert_eq!(
            node.number(left).await,
            0,
            "the stored answer became an authorization"
        );
        self.other.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spent_auth_code_waits_a_minute_for_the_node_that_sent_it_first() {
    let sent = SentTwice::begin().await;
    let record = sent.record().await;
    assert_eq!(record.status, RecordStatus::Waiting, "{record:?}");
    sent.clock.advance(SECOND * 59);
    sent.poll().await;
    let record = sent.record().await;
    assert_eq!(
        (record.status, record.attempts),
        (RecordStatus::Waiting, 2),
        "{record:?}"
    );
    assert_eq!(
        sent.node.authorization_status(SUITE, &sent.corp).await,
        "none"
    );
    assert_eq!(sent.node.sandbox.calls(V2), 2, "once by each");
    sent.assert_authorized_after_release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_permanent_code_turns_its_failed_record_succeeded() {
    let sent = SentTwice::begin().await;
    until("the other node gives it up", async || {
        sent.clock.advance(SECOND);
        sent.record().await.status == RecordStatus::Failed
    })
    .await;
    let record = sent.record().await;
    assert!(
        record.hint.clone().unwrap().contains("重新获取secret"),
        "{record:?}"
    );
    assert_eq!(
        sent.node.authorization_status(SUITE, &sent.corp).await,
        "none"
    );
    sent.assert_authorized_after_release().await;
}
