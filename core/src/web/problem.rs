//! Problem responses (RFC 9457). Written by hand: one struct of five fields, whose values are the error table's.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use crate::domain::LoginLink;
use crate::error::{Error, ErrorKind};
use crate::web::response::{ResponseBody, ResponseExt as _, with_body};

/// The challenge where no credential was sent: without an error (RFC 6750, 3).
pub(super) const BEARER_CHALLENGE: &str = r#"Bearer realm="wecom-login""#;
const INVALID_TOKEN: &str = r#"Bearer realm="wecom-login", error="invalid_token""#;
const INVALID_REQUEST: &str = r#"Bearer realm="wecom-login", error="invalid_request""#;
const INSUFFICIENT_SCOPE: &str = r#"Bearer realm="wecom-login", error="insufficient_scope""#;

#[derive(Serialize)]
struct Problem<'a> {
    status: u16,
    title: &'static str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Of a login that the host app has to finish.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a str>,
}

impl Error {
    /// The response that our own routes give for this error: a problem of RFC 9457. The detail is in it for a status of 400
    /// only. An adapter's `Problem` makes it what a handler returns.
    #[must_use]
    pub fn response(&self) -> Response<ResponseBody> {
        problem(self)
    }
}

/// The response to a request that failed.
pub(crate) fn problem(error: &Error) -> Response<ResponseBody> {
    // For other statuses the detail goes to the log only: callers must not be able to tell such errors apart.
    let detail = (error.kind().status() == 400).then(|| error.detail());
    with_detail(error, detail)
}

/// The same with a detail that may be shown.
pub(crate) fn problem_with_detail(error: &Error, detail: &'static str) -> Response<ResponseBody> {
    with_detail(error, Some(detail))
}

fn with_detail(error: &Error, detail: Option<&str>) -> Response<ResponseBody> {
    /// Serialized once: the problems of requests without a session, which may be many.
    static UNAUTHENTICATED: LazyLock<Bytes> =
        LazyLock::new(|| body(ErrorKind::Unauthenticated, None, None, None));
    static TOKEN_INVALID: LazyLock<Bytes> =
        LazyLock::new(|| body(ErrorKind::TokenInvalid, None, None, None));
    let row = error.kind().row();
    let body = match (error.kind(), error.errcode(), detail) {
        (ErrorKind::Unauthenticated, None, None) => UNAUTHENTICATED.clone(),
        (ErrorKind::TokenInvalid, None, None) => TOKEN_INVALID.clone(),
        (kind, errcode, detail) => body(kind, errcode, detail, error.link()),
    };
    let mut response = with_body(row.status, "application/problem+json", body);
    if let Some(wait) = error.retry_after() {
        response = response.with_header("retry-after", ceil_seconds(wait).to_string());
    }
    match error.kind() {
        ErrorKind::TokenInvalid => response.with_header("www-authenticate", INVALID_TOKEN),
        ErrorKind::AuthorizationMalformed => {
            response.with_header("www-authenticate", INVALID_REQUEST)
        }
        _ if row.status == 401 => response.with_header("www-authenticate", BEARER_CHALLENGE),
        _ => response,
    }
}

fn body(
    kind: ErrorKind,
    errcode: Option<i64>,
    detail: Option<&str>,
    link: Option<&LoginLink>,
) -> Bytes {
    let row = kind.row();
    let problem = Problem {
        status: row.status,
        title: row.title,
        code: row.code,
        errcode,
        detail,
        url: link.map(|link| link.url.as_str()),
        ticket: link.map(|link| link.ticket.expose()),
    };
    serde_json::to_vec(&problem).unwrap_or_default().into()
}

/// The response to a live session that a predicate refuses (RFC 6750, 3.1).
pub(crate) fn insufficient_scope(error: &Error) -> Response<ResponseBody> {
    problem(error).with_header("www-authenticate", INSUFFICIENT_SCOPE)
}

