//! Requests to a node.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use wecom_login::NotifyResponse;
use wecom_login::Platform;

use super::{Node, principal, until};
use crate::forge::Push;

/// A push that is refused this quickly was not late.
const LATE: Duration = Duration::from_millis(700);

/// A response, read to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The status, and the code of a problem or nothing.
    #[must_use]
    pub fn problem(&self) -> (u16, String) {
        (
            self.status.as_u16(),
            self.json()["code"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

impl Node {
    /// Sends a push to `/notify`.
    pub async fn push(&self, push: &Push) -> NotifyResponse {
        self.login
            .service()
            .notify("POST", &push.query, &push.body)
            .await
    }

    /// Sends a push to `/{Instance}/notify`.
    pub async fn push_to(&self, instance: &str, push: &Push) -> NotifyResponse {
        self.login
            .instance(instance)
            .unwrap()
            .notify("POST", &push.query, &push.body)
            .await
    }

    /// Sends a push and expects `success`. What a machine under load could not store in time comes again, as from WeCom;
    /// gives how often it had to.
    pub async fn accepted(&self, push: &Push) -> usize {
        let mut refused = 0;
        until("the push is taken", async || {
            let asked = Instant::now();
            let answer = self.push(push).await;
            if answer.status == 500 && asked.elapsed() >= LATE {
                refused += 1;
                return false;
            }
            assert_eq!((answer.status, &*answer.body), (200, &b"success"[..]));
            true
        })
        .await;
        refused
    }

    /// Sends a push, expects `success`, and waits until nothing of this event is left to do.
    pub async fn done(&self, push: &Push, event: &str) {
        self.accepted(push).await;
        until("the event is worked off", async || {
            let statuses = self.statuses(event).await;
            !statuses.is_empty()
                && statuses
                    .iter()
                    .all(|status| status == "succeeded" || status == "ignored")
        })
        .await;
    }

    /// Sends a URL check to `/notify`.
    pub async fn check_url(&self, query: &str) -> NotifyResponse {
        self.login.service().notify("GET", query, b"").await
    }

    /// Sends a request to the app, without a network.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        bearer: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// Sends a raw request to the app, without a network.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self
            .app
            .clone()
            .oneshot(request)
            .await
            .expect("a router answers")
            .into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Logs a person in by a code of the sandbox.
    pub async fn log_in(&self, suite_id: &str, corp_id: &str, user_id: &str) -> Answer {
        let code = self
            .sandbox
            .code_for_suite(corp_id, user_id, suite_id)
            .expect("a code");
        self.log_in_with(corp_id, &code, Some(suite_id)).await
    }

    /// Logs a person in by this code.
    pub async fn log_in_with(&self, corp_id: &str, code: &str, suite_id: Option<&str>) -> Answer {
        let mut body = json!({"corpId": corp_id, "code": code});
        if let Some(suite_id) = suite_id {
            body["suiteId"] = suite_id.into();
        }
        self.ask("POST", "/auth/loginByWorkbench", None, Some(body))
            .await
    }

    /// A session without WeCom.
    pub async fn session(&self, suite_id: &str, corp_id: &str, user_id: &str) -> String {
        let who = principal(suite_id, corp_id, user_id);
        let issued = self
            .login
            .service()
            .issue_session(&who, Platform::App)
            .await
            .expect("a session");
        issued.token.expose().to_owned()
    }

    /// Whether a session lives. A machine under load may not read it in time; then it is asked again.
    pub async fn lives(&self, token: &str) -> bool {
        let mut lives = false;
        until("a session is read", async || {
            let answer = self.ask("GET", "/auth/me", Some(token), None).await;
            match answer.status.as_u16() {
                status @ (200 | 401) => lives = status == 200,
                503 => return false,
                other => panic!("{other}: {:?}", answer.body),
            }
            true
        })
        .await;
        lives
    }
}
