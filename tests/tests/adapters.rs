//! Properties of every adapter that only a running app shows.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::net::IpAddr;

use actix_web::{App, HttpRequest, web};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use wecom_login::web::routes;
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Adapter, TestApp, TestRequest, until};
use wecom_sandbox::Fault;

const ADAPTERS: [&dyn Adapter; 2] = [&AxumAdapter, &ActixAdapter];

/// The paths that a framework's router says it has.
fn paths(debug: &str) -> BTreeSet<String> {
    debug
        .split('"')
        .filter(|text| text.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

/// The pattern, with its quotes, at the beginning of this text.
fn one_line(text: &str) -> Option<&str> {
    text.split_inclusive(')').next()
}

/// Compares the routers' own lists of paths with the route table.
#[actix_web::test]
async fn every_adapter_mounts_exactly_the_route_table() {
    let app = TestApp::from_auths_directory()
        .adapter(&AxumAdapter)
        .without_push()
        .start()
        .await;
    // Each with and without a slash at its end; everything below a path in the words of each framework.
    let table = |below: &[&str]| -> BTreeSet<String> {
        let paths = routes().iter().flat_map(|route| {
            let ends = if route.below { below } else { &["/"] };
            let slashed = ends.iter().map(|end| format!("{}{end}", route.path));
            slashed.chain([route.path.to_owned()])
        });
        paths.collect()
    };
    let router = wecom_login_tower::login_routes::<()>(&app.login);
    let router = format!("{router:?}");
    // The rest is axum's own fallback.
    let (mounted, _) = router.split_once("fallback_router").unwrap();
    assert_eq!(paths(mounted), table(&["/", "/{*below}"]), "axum");

    let actix = App::new()
        .service(wecom_login_actix::login_routes("/", &app.login))
        .default_service(web::to(async |request: HttpRequest| {
            format!("{:?}", request.resource_map())
        }));
    let actix = actix_web::test::init_service(actix).await;
    let request = actix_web::test::TestRequest::with_uri("/nowhere").to_request();
    let map = actix_web::test::call_and_read_body(&actix, request).await;
    // actix also prints the parts of each pattern.
    let map: String = std::str::from_utf8(&map)
        .unwrap()
        .split("patterns: ")
        .skip(1)
        .filter_map(one_line)
        .collect();
    assert_eq!(paths(&map), table(&["/{below:.*}"]), "actix");
    app.stop().await;
}

/// Two logins need the same access token; the client that triggered the fetch disconnects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_fetch_completes_after_client_disconnects() {
    for adapter in ADAPTERS {
        let app = TestApp::from_auths_directory()
            .adapter(adapter)
            .start()
            .await;
        let members = app.sandbox.user_ids(COMPANY_A);
        let before = app.sandbox.calls("gettoken");
        app.sandbox
            .fault(Fault::for_api("gettoken").times(1).delay_ms(500))
            .unwrap();

        let body =
            json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &members[0])}).to_string();
        let mut gone = TcpStream::connect(app.address()).await.unwrap();
        let head = format!(
            "POST /auth/loginByWorkbench HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        gone.write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
        until("WeCom is called for the token", async || {
            app.sandbox.calls("gettoken") > before
        })
        .await;
        drop(gone);
        app.log_in(COMPANY_A, &members[1]).await;
        assert_eq!(
            app.sandbox.calls("gettoken"),
            before + 1,
            "{}: one call for both",
            adapter.name()
        );

        let token = app.token(COMPANY_A, &members[0]).await;
        until(
            "the login of the client that went away is done",
            async || {
                let reply = app
                    .send(TestRequest::get("/sessions").bearer(&token))
                    .await
                    .success();
                reply["sessions"].as_array().unwrap().len() == 2
            },
        )
        .await;
        app.stop().await;
    }
}

/// An app without client addresses, such as an axum app without `into_make_service_with_connect_info`.
#[tokio::test(flavor = "multi_thread")]
async fn clients_without_an_address_share_one_limit() {
    let app = TestApp::from_auths_directory()
        .adapter(&AxumAdapter)
        .start()
        .await;
    let status = async |request: Request<Full<Bytes>>, peer: Option<IpAddr>| {
        let response = app.login.respond(request, peer).await.unwrap();
        response.status().as_u16()
    };
    let request = |method: &str, uri: &str, body: String| {
        let request = Request::builder().method(method).uri(uri);
        request.body(Full::from(body)).unwrap()
    };
    let code = |number: usize| {
        let body = json!({"corpId": COMPANY_A, "code": format!("guess-{number}")}).to_string();
        request("POST", "/loginByWorkbench", body)
    };
    for number in 0..60 {
        assert_eq!(status(code(number), None).await, 401);
    }
    assert_eq!(status(code(60), None).await, 429);
    let login_code = r#"{"loginCode":"made-up"}"#.to_owned();
    assert_eq!(
        status(request("POST", "/loginByCode", login_code), None).await,
        429
    );
    let peer = Some("203.0.113.7".parse().unwrap());
    assert_eq!(
        status(code(61), peer).await,
        401,
        "clients with an address have limits of their own"
    );

    let get = |uri: &str| request("GET", uri, String::new());
    let look_up = || get("/getLoginConfigByCode?code=nobody");
    for _ in 0..30 {
        assert_eq!(status(look_up(), None).await, 404);
    }
    assert_eq!(status(look_up(), None).await, 429);
    assert_eq!(
        status(get("/login?orgCode=nobody"), None).await,
        429,
        "the same limit applies to this route"
    );
    assert_eq!(status(look_up(), peer).await, 404);
    app.stop().await;
}
