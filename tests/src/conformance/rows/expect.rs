//! The expected response.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::TestResponse;
use crate::adapter::HOST_404;

/// The expected response.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    /// A problem of this status and code.
    Problem(u16, &'static str),
    /// 200 and a JSON object of exactly these fields.
    Fields(&'static [&'static str]),
    /// An empty 204.
    NoContent,
    /// A refusal of a callback: this status, plain text, empty.
    Refused(u16),
    /// A page of the login of this status.
    Page(u16),
    /// 405 with these methods, as a problem, or empty for a callback.
    NotAllowed { allow: String, plain: bool },
    /// 200 with a length and no body: the response to HEAD.
    Head,
    /// The status of a problem without its body: the response to HEAD.
    HeadProblem(u16),
    /// The host app's own 404.
    Host404,
    /// 404 of either: routers differ in whether an empty segment matches `{Instance}`.
    NotFound,
}

/// Fails if the response is another one.
pub(super) fn check(reply: &TestResponse, expect: &Expect) {
    match expect {
        Expect::Problem(status, code) => reply.assert_problem(*status, code),
        Expect::Fields(fields) => has_fields(&reply.success(), fields),
        Expect::NoContent => reply.assert_no_content(),
        Expect::Refused(status) => refused(reply, *status),
        Expect::Page(status) => {
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (*status, Some("text/html; charset=utf-8"))
            );
            assert!(
                reply
                    .header("content-security-policy")
                    .unwrap()
                    .contains("frame-ancestors 'none'")
            );
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
        Expect::NotAllowed { allow, plain } => {
            assert_eq!(reply.header("allow"), Some(allow.as_str()));
            if *plain {
                refused(reply, 405)
            } else {
                reply.assert_problem(405, "METHOD_NOT_ALLOWED")
            }
        }
        Expect::Head => {
            assert_eq!((reply.status, reply.body.len()), (200, 0));
            assert_ne!(reply.header("content-length").unwrap(), "0");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
        Expect::HeadProblem(status) => {
            assert_eq!((reply.status, reply.body.len()), (*status, 0));
            assert_eq!(
                reply.header("content-type"),
                Some("application/problem+json")
            );
        }
        Expect::Host404 => assert_eq!((reply.status, reply.text()), (404, HOST_404)),
        Expect::NotFound => assert_eq!(reply.status, 404),
    }
}

/// Asserts exactly these fields.
#[track_caller]
pub(in crate::conformance) fn has_fields(value: &Value, fields: &[&str]) {
    let there: BTreeSet<_> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        there,
        fields.iter().copied().collect::<BTreeSet<_>>(),
        "{value}"
    );
}

/// Asserts a refused callback: empty plain text with the headers of every callback response.
#[track_caller]
pub(in crate::conformance) fn refused(reply: &TestResponse, status: u16) {
    assert_eq!((reply.status, reply.text()), (status, ""));
    callback_headers(reply);
}

/// Asserts the headers of every callback response.
#[track_caller]
pub(in crate::conformance) fn callback_headers(reply: &TestResponse) {
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        reply.header("content-security-policy"),
        Some("default-src 'none'")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}
