//! What the routes take and answer, but for the operator's API.

use super::operation::{Answer, Body, Operation, QueryParam, Schema};
use super::operator::operator;
use crate::error::ErrorKind;
use crate::web::route::{Access, Endpoint, Route};

/// What a login may be refused with.
const LOGIN: &[ErrorKind] = &[
    ErrorKind::AgentUnknown,
    ErrorKind::CodeInvalid,
    ErrorKind::Config,
    ErrorKind::CorpMismatch,
    ErrorKind::CorpNotAuthorized,
    ErrorKind::CorpNotInList,
    ErrorKind::InstanceNotFound,
    ErrorKind::LicenceMissing,
    ErrorKind::LoginCodeInvalid,
    ErrorKind::LoginDisabled,
    ErrorKind::LoginTypeUnknown,
    ErrorKind::NotCorpMember,
    ErrorKind::PlatformUnknown,
    ErrorKind::RateLimited,
    ErrorKind::SuiteTicketMissing,
    ErrorKind::Upstream,
    ErrorKind::UpstreamTimeout,
    ErrorKind::UserAuthMiss,
    ErrorKind::UserNotVisible,
];
/// What a call to WeCom as a corp may fail with.
const CORP_CALL: &[ErrorKind] = &[
    ErrorKind::AgentUnknown,
    ErrorKind::Config,
    ErrorKind::CorpMismatch,
    ErrorKind::CorpNotAuthorized,
    ErrorKind::SuiteTicketMissing,
    ErrorKind::Upstream,
    ErrorKind::UpstreamTimeout,
];

const CODE: QueryParam = QueryParam::new("code", Schema::Text, "An organization code.").required();
const SESSIONS: &[QueryParam] = &[
    QueryParam::new("limit", Schema::Named("Limit"), "100 unless given."),
    QueryParam::new("after", Schema::Named("Cursor"), "Where the page begins."),
];
const JS_CONFIG: &[QueryParam] = &[
    QueryParam::new("url", Schema::Text, "A page of the public URL's origin.").required(),
    QueryParam::new(
        "corpId",
        Schema::Named("CorpId"),
        "The corp that the page is of.",
    ),
];
const RECORDS: &[QueryParam] = &[
    QueryParam::new(
        "status",
        Schema::Named("RecordStatus"),
        "Only those in this state.",
    ),
    QueryParam::new("limit", Schema::Named("Limit"), "50 unless given."),
    QueryParam::new(
        "before",
        Schema::Named("RecordId"),
        "Only those before this one.",
    ),
];
const LOGIN_PAGE: &[QueryParam] = &[
    QueryParam::new(
        "returnTo",
        Schema::Text,
        "Where the person goes after the login: a path of this origin.",
    ),
    QueryParam::new("orgCode", Schema::Text, "An organization code."),
    QueryParam::new("corpId", Schema::Text, "A corp."),
    QueryParam::new("mode", Schema::Text, "`qr` or `workbench`."),
];
const CALLBACK: &[QueryParam] = &[
    QueryParam::new("code", Schema::Text, "WeCom's code."),
    QueryParam::new("state", Schema::Text, "The state of the attempt."),
];
const FORWARD_AUTH: &[QueryParam] = &[
    QueryParam::new(
        "corpId",
        Schema::Named("CorpId"),
        "The corp that the session has to be of.",
    ),
    QueryParam::new(
        "instance",
        Schema::Text,
        "The instance that the session has to be of.",
    ),
    QueryParam::new(
        "scope",
        Schema::Text,
        "Machines with this scope are let in, beside people.",
    ),
    QueryParam::new(
        "on",
        Schema::Words(&["401"]),
        "`401`: nobody is redirected.",
    ),
];
const NOTIFY: &[QueryParam] = &[
    QueryParam::new("msg_signature", Schema::Text, "WeCom's signature.").required(),
    QueryParam::new("timestamp", Schema::Text, "What is signed.").required(),
    QueryParam::new("nonce", Schema::Text, "What is signed.").required(),
];
const ECHO: &[QueryParam] = &[
    NOTIFY[0],
    NOTIFY[1],
    NOTIFY[2],
    QueryParam::new("echostr", Schema::Text, "What is answered, encrypted.").required(),
];

/// What one method of a route takes and answers.
pub(super) fn operation(route: &Route, method: &str) -> Operation {
    let mut operation = describe(route.endpoint, method);
    // Two routes of one endpoint are two methods of a client.
    match route.path {
        "/getLoginConfig" => operation.id = "getLoginConfigOfCode",
        "/{Instance}/notify" if method == "GET" => operation.id = "verifyUrlOfInstance",
        "/{Instance}/notify" => operation.id = "notifyInstance",
        _ => {}
    }
    operation
}

