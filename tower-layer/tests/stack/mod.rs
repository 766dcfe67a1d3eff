//! Short ways to ask an app.
#![allow(dead_code, unused_imports, reason = "each test file uses a part")]

mod login;

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) use self::login::{ADMIN_KEY, bearer, handle, token};

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: http::Extensions,
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

pub(crate) async fn ask(app: &Router, request: Request<Body>) -> Answer {
    collect(app.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn collect<B: http_body::Body<Error: std::fmt::Debug>>(
    response: Response<B>,
) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        extensions: parts.extensions,
        body,
    }
}
