//! [`TestSocket`]: a WebSocket client.

use std::fmt;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::TestResponse;

/// An open WebSocket.
pub struct TestSocket {
    stream: WebSocketStream<TcpStream>,
    /// The answer to the handshake.
    pub handshake: TestResponse,
}

impl TestSocket {
    /// Opens a WebSocket with these headers.
    ///
    /// # Errors
    /// The answer, if it is not a handshake.
    pub async fn open(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, TestResponse> {
        let mut request = format!("ws://{address}{path}")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match client_async(request, stream).await {
            Ok((stream, response)) => Ok(Self {
                stream,
                handshake: answer(response),
            }),
            Err(Error::Http(response)) => Err(answer(*response)),
            Err(error) => panic!("no handshake: {error}"),
        }
    }

    /// Sends a text.
    pub async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next text; `Err` with the code if the socket is closed, or with none if the connection broke.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn receive(&mut self) -> Result<String, Option<u16>> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}

fn answer(response: http::Response<Option<Vec<u8>>>) -> TestResponse {
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    TestResponse::new(
        parts.status.as_u16(),
        headers,
        body.unwrap_or_default(),
        None,
    )
}

impl fmt::Debug for TestSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSocket")
            .field("handshake", &self.handshake)
            .finish_non_exhaustive()
    }
}
