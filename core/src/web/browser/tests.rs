//! The login page by itself, of a service that is for one company. Nothing here calls WeCom.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;

use crate::domain::{
    CallbackKeys, CallbackToken, EncodingAesKey, PermanentCode, Suite, SuiteSecret,
};
use crate::element::{InstanceConfig, InstanceName};
use crate::vault::{DataKey, DataKeys};
use crate::web::ResponseBody;
use crate::web::browser::{Branding, ErrorPage, PageFrame, PageRenderer, QrPanel};
use crate::wecom::Hosts;
use crate::{AgentId, Builder, CorpId, SuiteId, WecomLogin};

struct Ours;

impl PageRenderer for Ours {
    fn error(&self, frame: &PageFrame, page: &ErrorPage) -> String {
        frame.layout(page.text(frame.language()).0, "<h1>our own page</h1>")
    }
}

struct Broken;

impl PageRenderer for Broken {
    fn error(&self, _: &PageFrame, _: &ErrorPage) -> String {
        panic!("a mistake of the host app")
    }
}

async fn login(qr: &str, configure: impl FnOnce(Builder) -> Builder) -> WecomLogin {
    let keys = CallbackKeys::new(
        CallbackToken::new("a-token-of-16-or-more"),
        EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap(),
    );
    let (suite_id, corp_id) = (SuiteId::new("dk1").unwrap(), CorpId::new("ww1").unwrap());
    let suite = Suite::new(suite_id.clone(), SuiteSecret::new("secret"), keys);
    let name = InstanceName::new("auths.Only").unwrap();
    let instance = InstanceConfig::new(name, "WeCom", suite).with_corp_id(corp_id.clone());
    let builder = WecomLogin::builder()
        .instance(instance)
        .database_url("sqlite::memory:")
        .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
        .wecom_hosts(
            Hosts::parse(
                "http://127.0.0.1:9",
                "https://open.weixin.qq.com",
                qr,
                false,
            )
            .unwrap(),
        )
        .public_url("https://app.example.com/portal");
    let login = configure(builder).build().await.unwrap();
    let code = PermanentCode::new("permanent");
    let agent = Some(AgentId::new(1_000_002));
    login
        .admin()
        .import_authorization(&suite_id, &corp_id, code, agent)
        .await
        .unwrap();
    login
}

async fn get(login: &WecomLogin, path: &str, query: &str) -> Response<ResponseBody> {
    let request = Request::get(format!("{path}?{query}"))
        .header("accept-language", "en")
        .body(Empty::<Bytes>::new());
    login.respond(request.unwrap(), None).await.unwrap()
}

fn html(response: &Response<ResponseBody>) -> &str {
    std::str::from_utf8(response.body().as_bytes()).unwrap()
}

fn header<'a>(response: &'a Response<ResponseBody>, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_panel_runs_wecoms_script_and_nothing_else() {
    let panel = QrPanel::new()
        .with_script("https://cdn.example/ww.js", Some("sha384-AbC"))
        .unwrap();
    let login = login("https://login.work.weixin.qq.com", |builder| {
        builder.qr_panel(panel)
    })
    .await;
    let response = get(&login, "/login", "returnTo=/portal/a").await;
    assert_eq!(response.status().as_u16(), 200);
    let policy = header(&response, "content-security-policy").unwrap();
    let nonce = policy
        .split("script-src 'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(
        policy.contains("; frame-src https://login.work.weixin.qq.com; "),
        "{policy}"
    );
    assert!(
        policy.contains(&format!("style-src 'nonce-{nonce}';")),
        "{policy}"
    );
    let html = html(&response);
    let script = format!(
        "<script nonce=\"{nonce}\" src=\"https://cdn.example/ww.js\" integrity=\"sha384-AbC\" crossorigin=\"anonymous\">"
    );
    assert!(html.contains(&script), "{html}");
    assert!(
        html.contains("\"redirect_uri\":\"https://app.example.com/portal/auth/callback\""),
        "{html}"
    );
    assert!(html.contains("\"appid\":\"ww1\"") && html.contains("\"agentid\":\"1000002\""));
    assert_eq!(
        html.matches("<script").count(),
        html.matches(&format!("<script nonce=\"{nonce}\"")).count()
    );
    let cookie = header(&response, "set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-wecom_state_") && cookie.ends_with("; Secure"),
        "{cookie}"
    );

    // In WeCom nobody scans.
    let inside = get(&login, "/login", "mode=workbench").await;
    assert_eq!(inside.status(), 302);
    assert!(
        header(&inside, "location")
            .unwrap()
            .starts_with("https://open.weixin.qq.com/connect/oauth2/")
    );
    login.shutdown().await;
}

