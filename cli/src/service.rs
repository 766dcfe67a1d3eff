//! A service that runs, over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::flags::TargetFlags;
use crate::prompt;
use crate::target::Answer;

/// How long an answer may take: that of an import is the longest.
const TIMEOUT: Duration = Duration::from_mins(2);
/// The longest answer.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// The variable of the admin key.
const ADMIN_KEY_VARIABLE: &str = "WECOM_LOGIN_ADMIN_KEY";

pub(crate) struct Service {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// With the path of the login routes, without a slash at its end.
    base: String,
    admin_key: Zeroizing<String>,
}

impl Service {
    /// # Errors
    /// The URL is none, or http to another machine; there is no admin key.
    pub(crate) fn new(url: &str, flags: &TargetFlags) -> Result<Self> {
        let base = base(url, flags.allow_insecure_http)?;
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| Failure::new(format!("TLS is not there: {error}")))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            base,
            admin_key: admin_key(flags)?,
        })
    }

    /// # Errors
    /// The service does not answer.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/admin/api/{path}", self.base))
            .header("authorization", format!("Bearer {}", *self.admin_key))
            .body(Full::new(body))
            .map_err(|_| Failure::new("the admin key has characters that no header may have"))?;
        let base = &self.base;
        let answering = async {
            let response = self.client.request(request).await.map_err(|error| {
                let why = if error.is_connect() {
                    "cannot be reached"
                } else {
                    "broke the connection"
                };
                Failure::new(format!(
                    "{base} {why}: check --url, and that the service runs"
                ))
            })?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect();
            let body = body.await.map_err(|_| {
                Failure::new(format!("the answer of {base} was cut off: try again"))
            })?;
            Ok(Answer {
                status,
                body: body.to_bytes(),
            })
        };
        tokio::time::timeout(TIMEOUT, answering)
            .await
            .unwrap_or_else(|_| {
                Err(Failure::new(format!(
                    "{base} does not answer within two minutes: look at its log"
                )))
            })
    }
}

/// The URL that the paths of the API are put after.
fn base(text: &str, allow_insecure_http: bool) -> Result<String> {
    let wrong = |rule: &str| Failure::new(format!("--url must be {rule}"));
    let mut url =
        Url::parse(text).map_err(|_| wrong("a URL, such as https://app.example.com/auth"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("without a user, a password and a query"));
    }
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback || allow_insecure_http => {}
        "http" => {
            return Err(wrong(
                "https, or else --allow-insecure-http sends the admin key in clear",
            ));
        }
        _ => return Err(wrong("a URL of http or https")),
    }
    url.set_fragment(None);
    if url.path().trim_matches('/').is_empty() {
        url.set_path("/auth");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn admin_key(flags: &TargetFlags) -> Result<Zeroizing<String>> {
    let key = match &flags.admin_key_file {
        Some(path) => {
            let text = std::fs::read_to_string(path).map(Zeroizing::new);
            text.map_err(|error| {
                Failure::new(format!("--admin-key-file {}: {error}", path.display()))
            })?
        }
        None => match std::env::var(ADMIN_KEY_VARIABLE) {
            Ok(key) => Zeroizing::new(key),
            Err(_) => prompt::secret("admin key").ok_or_else(|| {
                Failure::new(format!(
                    "the admin key is missing: set {ADMIN_KEY_VARIABLE} or --admin-key-file"
                ))
            })?,
        },
    };
    let key = Zeroizing::new(key.trim().to_owned());
    if key.is_empty() {
        return Err(Failure::new("the admin key is blank"));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_has_the_path_of_the_login_routes() {
        for (url, expected) in [
            ("https://app.example.com", "https://app.example.com/auth"),
            ("https://app.example.com/", "https://app.example.com/auth"),
            (
                "https://app.example.com/x/login/",
                "https://app.example.com/x/login",
            ),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/auth"),
            ("http://[::1]:3000", "http://[::1]:3000/auth"),
        ] {
            assert_eq!(base(url, false).unwrap(), expected);
        }
    }

    #[test]
    fn base_refuses_what_would_send_the_key_in_clear() {
        for url in [
            "http://app.example.com",
            "ftp://app.example.com",
            "app.example.com",
            "https://a:b@app.example.com",
            "https://app.example.com?x=1",
        ] {
            let sentence = base(url, false).unwrap_err().to_string();
            assert!(sentence.contains("--url"), "{sentence}");
        }
        assert!(base("http://app.example.com", true).is_ok());
    }
}
