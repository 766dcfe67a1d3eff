//! Where a command's requests go: to a service that runs, or to a handle in this process.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wecom_login::{DATA_KEY_VARIABLE, DataKeys, WecomLogin};

use crate::failure::{Failure, Result};
use crate::flags::TargetFlags;
use crate::service::Service;

/// What a path segment or a value of a query may have as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The public URL of a handle that serves nobody.
const NO_PUBLIC_URL: &str = "http://127.0.0.1";

/// Answers the requests of the admin API.
pub(crate) enum Target {
    /// A handle without background tasks, and the admin key that it was given for this.
    Database(Box<WecomLogin>, String),
    Service(Service),
}

/// An answer: status and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Target {
    /// # Errors
    /// A flag is missing or wrong, the database does not answer, a key is missing.
    pub(crate) async fn open(flags: &TargetFlags) -> Result<Self> {
        if let Some(url) = &flags.url {
            let service = Service::new(url, flags)?;
            return Ok(Self::Service(service));
        }
        Self::open_database(flags, false).await
    }

    /// The database, whose tables are brought up to date first if `migrate`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) async fn open_database(flags: &TargetFlags, migrate: bool) -> Result<Self> {
        let Some(database_url) = &flags.database_url else {
            return Err(Failure::new(
                "say what to work on: --url and the admin key for a service that runs, or --database-url and --auths",
            ));
        };
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::new(format!("the system gives no random bytes: {error}")))?;
        let key = hex::encode(random);
        let data_keys = match &flags.data_key_file {
            Some(path) if path.exists() => DataKeys::from_file(path),
            Some(path) => {
                return Err(Failure::new(format!(
                    "there is no file {}: give --data-key-file the file of the service",
                    path.display()
                )));
            }
            None if std::env::var_os(DATA_KEY_VARIABLE).is_some() => DataKeys::from_env(),
            None => {
                return Err(Failure::new(format!(
                    "the data key is missing: set {DATA_KEY_VARIABLE} or --data-key-file as the service has it"
                )));
            }
        };
        if !flags.auths.is_dir() {
            return Err(Failure::new(format!(
                "there is no directory {}: give --auths the directory of the login instances",
                flags.auths.display()
            )));
        }
        let mut builder = WecomLogin::builder()
            .auths_dir(&flags.auths)
            .database_url(database_url)
            .data_keys(data_keys)
            .public_url(flags.public_url.as_deref().unwrap_or(NO_PUBLIC_URL))
            .admin_key(&key)
            .migrate(migrate)
            .background_tasks(false);
        if flags.allow_insecure_http {
            builder = builder.allow_insecure_http();
        }
        if let Some(url) = &flags.wecom_url {
            builder = builder.wecom_url(url);
        }
        let login = builder.build().await?;
        Ok(Self::Database(Box::new(login), key))
    }

    /// The handle, for what no service hands out.
    pub(crate) fn handle(&self) -> Option<&WecomLogin> {
        match self {
            Self::Database(login, _) => Some(login),
            Self::Service(_) => None,
        }
    }

    /// For what only a service can do that has the host app's own code.
    ///
    /// # Errors
    /// This is the database.
    pub(crate) fn require_service(&self, why: &str) -> Result<()> {
        match self {
            Self::Service(_) => Ok(()),
            Self::Database(..) => Err(Failure::new(format!("use --url: {why}"))),
        }
    }

    /// Sends a request to a path below `/admin/api`; the JSON of the answer, null if it has none.
    ///
    /// # Errors
    /// The answer is no success, or there is none.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Value> {
        let answer = self.answer(method, path, body.into()).await?;
        if answer.status == 204 {
            return Ok(Value::Null);
        }
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        match json {
            Some(json) if answer.status == 200 => Ok(json),
            Some(problem) => Err(refused(answer.status, &problem)),
            None => Err(Failure::new(format!(
                "the answer is no admin API's (status {}): check --url and its path",
                answer.status
            ))),
        }
    }

    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, body.to_string()).await
    }

    async fn answer(&self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        match self {
            Self::Service(service) => service.send(method, path, body).await,
            Self::Database(login, key) => {
                let request = Request::builder()
                    .method(method)
                    .uri(format!("/admin/api/{path}"))
                    .header("authorization", format!("Bearer {key}"))
                    .body(Full::new(body))
                    .map_err(|error| Failure::new(format!("a value cannot be sent: {error}")))?;
                let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
                let response = login.respond(request, Some(here)).await;
                let response = response.ok_or_else(|| Failure::new("there is no such route"))?;
                let status = response.status().as_u16();
                let body = response.into_body().collect().await;
                let body = body.map_err(|_| Failure::new("the answer was cut off"))?;
                Ok(Answer {
                    status,
                    body: body.to_bytes(),
                })
            }
        }
    }

    /// Closes the database.
    pub(crate) async fn close(self) {
        if let Self::Database(login, _) = self {
            login.shutdown().await;
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database(..) => "Database",
            Self::Service(_) => "Service",
        })
    }
}

