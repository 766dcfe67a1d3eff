//! The middleware before routes of a host app.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use actix_web::dev::{Service as _, Transform as _, fn_service};
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue};
use actix_web::middleware::Condition;
use actix_web::test::init_service;
use actix_web::web::{self, ReqData, get, post};
use actix_web::{App, HttpMessage as _, HttpResponse};
use in_memory::{call, collect, request};
use wecom_login::{CorpId, CurrentUser, WecomLogin};
use wecom_login_actix::{AuthMiddleware, MaybeUser, Rejection, User};
use wecom_login_adapter_tests::guard::{Guard, GuardedApp, nobody};
use wecom_login_adapter_tests::handle::{MEMBER, bearer, handle, log_out, token};
use wecom_login_adapter_tests::{TestRequest, TestResponse, guard_tests};

struct ActixApp;

guard_tests!(ActixApp, actix_web::test);

impl GuardedApp for ActixApp {
    const GUARD: &'static str = "AuthMiddleware";

    async fn call(login: &WecomLogin, guard: Option<Guard>, request: TestRequest) -> TestResponse {
        let head = request.head().body(()).unwrap();
        let headers = head.headers().iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let request = in_memory::request(head.method().as_str(), request.target(), &headers);
        let is_guarded = guard.is_some();
        let middleware = middleware(login, &guard.unwrap_or_default());
        let inner = web::scope("/b")
            .wrap(Condition::new(is_guarded, middleware.clone()))
            .route("/c", get().to(private));
        let flat = web::scope("")
            .wrap(Condition::new(is_guarded, middleware))
            .configure(routes);
        let app = App::new()
            .service(web::scope("/a").service(inner))
            .service(flat);
        call!(&init_service(app).await, request)
    }
}

fn middleware(login: &WecomLogin, guard: &Guard) -> AuthMiddleware {
    let mut middleware = if guard.optional {
        AuthMiddleware::optional(login)
    } else {
        AuthMiddleware::required(login)
    };
    for corp in &guard.corps {
        middleware = middleware.require_corp(CorpId::new(*corp).unwrap());
    }
    if let Some(instance) = guard.instance {
        middleware = middleware.require_instance(instance);
    }
    if guard.nobody {
        middleware = middleware.require(nobody);
    }
    if guard.redirect {
        middleware = middleware.redirect_to_login();
    }
    if guard.teapot {
        middleware = middleware.on_rejection(|rejection: &Rejection| {
            HttpResponse::ImATeapot().body(rejection.kind().code())
        });
    }
    middleware
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/private", get().to(private))
        .route("/private", post().to(private))
        .route("/who", get().to(who))
        .route("/either", get().to(either));
}

async fn who(MaybeUser(user): MaybeUser) -> String {
    user.map_or_else(
        || "nobody".to_owned(),
        |user| user.third_user_id().to_string(),
    )
}

async fn private(User(user): User) -> String {
    user.third_user_id().to_string()
}

async fn either(user: Option<User>) -> &'static str {
    if user.is_some() { "somebody" } else { "nobody" }
}

/// actix makes `Option` of every extractor: an invalid token must not become `None`.
#[actix_web::test]
async fn option_of_user_is_none_only_without_credentials() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let app = App::new()
        .wrap(AuthMiddleware::optional(&login))
        .configure(routes);
    let app = init_service(app).await;
    let either = async |headers: &[(&str, &str)]| call!(&app, request("GET", "/either", headers));
    assert_eq!(either(&[]).await.text(), "nobody");
    assert_eq!(
        either(&[("authorization", &bearer(&token))]).await.text(),
        "somebody"
    );
    let foreign = either(&[("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x")]).await;
    assert_eq!(foreign.text(), "nobody");
    log_out(&login, &token).await;
    assert_eq!(
        either(&[("authorization", &bearer(&token))])
            .await
            .problem()
            .0,
        401,
        "the middleware rejects it"
    );
}

