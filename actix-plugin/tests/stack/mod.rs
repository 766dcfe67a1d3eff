//! Short ways to ask an app, in memory and on a socket.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test file uses a part"
)]

#[path = "../../../tower-layer/tests/stack/login.rs"]
mod login;

use std::net::{SocketAddr, TcpListener};

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wecom_login::ErrorKind;
use wecom_login_actix::Rejection;

pub(crate) use self::login::{ADMIN_KEY, bearer, handle, token};

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::with_uri(path).method(method.parse().unwrap());
    headers
        .iter()
        .fold(request, |request, header| request.append_header(*header))
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Of the rejection in the extensions, if there is one.
    pub(crate) rejected: Option<ErrorKind>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert!(body["title"].is_string());
        (
            self.status.as_u16(),
            body["code"].as_str().unwrap().to_owned(),
        )
    }
}

/// Asks an app; an error in place of a response fails the test.
macro_rules! ask {
    ($app:expr, $request:expr) => {{
        let response = actix_web::dev::Service::call($app, $request.to_request()).await;
        $crate::stack::collect(response.expect("a response and no error")).await
    }};
}
pub(crate) use ask;

pub(crate) async fn collect<B: MessageBody>(response: ServiceResponse<B>) -> Answer {
    let (_, response) = response.into_parts();
    let rejected = response
        .extensions()
        .get::<Rejection>()
        .map(Rejection::kind);
    let (head, body) = response.into_parts();
    let (status, headers) = (head.status(), head.headers().clone());
    let Ok(body) = to_bytes(body).await else {
        panic!("the body broke off")
    };
    Answer {
        status,
        headers,
        rejected,
        body,
    }
}

/// Listens on a port of this machine.
pub(crate) fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends these bytes, and gives all that comes back until the other side closes.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}
