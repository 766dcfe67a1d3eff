//! Requests over a socket.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{TestRequest, TestResponse};

/// Sends a request on a connection of its own and reads the response to its end.
pub async fn send(address: SocketAddr, request: &TestRequest) -> TestResponse {
    TestResponse::parse(
        &exchange(address, &request.bytes(address)).await,
        request.method(),
    )
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
