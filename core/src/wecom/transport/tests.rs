use http_body_util::Empty;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use super::*;

/// Accepts one connection, reads the head of one request and writes `answer`; keeps the connection open if `hold`.
async fn serve(answer: Vec<u8>, hold: bool) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/cgi-bin/gettoken?corpsecret=hush",
        listener.local_addr().unwrap()
    );
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        // The client may stop reading an answer that is too long.
        let _ = stream.write_all(&answer).await;
        if hold {
            let _ = stream.read(&mut [0]).await;
        }
        head
    });
    (url, server)
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn request(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

async fn outcome(answer: &[u8]) -> Result<Bytes, CallErrorKind> {
    let (url, server) = serve(answer.to_vec(), false).await;
    let outcome = HttpClient::default()
        .send(request(&url), Duration::ZERO, MAX_RESPONSE_BYTES)
        .await;
    server.await.unwrap();
    outcome
}

#[tokio::test]
async fn send_returns_whole_body() {
    let (url, server) = serve(
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
        false,
    )
    .await;
    assert_eq!(
        HttpClient::default()
            .send(request(&url), Duration::ZERO, MAX_RESPONSE_BYTES)
            .await
            .unwrap(),
        "{}"
    );
    let head = server.await.unwrap();
    assert!(
        head.starts_with("GET /cgi-bin/gettoken?corpsecret=hush HTTP/1.1\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn send_does_not_follow_redirect() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = elsewhere.local_addr().unwrap();
    let answer =
        format!("HTTP/1.1 302 Found\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(
        outcome(answer.as_bytes()).await,
        Err(CallErrorKind::HttpStatus(302))
    );
    // A client that follows would have connected before it gave its answer.
    assert_eq!(
        elsewhere.accept().unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
}

#[tokio::test]
async fn send_maps_failure_status_to_error() {
    let answer = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(outcome(answer).await, Err(CallErrorKind::HttpStatus(502)));
}

#[tokio::test]
async fn send_maps_broken_connection_to_connection_lost() {
    assert_eq!(outcome(b"").await, Err(CallErrorKind::ConnectionLost));
    assert_eq!(
        outcome(b"HTTP/1.1 200 OK\r\ncont").await,
        Err(CallErrorKind::ConnectionLost)
    );
    assert_eq!(
        outcome(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{").await,
        Err(CallErrorKind::ConnectionLost)
    );
}

#[tokio::test]
async fn send_rejects_body_over_one_mebibyte() {
    let answer = |length: usize| {
        let mut answer =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + length, b' ');
        answer
    };
    assert_eq!(
        outcome(&answer(MAX_RESPONSE_BYTES + 1)).await,
        Err(CallErrorKind::TooLarge)
    );
    assert_eq!(
        outcome(&answer(MAX_RESPONSE_BYTES)).await.unwrap().len(),
        MAX_RESPONSE_BYTES
    );
}

#[tokio::test]
async fn send_times_out_before_and_within_the_body() {
    let client = HttpClient::with_timeouts(CONNECT_TIMEOUT, Duration::from_millis(100));
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"] {
        let (url, _server) = serve(answer.as_bytes().to_vec(), true).await;
        assert_eq!(
            client
                .send(request(&url), Duration::ZERO, MAX_RESPONSE_BYTES)
                .await,
            Err(CallErrorKind::Timeout),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn refused_connection_is_unreachable() {
    // Bound and not listening: the port is nobody else's, and refuses.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    assert_eq!(
        HttpClient::default()
            .send(request(&url), Duration::ZERO, MAX_RESPONSE_BYTES)
            .await,
        Err(CallErrorKind::Unreachable)
    );
}

#[tokio::test]
async fn hanging_tls_handshake_is_unreachable() {
    // The kernel takes the connection, and nobody answers the greeting.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let client = HttpClient::with_timeouts(Duration::from_millis(100), CALL_TIMEOUT);
    assert_eq!(
        client
            .send(request(&url), Duration::ZERO, MAX_RESPONSE_BYTES)
            .await,
        Err(CallErrorKind::Unreachable)
    );
}

#[tokio::test]
async fn failed_tls_handshake_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let mut heard = Vec::new();
        // The client hangs up; that may look like a reset.
        let _ = stream.read_to_end(&mut heard).await;
        heard
    });
    assert_eq!(
        HttpClient::default()
            .send(request(&url), Duration::ZERO, MAX_RESPONSE_BYTES)
            .await,
        Err(CallErrorKind::Unreachable)
    );
    let heard = server.await.unwrap();
    assert!(
        !heard.windows(4).any(|word| word == b"GET "),
        "the request left in the clear"
    );
}

/// A host app's client that only fails, or is never ready.
#[derive(Clone)]
struct Failing {
    ready: bool,
    kind: io::ErrorKind,
}

impl Service<Request<Full<Bytes>>> for Failing {
    type Response = Response<Empty<Bytes>>;
    type Error = io::Error;
    type Future = std::future::Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(if self.ready {
            Ok(())
        } else {
            Err(io::Error::other("closed"))
        })
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let inner = io::Error::new(self.kind, request.uri().to_string());
        std::future::ready(Err(io::Error::other(inner)))
    }
}

#[tokio::test]
async fn errors_of_custom_client_are_classified_by_type() {
    for (ready, kind, expected) in [
        (false, io::ErrorKind::Other, CallErrorKind::Unreachable),
        (
            true,
            io::ErrorKind::ConnectionRefused,
            CallErrorKind::Unreachable,
        ),
        (true, io::ErrorKind::TimedOut, CallErrorKind::Timeout),
        (
            true,
            io::ErrorKind::ConnectionReset,
            CallErrorKind::ConnectionLost,
        ),
    ] {
        let client = HttpClient::new(Failing { ready, kind });
        assert_eq!(
            client
                .send(
                    request("http://wecom.example/"),
                    Duration::ZERO,
                    MAX_RESPONSE_BYTES
                )
                .await,
            Err(expected)
        );
    }
}
