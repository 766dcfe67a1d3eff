use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refused<T: std::fmt::Debug>(result: Result<T>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind(), error.detail().to_owned())
}

#[test]
fn optional_params_have_defaults() {
    let params = LoginCodeParams::parse(br#"{"corpId":"ww1","code":"abc"}"#).unwrap();
    assert_eq!(
        (params.corp_id.as_str(), params.code.expose()),
        ("ww1", "abc")
    );
    assert_eq!(params.login_type, LoginType::Qr);
    let body = br#"{"corpId":"ww1","code":"abc","loginType":"workbench"}"#;
    assert_eq!(
        LoginCodeParams::parse(body).unwrap().login_type,
        LoginType::Workbench
    );
    let params = LoginByCodeParams::parse(br#"{"loginCode":"x"}"#).unwrap();
    assert_eq!((params.corp_id, params.platform), (None, Platform::App));
    let body = br#"{"corpId":"ww1","code":"abc","platform":"web","suiteId":"dk1"}"#;
    let params = WorkbenchParams::parse(body).unwrap();
    assert_eq!(
        (params.platform, params.suite_id.unwrap().as_str()),
        (Platform::Web, "dk1")
    );
}

#[test]
fn error_names_the_field_and_never_the_value() {
    let secret = "s3cr3t-value";
    let long = "x".repeat(513);
    for (body, field) in [
        (json!({}), "corpId"),
        (json!({"corpId": "ww1"}), "code"),
        (json!({"corpId": "ww1", "code": ""}), "code"),
        (json!({"corpId": "ww1", "code": " \t"}), "code"),
        (json!({"corpId": "ww1", "code": "\u{3000}"}), "code"),
        (json!({"corpId": "ww1", "code": null}), "code"),
        (json!({"corpId": "ww1", "code": 7}), "code"),
        (json!({"corpId": "ww1", "code": [secret]}), "code"),
        (
            json!({"corpId": "ww1", "code": format!("{secret}\u{0}")}),
            "code",
        ),
        (
            json!({"corpId": "ww1", "code": format!("{secret}\n")}),
            "code",
        ),
        (json!({"corpId": "ww1", "code": long}), "code"),
        (json!({"corpId": secret.repeat(6), "code": "abc"}), "corpId"),
        (json!({"corpId": "ww 1", "code": "abc"}), "corpId"),
        (json!({"corpId": "企业", "code": "abc"}), "corpId"),
        (
            json!({"corpId": "ww1", "code": "abc", "loginType": 1}),
            "loginType",
        ),
        (
            json!({"corpId": "ww1", "code": "abc", "loginType": null}),
            "loginType",
        ),
        (
            json!({"corpId": "ww1", "code": "abc", "Code": secret}),
            "Code",
        ),
        (
            json!({"corpId": "ww1", "code": "abc", "platform": "app"}),
            "platform",
        ),
        (
            json!({"corpId": "ww1", "code": "abc", secret: 1}),
            "the body",
        ),
    ] {
        let (kind, detail) = refused(LoginCodeParams::parse(body.to_string().as_bytes()));
        assert_eq!(kind, ErrorKind::ApiParams, "{body}");
        assert!(detail.starts_with(&format!("{field} ")), "{body}: {detail}");
        assert!(!detail.contains(secret), "{detail}");
    }
    let limit = json!({"corpId": "ww1", "code": "x".repeat(512)});
    assert!(LoginCodeParams::parse(limit.to_string().as_bytes()).is_ok());
}

#[test]
fn body_must_be_an_object_without_repeated_fields() {
    for body in [
        &b""[..],
        b"null",
        b"[]",
        b"\"corpId\"",
        b"{",
        b"{} {}",
        br#"{"corpId":"ww1","code":"a","code":"a"}"#,
        br#"{"corpId":"ww1","code":"a",}"#,
        b"{\"corpId\":\"ww1\",\"code\":\"\xff\"}",
        b"corpId=ww1&code=a",
    ] {
        assert_eq!(
            refused(LoginCodeParams::parse(body)).0,
            ErrorKind::ApiParams,
            "{body:?}"
        );
    }
    let deep = format!(
        r#"{{"corpId":{}1{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_eq!(
        refused(LoginCodeParams::parse(deep.as_bytes())).0,
        ErrorKind::ApiParams
    );
    let wide: String = (0..5_000)
        .map(|number| format!("\"f{number}\":1,"))
        .collect();
    assert_eq!(
        refused(LoginCodeParams::parse(
            format!("{{{wide}\"z\":1}}").as_bytes()
        ))
        .0,
        ErrorKind::ApiParams
    );
}

#[test]
fn unknown_login_type_and_platform_have_their_own_codes() {
    let body = br#"{"corpId":"ww1","code":"a","loginType":"QR"}"#;
    assert_eq!(
        refused(LoginCodeParams::parse(body)).0,
        ErrorKind::LoginTypeUnknown
    );
    let body = br#"{"loginCode":"a","platform":"desktop"}"#;
    assert_eq!(
        refused(LoginByCodeParams::parse(body)).0,
        ErrorKind::PlatformUnknown
    );
}

#[test]
fn set_code_refuses_other_characters_than_those_of_ids() {
    let parse = |code: &str| {
        SetCodeParams::parse(
            json!({"corpId": "ww1", "code": code})
                .to_string()
                .as_bytes(),
        )
    };
    assert_eq!(parse("Org_code-1").unwrap().code.as_str(), "Org_code-1");
    assert_eq!(parse(&"x".repeat(64)).unwrap().suite_id, None);
    for code in ["a b", "代码", "a/b", &"x".repeat(65)] {
        assert_eq!(refused(parse(code)).0, ErrorKind::ApiParams, "{code}");
    }
}

#[test]
fn record_id_accepts_a_number_or_its_digits() {
    for (text, id) in [
        ("1", 1),
        (r#""1""#, 1),
        ("9223372036854775807", i64::MAX),
        (r#""9223372036854775807""#, i64::MAX),
    ] {
        assert_eq!(
            record_id(format!(r#"{{"recordId":{text}}}"#).as_bytes()).unwrap(),
            id,
            "{text}"
        );
    }
    for text in [
        "0",
        "-1",
        "-0",
        "1.0",
        "1e3",
        "1.5",
        "9223372036854775808",
        "null",
        "true",
        "[1]",
        r#""0""#,
        r#""01""#,
        r#""+1""#,
        r#""-1""#,
        r#"" 1""#,
        r#""1 ""#,
        r#""""#,
        r#""1.0""#,
        r#""0x1""#,
        r#""१""#,
        r#""9223372036854775808""#,
    ] {
        let (kind, _) = refused(record_id(format!(r#"{{"recordId":{text}}}"#).as_bytes()));
        assert_eq!(kind, ErrorKind::ApiParams, "{text}");
    }
    assert!(record_id(b"{}").is_err() && record_id(br#"{"recordId":1,"force":true}"#).is_err());
}

#[test]
fn records_params_default_clamp_and_refuse() {
    let parse = RecordsParams::parse;
    assert_eq!(
        parse("").unwrap(),
        RecordsParams {
            status: None,
            limit: 50,
            before: None
        }
    );
    let all = parse("status=failed&limit=501&before=12").unwrap();
    assert_eq!(
        all,
        RecordsParams {
            status: Some(RecordStatus::Failed),
            limit: 500,
            before: Some(12)
        }
    );
    assert_eq!(parse("limit=99999999999999999999999").unwrap().limit, 500);
    assert_eq!(parse("limit=1&&").unwrap().limit, 1);
    for query in [
        "limit=0",
        "limit=-1",
        "limit=",
        "limit=x",
        "limit=1.5",
        "limit=05",
        "limit=1&limit=1",
        "before=0",
        "before=9223372036854775808",
        "before=%31%20",
        "status=done",
        "status=",
        "status=Failed",
        "statsu=failed",
    ] {
        assert_eq!(refused(parse(query)).0, ErrorKind::ApiParams, "{query}");
    }
}

#[test]
fn organization_code_is_percent_decoded() {
    assert_eq!(organization_code("code=org%5Fcode").unwrap(), "org_code");
    for query in [
        "",
        "code",
        "code=",
        "code=+",
        "code=a&code=b",
        "code=%00",
        "Code=a",
    ] {
        assert_eq!(
            refused(organization_code(query)).0,
            ErrorKind::ApiParams,
            "{query}"
        );
    }
    assert!(organization_code(&format!("code={}", "x".repeat(513))).is_err());
}

proptest! {
    #[test]
    fn parsing_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200), query in ".*") {
        let _ = LoginCodeParams::parse(&body);
        let _ = record_id(&body);
        let _ = RecordsParams::parse(&query);
    }

    #[test]
    fn record_id_accepts_every_positive_i64(id in 1..=i64::MAX) {
        let number = record_id(json!({"recordId": id}).to_string().as_bytes());
        let text = record_id(json!({"recordId": id.to_string()}).to_string().as_bytes());
        prop_assert_eq!((number.unwrap(), text.unwrap()), (id, id));
    }
}

#[test]
fn js_config_takes_pages_of_the_public_url_only() {
    let public_url = PublicUrl::new("https://app.example.com/portal").unwrap();
    let parse = |url: &str| {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("url", url)
            .finish();
        JsConfigParams::parse(&query, &public_url)
    };
    for url in [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/portal/x?y=1#z",
        "https://app.example.com?x",
        "https://app.example.com/企业",
    ] {
        assert_eq!(parse(url).unwrap().url, url);
    }
    let long = format!("https://app.example.com/{}", "x".repeat(2048));
    for url in [
        "",
        "/portal/x",
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com:8443/",
        "https://app.example.com:443/",
        "https://app.example.com\\@evil.example/",
        "https://app.example.com/\\evil.example",
        "http://app.example.com/",
        "https://user@app.example.com/",
        "HTTPS://APP.example.com/",
        " https://app.example.com/",
        "https://app.example.com/\n",
        &long,
    ] {
        assert_eq!(
            parse(url).unwrap_err().kind(),
            ErrorKind::ApiParams,
            "{url:?}"
        );
    }
    for query in [
        "",
        "url=",
        "corpId=ww1",
        "url=https://app.example.com/&corpId=",
        "url=https://app.example.com/&x=1",
    ] {
        assert!(
            JsConfigParams::parse(query, &public_url).is_err(),
            "{query}"
        );
    }
}

#[test]
fn access_token_takes_the_suite_from_query_or_body() {
    let suite = |id| Some(SuiteId::new(id).unwrap());
    for (query, body, suite_id) in [
        ("", "", None),
        ("", "{}", None),
        ("suiteId=dk1", "", suite("dk1")),
        ("", r#"{"suiteId":"dk1"}"#, suite("dk1")),
        ("suiteId=dk1", r#"{"suiteId":"dk1"}"#, suite("dk1")),
    ] {
        let params = AccessTokenParams::parse("ww1", query, body.as_bytes()).unwrap();
        assert_eq!(params.suite_id, suite_id, "{query} {body}");
    }
    for (corp_id, query, body) in [
        ("", "", ""),
        ("a b", "", ""),
        ("ww1", "suiteId=", ""),
        ("ww1", "x=1", ""),
        ("ww1", "", "[]"),
        ("ww1", "", r#"{"corpId":"ww1"}"#),
        ("ww1", "suiteId=dk1", r#"{"suiteId":"dk2"}"#),
    ] {
        let parsed = AccessTokenParams::parse(corp_id, query, body.as_bytes());
        assert!(parsed.is_err(), "{query} {body}");
    }
}
