//! The table: one request each, and what must come back.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use wecom_login::web::routes;

use super::Stage;
use crate::adapter::HOST_404;
use crate::auths::COMPANY_A;
use crate::client::{Ask, Reply};
use crate::world::{ADMIN_KEY, Setup};

/// What must come back.
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
    /// 200 without a body, but with its length: the answer to HEAD.
    Head,
    /// As the problem, but without its body: the answer to HEAD.
    HeadProblem(u16),
    /// The host app's own 404.
    Host404,
    /// 404, from whomever: routers differ in whether an empty segment fits `{Instance}`.
    NotFound,
}

/// A row of the table.
#[derive(Clone, Debug)]
struct Row {
    /// The route of `wecom_login::web::routes` that it is about; none for paths that are none of ours.
    route: Option<&'static str>,
    ask: Ask,
    expect: Expect,
}

/// What rows are made with.
struct Given {
    token: String,
    corp: String,
}

/// The routes that at least one written row is about.
#[must_use]
pub fn routes_in_rows() -> BTreeSet<&'static str> {
    let given = Given { token: "t".repeat(40), corp: COMPANY_A.to_owned() };
    written(&given).iter().filter_map(|row| row.route).collect()
}

/// Sends every row to one app. Gives their number, and those that failed.
pub(super) async fn run(stage: Stage) -> (usize, Vec<String>) {
    let world = Arc::new(stage.world(Setup::new()).await);
    let corp = COMPANY_A.to_owned();
    let given = Given { token: world.token(&corp, &world.person(&corp)).await, corp };
    let calls = world.sandbox.calls("auth/getuserinfo");
    let mut rows = written(&given);
    rows.extend(methods());
    let mut failed = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        // Each from a client of its own, so that no limit is met.
        let ask = row.ask.clone().from(&format!("198.51.{}.{}", number / 250, number % 250));
        let reply = world.ours(ask).await;
        let expect = row.expect.clone();
        if tokio::spawn(async move { check(&reply, &expect) }).await.is_err() {
            failed.push(format!("row {:?} of {:?}, expected {:?}", row.ask, row.route, row.expect));
        }
    }
    if world.sandbox.calls("auth/getuserinfo") != calls {
        failed.push("a row of the table reached WeCom with a code".to_owned());
    }
    assert_eq!(world.hello(&given.token).await, 200, "no row ends the session");
    Arc::into_inner(world).expect("no row is under way").end().await;
    (rows.len(), failed)
}

