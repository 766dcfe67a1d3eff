//! Both adapters behind an nginx that strips the path of the public URL.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitCode};
use std::sync::Mutex;

use tempfile::TempDir;
use tokio::net::TcpStream;
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::auths::{COMPANY_A, SUITE};
use wecom_login_tests::browser::find;
use wecom_login_tests::scenarios::{self, Scenario};
use wecom_login_tests::{Adapter, TestApp, TestRequest, send, until};

fn main() -> ExitCode {
    let adapters: [&dyn Adapter; 2] = [&AxumAdapter, &ActixAdapter];
    let scenarios = adapters.into_iter().flat_map(|adapter| {
        let name = |name: &str| format!("behind_nginx::{}::{name}", adapter.name());
        [
            Scenario::new(name("login_behind_a_path"), &["nginx"], move || {
                a_whole_login_behind_a_path(adapter)
            }),
            Scenario::new(name("rejections_of_bodies"), &["nginx"], move || {
                rejections_of_bodies_under_way(adapter)
            }),
            Scenario::new(name("cached_pages"), &["nginx"], move || {
                pages_are_cached_for_nobody_else(adapter)
            }),
        ]
    });
    scenarios::run(scenarios.collect())
}

async fn a_whole_login_behind_a_path(adapter: &dyn Adapter) {
    let (app, front, _nginx) = behind(adapter).await;
    let public_url = format!("http://{front}/portal");
    let ask = async |ask: TestRequest| send(front, &ask).await;

    // WeCom pushes to the public URL, and the echo of its check comes back.
    app.sandbox
        .set_notify(&format!("{public_url}/auth/notify"))
        .unwrap();
    app.install_corp(SUITE, &app.open_corps()[1]).await;

    let config = ask(TestRequest::get(
        "/portal/auth/QywxProxyCompanyA/getLoginConfig",
    ))
    .await
    .success();
    assert_eq!(config["corpId"], COMPANY_A);
    let code = app.code(COMPANY_A, &app.member(COMPANY_A));
    let body = serde_json::json!({"corpId": COMPANY_A, "code": code});
    let login = ask(TestRequest::post("/portal/auth/loginByWorkbench").json(&body))
        .await
        .success();
    let token = login["token"].as_str().unwrap();
    let hello = ask(TestRequest::get("/portal/api/hello").bearer(token)).await;
    assert_eq!(
        (hello.status, &hello.json()["corpId"]),
        (200, &COMPANY_A.into())
    );

    // Browsers are sent to the login, and back, below the path that nginx strips.
    let page = ask(TestRequest::get("/portal/api/page?x=1").header("accept", "text/html")).await;
    let location = "/portal/auth/login?returnTo=/portal/api/page%3Fx%3D1";
    assert_eq!(
        (page.status, page.header("location")),
        (302, Some(location))
    );

    // Our own origin is that of the public URL, not the one that nginx connects to.
    let logout = |origin: String| {
        TestRequest::post("/portal/auth/logout")
            .cookie(token)
            .header("origin", origin)
    };
    ask(logout(format!("http://{}", app.address())))
        .await
        .assert_problem(403, "CROSS_SITE");
    let done = ask(logout(format!("http://{front}"))).await;
    done.assert_no_content();
    assert!(
        done.header_values("set-cookie").count() > 0
            && done
                .header_values("set-cookie")
                .all(|cookie| cookie.contains("Path=/"))
    );
    ask(TestRequest::get("/portal/api/hello").bearer(token))
        .await
        .assert_problem(401, "TOKEN_INVALID");

    // nginx adds the client's address; guesses of one client are not counted to another.
    for _ in 0..10 {
        let guess = TestRequest::get("/portal/auth/corps")
            .bearer("guess")
            .forwarded_for("192.0.2.1");
        assert_eq!(ask(guess).await.status, 403);
    }
    assert_eq!(
        ask(TestRequest::get("/portal/auth/corps")
            .bearer("guess")
            .forwarded_for("192.0.2.1"))
        .await
        .status,
        429
    );
    assert_eq!(
        ask(TestRequest::get("/portal/auth/corps")
            .bearer("guess")
            .forwarded_for("192.0.2.2"))
        .await
        .status,
        403
    );

    // Ours and the host's 404 stay what they are; what is not below the path is nginx's.
    assert_eq!(
        ask(TestRequest::get("/portal/nowhere")).await.text(),
        wecom_login_tests::adapter::HOST_404
    );
    assert_eq!(
        ask(TestRequest::get("/auth/me"))
            .await
            .header("server")
            .map(|name| &name[..5]),
        Some("nginx")
    );
    app.stop().await;
}

/// How often each body is sent: some arrive in time by chance.
const TRIES: usize = 20;