#[tokio::test]
async fn the_panel_is_for_wecoms_own_host() {
    let login = login("http://127.0.0.1:9", |builder| {
        builder.qr_panel(QrPanel::new())
    })
    .await;
    let response = get(&login, "/login", "").await;
    assert_eq!(response.status().as_u16(), 302);
    assert!(
        header(&response, "location")
            .unwrap()
            .starts_with("http://127.0.0.1:9/wwlogin/sso/login")
    );
    login.shutdown().await;
}

#[tokio::test]
async fn a_host_app_replaces_one_page_and_brands_the_rest() {
    let branding = Branding::new().with_name("Acme <b>");
    let login = login("http://127.0.0.1:9", |builder| {
        builder.pages(Ours).branding(branding)
    })
    .await;
    let own = get(&login, "/callback", "").await;
    assert_eq!(own.status(), 400);
    assert!(html(&own).contains("our own page"));
    assert!(
        header(&own, "content-security-policy")
            .unwrap()
            .contains("font-src 'self'")
    );
    let ours = get(&login, "/login", "orgCode=nobody").await;
    assert_eq!(ours.status(), 404);
    assert!(html(&ours).contains("<header><span>Acme &lt;b&gt;</span></header>"));
    assert!(html(&ours).contains("<form method=\"get\" action=\"/portal/auth/login\">"));
    assert!(
        html(&ours).contains("name=\"returnTo\" value=\"/portal/\""),
        "without returnTo, the app's root"
    );
    login.shutdown().await;
}

#[tokio::test]
async fn a_page_of_the_host_app_that_breaks_is_still_a_page() {
    let login = login("http://127.0.0.1:9", |builder| builder.pages(Broken)).await;
    let response = get(&login, "/callback", "").await;
    assert_eq!(
        (
            response.status().as_u16(),
            header(&response, "content-type")
        ),
        (500, Some("text/html; charset=utf-8"))
    );
    assert!(
        html(&response).contains("The login failed"),
        "{}",
        html(&response)
    );
    assert!(html(&response).contains("href=\"/portal/auth/login\""));
    let policy = header(&response, "content-security-policy").unwrap();
    assert!(
        policy.contains("frame-ancestors 'none'") && !policy.contains("font-src 'self'"),
        "{policy}"
    );
    login.shutdown().await;
}

#[tokio::test]
async fn a_logout_by_the_host_app_makes_the_login_wait_for_a_click() {
    let login = login("http://127.0.0.1:9", |builder| builder).await;
    let [cleared, mark] = login.logout_cookies();
    assert!(
        cleared.starts_with("__Host-wecom_login=; Max-Age=0;"),
        "{cleared}"
    );
    assert!(mark.contains("; Max-Age=2592000;"), "{mark}");
    let cookie = mark.split(';').next().unwrap();
    let request = Request::get("/login")
        .header("accept-language", "en")
        .header("cookie", cookie)
        .body(Empty::<Bytes>::new());
    let response = login.respond(request.unwrap(), None).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert!(
        html(&response).contains("You are logged out"),
        "{}",
        html(&response)
    );
    login.shutdown().await;
}
