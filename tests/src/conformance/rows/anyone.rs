//! Rows of the routes without a login, and of the pages.

use serde_json::json;

use super::bodies::{PARAMS, broken_bodies};
use super::{Expect, Given, Row, row};
use crate::TestRequest;

pub(super) fn pages(given: &Given) -> Vec<Row> {
    use Expect::{Head, Page};
    let (login, callback) = ("/login", "/callback");
    let state = "0123456789abcdef0123456789abcdef";
    vec![
        row(login, TestRequest::get("/login"), Page(200)),
        row(
            login,
            TestRequest::get("/login?returnTo=&orgCode=&corpId=&mode=&utm_source=x"),
            Page(200),
        ),
        row(login, TestRequest::new("HEAD", "/login"), Head),
        row(login, TestRequest::get("/login?mode=app"), Page(400)),
        row(login, TestRequest::get("/login?orgCode=nobody"), Page(404)),
        row(login, TestRequest::get("/login?corpId=wwnobody"), Page(403)),
        row(
            login,
            TestRequest::get(format!("/login?corpId={}&corpId=b", given.corp)),
            Page(400),
        ),
        row(callback, TestRequest::get("/callback"), Page(400)),
        row(
            callback,
            TestRequest::get("/callback?code=c&state=abc"),
            Page(400),
        ),
        row(
            callback,
            TestRequest::get(format!("/callback?code=c&state={state}")),
            Page(403),
        ),
        row(
            callback,
            TestRequest::get(format!("/callback?corpId=ww1&state={state}")),
            Page(403),
        ),
    ]
}

