//! Rows of malformed callbacks.

use super::{Expect, Row, row};
use crate::TestRequest;

pub(super) fn callbacks() -> Vec<Row> {
    let mut rows = Vec::new();
    for (route, path) in [
        ("/notify", "/notify"),
        ("/{Instance}/notify", "/QywxProxyDefault/notify"),
    ] {
        for query in [
            "",
            "?timestamp=1&nonce=1",
            "?msg_signature=a&nonce=1",
            "?msg_signature=a&timestamp=1",
            "?msg_signature=&timestamp=1&nonce=1",
            "?msg_signature=a&msg_signature=a&timestamp=1&nonce=1",
        ] {
            let body = "<xml><Encrypt>abc=</Encrypt></xml>";
            rows.push(row(
                route,
                TestRequest::post(format!("{path}{query}")).body(body),
                Expect::Refused(400),
            ));
            let join = if query.is_empty() { "?" } else { "&" };
            rows.push(row(
                route,
                TestRequest::get(format!("{path}{query}{join}echostr=abc=")),
                Expect::Refused(400),
            ));
        }
        let signed = "?msg_signature=a&timestamp=1&nonce=1";
        rows.push(row(
            route,
            TestRequest::get(format!("{path}{signed}")),
            Expect::Refused(400),
        ));
        rows.push(row(
            route,
            TestRequest::get(format!("{path}{signed}&echostr=abc%3D")),
            Expect::Refused(403),
        ));
        rows.push(row(
            route,
            TestRequest::new("HEAD", format!("{path}{signed}&echostr=abc%3D")),
            Expect::Refused(403),
        ));
        for (body, status) in [
            ("", 400),
            ("x", 400),
            ("[]", 400),
            ("{}", 400),
            ("<xml></xml>", 400),
            ("<xml><Encrypt></Encrypt></xml>", 400),
            ("<xml><Encrypt>a</Encrypt><Encrypt>a</Encrypt></xml>", 400),
            ("<!DOCTYPE xml><xml><Encrypt>abc=</Encrypt></xml>", 400),
            (
                "<!DOCTYPE x [<!ENTITY e 'abc='>]><xml><Encrypt>&e;</Encrypt></xml>",
                400,
            ),
            ("<xml><Deep><Encrypt>abc=</Encrypt></Deep></xml>", 400),
            ("<xml><Encrypt>abc=</Encrypt></xml>", 403),
            ("{\"Encrypt\":\"abc=\"}", 403),
        ] {
            rows.push(row(
                route,
                TestRequest::post(format!("{path}{signed}")).body(body),
                Expect::Refused(status),
            ));
        }
    }
    let signed = "/Nobody/notify?msg_signature=a&timestamp=1&nonce=1";
    let body = "<xml><Encrypt>abc=</Encrypt></xml>";
    rows.push(row(
        "/{Instance}/notify",
        TestRequest::post(signed).body(body),
        Expect::Refused(404),
    ));
    rows.push(row(
        "/{Instance}/notify",
        TestRequest::get(format!("{signed}&echostr=abc=")),
        Expect::Refused(404),
    ));
    rows
}