/// CORS, compression and logging of the host app get a response for every rejection, never an error.
#[actix_web::test]
async fn outer_middleware_gets_a_response_for_every_rejection() {
    let login = handle().await;
    let ended = token(&login, "ww1").await;
    log_out(&login, &ended).await;
    let app = App::new()
        .service(
            web::scope("/in")
                .wrap(AuthMiddleware::required(&login))
                .configure(routes),
        )
        .service(web::scope("/unguarded").configure(routes))
        .wrap_fn(|request, next| {
            let response = next.call(request);
            async move {
                let mut response = response.await?;
                response
                    .headers_mut()
                    .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                Ok(response)
            }
        });
    let app = init_service(app).await;
    let unknown = bearer("wl_bad");
    let looked_up = bearer(&ended);
    for (path, authorization, status) in [
        ("/in/private", None, 401),
        ("/in/private", Some(&unknown), 401),
        ("/in/private", Some(&looked_up), 401),
        ("/unguarded/private", None, 500),
    ] {
        let headers: Vec<_> = authorization
            .map(|token| ("authorization", &**token))
            .into_iter()
            .collect();
        let response = call!(&app, request("GET", path, &headers));
        assert_eq!(response.problem().0, status, "{path}");
        assert_eq!(
            response.header("access-control-allow-origin"),
            Some("*"),
            "{path} {authorization:?}"
        );
    }
}

#[actix_web::test]
async fn cached_session_is_ready_at_once_and_lookup_reaches_the_handler() {
    let login = handle().await;
    let (live, ended) = (token(&login, "ww1").await, token(&login, "ww1").await);
    log_out(&login, &ended).await;
    let inner = fn_service(async |request: actix_web::dev::ServiceRequest| {
        let user = request
            .extensions()
            .get::<CurrentUser>()
            .map(|user| user.third_user_id().to_string());
        Ok::<_, actix_web::Error>(
            request.into_response(HttpResponse::Ok().body(user.unwrap_or_default())),
        )
    });
    let inner = actix_web::dev::ServiceFactory::new_service(&inner, ())
        .await
        .unwrap();
    let service = AuthMiddleware::optional(&login)
        .new_transform(inner)
        .await
        .unwrap();
    let call = async |headers: &[(&str, &str)], is_ready: bool| {
        let mut future =
            std::pin::pin!(service.call(request("GET", "/", headers).to_srv_request()));
        let first = futures_util::poll!(future.as_mut());
        assert_eq!(first.is_ready(), is_ready, "{headers:?}");
        let response = match first {
            std::task::Poll::Ready(response) => response,
            std::task::Poll::Pending => future.await,
        };
        collect(response.expect("a response and no error")).await
    };
    assert_eq!(
        call(&[("authorization", &bearer(&live))], true)
            .await
            .text(),
        MEMBER
    );
    assert_eq!(call(&[], true).await.text(), "");
    assert_eq!(
        call(&[("authorization", &bearer(&ended))], false)
            .await
            .problem()
            .0,
        401
    );
    let cookie = format!("wecom_login={ended}");
    let response = call(
        &[
            ("authorization", &bearer(&live)),
            ("cookie", &cookie),
            ("sec-fetch-mode", "navigate"),
        ],
        false,
    )
    .await;
    assert_eq!(response.text(), MEMBER);
    assert!(response.header("set-cookie").is_some());
}

#[actix_web::test]
async fn middleware_guards_scope_resource_route_and_app() {
    let login = handle().await;
    let required = AuthMiddleware::required(&login);
    let who = async |user: ReqData<CurrentUser>| user.third_user_id().to_string();
    let token = bearer(&token(&login, "ww1").await);
    let some = App::new()
        .service(
            web::scope("/scope")
                .wrap(required.clone())
                .route("/x", get().to(who)),
        )
        .service(
            web::resource("/resource")
                .wrap(required.clone())
                .route(get().to(who)),
        )
        .route("/route", get().to(who).wrap(required.clone()));
    let some = init_service(some).await;
    let all = init_service(App::new().wrap(required).route("/all", get().to(who))).await;
    for path in ["/scope/x", "/resource", "/route"] {
        assert_eq!(
            call!(&some, request("GET", path, &[])).problem().0,
            401,
            "{path}"
        );
        assert_eq!(
            call!(&some, request("GET", path, &[("authorization", &token)])).text(),
            MEMBER,
            "{path}"
        );
    }
    assert_eq!(call!(&all, request("GET", "/all", &[])).problem().0, 401);
    assert_eq!(
        call!(&all, request("GET", "/all", &[("authorization", &token)])).text(),
        MEMBER
    );
    assert_eq!(
        call!(&some, request("GET", "/nowhere", &[])).status,
        404,
        "an unknown path stays 404"
    );
}