fn check(reply: &Reply, expect: &Expect) {
    match expect {
        Expect::Problem(status, code) => reply.is_problem(*status, code),
        Expect::Fields(fields) => has_fields(&reply.success(), fields),
        Expect::NoContent => reply.no_content(),
        Expect::Refused(status) => refused(reply, *status),
        Expect::Page(status) => {
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (*status, Some("text/html; charset=utf-8"))
            );
            assert!(reply.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
        Expect::NotAllowed { allow, plain } => {
            assert_eq!(reply.header("allow"), Some(allow.as_str()));
            if *plain { refused(reply, 405) } else { reply.is_problem(405, "METHOD_NOT_ALLOWED") }
        }
        Expect::Head => {
            assert_eq!((reply.status, reply.body.len()), (200, 0));
            assert_ne!(reply.header("content-length").unwrap(), "0");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
        Expect::HeadProblem(status) => {
            assert_eq!((reply.status, reply.body.len()), (*status, 0));
            assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        }
        Expect::Host404 => assert_eq!((reply.status, reply.text()), (404, HOST_404)),
        Expect::NotFound => assert_eq!(reply.status, 404),
    }
}

/// That an object has these fields and no others.
#[track_caller]
pub(super) fn has_fields(value: &Value, fields: &[&str]) {
    let there: BTreeSet<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(there, fields.iter().copied().collect::<BTreeSet<_>>(), "{value}");
}

/// That a callback was refused: plain text, empty, with every header of a callback's answer.
#[track_caller]
pub(super) fn refused(reply: &Reply, status: u16) {
    assert_eq!((reply.status, reply.text()), (status, ""));
    callback_headers(reply);
}

/// The headers of every answer to a callback.
#[track_caller]
pub(super) fn callback_headers(reply: &Reply) {
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("content-security-policy"), Some("default-src 'none'"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

/// Every route by every method that it does not take.
fn methods() -> Vec<Row> {
    let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
    let mut rows = Vec::new();
    for route in routes() {
        let path = route.path.replace("{Instance}", "QywxProxyDefault").replace("{id}", "1");
        for method in all.iter().filter(|method| !route.methods.contains(method)) {
            let (allow, plain) = (route.methods.join(", "), route.path.ends_with("/notify"));
            let expect = match *method {
                "HEAD" if !plain => Expect::HeadProblem(405),
                _ => Expect::NotAllowed { allow, plain },
            };
            rows.push(Row { route: Some(route.path), ask: Ask::new(method, path.clone()), expect });
        }
    }
    rows
}

/// The rows that are written by hand. A new route needs some.
fn written(given: &Given) -> Vec<Row> {
    [anyone(given), pages(given), callbacks(), admin(given), session(given), unknown_paths()].concat()
}

fn row(route: &'static str, ask: Ask, expect: Expect) -> Row {
    Row { route: Some(route), ask, expect }
}

const PARAMS: Expect = Expect::Problem(400, "API_PARAMS_ERROR");

/// What is wrong with any JSON body, beside what `good` would be.
fn broken_bodies(path: &str, good: &Value) -> Vec<Ask> {
    let text = good.to_string();
    let post = |body: Vec<u8>| Ask::post(path).header("content-type", "application/json").body(body);
    let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut body = good.as_object().unwrap().clone();
        change(&mut body);
        post(Value::Object(body).to_string().into_bytes())
    };
    let first = good.as_object().unwrap().keys().next().unwrap().clone();
    let mut asks = vec![
        Ask::post(path),
        post(Vec::new()),
        post(b"{".to_vec()),
        post(b"null".to_vec()),
        post(b"\"text\"".to_vec()),
        post(b"{}".to_vec()),
        post(format!("[{text}]").into_bytes()),
        post(format!("{text} x").into_bytes()),
        post(format!("{text}{text}").into_bytes()),
        post([text.as_bytes(), b"\xff"].concat()),
        post(text.replace('"', "'").into_bytes()),
        post(format!("{{\"{first}\":{},{}", good[&first], &text[1..]).into_bytes()),
        changed(&|body| drop(body.insert("surplus".to_owned(), json!("x")))),
        changed(&|body| drop(body.insert(String::new(), json!("x")))),
    ];
    for field in good.as_object().unwrap().keys() {
        asks.push(changed(&|body| drop(body.remove(field))));
        let values = [
            json!(null),
            json!(true),
            json!(1.5),
            json!([]),
            json!({}),
            json!(""),
            json!(" \t"),
            json!("x".repeat(513)),
            json!("a\u{0}b"),
        ];
        for value in values {
            asks.push(changed(&|body| drop(body.insert(field.clone(), value.clone()))));
        }
        let recased = field.to_ascii_uppercase();
        asks.push(changed(&|body| {
            let value = body.remove(field).unwrap();
            body.insert(recased.clone(), value);
        }));
    }
    asks
}

fn pages(given: &Given) -> Vec<Row> {
    use Expect::{Head, Page};
    let (login, callback) = ("/login", "/callback");
    let state = "0123456789abcdef0123456789abcdef";
    vec![
        row(login, Ask::get("/login"), Page(200)),
        row(login, Ask::get("/login?returnTo=&orgCode=&corpId=&mode=&utm_source=x"), Page(200)),
        row(login, Ask::new("HEAD", "/login"), Head),
        row(login, Ask::get("/login?mode=app"), Page(400)),
        row(login, Ask::get("/login?orgCode=nobody"), Page(404)),
        row(login, Ask::get("/login?corpId=wwnobody"), Page(403)),
        row(login, Ask::get(format!("/login?corpId={}&corpId=b", given.corp)), Page(400)),
        row(callback, Ask::get("/callback"), Page(400)),
        row(callback, Ask::get("/callback?code=c&state=abc"), Page(400)),
        row(callback, Ask::get(format!("/callback?code=c&state={state}")), Page(403)),
        row(callback, Ask::get(format!("/callback?corpId=ww1&state={state}")), Page(403)),
    ]
}

fn anyone(given: &Given) -> Vec<Row> {
    use Expect::{Fields, Head, HeadProblem, Problem};
    let config = "/{Instance}/getLoginConfig";
    let login_code = "/{Instance}/getLoginCode";
    let corp = &given.corp;
    let mut rows = vec![
        row(
            config,
            Ask::get("/QywxProxyDefault/getLoginConfig"),
            Fields(&["suiteId", "isActive", "authType"]),
        ),
        row(
            config,
            Ask::get("/auths.QywxProxyDefault/getLoginConfig"),
            Fields(&["suiteId", "isActive", "authType"]),
        ),
        row(
            config,
            Ask::get("/Qywx%50roxyDefault/getLoginConfig"),
            Fields(&["suiteId", "isActive", "authType"]),
        ),
        row(
            config,
            Ask::get("/QywxProxyCompanyA/getLoginConfig"),
            Fields(&["suiteId", "corpId", "agentId", "isActive", "authType"]),
        ),
        row(
            config,
            Ask::get("/Closed/getLoginConfig"),
            Fields(&["suiteId", "corpId", "isActive", "authType"]),
        ),
        row(
            config,
            Ask::get("/group.CodesOff/getLoginConfig"),
            Fields(&["suiteId", "corpId", "isActive", "authType"]),
        ),
        row(config, Ask::new("HEAD", "/QywxProxyDefault/getLoginConfig"), Head),
        row(config, Ask::new("HEAD", "/Nobody/getLoginConfig"), HeadProblem(404)),
        row(config, Ask::get("/Nobody/getLoginConfig"), Problem(404, "INSTANCE_NOT_FOUND")),
        row(config, Ask::get("/qywxproxydefault/getLoginConfig"), Problem(404, "INSTANCE_NOT_FOUND")),
        row(config, Ask::get("/CodesOff/getLoginConfig"), Problem(404, "INSTANCE_NOT_FOUND")),
        row(config, Ask::get("/group%2FCodesOff/getLoginConfig"), Problem(404, "INSTANCE_NOT_FOUND")),
        row(config, Ask::get("/%FF/getLoginConfig"), Problem(404, "INSTANCE_NOT_FOUND")),
        row(config, Ask::get("/loginTypes.Meta/getLoginConfig"), Problem(404, "INSTANCE_NOT_FOUND")),
        row(
            login_code,
            Ask::post("/Nobody/getLoginCode").json(&json!({"corpId": corp, "code": "c"})),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            login_code,
            Ask::post("/QywxProxyCompanyA/getLoginCode").json(&json!({"corpId": "wwother", "code": "c"})),
            Problem(403, "CORP_MISMATCH"),
        ),
        row(
            login_code,
            Ask::post("/QywxProxyDefault/getLoginCode").json(&json!({"corpId": "wwother", "code": "c"})),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
        row(
            login_code,
            Ask::post("/Closed/getLoginCode").json(&json!({"corpId": crate::auths::CLOSED, "code": "c"})),
            Problem(403, "LOGIN_DISABLED"),
        ),
        row(
            "/loginByCode",
            Ask::post("/loginByCode").json(&json!({"loginCode": "x"})),
            Problem(401, "LOGIN_CODE_INVALID"),
        ),
        row(
            "/loginByCode",
            Ask::post("/loginByCode").json(&json!({"loginCode": "x", "platform": "tv"})),
            Problem(400, "PLATFORM_UNKNOWN"),
        ),
        row(
            "/loginByWorkbench",
            Ask::post("/loginByWorkbench").json(&json!({"corpId": "wwother", "code": "c"})),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
        row(
            "/loginByWorkbench",
            Ask::post("/loginByWorkbench").json(&json!({"corpId": corp, "code": "c", "suiteId": "dknobody"})),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
    ];
    for (field, value, code) in [
        ("loginType", "QR", "LOGIN_TYPE_UNKNOWN"),
        ("loginType", "password", "LOGIN_TYPE_UNKNOWN"),
        ("platform", "app", "API_PARAMS_ERROR"),
        ("suiteId", "dk1", "API_PARAMS_ERROR"),
    ] {
        let body = json!({"corpId": corp, "code": "c", field: value});
        rows.push(row(
            login_code,
            Ask::post("/QywxProxyDefault/getLoginCode").json(&body),
            Problem(400, code),
        ));
    }
    for (field, value, code) in [
        ("platform", "App", "PLATFORM_UNKNOWN"),
        ("platform", "desktop", "PLATFORM_UNKNOWN"),
        ("loginType", "qr", "API_PARAMS_ERROR"),
        ("suiteId", "dk 1", "API_PARAMS_ERROR"),
        ("corpId", "ww/1", "API_PARAMS_ERROR"),
    ] {
        let mut body = json!({"corpId": corp, "code": "c"});
        body[field] = json!(value);
        rows.push(row("/loginByWorkbench", Ask::post("/loginByWorkbench").json(&body), Problem(400, code)));
    }
    let params = |route, asks: Vec<Ask>| asks.into_iter().map(move |ask| row(route, ask, PARAMS));
    let code = json!({"corpId": corp, "code": "c"});
    rows.extend(params(login_code, broken_bodies("/QywxProxyDefault/getLoginCode", &code)));
    rows.extend(params("/loginByWorkbench", broken_bodies("/loginByWorkbench", &code)));
    rows.extend(params("/loginByCode", broken_bodies("/loginByCode", &json!({"loginCode": "x"}))));
    for route in ["/getLoginConfig", "/getLoginConfigByCode"] {
        for query in
            ["", "?", "?code", "?code=", "?code=%20", "?code=a&code=a", "?code=a&x=1", "?Code=a", "?code=%00"]
        {
            rows.push(row(route, Ask::get(format!("{route}{query}")), PARAMS));
        }
        for code in ["nobody", "%E4%BC%81", "a%20b", "%25"] {
            let expect = Problem(404, "ORG_CODE_NOT_FOUND");
            rows.push(row(route, Ask::get(format!("{route}?code={code}")), expect));
        }
        rows.push(row(route, Ask::new("HEAD", format!("{route}?code=nobody")), HeadProblem(404)));
    }
    rows
}

fn callbacks() -> Vec<Row> {
    let mut rows = Vec::new();
    for (route, path) in [("/notify", "/notify"), ("/{Instance}/notify", "/QywxProxyDefault/notify")] {
        for query in [
            "",
            "?timestamp=1&nonce=1",
            "?msg_signature=a&nonce=1",
            "?msg_signature=a&timestamp=1",
            "?msg_signature=&timestamp=1&nonce=1",
            "?msg_signature=a&msg_signature=a&timestamp=1&nonce=1",
        ] {
            let body = "<xml><Encrypt>abc=</Encrypt></xml>";
            rows.push(row(route, Ask::post(format!("{path}{query}")).body(body), Expect::Refused(400)));
            let join = if query.is_empty() { "?" } else { "&" };
            rows.push(row(route, Ask::get(format!("{path}{query}{join}echostr=abc=")), Expect::Refused(400)));
        }
        let signed = "?msg_signature=a&timestamp=1&nonce=1";
        rows.push(row(route, Ask::get(format!("{path}{signed}")), Expect::Refused(400)));
        rows.push(row(route, Ask::get(format!("{path}{signed}&echostr=abc%3D")), Expect::Refused(403)));
        rows.push(row(
            route,
            Ask::new("HEAD", format!("{path}{signed}&echostr=abc%3D")),
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
            ("<!DOCTYPE x [<!ENTITY e 'abc='>]><xml><Encrypt>&e;</Encrypt></xml>", 400),
            ("<xml><Deep><Encrypt>abc=</Encrypt></Deep></xml>", 400),
            ("<xml><Encrypt>abc=</Encrypt></xml>", 403),
            ("{\"Encrypt\":\"abc=\"}", 403),
        ] {
            rows.push(row(route, Ask::post(format!("{path}{signed}")).body(body), Expect::Refused(status)));
        }
    }
    let signed = "/Nobody/notify?msg_signature=a&timestamp=1&nonce=1";
    let body = "<xml><Encrypt>abc=</Encrypt></xml>";
    rows.push(row("/{Instance}/notify", Ask::post(signed).body(body), Expect::Refused(404)));
    rows.push(row("/{Instance}/notify", Ask::get(format!("{signed}&echostr=abc=")), Expect::Refused(404)));
    rows
}

fn admin(given: &Given) -> Vec<Row> {
    use Expect::{Fields, Head, NoContent, Problem};
    let keyed = |ask: Ask| ask.bearer(ADMIN_KEY);
    let corp = &given.corp;
    let records = "/callbackRecords";
    let mut rows = vec![
        row("/corps", keyed(Ask::get("/corps")), Fields(&["corps"])),
        row("/corps", keyed(Ask::new("HEAD", "/corps")), Head),
        row(records, keyed(Ask::get(records)), Fields(&["records"])),
        row(records, keyed(Ask::new("HEAD", records)), Head),
        row(
            "/setCode",
            keyed(Ask::post("/setCode").json(&json!({"corpId": corp, "code": "Row-Code_1"}))),
            NoContent,
        ),
        row(
            "/setCode",
            keyed(Ask::post("/setCode").json(&json!({"corpId": "wwother", "code": "other"}))),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
        row(
            "/getLoginConfigByCode",
            Ask::get("/getLoginConfigByCode?code=row-code_1"),
            Fields(&["corpId", "agentId"]),
        ),
        row("/getLoginConfig", Ask::get("/getLoginConfig?code=ROW-CODE_1"), Fields(&["corpId", "agentId"])),
    ];
    for (route, ask) in [
        ("/corps", Ask::get("/corps")),
        (records, Ask::get(records)),
        ("/setCode", Ask::post("/setCode").json(&json!({"corpId": corp, "code": "abc"}))),
        ("/retryCallBack", Ask::post("/retryCallBack").json(&json!({"recordId": 1}))),
    ] {
        let forbidden = || Problem(403, "FORBIDDEN");
        rows.push(row(route, ask.clone(), forbidden()));
        rows.push(row(route, ask.clone().bearer(&given.token), forbidden()));
        rows.push(row(route, ask.clone().cookie(ADMIN_KEY), forbidden()));
        rows.push(row(route, ask.clone().header("authorization", format!("Basic {ADMIN_KEY}")), forbidden()));
        rows.push(row(route, ask.bearer(&ADMIN_KEY[1..]), forbidden()));
    }
    rows.push(row(
        "/corps",
        Ask::get(format!("/corps?key={ADMIN_KEY}&access_token={ADMIN_KEY}")),
        Problem(403, "FORBIDDEN"),
    ));
    for query in [
        "status=done",
        "status=",
        "status=Waiting",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "limit=",
        "limit=1&limit=1",
        "limit=%2B1",
        "before=0",
        "before=-1",
        "before=x",
        "before=9223372036854775808",
        "before=01",
        "x=1",
        "offset=1",
    ] {
        rows.push(row(records, keyed(Ask::get(format!("{records}?{query}"))), PARAMS));
    }
    for query in [
        "status=waiting",
        "status=running",
        "status=succeeded",
        "status=failed",
        "status=ignored",
        "limit=1",
        "limit=500",
        "limit=501",
        "limit=99999999999999999999999",
        "before=1",
        "before=9223372036854775807",
        "limit=2&status=succeeded&before=3",
    ] {
        rows.push(row(records, keyed(Ask::get(format!("{records}?{query}"))), Fields(&["records"])));
    }
    for record_id in [
        json!(0),
        json!(-1),
        json!(1.0),
        json!(1.5),
        json!(1e3),
        json!(9_223_372_036_854_775_808_u64),
        json!(null),
        json!(true),
        json!([1]),
        json!(""),
        json!("0"),
        json!("01"),
        json!("-1"),
        json!("+1"),
        json!(" 1"),
        json!("1 "),
        json!("1.0"),
        json!("0x1"),
        json!("9223372036854775808"),
    ] {
        let ask = Ask::post("/retryCallBack").json(&json!({"recordId": record_id}));
        rows.push(row("/retryCallBack", keyed(ask), PARAMS));
    }
    for record_id in [json!(i64::MAX), json!(i64::MAX.to_string()), json!(4_000_000)] {
        let ask = Ask::post("/retryCallBack").json(&json!({"recordId": record_id}));
        rows.push(row("/retryCallBack", keyed(ask), Problem(404, "RECORD_NOT_FOUND")));
    }
    for code in ["a b", "企业", "a/b", "a.b", "a%", "-/-"] {
        let ask = Ask::post("/setCode").json(&json!({"corpId": corp, "code": code}));
        rows.push(row("/setCode", keyed(ask), PARAMS));
    }
    let long = json!({"corpId": corp, "code": "x".repeat(65)});
    rows.push(row("/setCode", keyed(Ask::post("/setCode").json(&long)), PARAMS));
    let good = json!({"corpId": corp, "code": "abc"});
    let broken = broken_bodies("/setCode", &good).into_iter().map(|ask| row("/setCode", keyed(ask), PARAMS));
    rows.extend(broken);
    rows.push(row("/retryCallBack", keyed(Ask::post("/retryCallBack")), PARAMS));
    rows.push(row(
        "/retryCallBack",
        keyed(Ask::post("/retryCallBack").json(&json!({"recordId": 1, "x": 1}))),
        PARAMS,
    ));
    rows
}

fn session(given: &Given) -> Vec<Row> {
    use Expect::{Fields, Head, HeadProblem, Problem};
    let mut rows = vec![
        row("/me", Ask::get("/me").bearer(&given.token), Fields(&["user", "session"])),
        row("/me", Ask::new("HEAD", "/me").bearer(&given.token), Head),
        row("/me", Ask::new("HEAD", "/me"), HeadProblem(401)),
        row("/me", Ask::get("/me").cookie(&given.token), Fields(&["user", "session"])),
        row(
            "/me",
            Ask::get(format!("/me?token={0}&access_token={0}", given.token)),
            Problem(401, "UNAUTHENTICATED"),
        ),
        row("/sessions", Ask::get("/sessions").bearer(&given.token), Fields(&["sessions"])),
        row("/sessions", Ask::new("HEAD", "/sessions").bearer(&given.token), Head),
    ];
    for id in ["1", "nobody", "%2e%2e", "..%2f", "%00", "%FF", "a%20b"] {
        let ask = Ask::new("DELETE", format!("/sessions/{id}")).bearer(&given.token);
        rows.push(row("/sessions/{id}", ask, Problem(404, "SESSION_NOT_FOUND")));
    }
    for (route, method, path) in [
        ("/me", "GET", "/me"),
        ("/sessions", "GET", "/sessions"),
        ("/sessions/{id}", "DELETE", "/sessions/1"),
        ("/logout", "POST", "/logout"),
        ("/logoutAll", "POST", "/logoutAll"),
    ] {
        let ask = || Ask::new(method, path);
        let mut altered = given.token.clone().into_bytes();
        altered[10] = if altered.get(10) == Some(&b'A') { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        rows.push(row(route, ask(), Problem(401, "UNAUTHENTICATED")));
        rows.push(row(route, ask().header("authorization", "Basic YTpi"), Problem(401, "UNAUTHENTICATED")));
        rows.push(row(route, ask().bearer("nonsense"), Problem(401, "TOKEN_INVALID")));
        rows.push(row(route, ask().bearer(&altered), Problem(401, "TOKEN_INVALID")));
        rows.push(row(route, ask().bearer(ADMIN_KEY), Problem(401, "TOKEN_INVALID")));
    }
    for (route, method, path) in [
        ("/sessions/{id}", "DELETE", "/sessions/1"),
        ("/logout", "POST", "/logout"),
        ("/logoutAll", "POST", "/logoutAll"),
    ] {
        rows.push(row(route, Ask::new(method, path).cookie(&given.token), Problem(403, "CROSS_SITE")));
    }
    rows
}

fn unknown_paths() -> Vec<Row> {
    let unknown = [
        "/nope",
        "/me/",
        "/ME",
        "/%6De",
        "/me/x",
        "/sessions/",
        "/sessions/1/x",
        "/notify/",
        "/x/y/notify",
        "/QywxProxyDefault",
        "/QywxProxyDefault/",
        "/QywxProxyDefault/me",
        "/QywxProxyDefault/getlogincode",
        "/QywxProxyDefault/getLoginConfig/",
        "/getLoginCode",
        "/.",
        "/me.json",
    ];
    // What a rule of a proxy in front would not see as one of our paths is none.
    let empty_segments =
        ["//notify", "//getLoginConfig", "//me", "//setCode", "//sessions/1", "/sessions//1"];
    let rows = |path: &'static str, expect: Expect| {
        [Ask::get(path), Ask::post(path).body("{}")].map(|ask| Row {
            route: None,
            ask,
            expect: expect.clone(),
        })
    };
    let unknown = unknown.into_iter().flat_map(|path| rows(path, Expect::Host404));
    unknown.chain(empty_segments.into_iter().flat_map(|path| rows(path, Expect::NotFound))).collect()
}
