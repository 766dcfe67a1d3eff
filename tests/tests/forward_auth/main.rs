//! `/forwardAuth` behind real proxies, which run the blocks of `docs/forward-auth.md`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod backend;
mod proxies;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use serde_json::{Value, json};
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::auths::{COMPANY_A, SUITE};
use wecom_login_tests::scenarios::{self, Scenario};
use wecom_login_tests::{Adapter, TestApp, TestRequest, TestResponse, send};

use crate::backend::Backend;
use crate::proxies::{PROXIES, Proxy, RunningProxy};

const ADAPTERS: [&dyn Adapter; 2] = [&AxumAdapter, &ActixAdapter];
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn main() -> ExitCode {
    let mut all = Vec::new();
    for proxy in &PROXIES {
        for adapter in ADAPTERS {
            let name = format!("{}::{}", proxy.name, adapter.name());
            all.push(Scenario::new(name, proxy.needs, move || {
                protects_a_service(proxy, adapter)
            }));
        }
    }
    scenarios::run(all)
}

/// A service behind a proxy that asks an app.
struct Setup {
    app: TestApp,
    backend: Backend,
    front: SocketAddr,
    /// It ends when this is dropped.
    _proxy: RunningProxy,
}

impl Setup {
    /// Somebody may take the port before the proxy does: then at another one.
    async fn start(proxy: &'static Proxy, adapter: &dyn Adapter) -> Self {
        let backend = Backend::start().await;
        for attempt in 1.. {
            let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
            let front = reserved.local_addr().unwrap();
            let app = TestApp::from_auths_directory()
                .adapter(adapter)
                .configure(move |builder| builder.public_url(format!("http://{front}")))
                .start()
                .await;
            drop(reserved);
            match proxy.start(front, app.address(), backend.address()).await {
                Ok(running) => {
                    return Self {
                        app,
                        backend,
                        front,
                        _proxy: running,
                    };
                }
                Err(why) => assert!(attempt < 3, "{} ended: {why}", proxy.name),
            }
            app.stop().await;
        }
        unreachable!()
    }

    async fn ask(&self, request: TestRequest) -> TestResponse {
        send(self.front, &request).await
    }

