//! The middleware in front of routes of a host app.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod stack;

use actix_web::dev::{Service as _, Transform as _, fn_service};
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue};
use actix_web::test::init_service;
use actix_web::web::{self, ReqData, get, post};
use actix_web::{App, HttpMessage as _, HttpResponse};
use stack::{Answer, ask, bearer, collect, handle, request, token};
use wecom_login::{CorpId, CurrentUser, ErrorKind, WecomLogin};
use wecom_login_actix::{MaybeUser, Rejection, RequireLogin, User};

async fn whoami(MaybeUser(user): MaybeUser) -> String {
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

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/private", get().to(private))
        .route("/who", get().to(whoami))
        .route("/either", get().to(either));
}

/// Asks an app that is wholly behind the middleware.
async fn asked(middleware: RequireLogin, path: &str, headers: &[(&str, &str)]) -> Answer {
    let app = init_service(App::new().wrap(middleware).configure(routes)).await;
    ask!(&app, request("GET", path, headers))
}

#[actix_web::test]
async fn a_session_opens_and_nothing_else_does() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let open = async |headers: &[(&str, &str)]| {
        asked(RequireLogin::new(&login), "/private", headers).await
    };

    let answer = open(&[("authorization", &bearer(&token))]).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (200, &b"zhangsan"[..])
    );
    assert_eq!(
        open(&[("cookie", &format!("wecom_login={token}"))])
            .await
            .body,
        "zhangsan"
    );

    let absent = open(&[]).await;
    assert_eq!(absent.problem(), (401, "UNAUTHENTICATED".into()));
    assert_eq!(
        absent.header("www-authenticate"),
        Some(r#"Bearer realm="wecom-login""#)
    );
    assert_eq!(absent.rejected, Some(ErrorKind::Unauthenticated));
    let bad = open(&[("authorization", "Bearer wl_bad")]).await;
    assert_eq!(bad.problem(), (401, "TOKEN_INVALID".into()));
    let challenge = r#"Bearer realm="wecom-login", error="invalid_token""#;
    assert_eq!(bad.header("www-authenticate"), Some(challenge));
}

#[actix_web::test]
async fn an_optional_user_is_absent_only_when_nothing_was_sent() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let who = async |headers: &[(&str, &str)]| {
        asked(RequireLogin::optional(&login), "/who", headers).await
    };
    assert_eq!(who(&[]).await.body, "nobody");
    assert_eq!(
        who(&[("authorization", "Basic dXNlcjpwYXNz")]).await.body,
        "nobody"
    );
    assert_eq!(
        who(&[("authorization", &bearer(&token))]).await.body,
        "zhangsan"
    );
    assert_eq!(
        who(&[("authorization", "Bearer wl_bad")]).await.problem().0,
        401
    );
    let stale = who(&[("cookie", "wecom_login=wl_bad")]).await;
    assert_eq!(stale.problem(), (401, "TOKEN_INVALID".into()));
    assert!(
        stale
            .header("set-cookie")
            .unwrap()
            .starts_with("wecom_login=; Max-Age=0;")
    );

    let either = async |headers: &[(&str, &str)]| {
        asked(RequireLogin::optional(&login), "/either", headers).await
    };
    assert_eq!(either(&[]).await.body, "nobody");
    assert_eq!(
        either(&[("authorization", &bearer(&token))]).await.body,
        "somebody"
    );
    assert_eq!(
        either(&[("authorization", "Bearer wl_bad")])
            .await
            .problem()
            .0,
        401,
        "the middleware says so"
    );
    let private = asked(RequireLogin::optional(&login), "/private", &[]).await;
    assert_eq!(private.problem(), (401, "UNAUTHENTICATED".into()));
}

#[actix_web::test]
async fn a_missing_middleware_is_told_to_the_developer() {
    let app = init_service(App::new().configure(routes)).await;
    for path in ["/private", "/who"] {
        let answer = ask!(&app, request("GET", path, &[]));
        assert_eq!(answer.problem(), (500, "CONFIG_ERROR".into()));
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("RequireLogin")
        );
    }
}

