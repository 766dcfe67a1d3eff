//! The handle of the calls: hosts, client, request building, logging.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wecom::call_error::{CallError, CallErrorKind};
use crate::wecom::encode::component;
use crate::wecom::hosts::Hosts;
use crate::wecom::transport::HttpClient;
use crate::wecom::{Errcode, response};

/// The pauses before the repetitions of a call that only reads.
const READ_REPETITION_PAUSES: [Duration; 2] =
    [Duration::from_millis(200), Duration::from_millis(800)];

/// WeCom's server API for a 代开发 provider. It has no state. A call that carries a code or an AuthCode is one request. One
/// that only reads is repeated twice after -1, 6000, 45033, a 5xx or a broken connection.
#[derive(Clone, Debug, Default)]
pub struct Api {
    http: HttpClient,
    hosts: Hosts,
    /// Every call is one request.
    once: bool,
}

impl Api {
    /// The API at these hosts, called with this client.
    #[must_use]
    pub const fn new(http: HttpClient, hosts: Hosts) -> Self {
        Self {
            http,
            hosts,
            once: false,
        }
    }

    /// The same API, where no call is repeated: for a caller that repeats them by itself.
    #[must_use]
    pub fn without_repetition(&self) -> Self {
        Self {
            once: true,
            ..self.clone()
        }
    }

    /// The hosts of WeCom.
    #[must_use]
    pub const fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// A GET that may be repeated.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<T, CallError> {
        self.repeat(|| self.send(Method::GET, path, query, None, Duration::ZERO))
            .await
    }

    /// A POST that changes nothing at WeCom and may be repeated.
    pub(super) async fn read_by_post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<T, CallError> {
        self.repeat(|| self.send(Method::POST, path, query, body.clone(), Duration::ZERO))
            .await
    }

    async fn repeat<T, F>(&self, call: impl Fn() -> F + Send) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        if !self.once {
            for pause in READ_REPETITION_PAUSES {
                match call().await {
                    Err(error) if error.may_be_repeated() => {}
                    outcome => return outcome,
                }
                tokio::time::sleep(pause).await;
            }
        }
        call().await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<T, CallError> {
        self.send(Method::GET, path, query, None, Duration::ZERO)
            .await
    }

    /// Makes a call that is waited for as long as this at least, whatever the timeout of other calls is.
    pub(super) async fn post_within<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, &str)],
        body: Option<Value>,
        min_timeout: Duration,
    ) -> Result<T, CallError> {
        self.send(Method::POST, path, query, body, min_timeout)
            .await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &'static str,
        query: &[(&str, &str)],
        body: Option<Value>,
        min_timeout: Duration,
    ) -> Result<T, CallError> {
        let start = Instant::now();
        let outcome = match self.request(method, path, query, body) {
            Some(request) => self
                .http
                .send(request, min_timeout)
                .await
                .and_then(|body| response::read(&body)),
            None => Err(CallErrorKind::Unreachable),
        };
        let outcome = outcome.map_err(|kind| CallError::new(path, kind));
        log_call(path, outcome.as_ref().err(), start.elapsed());
        outcome
    }

    /// `None` if the URL is longer than [`Uri`] allows.
    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Option<Request<Full<Bytes>>> {
        let mut url = format!("{}/cgi-bin/{path}", self.hosts.api());
        for (index, (name, value)) in query.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(url, "{separator}{name}={}", component(value)).ok()?;
        }
        let uri = Uri::try_from(url).ok()?;
        let mut request = Request::new(Full::new(
            body.map(|body| body.to_string().into()).unwrap_or_default(),
        ));
        if method == Method::POST {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        Some(request)
    }
}

