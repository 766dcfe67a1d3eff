//! [`TestResponse`]: a response, and what every response of the login has to satisfy.

use serde_json::Value;
use wecom_login::ErrorKind;

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct TestResponse {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// The kind of the `Rejection` among the extensions; only a response in memory has extensions.
    pub rejection: Option<ErrorKind>,
}

impl TestResponse {
    /// A response that a framework made in memory; the names of the headers are in lower case.
    #[must_use]
    pub fn new(
        status: u16,
        headers: impl IntoIterator<Item = (String, String)>,
        body: impl Into<Vec<u8>>,
        rejection: Option<ErrorKind>,
    ) -> Self {
        Self {
            status,
            headers: headers.into_iter().collect(),
            body: body.into(),
            rejection,
        }
    }

    /// A response off the wire, to its end; `None` if the head is not complete.
    #[must_use]
    pub fn parse(raw: &[u8], method: &str) -> Option<Self> {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
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
        let mut response = Self {
            status,
            headers,
            body: raw[end + 4..].to_vec(),
            rejection: None,
        };
        if method == "HEAD" {
            assert!(response.body.is_empty(), "the response to HEAD has a body");
        } else if response
            .header("transfer-encoding")
            .is_some_and(|coding| coding == "chunked")
        {
            response.body = dechunk(&response.body);
        } else if let Some(length) = response.header("content-length") {
            assert_eq!(
                length,
                response.body.len().to_string(),
                "content-length differs from the length of the body"
            );
        }
        Some(response)
    }

    /// The only value of a header.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        assert!(
            self.header_values(name).count() < 2,
            "{name} occurs several times"
        );
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
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
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Asserts a successful JSON response of a login route, and gives its body.
    #[must_use]
    #[track_caller]
    pub fn success(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.json()
    }

    /// Asserts an empty 204 of a login route.
    #[track_caller]
    pub fn assert_no_content(&self) {
        assert_eq!((self.status, self.text()), (204, ""));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-type"), None);
    }

    /// Asserts a well-formed problem, and gives its status and code.
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
        let known = [
            "status", "title", "code", "errcode", "detail", "url", "ticket",
        ];
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
            self.status == 401 || is_of_the_bearer(challenge),
            "{self:?}"
        );
        (self.status, body["code"].as_str().unwrap().to_owned())
    }

    /// The status, and the code if the body is a problem; for responses that may be either.
    #[must_use]
    pub fn status_and_code(&self) -> (u16, String) {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        (
            self.status,
            body["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// Asserts this problem.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.problem(), (status, code.to_owned()), "{}", self.text());
    }
}

/// Whether the challenge says what is wrong with a bearer although the status is none of 401.
fn is_of_the_bearer(challenge: Option<&str>) -> bool {
    challenge.is_some_and(|challenge| {
        challenge.contains("insufficient_scope") || challenge.contains("invalid_request")
    })
}

fn dechunk(mut chunks: &[u8]) -> Vec<u8> {
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