pub(super) fn anyone(given: &Given) -> Vec<Row> {
    use Expect::{Fields, Head, HeadProblem, Problem};
    let config = "/{Instance}/getLoginConfig";
    let login_code = "/{Instance}/getLoginCode";
    let corp = &given.corp;
    let mut rows = vec![
        row(
            "/openapi.json",
            TestRequest::get("/openapi.json"),
            Fields(&["openapi", "info", "servers", "paths", "components"]),
        ),
        row(
            "/openapi.json",
            TestRequest::new("HEAD", "/openapi.json"),
            Head,
        ),
        row(
            "/health/live",
            TestRequest::get("/health/live"),
            Fields(&["status"]),
        ),
        row(
            "/health/ready",
            TestRequest::get("/health/ready"),
            Fields(&["status"]),
        ),
        row(
            "/health/ready",
            TestRequest::new("HEAD", "/health/ready"),
            Head,
        ),
        row(
            config,
            TestRequest::get("/QywxProxyDefault/getLoginConfig"),
            Fields(&["suiteId", "isActive", "authType"]),
        ),
        row(
            config,
            TestRequest::get("/auths.QywxProxyDefault/getLoginConfig"),
            Fields(&["suiteId", "isActive", "authType"]),
        ),
        row(
            config,
            TestRequest::get("/Qywx%50roxyDefault/getLoginConfig"),
            Fields(&["suiteId", "isActive", "authType"]),
        ),
        row(
            config,
            TestRequest::get("/QywxProxyCompanyA/getLoginConfig"),
            Fields(&["suiteId", "corpId", "agentId", "isActive", "authType"]),
        ),
        row(
            config,
            TestRequest::get("/Closed/getLoginConfig"),
            Fields(&["suiteId", "corpId", "isActive", "authType"]),
        ),
        row(
            config,
            TestRequest::get("/group.CodesOff/getLoginConfig"),
            Fields(&["suiteId", "corpId", "isActive", "authType"]),
        ),
        row(
            config,
            TestRequest::new("HEAD", "/QywxProxyDefault/getLoginConfig"),
            Head,
        ),
        row(
            config,
            TestRequest::new("HEAD", "/Nobody/getLoginConfig"),
            HeadProblem(404),
        ),
        row(
            config,
            TestRequest::get("/Nobody/getLoginConfig"),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            config,
            TestRequest::get("/qywxproxydefault/getLoginConfig"),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            config,
            TestRequest::get("/CodesOff/getLoginConfig"),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            config,
            TestRequest::get("/group%2FCodesOff/getLoginConfig"),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            config,
            TestRequest::get("/%FF/getLoginConfig"),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            config,
            TestRequest::get("/loginTypes.Meta/getLoginConfig"),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            login_code,
            TestRequest::post("/Nobody/getLoginCode").json(&json!({"corpId": corp, "code": "c"})),
            Problem(404, "INSTANCE_NOT_FOUND"),
        ),
        row(
            login_code,
            TestRequest::post("/QywxProxyCompanyA/getLoginCode")
                .json(&json!({"corpId": "wwother", "code": "c"})),
            Problem(403, "CORP_MISMATCH"),
        ),
        row(
            login_code,
            TestRequest::post("/QywxProxyDefault/getLoginCode")
                .json(&json!({"corpId": "wwother", "code": "c"})),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
        row(
            login_code,
            TestRequest::post("/Closed/getLoginCode")
                .json(&json!({"corpId": crate::auths::CLOSED, "code": "c"})),
            Problem(403, "LOGIN_DISABLED"),
        ),
        row(
            "/loginByCode",
            TestRequest::post("/loginByCode").json(&json!({"loginCode": "x"})),
            Problem(401, "LOGIN_CODE_INVALID"),
        ),
        row(
            "/loginByCode",
            TestRequest::post("/loginByCode").json(&json!({"loginCode": "x", "platform": "tv"})),
            Problem(400, "PLATFORM_UNKNOWN"),
        ),
        row(
            "/loginByWorkbench",
            TestRequest::post("/loginByWorkbench").json(&json!({"corpId": "wwother", "code": "c"})),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
        row(
            "/loginByWorkbench",
            TestRequest::post("/loginByWorkbench")
                .json(&json!({"corpId": corp, "code": "c", "suiteId": "dknobody"})),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
    ];
    let mini_program = json!({"corpId": corp, "jsCode": "c"});
    for (field, value, code) in [
        ("platform", "APP", "PLATFORM_UNKNOWN"),
        ("code", "c", "API_PARAMS_ERROR"),
        ("loginType", "qr", "API_PARAMS_ERROR"),
    ] {
        let mut body = mini_program.clone();
        body[field] = json!(value);
        rows.push(row(
            "/loginByMiniProgram",
            TestRequest::post("/loginByMiniProgram").json(&body),
            Problem(400, code),
        ));
    }
    rows.push(row(
        "/loginByMiniProgram",
        TestRequest::post("/loginByMiniProgram").json(&json!({"corpId": "wwother", "jsCode": "c"})),
        Problem(403, "CORP_NOT_AUTHORIZED"),
    ));
    rows.extend(
        broken_bodies("/loginByMiniProgram", &mini_program)
            .into_iter()
            .map(|ask| row("/loginByMiniProgram", ask, PARAMS)),
    );
    for (field, value, code) in [
        ("loginType", "QR", "LOGIN_TYPE_UNKNOWN"),
        ("loginType", "password", "LOGIN_TYPE_UNKNOWN"),
        ("platform", "app", "API_PARAMS_ERROR"),
        ("suiteId", "dk1", "API_PARAMS_ERROR"),
    ] {
        let body = json!({"corpId": corp, "code": "c", field: value});
        rows.push(row(
            login_code,
            TestRequest::post("/QywxProxyDefault/getLoginCode").json(&body),
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
        rows.push(row(
            "/loginByWorkbench",
            TestRequest::post("/loginByWorkbench").json(&body),
            Problem(400, code),
        ));
    }
    let params =
        |route, asks: Vec<TestRequest>| asks.into_iter().map(move |ask| row(route, ask, PARAMS));
    let code = json!({"corpId": corp, "code": "c"});
    rows.extend(params(
        login_code,
        broken_bodies("/QywxProxyDefault/getLoginCode", &code),
    ));
    rows.extend(params(
        "/loginByWorkbench",
        broken_bodies("/loginByWorkbench", &code),
    ));
    rows.extend(params(
        "/loginByCode",
        broken_bodies("/loginByCode", &json!({"loginCode": "x"})),
    ));
    for route in ["/getLoginConfig", "/getLoginConfigByCode"] {
        for query in [
            "",
            "?",
            "?code",
            "?code=",
            "?code=%20",
            "?code=a&code=a",
            "?code=a&x=1",
            "?Code=a",
            "?code=%00",
        ] {
            rows.push(row(
                route,
                TestRequest::get(format!("{route}{query}")),
                PARAMS,
            ));
        }
        for code in ["nobody", "%E4%BC%81", "a%20b", "%25"] {
            let expect = Problem(404, "ORG_CODE_NOT_FOUND");
            rows.push(row(
                route,
                TestRequest::get(format!("{route}?code={code}")),
                expect,
            ));
        }
        rows.push(row(
            route,
            TestRequest::new("HEAD", format!("{route}?code=nobody")),
            HeadProblem(404),
        ));
    }
    rows
}
