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

#[tokio::test]
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
            api_without_pauses(&mock)
                .app_token(&corp, &code)
                .await
                .is_ok(),
            "{answer:?}"
        );
        let mock = MockWecom::with_responses(&[answer, answer, answer, (200, app_token)]);
        assert!(
            api_without_pauses(&mock)
                .app_token(&corp, &code)
                .await
                .is_err()
        );
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

fn api_without_pauses(mock: &MockWecom) -> Api {
    mock.api()
        .with_pauses(&[Duration::ZERO; READ_REPETITION_PAUSES.len()])
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
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("wecom_login")
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
    // Of the process: with a subscriber of one thread, what another one comes to first stays switched off.
    tracing::subscriber::set_global_default(lines.clone()).unwrap();
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
            let wire = crate::Error::from(error.clone());
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
