//! A keep-alive connection with as little overhead as possible.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An open connection.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl KeepAlive {
    /// Connects.
    ///
    /// # Errors
    /// No process listens there.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4096),
        })
    }

    /// Sends a request as it is, reads the answer to its end, and gives its status. The answer's length must be in its
    /// head.
    ///
    /// # Errors
    /// The connection ended, or the response is malformed.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.round_trip(request).await
    }

    /// The same, for the text of the answer.
    ///
    /// # Errors
    /// As for `ask`.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<String> {
        self.round_trip(request).await?;
        Ok(String::from_utf8_lossy(&self.buffer).into_owned())
    }

    async fn round_trip(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((status, length)) = head(&self.buffer)
                && self.buffer.len() >= length
            {
                return Ok(status);
            }
        }
    }
}

/// The status of an answer and its whole length, once its head is there.
fn head(answer: &[u8]) -> Option<(u16, usize)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..end]).ok()?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Some((status, end + length))
}
