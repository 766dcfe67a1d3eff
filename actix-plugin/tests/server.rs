//! The app on a socket: several workers with one handle, framing, and headers that are not UTF-8.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, PayloadConfig, get};
use actix_web::{App, HttpServer};
use wecom_login::WecomLogin;
use wecom_login_actix::{AuthMiddleware, User, login_routes};
use wecom_login_adapter_tests::handle::{MEMBER, bearer, handle, token};

/// Two workers, each with its own runtime; the handle was built on the test's runtime.
fn serve(login: &WecomLogin) -> (SocketAddr, ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (login, required) = (login.clone(), AuthMiddleware::required(login));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(PayloadConfig::new(10))
            .service(login_routes("/auth", &login))
            .service(
                web::scope("/api")
                    .wrap(required.clone())
                    .route("/hello", get().to(hello)),
            )
    });
    let server = server
        .workers(2)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
    let handle = server.handle();
    tokio::spawn(server);
    (address, handle)
}

async fn hello(user: User) -> String {
    format!("{:?} {}", thread::current().id(), user.third_user_id())
}

fn get_with(path: &str, token: &str) -> Vec<u8> {
    let bearer = bearer(token);
    format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {bearer}\r\n\r\n"
    )
    .into()
}

async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let response = wecom_login_adapter_tests::exchange(address, request).await;
    String::from_utf8(response).unwrap()
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_one_handle_and_its_sessions() {
    let login = handle().await;
    let (one, other) = (token(&login, "ww1").await, token(&login, "ww2").await);
    let (address, server) = serve(&login);
    let mut workers = HashSet::new();
    while workers.len() < 2 {
        let response = exchange(address, &get_with("/api/hello", &one)).await;
        let (worker, user) = body(&response).rsplit_once(' ').unwrap();
        assert_eq!(user, MEMBER);
        workers.insert(worker.to_owned());
    }
    let logout = String::from_utf8(get_with("/auth/logout", &one))
        .unwrap()
        .replacen("GET", "POST", 1);
    assert!(
        exchange(address, logout.as_bytes())
            .await
            .starts_with("HTTP/1.1 204")
    );
    let requests: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let one = get_with("/api/hello", &one);
                async move { exchange(address, &one).await }
            })
        })
        .collect();
    for response in requests {
        assert!(
            response.await.unwrap().starts_with("HTTP/1.1 401"),
            "the session ended for every worker"
        );
    }
    assert!(
        exchange(address, &get_with("/api/hello", &other))
            .await
            .starts_with("HTTP/1.1 200")
    );
    server.stop(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunked_body_is_limited_and_non_utf8_header_is_ignored() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let (address, server) = serve(&login);
    let chunked = |length: usize, end: &str| {
        let mut request =
            b"POST /auth/loginByCode HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_vec();
        request.extend(b"x-odd: \xff\xfe\r\ncookie: a=\xe4\xbc\x81; b=\xff\r\n");
        request.extend(b"transfer-encoding: chunked\r\n\r\n");
        let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(length - 8));
        for chunk in body.as_bytes().chunks(1000) {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(end.bytes());
        request
    };
    let response = exchange(address, &chunked(16 * 1024, "0\r\n\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");
    assert!(
        response.contains("unknown"),
        "the body was read to its end: {response}"
    );
    let response = exchange(address, &chunked(16 * 1024 + 1, "0\r\n\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
    // actix closes a connection whose framing is wrong; what went before is not taken for the whole.
    let response = exchange(address, &chunked(100, "zz\r\n\r\n")).await;
    assert!(
        response.is_empty() || response.starts_with("HTTP/1.1 400"),
        "{response}"
    );

    let odd = [
        b"GET /auth/me HTTP/1.1\r\nx-odd: \xff\xfe\r\ncookie: a=\xff\r\n",
        &get_with("/", &token)[16..],
    ];
    assert!(
        exchange(address, &odd.concat())
            .await
            .contains("\"thirdUserId\":\"zhangsan\"")
    );
    server.stop(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_response_has_content_length_and_no_body() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let (address, server) = serve(&login);
    let got = exchange(address, &get_with("/auth/me", &token)).await;
    let head = String::from_utf8(get_with("/auth/me", &token))
        .unwrap()
        .replacen("GET", "HEAD", 1);
    let head = exchange(address, head.as_bytes()).await;
    assert_eq!(body(&head), "");
    let lengths: Vec<_> = head
        .lines()
        .filter(|line| line.starts_with("content-length:"))
        .collect();
    assert_eq!(lengths, [format!("content-length: {}", body(&got).len())]);
    server.stop(false).await;
}
