//! The test harness: a running sandbox, its mock app, and an HTTP client.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use wecom_sandbox::Sandbox;

use crate::mock_app::{MockApp, PROVIDER, PROVIDER_SECRET, SUITE, SUITE_SECRET, element, suite};

/// An HTTP response with its whole body.
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl HttpResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
}

pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: String,
) -> HttpResponse {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response: Response<_> = client
        .request(request.body(Full::from(body)).unwrap())
        .await
        .unwrap();
    let status: StatusCode = response.status();
    let location = response
        .headers()
        .get(header::LOCATION)
        .map(|value| value.to_str().unwrap().to_owned());
    let headers = response.headers().clone();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    HttpResponse {
        status: status.as_u16(),
        location,
        headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// A sandbox with a mock app that receives its pushes.
pub(crate) struct Harness {
    pub(crate) sandbox: Sandbox,
    pub(crate) app: MockApp,
}

impl Harness {
    /// Three corps of five members, none authorized; one ticket has been pushed.
    pub(crate) async fn start() -> Self {
        let app = MockApp::start().await;
        let sandbox = Sandbox::builder()
            .suites([suite(SUITE)])
            .notify(app.notify_url())
            .start()
            .await
            .unwrap();
        app.wait_for("suite_ticket", 1).await;
        Self { sandbox, app }
    }

    pub(crate) fn corp(&self, index: usize) -> String {
        self.sandbox.corp_ids()[index].clone()
    }

    /// The userid of the first corp's member with this index.
    pub(crate) fn user(&self, index: usize) -> String {
        self.sandbox.user_ids(&self.corp(0))[index].clone()
    }

    pub(crate) async fn get(&self, path: &str) -> HttpResponse {
        send(
            Method::GET,
            &format!("{}{path}", self.sandbox.url()),
            &[],
            String::new(),
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> HttpResponse {
        send(
            Method::POST,
            &format!("{}{path}", self.sandbox.url()),
            &[],
            body.to_string(),
        )
        .await
    }

    /// Calls the server API by GET.
    pub(crate) async fn call(&self, api: impl AsRef<str>) -> Value {
        self.get(&format!("/cgi-bin/{}", api.as_ref())).await.json()
    }

    /// Calls the server API by POST.
    pub(crate) async fn call_with(&self, api: impl AsRef<str>, body: Value) -> Value {
        self.post(&format!("/cgi-bin/{}", api.as_ref()), body)
            .await
            .json()
    }

    pub(crate) async fn suite_token_answer(&self) -> Value {
        let ticket = self.app.last("suite_ticket").field("SuiteTicket").unwrap();
        let body = json!({"suite_id": SUITE, "suite_secret": SUITE_SECRET, "suite_ticket": ticket});
        self.call_with("service/get_suite_token", body).await
    }

    pub(crate) async fn suite_token(&self) -> String {
        text(&self.suite_token_answer().await, "suite_access_token")
    }

    pub(crate) async fn provider_token(&self) -> String {
        let body = json!({"corpid": PROVIDER, "provider_secret": PROVIDER_SECRET});
        text(
            &self.call_with("service/get_provider_token", body).await,
            "provider_access_token",
        )
    }

    /// Installs the app in the first corp and returns the permanent code.
    pub(crate) async fn authorize(&self) -> String {
        self.sandbox.install(&self.corp(0)).await.unwrap();
        self.exchange("create_auth").await
    }

    /// Exchanges the AuthCode of the newest event with this name for the permanent code.
    pub(crate) async fn exchange(&self, event: &str) -> String {
        let code = element(&self.app.last(event).text, "AuthCode").unwrap();
        let token = self.suite_token().await;
        let api = format!("service/v2/get_permanent_code?suite_access_token={token}");
        text(
            &self.call_with(&api, json!({"auth_code": code})).await,
            "permanent_code",
        )
    }

    /// Authorizes the first corp and returns its app's access token.
    pub(crate) async fn app_token(&self) -> String {
        let secret = self.authorize().await;
        text(&self.gettoken(&secret).await, "access_token")
    }

    pub(crate) async fn gettoken(&self, secret: &str) -> Value {
        self.call(&format!(
            "gettoken?corpid={}&corpsecret={secret}",
            self.corp(0)
        ))
        .await
    }

    pub(crate) async fn userinfo(&self, token: &str, code: &str) -> Value {
        self.call(&format!(
            "auth/getuserinfo?access_token={token}&code={code}"
        ))
        .await
    }
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {value}"))
        .to_owned()
}

/// The parameters of a URL.
pub(crate) fn query(url: &str) -> HashMap<String, String> {
    form_urlencoded::parse(url.split('?').nth(1).unwrap().as_bytes())
        .into_owned()
        .collect()
}

/// A text as the value of a query parameter.
pub(crate) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
