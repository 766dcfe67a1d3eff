//! The suite_ticket in use: the newest by WeCom's time, unless that time is impossible.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use wecom_login::wecom::HttpClient;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::{TestApp, until};

use super::now;

/// A WeCom that records the tickets it gets, rejects the configured ones, and refuses the others by an errcode
/// after which no call is repeated.
#[derive(Clone, Default)]
struct Tickets {
    sent: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Tickets {
    fn client(&self) -> HttpClient {
        let tickets = self.clone();
        HttpClient::new(tower::service_fn(move |request: Request<Full<Bytes>>| {
            let tickets = tickets.clone();
            async move {
                let body = request.into_body().collect().await?.to_bytes();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let ticket = body["suite_ticket"].as_str().unwrap_or_default().to_owned();
                let errcode = if tickets.refused.lock().unwrap().contains(&ticket) {
                    40085
                } else {
                    40013
                };
                tickets.sent.lock().unwrap().push(ticket);
                let answer = format!("{{\"errcode\":{errcode},\"errmsg\":\"\"}}");
                Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(answer)))
            }
        }))
    }
}

struct Case {
    node: TestApp,
    tickets: Tickets,
    events: u32,
}

impl Case {
    async fn start() -> Self {
        let tickets = Tickets::default();
        let client = tickets.client();
        let node = TestApp::builder()
            .without_push()
            .configure(|builder| builder.http_client(client))
            .start()
            .await;
        Self {
            node,
            tickets,
            events: 0,
        }
    }

    async fn ticket(&self, ticket: &str, time: i64) {
        let event = suite_event(SUITE, "suite_ticket", time, &[("SuiteTicket", ticket)]);
        self.node
            .notify_until_done(&self.node.push_builder.post(SUITE, &event), "suite_ticket")
            .await;
    }

    /// The ticket that the next call carries.
    async fn used(&mut self) -> String {
        self.tickets.sent.lock().unwrap().clear();
        self.events += 1;
        let code = format!("code-{}", self.events);
        let event = suite_event(SUITE, "create_auth", now(), &[("AuthCode", &code)]);
        self.node
            .notify_until_accepted(&self.node.push_builder.post(SUITE, &event))
            .await;
        until("a ticket is sent", async || {
            !self.tickets.sent.lock().unwrap().is_empty()
        })
        .await;
        self.tickets.sent.lock().unwrap()[0].clone()
    }
}

#[tokio::test]
async fn older_suite_ticket_never_replaces_a_newer_one() {
    let mut case = Case::start().await;
    case.ticket("newer", now()).await;
    case.ticket("older", now() - 600).await;
    assert_eq!(case.used().await, "newer");
    case.ticket("newest", now() + 2).await;
    assert_eq!(case.used().await, "newest");
}

#[tokio::test]
async fn suite_tickets_of_one_second_keep_the_later_arrival() {
    let mut case = Case::start().await;
    let second = now();
    case.ticket("first", second).await;
    case.ticket("second", second).await;
    assert_eq!(case.used().await, "second");
}

#[tokio::test]
async fn suite_ticket_from_2099_is_replaced_by_later_ones() {
    let mut case = Case::start().await;
    case.ticket("forged", 4_070_908_800).await;
    assert_eq!(case.used().await, "forged", "the time of arrival counts");
    case.ticket("real", now()).await;
    assert_eq!(case.used().await, "real");
    case.ticket("no number", -1).await;
    assert_eq!(
        case.used().await,
        "no number",
        "an impossible time counts as the time of arrival"
    );
}

#[tokio::test]
async fn after_40085_the_next_suite_ticket_is_accepted_whatever_its_time() {
    let mut case = Case::start().await;
    case.ticket("forged", now() + 500).await;
    case.ticket("real", now()).await;
    case.tickets
        .refused
        .lock()
        .unwrap()
        .push("forged".to_owned());
    assert_eq!(case.used().await, "forged");
    let answered = async || case.node.records().await[0].last_error.is_some();
    until("the refusal is known", answered).await;
    case.ticket("real again", now() - 5).await;
    assert_eq!(case.used().await, "real again");
}

#[tokio::test]
async fn suite_ticket_of_1024_characters_is_stored_whole() {
    let mut case = Case::start().await;
    let long: String = ('a'..='z').cycle().take(1024).collect();
    case.ticket(&long, now()).await;
    assert_eq!(case.used().await, long);
}
