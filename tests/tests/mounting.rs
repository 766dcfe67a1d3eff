//! What a host app mounts wrongly is said once in the log, with the method that mends it; and a guard that lies over the
//! login routes lets them through.
//!
//! A test binary of its own, because it reads the log of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;

use actix_web::dev::Service as _;
use actix_web::test as actix;
use actix_web::{App, HttpResponse, web};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use tower::ServiceExt as _;
use wecom_login::WecomLogin;
use wecom_login_actix::AuthMiddleware;
use wecom_login_tests::TestApp;
use wecom_login_tests::log::LogCapture;
use wecom_login_tower::{AuthLayer, login_routes};

/// How a host app is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mounted {
    Well,
    /// The login routes at `/login`, the handle built for `/auth`.
    Elsewhere,
    /// No login routes.
    Nowhere,
    /// A guard that redirects over the login routes too.
    Guarded,
}

/// A request, the status of its answer, and whether it comes from a socket.
struct Case {
    path: &'static str,
    peer: Option<&'static str>,
    forwarded: bool,
}

const PEER: Option<&str> = Some("203.0.113.9:4711");

const fn get(path: &'static str) -> Case {
    Case {
        path,
        peer: PEER,
        forwarded: false,
    }
}

impl Case {
    const fn without_peer(mut self) -> Self {
        self.peer = None;
        self
    }

    const fn forwarded(mut self) -> Self {
        self.forwarded = true;
        self
    }
}

async fn in_axum(login: &WecomLogin, mounted: Mounted, cases: &[Case]) -> Vec<u16> {
    let guard = AuthLayer::required(login).redirect_to_login();
    let page = Router::new().route("/page", axum::routing::get(async || "page"));
    let app = match mounted {
        Mounted::Well => page.route_layer(guard).nest("/auth", login_routes(login)),
        Mounted::Elsewhere => page.route_layer(guard).nest("/login", login_routes(login)),
        Mounted::Nowhere => page.route_layer(guard),
        Mounted::Guarded => page.nest("/auth", login_routes(login)).layer(guard),
    };
    let mut statuses = Vec::new();
    for case in cases {
        let mut request = Request::get(case.path).header("accept", "text/html");
        if case.forwarded {
            request = request.header("x-forwarded-for", "198.51.100.7");
        }
        let mut request = request.body(Body::empty()).unwrap();
        if let Some(peer) = case.peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = app.clone().oneshot(request).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    statuses
}

async fn in_actix(login: &WecomLogin, mounted: Mounted, cases: &'static [Case]) -> Vec<u16> {
    let login = login.clone();
    let ask = move || {
        actix_web::rt::System::new().block_on(async move {
            let guard = AuthMiddleware::required(&login).redirect_to_login();
            let page = |guard: &AuthMiddleware| {
                web::resource("/page")
                    .wrap(guard.clone())
                    .to(async || HttpResponse::Ok())
            };
            let routes = |path| wecom_login_actix::login_routes(path, &login);
            macro_rules! statuses {
                ($app:expr) => {{
                    let app = actix::init_service($app).await;
                    let mut statuses = Vec::new();
                    for case in cases {
                        let mut request = actix::TestRequest::get()
                            .uri(case.path)
                            .insert_header(("accept", "text/html"));
                        if case.forwarded {
                            request = request.insert_header(("x-forwarded-for", "198.51.100.7"));
                        }
                        if let Some(peer) = case.peer {
                            request = request.peer_addr(peer.parse().unwrap());
                        }
                        let response = app.call(request.to_request()).await.unwrap();
                        statuses.push(response.status().as_u16());
                    }
                    statuses
                }};
            }
            match mounted {
                Mounted::Well => {
                    statuses!(App::new().service(page(&guard)).service(routes("/auth")))
                }
                Mounted::Elsewhere => {
                    statuses!(App::new().service(page(&guard)).service(routes("/login")))
                }
                Mounted::Nowhere => statuses!(App::new().service(page(&guard))),
                Mounted::Guarded => statuses!(
                    App::new()
                        .service(web::resource("/page").to(async || HttpResponse::Ok()))
                        .service(routes("/auth"))
                        .wrap(guard)
                ),
            }
        })
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

struct Expected {
    mounted: Mounted,
    cases: &'static [Case],
    statuses: &'static [u16],
    /// The level of the one line, and its words.
    line: Option<(&'static str, &'static [&'static str])>,
}

const EXPECTED: [Expected; 6] = [
    Expected {
        mounted: Mounted::Well,
        cases: &[get("/auth/login"), get("/page"), get("/auth/notify")],
        statuses: &[200, 302, 400],
        line: None,
    },
    Expected {
        mounted: Mounted::Elsewhere,
        cases: &[get("/login/login"), get("/login/login"), get("/login/me")],
        statuses: &[200, 200, 401],
        line: Some(("ERROR", &["\"/login\"", "\"/auth\"", "Builder::mount"])),
    },
    Expected {
        mounted: Mounted::Nowhere,
        cases: &[get("/page"), get("/page")],
        statuses: &[302, 302],
        line: Some(("ERROR", &["/auth/login", "login_routes"])),
    },
    Expected {
        mounted: Mounted::Guarded,
        cases: &[
            get("/auth/login"),
            get("/auth/notify"),
            get("/auth/First/getLoginConfig"),
            get("/auth/me"),
            get("/page"),
            get("/auth/Nobody/getLoginConfig"),
        ],
        statuses: &[200, 400, 200, 401, 302, 302],
        line: Some(("ERROR", &["route_layer", "wrap"])),
    },
    Expected {
        mounted: Mounted::Well,
        cases: &[
            get("/auth/login").without_peer(),
            get("/auth/login").without_peer(),
        ],
        statuses: &[200, 200],
        line: Some(("WARN", &["into_make_service_with_connect_info"])),
    },
    Expected {
        mounted: Mounted::Well,
        cases: &[
            get("/auth/login"),
            get("/auth/login").forwarded(),
            get("/auth/login").forwarded(),
        ],
        statuses: &[200, 200, 200],
        line: Some(("WARN", &["203.0.113.9", "Builder::trusted_proxies"])),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_of_mounting_are_said_once() {
    let log = LogCapture::default();
    log.record("wecom_login=warn");
    let node = TestApp::builder().start().await;
    for adapter in ["axum", "actix"] {
        for expected in &EXPECTED {
            let login = node.second_handle().await;
            log.clear();
            let statuses = if adapter == "axum" {
                in_axum(&login, expected.mounted, expected.cases).await
            } else {
                in_actix(&login, expected.mounted, expected.cases).await
            };
            let (mounted, text) = (expected.mounted, log.text());
            assert_eq!(
                statuses, expected.statuses,
                "{adapter}: {mounted:?}\n{text}"
            );
            let lines: Vec<_> = text.lines().collect();
            println!("{adapter}: {mounted:?}: {lines:#?}");
            match expected.line {
                None => assert!(lines.is_empty(), "{adapter}: {mounted:?}: {lines:#?}"),
                Some((level, words)) => {
                    assert_eq!(lines.len(), 1, "{adapter}: {mounted:?}: {lines:#?}");
                    assert!(lines[0].contains(level));
                    assert!(words.iter().all(|word| lines[0].contains(word)));
                }
            }
            login.shutdown().await;
        }
    }
    node.stop().await;
}