/// The response to a method that a path does not take.
pub(crate) fn method_not_allowed(methods: &[&str]) -> Response<ResponseBody> {
    let error = Error::new(ErrorKind::MethodNotAllowed, "see Allow");
    problem(&error).with_header("allow", methods.join(", "))
}

/// Rounded up, so that a retry after this time is not too early.
pub(super) fn ceil_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn header<'a>(response: &'a Response<ResponseBody>, name: &str) -> Option<&'a str> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    fn body(response: &Response<ResponseBody>) -> Value {
        serde_json::from_slice(response.body().as_bytes()).unwrap()
    }

    #[test]
    fn problem_has_status_title_and_code_of_its_kind() {
        let error = Error::new(ErrorKind::CodeInvalid, "auth/getuserinfo").with_errcode(40029);
        let response = problem(&error);
        assert_eq!(response.status(), 401);
        assert_eq!(
            header(&response, "content-type"),
            Some("application/problem+json")
        );
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
        assert_eq!(
            header(&response, "www-authenticate"),
            Some(BEARER_CHALLENGE)
        );
        let title = ErrorKind::CodeInvalid.row().title;
        assert_eq!(
            body(&response),
            json!({"status": 401, "title": title, "code": "CODE_INVALID", "errcode": 40029})
        );
    }

    #[test]
    fn problem_shows_the_detail_for_400_only() {
        let parameter = problem(&Error::new(ErrorKind::ApiParams, "corpId is missing"));
        assert_eq!(body(&parameter)["detail"], "corpId is missing");
        for kind in [
            ErrorKind::Internal,
            ErrorKind::CorpNotAuthorized,
            ErrorKind::StoreUnavailable,
        ] {
            let response = problem(&Error::new(kind, "/var/lib/app.sqlite"));
            assert!(!String::from_utf8_lossy(response.body().as_bytes()).contains("app.sqlite"));
        }
    }

    #[test]
    fn www_authenticate_follows_rfc_6750() {
        let of =
            |kind| header(&problem(&Error::new(kind, "")), "www-authenticate").map(str::to_owned);
        assert_eq!(
            of(ErrorKind::Unauthenticated).as_deref(),
            Some(BEARER_CHALLENGE)
        );
        assert_eq!(of(ErrorKind::TokenInvalid).as_deref(), Some(INVALID_TOKEN));
        assert_eq!(
            of(ErrorKind::AuthorizationMalformed).as_deref(),
            Some(INVALID_REQUEST)
        );
        assert_eq!(of(ErrorKind::ApiParams), None);
        assert_eq!(of(ErrorKind::Forbidden), None);
        assert_eq!(of(ErrorKind::CredentialsConflict), None);
        let refused = insufficient_scope(&Error::new(ErrorKind::Forbidden, ""));
        assert_eq!(
            header(&refused, "www-authenticate"),
            Some(INSUFFICIENT_SCOPE)
        );
    }

    #[test]
    fn retry_after_is_rounded_up_to_seconds() {
        let retry_after = |millis| {
            let error = Error::new(ErrorKind::RateLimited, "")
                .with_retry_after(Duration::from_millis(millis));
            header(&problem(&error), "retry-after")
                .map(str::to_owned)
                .unwrap()
        };
        assert_eq!(
            (retry_after(1), retry_after(1000), retry_after(59_001)),
            ("1".into(), "1".into(), "60".into())
        );
    }

    #[test]
    fn method_not_allowed_lists_the_methods_in_allow() {
        let response = method_not_allowed(&["GET", "HEAD"]);
        assert_eq!(
            (response.status().as_u16(), header(&response, "allow")),
            (405, Some("GET, HEAD"))
        );
        assert_eq!(body(&response)["code"], "METHOD_NOT_ALLOWED");
        let head = response.clone().without_body();
        assert!(head.body().as_bytes().is_empty());
        assert_eq!(
            header(&head, "content-length").unwrap(),
            response.body().as_bytes().len().to_string()
        );
    }
}