/// A path below `/admin/api` with a query.
#[derive(Debug)]
pub(crate) struct PathAndQuery {
    text: String,
    has_query: bool,
}

impl PathAndQuery {
    /// A path whose `{}` is this segment.
    pub(crate) fn new(path: &str, segment: &str) -> Self {
        let segment = utf8_percent_encode(segment, PLAIN).to_string();
        Self {
            text: path.replacen("{}", &segment, 1),
            has_query: false,
        }
    }

    /// Adds a parameter, if it has a value.
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.text.push(if self.has_query { '&' } else { '?' });
            self.has_query = true;
            self.text.push_str(name);
            self.text.push('=');
            self.text.extend(utf8_percent_encode(value, PLAIN));
        }
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// What an error of the API means to an operator.
fn refused(status: u16, problem: &Value) -> Failure {
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let (code, detail) = (text("code"), text("detail"));
    let what = match (status, code.as_str()) {
        (401, "UNAUTHENTICATED" | "TOKEN_INVALID") | (403, "FORBIDDEN") => {
            "the service refuses the admin key: set WECOM_LOGIN_ADMIN_KEY to the one it was started with".to_owned()
        }
        (404, "") => "there is no such route: check --url and its path".to_owned(),
        (429, _) => "too many wrong admin keys were sent: wait a minute".to_owned(),
        _ if detail.is_empty() => format!("{code}: {}", text("title")),
        _ => format!("{code}: {detail}"),
    };
    match problem["errcode"].as_i64() {
        Some(errcode) => Failure::new(format!("{what} (WeCom's errcode {errcode})")),
        None => Failure::new(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_names_the_key_only_where_it_is_about_the_key() {
        let sentence = |status, code: &str| {
            let problem = serde_json::json!({"code": code, "title": "T", "detail": "D"});
            refused(status, &problem).to_string()
        };
        for (status, code) in [
            (401, "UNAUTHENTICATED"),
            (401, "TOKEN_INVALID"),
            (403, "FORBIDDEN"),
        ] {
            assert!(sentence(status, code).contains("WECOM_LOGIN_ADMIN_KEY"));
        }
        assert_eq!(
            sentence(403, "CORP_NOT_AUTHORIZED"),
            "CORP_NOT_AUTHORIZED: D"
        );
        assert_eq!(sentence(403, "CROSS_SITE"), "CROSS_SITE: D");
    }

    #[test]
    fn path_and_query_encodes_what_is_put_in() {
        let path = PathAndQuery::new("people/{}", "ww1/张 &?")
            .with("corpId", None)
            .with("q", Some("a&b"))
            .with("limit", Some("5"));
        assert_eq!(
            path.as_str(),
            "people/ww1%2F%E5%BC%A0%20%26%3F?q=a%26b&limit=5"
        );
    }
}
