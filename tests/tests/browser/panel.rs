//! WeCom's QR panel in our login page, by WeCom's real script where that is here, and else by a stand-in.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha384};
use url::Url;
use wecom_login::web::QrPanel;
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::browser::{
    BrowserProfile, BrowserSession, Language, Viewport, Window, js_sdk, run_with_panel,
};
use wecom_login_tests::{Adapter, TestApp, TestRequest};

use crate::headers::{assert_strict, keep};

const STAND_IN: &[u8] = include_bytes!("wecom_jssdk.js");
const MIRROR: &str = "https://cdn.jsdelivr.net/npm/@wecom/jssdk@2.4.4/dist/wecom.global.prod.js";
const WECOM: &str = "https://login.work.weixin.qq.com/wwlogin/sso/login";

/// The page gives WeCom's script what it wants; who scans in the panel is logged in, outside of it.
pub(crate) async fn panel_login_leaves_the_frame(adapter: &dyn Adapter) {
    let real = js_sdk();
    let script = real.as_deref().unwrap_or(STAND_IN);
    let panel = match real {
        Some(_) => QrPanel::new(),
        None => QrPanel::new()
            .with_script(MIRROR, Some(&digest(script)))
            .unwrap(),
    };
    let setup = TestApp::from_auths_directory().configure(|builder| builder.qr_panel(panel));
    run_with_panel(
        "panel_login_leaves_the_frame",
        adapter,
        setup,
        script,
        async |session: &BrowserSession, app: &TestApp, look: BrowserProfile| {
            let target = format!("/auth/login?corpId={COMPANY_A}");
            let page = app
                .send_to_host(TestRequest::get(&target).header("accept", "text/html"))
                .await;
            let mut headers = String::new();
            keep(&mut headers, &target, &page);
            session.save_text(&headers);
            assert_strict(&page, "frame-src https://login.work.weixin.qq.com; ");
            for (name, look) in [
                ("desktop", look),
                (
                    "phone",
                    BrowserProfile {
                        viewport: Viewport::Phone,
                        language: Language::Chinese,
                        dark: true,
                        ..look
                    },
                ),
            ] {
                let window = session.open(look).await;
                let page = format!(
                    "http://{}/auth/login?corpId={COMPANY_A}&returnTo=/api/public",
                    app.address()
                );
                window.goto(&page).await;
                let frame = Url::parse(&window.attribute("#ww_login iframe", "src").await.unwrap())
                    .unwrap();
                assert!(frame.as_str().starts_with(WECOM), "{frame}");
                asked_rightly(app, &frame, look.language);
                let title = window.attribute("#ww_login iframe", "title").await;
                assert_eq!(
                    title,
                    window
                        .attribute("html", "lang")
                        .await
                        .map(|lang| titled(&lang).to_owned())
                );
                window.enter_frame("#ww_login iframe").await;
                window.find(".people a").await;
                session.screenshot(&window, name).await;
                window.leave_frame().await;
                assert!(!window.overflows_horizontally().await);
                window.enter_frame("#ww_login iframe").await;
                window.click(".people a").await;
                window.leave_frame().await;
                window
                    .wait_for_url(&format!("http://{}/api/public", app.address()))
                    .await;
                is_in(&window, app).await;
            }
        },
    )
    .await;
}

/// Under the default digest no other file runs; members are led on to WeCom's own page, and log in there.
pub(crate) async fn unknown_script_falls_back_to_the_qr_page(adapter: &dyn Adapter) {
    let setup =
        TestApp::from_auths_directory().configure(|builder| builder.qr_panel(QrPanel::new()));
    run_with_panel(
        "other",
        adapter,
        setup,
        STAND_IN,
        async |session: &BrowserSession, app: &TestApp, look: BrowserProfile| {
            let window = session.open(look).await;
            window
                .goto(&format!(
                    "http://{}/auth/login?corpId={COMPANY_A}&returnTo=/api/public",
                    app.address()
                ))
                .await;
            window.wait_for_url(WECOM).await;
            window.click(".people a").await;
            window
                .wait_for_url(&format!("http://{}/api/public", app.address()))
                .await;
            is_in(&window, app).await;
        },
    )
    .await;
}

/// The parameters of `createWWLoginPanel`, as they arrive in its frame.
fn asked_rightly(app: &TestApp, frame: &Url, language: Language) {
    let mut asked: HashMap<_, _> = frame.query_pairs().into_owned().collect();
    let state = asked.remove("state").unwrap();
    assert!(
        state.len() == 32 && state.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{state}"
    );
    let version = asked.remove("version").unwrap();
    println!("the panel is of version {version}");
    let corps = app.sandbox.state()["corps"].as_array().unwrap().clone();
    let corp = corps
        .iter()
        .find(|corp| corp["corpId"] == COMPANY_A)
        .unwrap();
    let agent = corp["apps"][0]["agentId"].as_str().unwrap().to_owned();
    let redirect_uri = format!("http://{}/auth/callback", app.address());
    let wanted = HashMap::from(
        [
            ("login_type", "CorpApp"),
            ("appid", COMPANY_A),
            ("agentid", &agent),
            ("redirect_uri", &redirect_uri),
            ("redirect_type", "top"),
            ("panel_size", "small"),
            (
                "lang",
                if language == Language::Chinese {
                    "zh"
                } else {
                    "en"
                },
            ),
            ("color_scheme", "auto"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(asked, wanted);
}

fn titled(lang: &str) -> &'static str {
    if lang == "en" {
        "Log in with WeCom"
    } else {
        "企业微信扫码登录"
    }
}

fn digest(script: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(script)))
}

async fn is_in(window: &Window, app: &TestApp) {
    let (status, user) = window.fetch("GET", "/api/hello").await;
    assert_eq!((status, &user["corpId"]), (200, &COMPANY_A.into()));
    assert_eq!(user["thirdUserId"], app.member(COMPANY_A));
}
