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
    let behind_nginx = |adapter: &'static dyn Adapter| {
        let name = format!("behind_nginx::{}", adapter.name());
        Scenario::new(name, &["nginx"], move || {
            a_whole_login_behind_a_path(adapter)
        })
    };
    scenarios::run(adapters.map(behind_nginx).into())
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
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/errors;\nevents {{}}\nhttp {{\n\
             {temporary}  access_log off;\n  server {{\n    listen {front};\n    location /portal/ {{\n      \
             proxy_pass http://{app}/;\n      proxy_http_version 1.1;\n      proxy_set_header X-Forwarded-For \
             $proxy_add_x_forwarded_for;\n    }}\n  }}\n}}\n"
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
