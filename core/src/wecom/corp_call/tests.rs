use super::*;
use crate::error::ErrorKind;
use crate::wecom::mock::MockWecom;
use crate::wecom::{Hosts, HttpClient};

const OK: &str = r#"{"errcode":0,"errmsg":"ok","msgid":"m"}"#;

fn call(
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Option<&'static str>,
) -> CorpCall {
    CorpCall {
        method,
        path: ApiPath::new(path).unwrap(),
        query: query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.map(RequestBody::json),
        min_timeout: Duration::ZERO,
    }
}

fn send(body: &'static str) -> CorpCall {
    call(Method::POST, "message/send", &[], Some(body))
}

async fn answered(answers: &[(u16, &str)], call: &CorpCall) -> (Result<Bytes, Error>, usize) {
    let mock = MockWecom::with_responses(answers);
    let outcome = mock
        .api()
        .with_pauses(&[Duration::ZERO; 2])
        .call_as_corp(&AccessToken::new("s3cr3t"), call)
        .await
        .map_err(Error::from);
    (outcome, mock.requests().len())
}

#[tokio::test]
async fn call_carries_token_query_and_body() {
    let mock = MockWecom::responding(OK);
    let read = call(
        Method::GET,
        "user/get",
        &[("userid", "a&b"), ("x y", "1")],
        None,
    );
    let token = AccessToken::new("T=");
    mock.api().call_as_corp(&token, &read).await.unwrap();
    mock.api()
        .call_as_corp(&token, &send(r#"{"touser":"a"}"#))
        .await
        .unwrap();
    let requests = mock.requests();
    assert_eq!(
        requests[0].line(),
        "GET user/get?access_token=T%3D&userid=a%26b&x%20y=1"
    );
    assert_eq!(requests[0].content_type, None);
    assert_eq!(requests[1].line(), "POST message/send?access_token=T%3D");
    assert_eq!(requests[1].json(), serde_json::json!({"touser": "a"}));
}

#[tokio::test]
async fn read_is_repeated_and_a_change_only_after_a_definite_refusal() {
    let read = || call(Method::GET, "user/get", &[], None);
    let doubtful = [
        (200, r#"{"errcode":-1}"#),
        (200, r#"{"errcode":6000}"#),
        (500, ""),
        (0, ""),
    ];
    for answer in doubtful {
        assert_eq!(answered(&[answer, answer, (200, OK)], &read()).await.1, 3);
        for change in [
            send("{}"),
            call(Method::GET, "user/delete", &[], None),
            call(Method::GET, "auth/getuserinfo", &[("code", "c")], None),
        ] {
            let (outcome, calls) = answered(&[answer, (200, OK)], &change).await;
            assert!(outcome.is_err() && calls == 1, "{answer:?} {change:?}");
        }
    }
    let refused = (200, r#"{"errcode":45033}"#);
    for call in [read(), send("{}")] {
        assert!(
            answered(&[refused, refused, (200, OK)], &call)
                .await
                .0
                .is_ok()
        );
        assert_eq!(answered(&[refused], &call).await.1, 3);
    }
    for final_one in [(200, r#"{"errcode":45009}"#), (404, ""), (302, "")] {
        assert_eq!(answered(&[final_one], &read()).await.1, 1);
    }
}

#[tokio::test]
async fn refusal_carries_errcode_and_text_without_links_and_token() {
    let body = r#"{"errcode":81013,"errmsg":"no party s3cr3t\nallowed, hint: [1], from ip: 1.2.3.4, more info at https://open.work.weixin.qq.com/devtool/query?e=81013"}"#;
    let error = answered(&[(200, body)], &send("{}")).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream);
    assert_eq!(error.errcode(), Some(81013));
    assert_eq!(
        error.errmsg(),
        Some("no party ****** allowed, hint: [1], from ip: 1.2.3.4")
    );
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("81013: no party"), "{shown}");
    assert!(
        !shown.contains("s3cr3t") && !shown.contains("http"),
        "{shown}"
    );
    let bare = answered(&[(200, r#"{"errcode":60011}"#)], &send("{}")).await;
    assert_eq!(bare.0.unwrap_err().errmsg(), None);
}

#[tokio::test]
async fn answer_that_is_no_json_is_malformed() {
    for answer in ["", "ok", "<html>", "[]", "7", r#"{"errcode":"no"}"#] {
        let error = answered(&[(200, answer)], &send("{}")).await.0.unwrap_err();
        let cause = CallError::cause_of(&error).unwrap();
        assert_eq!(
            cause,
            CallError::of_path("message/send", CallErrorKind::Malformed)
        );
        assert_eq!(error.kind(), ErrorKind::Upstream);
    }
}

#[tokio::test]
async fn answer_over_ten_mebibytes_is_too_large() {
    let answer = |bytes: usize| format!("{OK}{}", " ".repeat(bytes - OK.len()));
    let just = answer(MAX_CORP_RESPONSE_BYTES);
    assert!(answered(&[(200, &just)], &send("{}")).await.0.is_ok());
    let over = answer(MAX_CORP_RESPONSE_BYTES + 1);
    let error = answered(&[(200, &over)], &send("{}")).await.0.unwrap_err();
    let cause = CallError::cause_of(&error).unwrap();
    assert_eq!(cause.kind, CallErrorKind::TooLarge);
}

#[tokio::test]
async fn late_answer_is_a_timeout() {
    let hanging = HttpClient::new(tower::service_fn(|_: http::Request<_>| {
        std::future::pending::<Result<http::Response<http_body_util::Full<Bytes>>, std::io::Error>>(
        )
    }))
    .with_call_timeout(Duration::from_millis(10));
    let error = Api::new(hanging, Hosts::default())
        .call_as_corp(&AccessToken::new("t"), &send("{}"))
        .await
        .unwrap_err();
    assert_eq!(error.call.kind, CallErrorKind::Timeout);
    assert_eq!(Error::from(error).kind(), ErrorKind::UpstreamTimeout);
}