/// The tag of a route: one module of a generated client.
pub(super) const fn tag(access: Access) -> &'static str {
    match access {
        Access::Anyone => "login",
        Access::Browser => "browser",
        Access::WeCom => "callbacks",
        Access::Session => "session",
        Access::Admin => "admin",
        Access::Console => "console",
    }
}

#[rustfmt::skip]
fn describe(endpoint: Endpoint, method: &str) -> Operation {
    use Body::Json;
    match endpoint {
        Endpoint::AdminApi(route) => operator(route, method),
        Endpoint::AccessToken => Operation::json("accessToken", "The access token of a corp, only where the host app serves it.", "CorpAccessToken")
            .with_query(super::operator::SUITE).takes(Body::OptionalJson("CorpRequest")).fails(CORP_CALL),
        Endpoint::BrowserCallback => Operation::new("callback", "The redirect back from WeCom.", Answer::Page).with_query(CALLBACK),
        Endpoint::BrowserLogin => Operation::new("login", "The browser's way in.", Answer::Page).with_query(LOGIN_PAGE),
        Endpoint::CallbackRecords => Operation::json("callbackRecords", "The events that WeCom pushed, the newest first.", "CallbackRecords").with_query(RECORDS),
        Endpoint::Console(_) => Operation::new("console", "A page of the console.", Answer::Page),
        Endpoint::Corps => Operation::json("corps", "The corps that authorized a suite.", "Corps"),
        Endpoint::EndSession => Operation::new("endSession", "Ends one session of the user.", Answer::NoContent).fails(&[ErrorKind::SessionNotFound]),
        Endpoint::ForwardAuth => Operation::new("forwardAuth", "For a proxy, which may ask with any method, and below this path: the identity in headers.", Answer::Identity)
            .with_query(FORWARD_AUTH).fails(&[ErrorKind::Forbidden, ErrorKind::InstanceNotFound]),
        Endpoint::HealthLive => Operation::new("healthLive", "Whether the process answers.", Answer::Health),
        Endpoint::HealthReady => Operation::new("healthReady", "Whether the database answers and no shutdown has begun.", Answer::Health),
        Endpoint::JsConfig => Operation::json("jsConfig", "What a page registers WeCom's JS-SDK with.", "JsConfig").with_query(JS_CONFIG).fails(CORP_CALL),
        Endpoint::LoginByCode => Operation::json("loginByCode", "Exchanges a login code for a session.", "LoginResult").takes(Json("LoginByCodeRequest")).fails(LOGIN),
        Endpoint::LoginByMiniProgram => Operation::json("loginByMiniProgram", "Logs in by the code of a mini program.", "LoginResult").takes(Json("MiniProgramLoginRequest")).fails(LOGIN),
        Endpoint::LoginByWorkbench => Operation::json("loginByWorkbench", "Logs in by a code of the workbench.", "LoginResult").takes(Json("WorkbenchLoginRequest")).fails(LOGIN),
        Endpoint::LoginCode => Operation::json("getLoginCode", "Proves a person by a code of WeCom.", "LoginCode").takes(Json("LoginCodeRequest")).fails(LOGIN),
        Endpoint::LoginConfig => Operation::json("getLoginConfig", "What a client needs to show the login of an instance.", "LoginConfig").fails(&[ErrorKind::InstanceNotFound]),
        Endpoint::LoginConfigByCode => Operation::json("getLoginConfigByCode", "The corp of an organization code.", "OrgCodeLogin").with_query(&[CODE])
            .fails(&[ErrorKind::AgentUnknown, ErrorKind::CorpNotAuthorized, ErrorKind::LoginDisabled, ErrorKind::OrgCodeNotFound, ErrorKind::RateLimited]),
        Endpoint::Logout => Operation::new("logout", "Ends this session.", Answer::NoContent),
        Endpoint::LogoutAll => Operation::new("logoutAll", "Ends every session of the user.", Answer::NoContent),
        Endpoint::Me => Operation::json("me", "The current user and session, or the machine.", "Me"),
        Endpoint::Notify if method == "GET" => Operation::new("verifyUrl", "WeCom verifies the address of callbacks.", Answer::Callback).with_query(ECHO),
        Endpoint::Notify => Operation::new("notify", "A callback of WeCom.", Answer::Callback).with_query(NOTIFY).takes(Body::Callback),
        Endpoint::OpenApi => Operation::new("openApi", "This document.", Answer::Document),
        Endpoint::RetryCallback => Operation::new("retryCallBack", "Runs a callback record now.", Answer::NoContent).takes(Json("RetryRequest")).fails(super::operator::RETRY),
        Endpoint::Sessions => Operation::json("listSessions", "The user's sessions, the newest first.", "SessionPage").with_query(SESSIONS),
        Endpoint::SetCode => Operation::new("setCode", "Sets the organization code of a corp.", Answer::NoContent).takes(Json("SetCodeRequest"))
            .fails(&[ErrorKind::CorpNotAuthorized, ErrorKind::OrgCodeConflict]),
    }
}
