//! [`TestRequest`]: a request that is sent exactly as it was built.

use std::net::SocketAddr;

use http::request;
use serde_json::Value;

/// A request. Nothing is added to it but `Host`, `Connection: close`, unless it has its own, and the length of a body.
#[derive(Clone, Debug)]
pub struct TestRequest {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    chunk: Option<usize>,
}

impl TestRequest {
    /// A request without a body; `target` is the path and query of the request line.
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

    /// Adds `X-Forwarded-For`: the apps of the tests trust this machine as a proxy.
    #[must_use]
    pub fn forwarded_for(self, client: &str) -> Self {
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

    /// Sends the body with chunked encoding, `size` bytes a chunk.
    #[must_use]
    pub const fn chunked(mut self, size: usize) -> Self {
        self.chunk = Some(size);
        self
    }

    /// Prepends the mount of the login routes to the target.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Self {
        self.target.insert_str(0, prefix);
        self
    }

    /// The path and query of the request line.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Method, target and headers, for a framework's own request type.
    #[must_use]
    pub fn head(&self) -> request::Builder {
        let builder = request::Builder::new()
            .method(self.method.as_str())
            .uri(&self.target);
        self.headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(name, value)
        })
    }

    /// The body; empty if there is none.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// What is sent: head and body.
    #[must_use]
    pub fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head += &format!("host: {address}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name == "connection") {
            head += "connection: close\r\n";
        }
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
