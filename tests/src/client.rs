//! A small HTTP/1.1 client that sends exactly what it is told, and checks what every answer has to keep.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request. Nothing is sent that is not asked for, but `Host`, `Connection: close` and the length of a body.
#[derive(Clone, Debug)]
pub struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    chunk: Option<usize>,
}

impl Ask {
    /// A request without a body; `target` is path and query as they stand in the request line.
    #[must_use]
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
            chunk: None,
        }
    }

    /// GET.
    #[must_use]
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// POST without a body.
    #[must_use]
    pub fn post(target: impl Into<String>) -> Self {
        Self::new("POST", target)
    }

    /// Adds a header; the same name may be added again.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Adds the session cookie, as it is named on http.
    #[must_use]
    pub fn cookie(self, token: &str) -> Self {
        self.header("cookie", format!("wecom_login={token}"))
    }

    /// Comes from this address: the suite's apps take this machine for their proxy.
    #[must_use]
    pub fn from(self, client: &str) -> Self {
        self.header("x-forwarded-for", client)
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets a JSON body, with its content type.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Sends the body in chunks of so many bytes, without its length.
    #[must_use]
    pub const fn chunked(mut self, size: usize) -> Self {
        self.chunk = Some(size);
        self
    }

    /// Puts what stands before our paths in front of the target.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.target.insert_str(0, prefix);
        self
    }

    /// Path and query, as they stand in the request line.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head += &format!("host: {address}\r\n");
        }
        head += "connection: close\r\n";
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut bytes = head.into_bytes();
        match (&self.body, self.chunk) {
            (None, _) => bytes.extend(b"\r\n"),
            (Some(body), None) => {
                bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
                bytes.extend(body);
            }
            (Some(body), Some(size)) => {
                bytes.extend(b"transfer-encoding: chunked\r\n\r\n");
                for chunk in body.chunks(size) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            }
        }
        bytes
    }
}

/// Sends a request and reads the whole answer.
pub async fn send(address: SocketAddr, ask: &Ask) -> Reply {
    let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
    let bytes = ask.bytes(address);
    // An answer may come before the body is sent; what the other side does not take is none of our business.
    let sent = tokio::spawn(async move {
        let _ = writing.write_all(&bytes).await;
        writing
    });
    let mut raw = Vec::new();
    let _ = reading.read_to_end(&mut raw).await;
    drop(sent.await);
    Reply::parse(&raw, &ask.method)
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

impl Reply {
    fn parse(raw: &[u8], method: &str) -> Self {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(raw)));
        let head = std::str::from_utf8(&raw[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut reply = Self {
            status,
            headers,
            body: raw[end + 4..].to_vec(),
        };
        if method == "HEAD" {
            assert!(reply.body.is_empty(), "the answer to HEAD has a body");
        } else if reply
            .header("transfer-encoding")
            .is_some_and(|coding| coding == "chunked")
        {
            reply.body = joined(&reply.body);
        } else if let Some(length) = reply.header("content-length") {
            assert_eq!(
                length,
                reply.body.len().to_string(),
                "the answer is not as long as it says"
            );
        }
        reply
    }

    /// The only value of a header.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        assert!(self.all(name).count() < 2, "{name} comes several times");
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of a JSON answer of ours that is a success.
    #[must_use]
    #[track_caller]
    pub fn success(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.json()
    }

    /// That the answer is an empty 204 of ours.
    #[track_caller]
    pub fn no_content(&self) {
        assert_eq!((self.status, self.text()), (204, ""));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-type"), None);
    }

    /// Status and code of a problem, whose shape is checked.
    #[must_use]
    #[track_caller]
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let body = self.json();
        let fields: Vec<_> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let known = ["status", "title", "code", "errcode", "detail"];
        assert!(fields.iter().all(|field| known.contains(field)), "{body}");
        assert_eq!(body["status"], self.status);
        assert!(
            body["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        assert!(body["errcode"].is_null() || body["errcode"].is_i64());
        let challenge = self.header("www-authenticate");
        assert_eq!(
            challenge.is_some(),
            self.status == 401 || insufficient(challenge),
            "{self:?}"
        );
        (self.status, body["code"].as_str().unwrap().to_owned())
    }

    /// That the answer is this problem.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.problem(), (status, code.to_owned()), "{}", self.text());
    }
}

fn insufficient(challenge: Option<&str>) -> bool {
    challenge.is_some_and(|challenge| challenge.contains("insufficient_scope"))
}

fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
}
