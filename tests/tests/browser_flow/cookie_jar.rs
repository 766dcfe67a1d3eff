//! A cookie jar that follows the login through our pages and the sandbox's.

use serde_json::Value;
use wecom_login_tests::{Adapter, TestApp, TestRequest, TestResponse, send};

const WECOM: &str =
    "Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.20 MicroMessenger/7.0.1 Language/zh";

const WECHAT: &str = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.50 Language/zh_CN";

/// A browser: its cookies and its headers.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: Vec<(String, String)>,
    agent: String,
    language: &'static str,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self {
            agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(),
            language: "en",
            ..Self::default()
        }
    }

    pub(crate) fn in_wecom() -> Self {
        Self {
            agent: WECOM.to_owned(),
            language: "zh-CN,zh;q=0.9",
            ..Self::default()
        }
    }

    pub(crate) fn in_wechat() -> Self {
        Self {
            agent: WECHAT.to_owned(),
            ..Self::in_wecom()
        }
    }

    /// GET of a path of the app, as this browser sends it.
    pub(crate) fn ask(&self, target: &str) -> TestRequest {
        self.send_as(TestRequest::get(target), "text/html,*/*;q=0.8")
    }

    /// POST of a form of the host app.
    pub(crate) fn submit(&self, target: &str) -> TestRequest {
        self.send_as(TestRequest::post(target), "text/html,*/*;q=0.8")
    }

    /// POST by a script of the host app.
    pub(crate) fn fetch(&self, target: &str) -> TestRequest {
        self.send_as(TestRequest::post(target), "*/*")
    }

    fn send_as(&self, request: TestRequest, accept: &str) -> TestRequest {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let ask = request
            .header("user-agent", &*self.agent)
            .header("accept-language", self.language)
            .header("accept", accept);
        if cookies.is_empty() {
            ask
        } else {
            ask.header("cookie", cookies.join("; "))
        }
    }

    pub(crate) fn keep(&mut self, reply: &TestResponse) {
        for line in reply.header_values("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap();
            assert!(
                attributes.contains("Path=/; HttpOnly; SameSite=Lax"),
                "{line}"
            );
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0;") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Opens one of our pages, and checks what holds for every response.
    pub(crate) async fn open(&mut self, app: &TestApp, target: &str) -> TestResponse {
        let reply = app.send_to_host(self.ask(target)).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        if !matches!(reply.status, 302 | 303) {
            assert_eq!(
                reply.header("content-type"),
                Some("text/html; charset=utf-8"),
                "{reply:?}"
            );
            let nonce = reply
                .text()
                .split("nonce=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .to_owned();
            assert!(policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
        }
        self.keep(&reply);
        reply
    }

    /// `/login` with this query; gives the link to WeCom.
    pub(crate) async fn begin(&mut self, app: &TestApp, query: &str) -> String {
        let reply = self.open(app, &format!("/auth/login?{query}")).await;
        assert_eq!(reply.status, 302, "{}", reply.text());
        reply.header("location").unwrap().to_owned()
    }

    /// The same, then the scan or click of this member, and the callback.
    pub(crate) async fn log_in(
        &mut self,
        app: &TestApp,
        query: &str,
        member: &str,
    ) -> TestResponse {
        let link = self.begin(app, query).await;
        let back = as_person(app, &link, member).await;
        self.open(app, &back).await
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn pending(&self) -> usize {
        self.cookies
            .iter()
            .filter(|(name, _)| name.contains("wecom_state_"))
            .count()
    }

    pub(crate) async fn me(&self, app: &TestApp) -> Value {
        app.send_to_host(self.ask("/auth/me")).await.success()
    }
}

/// WeCom's page with one more parameter; gives the target of its redirect, relative to the app.
pub(crate) async fn at_wecom(app: &TestApp, link: &str, more: &str) -> String {
    let target = link
        .split('#')
        .next()
        .unwrap()
        .strip_prefix(&app.sandbox.url())
        .unwrap();
    let reply = send(
        app.sandbox.addr(),
        &TestRequest::get(format!("{target}&{more}")),
    )
    .await;
    assert_eq!(reply.status, 302, "{}", reply.text());
    let location = reply.header("location").unwrap();
    let path = location
        .find("/auth/callback")
        .unwrap_or_else(|| panic!("{location}"));
    location[path..].to_owned()
}

pub(crate) async fn as_person(app: &TestApp, link: &str, member: &str) -> String {
    at_wecom(app, link, &format!("sandboxUser={member}")).await
}

pub(crate) fn state_of(link: &str) -> String {
    let state = link.split("state=").nth(1).unwrap();
    state[..32].to_owned()
}

pub(crate) async fn start_app(adapter: &dyn Adapter) -> TestApp {
    TestApp::from_auths_directory()
        .adapter(adapter)
        .start()
        .await
}

#[track_caller]
pub(crate) fn is_page(reply: &TestResponse, status: u16, text: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.text().contains(text), "{}", reply.text());
    assert!(
        !reply
            .header_values("set-cookie")
            .any(|line| line.starts_with("wecom_login=")),
        "{reply:?}"
    );
}
