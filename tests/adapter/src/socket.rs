//! Requests over a socket.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{TestRequest, TestResponse};

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends a request on a connection of its own and reads the response to its end.
pub async fn send(address: SocketAddr, request: &TestRequest) -> TestResponse {
    let raw = exchange(address, &request.bytes(address)).await;
    TestResponse::parse(&raw, request.method())
        .unwrap_or_else(|| panic!("no response: {:?}", String::from_utf8_lossy(&raw)))
}

/// The same to a server that may be down or die meanwhile; `None` if there is no response within a minute.
pub async fn try_send(address: SocketAddr, request: &TestRequest) -> Option<TestResponse> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(&request.bytes(address)).await.ok()?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).await.ok()?;
        TestResponse::parse(&raw, request.method())
    };
    tokio::time::timeout(RESPONSE_TIMEOUT, exchange)
        .await
        .ok()
        .flatten()
}

/// Sends these bytes, and gives all that the server answers until it closes the connection.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
    let request = request.to_vec();
    // The response may arrive before the body is sent; the server may leave the rest of the body unread.
    let sent = tokio::spawn(async move {
        let _ = writer.write_all(&request).await;
        writer
    });
    let mut response = Vec::new();
    let _ = reader.read_to_end(&mut response).await;
    drop(sent.await);
    response
}