    /// What the service saw of a request that reached it.
    async fn reach(&self, request: TestRequest) -> Value {
        let before = self.backend.requests();
        let reply = self.ask(request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(self.backend.requests(), before + 1);
        reply.json()
    }

    /// Asserts that a request does not reach the service.
    async fn stop(&self, request: TestRequest, status: u16) {
        let before = self.backend.requests();
        let reply = self.ask(request.clone()).await;
        assert_eq!(reply.status, status, "{request:?}: {}", reply.text());
        assert_eq!(self.backend.requests(), before, "{request:?}");
    }
}

async fn protects_a_service(proxy: &'static Proxy, adapter: &dyn Adapter) {
    let setup = Setup::start(proxy, adapter).await;
    let member = setup.app.member(COMPANY_A);
    let token = setup.app.token(COMPANY_A, &member).await;
    let me = setup
        .ask(TestRequest::get("/auth/me").bearer(&token))
        .await
        .success()["user"]
        .clone();
    let ours = format!("http://{}", setup.front);

    // The service learns who it is.
    let identity = json!({
        "remote-user": me["userId"],
        "remote-name": "%E5%BC%A0%E4%BC%9F",
        "remote-groups": COMPANY_A,
        "x-wecom-corp-id": COMPANY_A,
        "x-wecom-user-id": member,
        "x-wecom-suite-id": SUITE,
    });
    let page = || TestRequest::get("/page?x=1").header("accept", HTML);
    for request in [page().cookie(&token), page().bearer(&token)] {
        let seen = setup.reach(request).await;
        assert_eq!(seen["identity"], identity);
        assert_eq!(
            (&seen["method"], &seen["target"]),
            (&json!("GET"), &json!("/page?x=1"))
        );
    }

    // A client's own names pass neither with a session nor without one.
    let forged = |request: TestRequest| {
        [
            "Remote-User",
            "Remote-Name",
            "Remote-Email",
            "Remote-Groups",
            "X-Wecom-Corp-Id",
            "X-Wecom-User-Id",
            "X-Wecom-Suite-Id",
            "X-Wecom-Machine",
        ]
        .iter()
        .fold(request, |request, name| request.header(name, "admin"))
    };
    let seen = setup
        .reach(forged(TestRequest::get("/").cookie(&token)))
        .await;
    assert_eq!(seen["identity"], identity);
    setup.stop(forged(TestRequest::get("/")), 401).await;

    // The method is the client's: a cookie needs a page of ours.
    let cross_site = |method: &str| {
        TestRequest::new(method, "/page")
            .cookie(&token)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example")
    };
    for method in ["POST", "PUT", "DELETE"] {
        setup.stop(cross_site(method), 403).await;
        let claims = cross_site(method)
            .header("x-forwarded-method", "GET")
            .header("x-original-method", "GET")
            .header("x-forwarded-uri", "/other")
            .header("x-original-url", format!("{ours}/other"));
        setup.stop(claims, 403).await;
    }
    let handshake = || {
        TestRequest::get("/ws")
            .cookie(&token)
            .header("connection", "close, Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("origin", "https://evil.example")
    };
    setup.stop(handshake(), 403).await;
    setup
        .stop(handshake().header("sec-fetch-site", "cross-site"), 403)
        .await;
    let own = TestRequest::post("/page")
        .cookie(&token)
        .header("origin", &ours);
    assert_eq!(setup.reach(own).await["method"], "POST");
    let with_body = TestRequest::post("/page")
        .bearer(&token)
        .header("origin", "https://evil.example")
        .json(&json!({"a": "b"}));
    assert_eq!(setup.reach(with_body).await["body"], r#"{"a":"b"}"#);

    // Who is not logged in is led to the login and back; a script is told.
    setup
        .stop(
            TestRequest::get("/page").header("accept", "application/json"),
            401,
        )
        .await;
    setup
        .stop(
            TestRequest::post("/page").header("accept", HTML),
            proxy.refused_post,
        )
        .await;
    let reached = setup.backend.requests();
    let refused = setup.ask(page()).await;
    assert_eq!(refused.status, 302, "{}", refused.text());
    let login = format!("{ours}/auth/login?returnTo=/page%3Fx%3D1");
    assert_eq!(refused.header("location"), Some(login.as_str()));
    assert_eq!(setup.backend.requests(), reached);
    let (back, token) = log_in(&setup, &login, &member).await;
    assert_eq!(back, "/page?x=1");
    let seen = setup.reach(TestRequest::get(back).cookie(&token)).await;
    assert_eq!(seen["identity"], identity);
    setup.app.stop().await;
}

/// Logs in in a browser, through the proxy. Gives where it ends and the session's token.
async fn log_in(setup: &Setup, login: &str, member: &str) -> (String, String) {
    let target = login
        .strip_prefix(&format!("http://{}", setup.front))
        .unwrap();
    let begun = setup
        .ask(TestRequest::get(format!("{target}&corpId={COMPANY_A}")).header("accept", HTML))
        .await;
    assert_eq!(begun.status, 302, "{}", begun.text());
    let wecom = begun.header("location").unwrap();
    let state = form_urlencoded::parse(wecom.split_once('?').unwrap().1.as_bytes())
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let cookies: Vec<_> = begun
        .header_values("set-cookie")
        .map(|cookie| cookie.split(';').next().unwrap())
        .collect();
    let code = setup.app.code(COMPANY_A, member);
    let callback = TestRequest::get(format!("/auth/callback?code={code}&state={state}"))
        .header("accept", HTML)
        .header("cookie", cookies.join("; "));
    let done = setup.ask(callback).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let token = done
        .header_values("set-cookie")
        .find_map(|cookie| cookie.strip_prefix("wecom_login=")?.split(';').next())
        .unwrap();
    (
        done.header("location").unwrap().to_owned(),
        token.to_owned(),
    )
}