/// Logs the path, the outcome and the duration of a call; never its query or body.
fn log_call(path: &str, error: Option<&CallError>, took: Duration) {
    let errcode = match error {
        None => Some(0),
        Some(error) => error.errcode().map(Errcode::number),
    };
    let failure = error.map(|error| tracing::field::display(error.kind));
    tracing::debug!(target: "wecom_login::wecom", path, errcode, failure, took_ms = took.as_millis(), "WeCom call");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::domain::{
        AccessToken, AuthCode, CorpId, OAuthCode, PermanentCode, SuiteAccessToken, UserTicket,
    };
    use crate::wecom::mock::MockWecom;
    use crate::wecom::{IssuedToken, PermanentCodeApi};

    #[tokio::test]
    async fn call_keeps_path_prefix_of_the_host() {
        let mock = MockWecom::responding(r#"{"access_token":"a","expires_in":7200}"#);
        let api = Api::new(
            HttpClient::new(mock.clone()),
            Hosts::all_at("https://proxy.example/wecom/").unwrap(),
        );
        api.app_token(&CorpId::new("wpA").unwrap(), &PermanentCode::new("p"))
            .await
            .unwrap();
        assert_eq!(
            mock.request().uri,
            "https://proxy.example/wecom/cgi-bin/gettoken?corpid=wpA&corpsecret=p"
        );
    }

    #[tokio::test]
    async fn call_encodes_query_values() {
        let mock = MockWecom::responding(r#"{"errcode":0,"userid":"u"}"#);
        let code = OAuthCode::new("a b&access_token=x#+企");
        mock.api()
            .user_identity(&AccessToken::new("t/="), &code)
            .await
            .unwrap();
        assert_eq!(
            mock.request().uri,
            "https://qyapi.weixin.qq.com/cgi-bin/auth/getuserinfo?access_token=t%2F%3D\
             &code=a%20b%26access_token%3Dx%23%2B%E4%BC%81"
        );
    }

    #[tokio::test]
    async fn call_does_not_send_too_long_url() {
        let mock = MockWecom::responding("{}");
        let code = OAuthCode::new("x".repeat(70_000));
        let error = mock
            .api()
            .user_identity(&AccessToken::new("t"), &code)
            .await
            .unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Unreachable);
        assert!(mock.requests().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn read_is_repeated_twice_and_a_call_with_a_code_never() {
        let app_token = r#"{"access_token":"a","expires_in":7200}"#;
        let busy = [
            (200, r#"{"errcode":-1}"#),
            (200, r#"{"errcode":6000}"#),
            (200, r#"{"errcode":45033}"#),
            (500, ""),
            (0, ""),
        ];
        let (corp, code) = (CorpId::new("wpA").unwrap(), PermanentCode::new("p"));
        for answer in busy {
            let mock = MockWecom::with_responses(&[answer, answer, (200, app_token)]);
            assert!(
                mock.api().app_token(&corp, &code).await.is_ok(),
                "{answer:?}"
            );
            let mock = MockWecom::with_responses(&[answer, answer, answer, (200, app_token)]);
            assert!(mock.api().app_token(&corp, &code).await.is_err());
            assert_eq!(mock.requests().len(), 3, "{answer:?}");
            let mock = MockWecom::with_responses(&[answer]);
            let (token, oauth) = (AccessToken::new("t"), OAuthCode::new("c"));
            assert!(mock.api().user_identity(&token, &oauth).await.is_err());
            let (token, auth_code) = (SuiteAccessToken::new("s"), AuthCode::new("c"));
            let exchange = mock
                .api()
                .permanent_code(&token, &auth_code, PermanentCodeApi::V2)
                .await;
            assert!(exchange.is_err());
            assert_eq!(mock.requests().len(), 2, "{answer:?}");
        }
        for answer in [
            (200, r#"{"errcode":40001}"#),
            (200, r#"{"errcode":45009}"#),
            (404, ""),
        ] {
            let mock = MockWecom::with_responses(&[answer]);
            assert!(mock.api().app_token(&corp, &code).await.is_err());
            assert_eq!(mock.requests().len(), 1, "{answer:?}");
        }
    }

    /// Collects log lines.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<String>>);

    impl tracing::field::Visit for &Lines {
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            write!(self.0.lock().unwrap(), "{}={value:?} ", field.name()).unwrap();
        }
    }

    impl tracing::Subscriber for Lines {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            attributes.record(&mut &*self);
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
            values.record(&mut &*self);
        }

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            event.record(&mut &*self);
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[tokio::test]
    async fn errors_and_logs_hold_no_secret() {
        let lines = Lines::default();
        let _guard = tracing::subscriber::set_default(lines.clone());
        let corp = CorpId::new("wpA").unwrap();
        let hush = || "s3cr3t".to_owned();
        let mut shown = String::new();
        for answer in [
            (200, r#"{"errcode":40029,"errmsg":"s3cr3t"}"#),
            (200, r#"{"errcode":60020,"errmsg":"s3cr3t"}"#),
            (200, r#"{"errcode":"s3cr3t"}"#),
            (200, "s3cr3t"),
            (200, r#"{"access_token":["s3cr3t"]}"#),
            (302, "s3cr3t"),
            (502, "s3cr3t"),
            // The double breaks, with the URL in the text of its error.
            (0, "s3cr3t"),
        ] {
            let mock = MockWecom::with_responses(&[answer]);
            let api = mock.api().without_repetition();
            let suite = SuiteAccessToken::new(hush());
            let token = AccessToken::new(hush());
            for error in [
                api.app_token(&corp, &PermanentCode::new(hush()))
                    .await
                    .unwrap_err(),
                api.user_identity(&token, &OAuthCode::new(hush()))
                    .await
                    .unwrap_err(),
                api.user_detail(&token, &UserTicket::new(hush()))
                    .await
                    .unwrap_err(),
                api.permanent_code(&suite, &AuthCode::new(hush()), PermanentCodeApi::V2)
                    .await
                    .unwrap_err(),
                api.auth_info(&suite, &corp, &PermanentCode::new(hush()))
                    .await
                    .unwrap_err(),
            ] {
                let wire = crate::Error::from(error);
                write!(shown, "{error} {error:?} {wire} {wire:?} {api:?}").unwrap();
            }
            assert_eq!(mock.requests().len(), 5);
        }
        let granted = IssuedToken::new(AccessToken::new(hush()), Duration::ZERO);
        write!(shown, "{granted:?}").unwrap();
        let logged = lines.0.lock().unwrap().clone();
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert!(!logged.contains("s3cr3t"), "{logged}");
        assert!(
            logged.contains(r#"path="auth/getuserinfo" errcode=40029"#),
            "{logged}"
        );
    }
}
