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
    /// A page of the console of this status.
    ConsolePage(u16),
    /// A redirect to the login of the console.
    ToConsoleLogin,
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
        Expect::ConsolePage(status) => console_page(reply, *status),
        Expect::ToConsoleLogin => {
            assert_eq!((reply.status, reply.body.len()), (303, 0));
            let location = reply.header("location").unwrap();
            assert!(location.contains("/admin/login"), "{location}");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert_eq!(reply.header("set-cookie"), None);
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

/// Asserts a page of the console: its headers, and that it has no script.
#[track_caller]
pub(in crate::conformance) fn console_page(reply: &TestResponse, status: u16) {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (status, Some("text/html; charset=utf-8")),
        "{}",
        reply.text()
    );
    let policy = reply.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("script-src")
            && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let page = reply.text();
    assert!(
        !page.contains("<script") && !page.contains(" style="),
        "{page}"
    );
    for landmark in ["<main id=\"main\"", "<header>", "href=\"#main\"", "<h1>"] {
        assert!(page.contains(landmark), "{landmark}: {page}");
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
