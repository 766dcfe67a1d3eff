//! Request templates. `NUMBER` (43 digits) and `CLIENT` (an address) differ in every request.

use serde_json::json;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::PushBuilder;

/// To a handler without a login.
pub(crate) fn bare() -> String {
    get("/bare", "nobody")
}

/// A token of the right form that was never issued.
pub(crate) fn unknown_token() -> String {
    token("wl_NUMBER")
}

/// A token, to the protected route.
pub(crate) fn token(token: &str) -> String {
    get("/hello", token)
}

/// A push of 40 KB that is signed with a wrong token.
pub(crate) fn forged_callback() -> String {
    let forge = PushBuilder::new(
        "NotTheToken000000000",
        "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB",
    );
    let push = forge.post(SUITE, &"<xml><a>b</a></xml>".repeat(1_500));
    let body = String::from_utf8(push.body).unwrap();
    post(
        &format!("/auth/notify?{}", push.query),
        "text/xml",
        body.len(),
        &body,
    )
}

/// A code that WeCom never issued, from a new address each time.
pub(crate) fn garbage_code(corp_id: &str) -> String {
    let body = json!({"corpId": corp_id, "suiteId": SUITE, "code": "NUMBER"}).to_string();
    post(
        "/auth/loginByWorkbench",
        "application/json",
        body.len() - "NUMBER".len() + 43,
        &body,
    )
}

/// A login by a code of WeCom.
pub(crate) fn login(corp_id: &str, code: &str) -> String {
    let body = json!({"corpId": corp_id, "suiteId": SUITE, "code": code}).to_string();
    post(
        "/auth/loginByWorkbench",
        "application/json",
        body.len(),
        &body,
    )
    .replace("CLIENT", "192.0.2.200")
}

fn get(path: &str, bearer: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: flood\r\nauthorization: Bearer {bearer}\r\n\r\n")
}

fn post(path: &str, content_type: &str, length: usize, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: flood\r\nx-forwarded-for: CLIENT\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}
