//! A callback route of the host app's own, as the reference page's example has it: the four parameters go in by their names,
//! and the answer is the framework's response.

use actix_web::test::{TestRequest as ActixRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{RawQuery, State};
use axum::routing::get;
use http::{Request, Response};
use serde_json::Value;
use tower::ServiceExt as _;
use wecom_login::web::ResponseBody;
use wecom_login::{NotifyRequest, WecomLogin};
use wecom_login_actix::notify_response;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;

/// The parameters of the page's `notify`, by its names.
fn request(parameters: &Value, body: Bytes) -> NotifyRequest {
    let text = |name: &str| parameters[name].as_str().unwrap_or_default();
    let (nonce, msg_signature, timestamp) =
        (text("nonce"), text("msg_signature"), text("timestamp"));
    let request = NotifyRequest::new(nonce, msg_signature, timestamp);
    match parameters["echostr"].as_str() {
        Some(echostr) => request.with_echostr(echostr),
        None => request.with_body(body),
    }
}

/// The query as a framework decodes it.
fn decoded(query: &str) -> Value {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs = pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
    Value::Object(pairs.collect())
}

async fn in_axum(
    State(login): State<WecomLogin>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response<ResponseBody> {
    let parameters = decoded(&query.unwrap_or_default());
    login
        .service()
        .notify(request(&parameters, body))
        .await
        .into()
}

async fn in_actix(
    login: web::Data<WecomLogin>,
    parameters: web::Query<Value>,
    body: Bytes,
) -> HttpResponse {
    notify_response(login.service().notify(request(&parameters, body)).await)
}

#[tokio::test]
async fn callback_route_of_the_host_app_answers_in_both_frameworks() {
    let app = TestApp::builder().start().await;
    let check = app.push_builder.url_verification(SUITE, "plain-echo");
    let time = app.now_millis() / 1000;
    let event = suite_event(SUITE, "change_auth", time, &[("AuthCorpId", &app.corp(0))]);
    let event = app.push_builder.post(SUITE, &event);
    let forged = event.query.replace("msg_signature=", "msg_signature=0");

    let axum = Router::new()
        .route("/wecom", get(in_axum).post(in_axum))
        .with_state(app.login.clone());
    let login = web::Data::new(app.login.clone());
    let actix = App::new()
        .app_data(login)
        .service(web::resource("/wecom").get(in_actix).post(in_actix));
    let actix = init_service(actix).await;
    for (method, query, body, status, answer) in [
        ("GET", &check, Vec::<u8>::new(), 200, "plain-echo"),
        ("POST", &event.query, event.body.clone(), 200, "success"),
        ("POST", &forged, event.body.clone(), 403, ""),
    ] {
        let uri = format!("/wecom?{query}");
        let asked = Request::builder().method(method).uri(&uri);
        let asked = asked.body(Body::from(body.clone())).unwrap();
        let by_axum = axum.clone().oneshot(asked).await.unwrap();
        let headers = [
            "content-type",
            "x-content-type-options",
            "content-security-policy",
        ];
        let of_axum = headers.map(|name| by_axum.headers()[name].to_str().unwrap().to_owned());
        assert_eq!(of_axum[0], "text/plain; charset=utf-8");
        assert_eq!(by_axum.status().as_u16(), status, "{method}");
        let read = to_bytes(by_axum.into_body(), 1000).await.unwrap();
        assert_eq!(read, answer, "{method}");

        let asked = ActixRequest::default()
            .method(method.parse().unwrap())
            .uri(&uri)
            .set_payload(body);
        let by_actix = call_service(&actix, asked.to_request()).await;
        let of_actix = headers.map(|name| {
            by_actix
                .headers()
                .get(name)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        });
        assert_eq!(
            (by_actix.status().as_u16(), of_actix),
            (status, of_axum),
            "{method}"
        );
        assert_eq!(read_body(by_actix).await, answer, "{method}");
    }
    app.stop().await;
}