#[actix_web::test]
async fn all_predicates_must_say_yes() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let open = async |middleware| asked(middleware, "/private", &[("authorization", &token)]).await;
    let corp = |id: &str| CorpId::new(id).unwrap();

    assert_eq!(
        open(RequireLogin::new(&login).corp(corp("ww1")))
            .await
            .status,
        200
    );
    assert_eq!(
        open(RequireLogin::new(&login).instance("QywxProxyDefault"))
            .await
            .status,
        200
    );
    assert_eq!(
        open(RequireLogin::new(&login).instance("auths.QywxProxyDefault"))
            .await
            .status,
        200
    );
    for middleware in [
        RequireLogin::new(&login).corp(corp("ww2")),
        RequireLogin::new(&login).instance("QywxProxyTemp"),
        RequireLogin::new(&login).require(|user| user.user_id().is_empty()),
        RequireLogin::new(&login)
            .corp(corp("ww1"))
            .corp(corp("ww2")),
        RequireLogin::optional(&login).corp(corp("ww2")),
    ] {
        let refused = open(middleware).await;
        assert_eq!(refused.problem(), (403, "FORBIDDEN".into()));
        let challenge = r#"Bearer realm="wecom-login", error="insufficient_scope""#;
        assert_eq!(refused.header("www-authenticate"), Some(challenge));
    }
}

#[actix_web::test]
async fn two_sessions_conflict_and_a_stale_cookie_is_cleared() {
    let login = handle().await;
    let (one, other) = (token(&login, "ww1").await, token(&login, "ww1").await);
    let both = async |cookie: &str| {
        let cookie = format!("wecom_login={cookie}");
        let headers = [("authorization", &*bearer(&one)), ("cookie", &*cookie)];
        asked(RequireLogin::new(&login), "/private", &headers).await
    };
    assert_eq!(
        both(&other).await.problem(),
        (400, "CREDENTIALS_CONFLICT".into())
    );
    assert_eq!(both(&one).await.header("set-cookie"), None);
    let stale = both("wl_stale").await;
    assert_eq!(stale.status, 200);
    assert!(
        stale
            .header("set-cookie")
            .unwrap()
            .starts_with("wecom_login=; Max-Age=0;")
    );
}

#[actix_web::test]
async fn unsafe_methods_with_a_cookie_need_our_own_page() {
    let login = handle().await;
    let cookie = format!("wecom_login={}", token(&login, "ww1").await);
    let app = init_service(
        App::new()
            .wrap(RequireLogin::new(&login))
            .route("/private", post().to(private)),
    )
    .await;
    let post = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[("cookie", &*cookie)]].concat();
        ask!(&app, request("POST", "/private", &headers))
    };
    assert_eq!(post(&[]).await.problem(), (403, "CROSS_SITE".into()));
    assert_eq!(
        post(&[("origin", "http://127.0.0.1:3001")])
            .await
            .problem()
            .0,
        403
    );
    assert_eq!(
        post(&[("origin", "http://127.0.0.1:3000")]).await.status,
        200
    );
    assert_eq!(post(&[("sec-fetch-site", "same-origin")]).await.status, 200);
}

#[actix_web::test]
async fn browsers_are_sent_to_the_login_and_back_through_scopes() {
    let login = handle().await;
    let inner = |middleware| {
        web::scope("/b")
            .wrap(middleware)
            .route("/c", get().to(private))
    };
    let redirecting = RequireLogin::new(&login).redirect_to_login();
    let app = init_service(App::new().service(web::scope("/a").service(inner(redirecting)))).await;
    let html = ("accept", "text/html,*/*;q=0.8");
    let answer = ask!(&app, request("GET", "/a/b/c?x=1&y=2", &[html]));
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.header("location"),
        Some("/auth/login?returnTo=/a/b/c%3Fx%3D1%26y%3D2")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(
        ask!(&app, request("GET", "/a/b/c", &[("accept", "*/*")]))
            .problem()
            .0,
        401
    );
    let plain = init_service(App::new().service(inner(RequireLogin::new(&login)))).await;
    assert_eq!(
        ask!(&plain, request("GET", "/b/c", &[html])).problem().0,
        401,
        "only when asked for"
    );
}

