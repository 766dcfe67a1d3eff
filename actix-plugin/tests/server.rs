//! On a socket: several workers with one handle, framing, and headers that are no text.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod stack;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::thread;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, PayloadConfig, get};
use actix_web::{App, HttpServer};
use stack::{bearer, exchange, handle, listener, token};
use wecom_login::WecomLogin;
use wecom_login_actix::{RequireLogin, User, scope};

/// Two workers, each with a runtime of its own; the handle is made before, on the test's runtime.
fn serve(login: &WecomLogin) -> (SocketAddr, ServerHandle) {
    let (listener, address) = listener();
    let (login, required) = (login.clone(), RequireLogin::new(login));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(PayloadConfig::new(10))
            .service(scope("/auth", &login))
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

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_handle_and_what_it_knows() {
    let login = handle().await;
    let (one, other) = (token(&login, "ww1").await, token(&login, "ww2").await);
    let (address, server) = serve(&login);
    let mut workers = HashSet::new();
    while workers.len() < 2 {
        let answer = exchange(address, &get_with("/api/hello", &one)).await;
        let (worker, user) = body(&answer).rsplit_once(' ').unwrap();
        assert_eq!(user, "zhangsan");
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
    let asked: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let one = get_with("/api/hello", &one);
                async move { exchange(address, &one).await }
            })
        })
        .collect();
    for answer in asked {
        assert!(
            answer.await.unwrap().starts_with("HTTP/1.1 401"),
            "ended for every worker"
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
async fn bodies_come_in_chunks_and_headers_in_any_bytes() {
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
    let answer = exchange(address, &chunked(16 * 1024, "0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(
        answer.contains("unknown"),
        "the body was read to its end: {answer}"
    );
    let answer = exchange(address, &chunked(16 * 1024 + 1, "0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // actix closes a connection whose framing is wrong; what went before is not taken for the whole.
    let answer = exchange(address, &chunked(100, "zz\r\n\r\n")).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
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
async fn the_answer_to_head_has_the_length_and_no_body() {
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