/// nginx that still sends a body when the app closes the connection answers 502 in place of the rejection.
async fn rejections_of_bodies_under_way(adapter: &dyn Adapter) {
    let (app, front, _nginx) = behind(adapter).await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    app.send(TestRequest::post("/logout").bearer(&token))
        .await
        .assert_no_content();
    let mut failed = Vec::new();
    for length in [30_000, 900_000] {
        // nginx hands a body on as it comes, or first reads the whole of it.
        for location in ["portal", "unbuffered"] {
            for (path, expected) in [
                ("/api/guarded-upload", 401),
                ("/auth/logout", 401),
                ("/auth/loginByCode", 413),
            ] {
                let mut answers = [0; 1000];
                for _ in 0..TRIES {
                    let ask = TestRequest::post(format!("/{location}{path}"))
                        .bearer(&token)
                        .body(vec![b'x'; length]);
                    answers[usize::from(send(front, &ask).await.status)] += 1;
                }
                let others = TRIES - answers[expected];
                if others > 0 {
                    failed.push(format!(
                        "/{location}{path}, {length} bytes: {} of {TRIES} are 502, {others} not {expected}",
                        answers[502]
                    ));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    app.stop().await;
}

/// `proxy_cache` for a minute, as an operator may lay it over a whole app.
async fn pages_are_cached_for_nobody_else(adapter: &dyn Adapter) {
    let (app, front, _nginx) = behind(adapter).await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let page =
        |path: &str| TestRequest::get(format!("/cached{path}")).header("accept", "text/html");
    for (path, status, anybody) in [
        ("/api/page", 302, None),
        ("/api/hello", 401, None),
        ("/api/public", 200, Some("{}")),
    ] {
        let own = send(front, &page(path).cookie(&token)).await;
        assert_eq!(own.json()["corpId"], COMPANY_A);
        let other = send(front, &page(path)).await;
        assert_eq!(other.status, status, "{path}: {}", other.text());
        if let Some(anybody) = anybody {
            assert_eq!(other.text(), anybody, "{path}");
        }
        let again = send(front, &page(path).bearer(&token)).await;
        assert_eq!(again.json()["corpId"], COMPANY_A, "{path}");
    }
    // What its handler allows a cache to keep, it keeps, for those who sent the same.
    let cached = page("/api/cached").cookie(&token);
    for expected in ["MISS", "HIT"] {
        let answer = send(front, &cached).await;
        assert_eq!(
            (answer.status, answer.header("x-cache")),
            (200, Some(expected))
        );
    }
    assert_eq!(send(front, &page("/api/cached")).await.status, 401);
    app.stop().await;
}

/// An app, nginx before it, and where that listens. Somebody may take the port before nginx does: then at another one.
async fn behind(adapter: &dyn Adapter) -> (TestApp, SocketAddr, Nginx) {
    for attempt in 1.. {
        let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = reserved.local_addr().unwrap();
        let public_url = format!("http://{front}/portal");
        let app = TestApp::from_auths_directory()
            .adapter(adapter)
            .configure(move |builder| builder.public_url(public_url))
            .start()
            .await;
        drop(reserved);
        match Nginx::start(front, app.address()).await {
            Ok(nginx) => return (app, front, nginx),
            Err(why) => assert!(attempt < 5 && why.contains("in use"), "nginx ended: {why}"),
        }
        app.stop().await;
    }
    unreachable!()
}

/// A running nginx; it ends when this is dropped.
struct Nginx {
    child: Mutex<Child>,
    _directory: TempDir,
}

impl Nginx {
    /// Listens at `front`, and hands what is below `/portal/` to the app without that. If it ends, what it said is the
    /// error.
    async fn start(front: SocketAddr, app: SocketAddr) -> Result<Self, String> {
        let program = find("nginx").expect("nginx is installed");
        let directory = TempDir::new().unwrap();
        let path = directory.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("  {kind}_temp_path {path}/{kind};\n"))
            .concat();
        let location = |name: &str, more: &str| {
            format!(
                "    location /{name}/ {{\n      proxy_pass http://backend/;\n      proxy_http_version 1.1;\n      \
                 proxy_set_header Connection \"\";\n      proxy_set_header X-Forwarded-For \
                 $proxy_add_x_forwarded_for;\n{more}    }}\n"
            )
        };
        let locations = [
            location("portal", ""),
            location("unbuffered", "      proxy_request_buffering off;\n"),
            location(
                "cached",
                "      proxy_cache pages;\n      proxy_cache_valid 200 1m;\n      add_header X-Cache \
                 $upstream_cache_status always;\n",
            ),
        ]
        .concat();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/errors;\nevents {{}}\nhttp {{\n\
             {temporary}  access_log off;\n  proxy_cache_path {path}/cache keys_zone=pages:1m;\n  upstream backend \
             {{\n    server {app};\n    keepalive 4;\n  }}\n  server {{\n    listen {front};\n{locations}  }}\n}}\n"
        );
        let file = directory.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let errors = directory.path().join("errors");
        // nginx writes this file once it listens. A connection alone may be to another process on that port.
        let pid = directory.path().join("pid");
        let child = Command::new(program)
            .arg("-e")
            .arg(&errors)
            .arg("-c")
            .arg(&file)
            .spawn()
            .unwrap();
        let nginx = Self {
            child: Mutex::new(child),
            _directory: directory,
        };
        until("nginx listens", async || {
            (pid.exists() && TcpStream::connect(front).await.is_ok()) || nginx.has_ended()
        })
        .await;
        if nginx.has_ended() {
            return Err(fs::read_to_string(errors).unwrap_or_default());
        }
        Ok(nginx)
    }

    fn has_ended(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
