//! Commands of the Chrome DevTools Protocol, for what WebDriver cannot do.

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, error::CmdError};
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// Sends a command of the Chrome DevTools Protocol to the page and gives its result.
pub(super) async fn send(
    client: &Client,
    method: &'static str,
    params: Value,
) -> Result<Value, CmdError> {
    client.issue_cmd(Command { method, params }).await
}

#[derive(Debug)]
struct Command {
    method: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!(
            "session/{}/goog/cdp/execute",
            session_id.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.method, "params": self.params});
        (Method::POST, Some(body.to_string()))
    }
}
