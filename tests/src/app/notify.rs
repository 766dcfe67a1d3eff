//! Pushes to a [`TestApp`].

use std::time::{Duration, Instant};

use wecom_login::{NotifyRequest, NotifyResponse};

use super::TestApp;
use super::builder::Instances;
use crate::push::{Push, SignedPush};
use crate::{TestResponse, until, until_mut};

/// A push that is answered faster than this did not run into its time limit.
const WITHIN_TIME_LIMIT: Duration = Duration::from_secs(4);

impl TestApp {
    /// Gives the sandbox the callback URL. With instances in code, waits for the first suite_tickets.
    pub async fn start_pushing(&self) {
        let prefix = self.layout.prefix();
        self.sandbox
            .set_notify(&format!("http://{}{prefix}/notify", self.address))
            .expect("a callback URL");
        if let Instances::Code(config) = self.instances {
            let suites = config.suites().len();
            until("the suite_tickets are stored", async || {
                self.record_statuses("suite_ticket").await == vec!["succeeded"; suites]
            })
            .await;
        }
    }

    /// POSTs a push to its path over the socket.
    pub async fn post_push(&self, push: &Push) -> TestResponse {
        self.send(push.post()).await
    }

    /// Hands a push to `notify` of the handle.
    pub async fn notify(&self, push: &SignedPush) -> NotifyResponse {
        self.login
            .service()
            .notify(NotifyRequest::post(&push.query, push.body.clone()))
            .await
    }

    /// Hands a push to `notify` of an instance.
    pub async fn notify_instance(&self, instance: &str, push: &SignedPush) -> NotifyResponse {
        self.login
            .instance(instance)
            .unwrap()
            .notify(NotifyRequest::post(&push.query, push.body.clone()))
            .await
    }

    /// Hands a URL verification to `notify` of the handle.
    pub async fn verify_url(&self, query: &str) -> NotifyResponse {
        self.login.service().notify(NotifyRequest::get(query)).await
    }

    /// Sends a push until it is answered `success`, as WeCom does: a machine under load may not store it in time. Gives
    /// the number of refusals.
    pub async fn notify_until_accepted(&self, push: &SignedPush) -> usize {
        let mut refused = 0;
        until_mut("the push is accepted", async || {
            let sent = Instant::now();
            let answer = self.notify(push).await;
            if answer.status == 500 && sent.elapsed() >= WITHIN_TIME_LIMIT {
                refused += 1;
                return false;
            }
            assert_eq!((answer.status, &*answer.body), (200, &b"success"[..]));
            true
        })
        .await;
        refused
    }

    /// Sends a push until it is accepted, and waits until every record of this event is done.
    pub async fn notify_until_done(&self, push: &SignedPush, event: &str) {
        self.notify_until_accepted(push).await;
        until("the event is done", async || {
            let statuses = self.record_statuses(event).await;
            !statuses.is_empty()
                && statuses
                    .iter()
                    .all(|status| status == "succeeded" || status == "ignored")
        })
        .await;
    }
}