#[actix_web::test]
async fn a_rejection_can_be_replaced() {
    let login = handle().await;
    let middleware = RequireLogin::new(&login).with_rejection(|rejection: &Rejection| {
        HttpResponse::ImATeapot().body(rejection.kind().code())
    });
    let answer = asked(
        middleware,
        "/private",
        &[("cookie", "wecom_login=wl_stale")],
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (418, &b"TOKEN_INVALID"[..])
    );
    assert!(
        answer.header("set-cookie").is_some(),
        "what the browser holds is cleared all the same"
    );
    assert_eq!(answer.rejected, Some(ErrorKind::TokenInvalid));
}

/// CORS, compression and logging of the host app see responses and never errors of ours.
#[actix_web::test]
async fn what_stands_around_it_sees_every_rejection() {
    let login = handle().await;
    let ended = token(&login, "ww1").await;
    end(&login, &ended).await;
    let app = App::new()
        .service(
            web::scope("/in")
                .wrap(RequireLogin::new(&login))
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
    let in_memory = bearer("wl_bad");
    let looked_up = bearer(&ended);
    for (path, authorization, status) in [
        ("/in/private", None, 401),
        ("/in/private", Some(&in_memory), 401),
        ("/in/private", Some(&looked_up), 401),
        ("/unguarded/private", None, 500),
    ] {
        let headers: Vec<_> = authorization
            .map(|token| ("authorization", &**token))
            .into_iter()
            .collect();
        let answer = ask!(&app, request("GET", path, &headers));
        assert_eq!(answer.problem().0, status, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{path} {authorization:?}"
        );
    }
}

#[actix_web::test]
async fn a_hit_waits_for_nothing_and_a_look_up_goes_on_to_the_handler() {
    let login = handle().await;
    let (live, ended) = (token(&login, "ww1").await, token(&login, "ww1").await);
    end(&login, &ended).await;
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
    let service = RequireLogin::optional(&login)
        .new_transform(inner)
        .await
        .unwrap();
    let call = async |headers: &[(&str, &str)], at_once: bool| {
        let mut future =
            std::pin::pin!(service.call(request("GET", "/", headers).to_srv_request()));
        let first = futures_util::poll!(future.as_mut());
        assert_eq!(first.is_ready(), at_once, "{headers:?}");
        let response = match first {
            std::task::Poll::Ready(response) => response,
            std::task::Poll::Pending => future.await,
        };
        collect(response.expect("a response and no error")).await
    };
    assert_eq!(
        call(&[("authorization", &bearer(&live))], true).await.body,
        "zhangsan"
    );
    assert_eq!(call(&[], true).await.body, "");
    assert_eq!(
        call(&[("authorization", &bearer(&ended))], false)
            .await
            .problem()
            .0,
        401
    );
    let cookie = format!("wecom_login={ended}");
    let answer = call(
        &[("authorization", &bearer(&live)), ("cookie", &cookie)],
        false,
    )
    .await;
    assert_eq!(answer.body, "zhangsan");
    assert!(answer.header("set-cookie").is_some());
}

/// Ends this session alone; it is in memory no more.
async fn end(login: &WecomLogin, token: &str) {
    let app = init_service(App::new().service(wecom_login_actix::scope("/auth", login))).await;
    let answer = ask!(
        &app,
        request("POST", "/auth/logout", &[("authorization", &bearer(token))])
    );
    assert_eq!(answer.status, 204);
}

#[actix_web::test]
async fn the_middleware_fits_wherever_middleware_goes() {
    let login = handle().await;
    let required = RequireLogin::new(&login);
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
            ask!(&some, request("GET", path, &[])).problem().0,
            401,
            "{path}"
        );
        assert_eq!(
            ask!(&some, request("GET", path, &[("authorization", &token)])).body,
            "zhangsan",
            "{path}"
        );
    }
    assert_eq!(ask!(&all, request("GET", "/all", &[])).problem().0, 401);
    assert_eq!(
        ask!(&all, request("GET", "/all", &[("authorization", &token)])).body,
        "zhangsan"
    );
    assert_eq!(
        ask!(&some, request("GET", "/nowhere", &[])).status,
        404,
        "an unknown path stays unknown"
    );
}
