//! The guard cases: what every adapter's guard does before a route of the host app.

use wecom_login::{ErrorKind, WecomLogin};

use crate::handle::{MEMBER, ORIGIN, bearer, handle, log_out, token};
use crate::{TestRequest, TestResponse};

const CLEARED_COOKIE: &str = "wecom_login=; Max-Age=0;";
const HTML: &str = "text/html,*/*;q=0.8";

/// How a guard is configured.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Lets requests without credentials pass.
    pub optional: bool,
    /// `corp`, once for each.
    pub corps: Vec<&'static str>,
    /// `instance`.
    pub instance: Option<&'static str>,
    /// `require` with [`nobody`].
    pub nobody: bool,
    /// Redirects browsers to the login page.
    pub redirect: bool,
    /// Replaces a rejection by 418 with the error's code as the body.
    pub teapot: bool,
}

/// A predicate that no user satisfies.
#[must_use]
pub fn nobody(user: &wecom_login::CurrentUser) -> bool {
    user.user_id().is_empty()
}

/// An app of a framework, in memory.
///
/// | route | response |
/// |---|---|
/// | GET and POST `/private` | the member's userid; asks for the user |
/// | GET `/who` | the member's userid, or `nobody`; asks for an optional user |
/// | GET `/a/b/c` | as `/private`, in two nested routers with the guard in the inner one |
#[allow(async_fn_in_trait, reason = "every test polls it on its own thread")]
pub trait GuardedApp {
    /// The guard's name, as the developer reads it.
    const GUARD: &'static str;

    /// Builds the app with this guard, or without one, and sends it a request.
    async fn call(login: &WecomLogin, guard: Option<Guard>, request: TestRequest) -> TestResponse;
}

/// Makes a test of each case: `guard_tests!(App, tokio::test)`.
#[macro_export]
macro_rules! guard_tests {
    ($app:ty, $($test:tt)+) => {
        $crate::guard_tests!(@each $app, [$($test)+]
            session_passes_and_missing_or_invalid_token_is_401
            optional_guard_passes_only_requests_without_credentials
            route_without_guard_is_500_and_names_the_guard
            every_predicate_must_hold_or_403
            two_sessions_conflict_and_stale_cookie_is_cleared
            unsafe_method_with_cookie_needs_same_origin
            browser_is_redirected_to_login_with_full_return_path
            replaced_rejection_keeps_cookie_and_kind
        );
    };
    (@each $app:ty, $test:tt $($case:ident)+) => {
        $($crate::guard_tests!(@one $app, $test $case);)+
    };
    (@one $app:ty, [$($test:tt)+] $case:ident) => {
        #[$($test)+]
        async fn $case() {
            $crate::guard::$case::<$app>().await;
        }
    };
}

async fn private<A: GuardedApp>(
    login: &WecomLogin,
    guard: Guard,
    headers: &[(&str, &str)],
) -> TestResponse {
    A::call(login, Some(guard), request("GET", "/private", headers)).await
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::new(method, path);
    headers.iter().fold(request, |request, (name, value)| {
        request.header(name, *value)
    })
}

fn optional() -> Guard {
    Guard {
        optional: true,
        ..Guard::default()
    }
}

/// A session passes by bearer and by cookie; no token and a wrong one are 401.
pub async fn session_passes_and_missing_or_invalid_token_is_401<A: GuardedApp>() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let private =
        async |headers: &[(&str, &str)]| private::<A>(&login, Guard::default(), headers).await;

    let response = private(&[("authorization", &bearer(&token))]).await;
    assert_eq!((response.status, response.text()), (200, MEMBER));
    let response = private(&[("cookie", &format!("wecom_login={token}"))]).await;
    assert_eq!(response.text(), MEMBER);

    let absent = private(&[]).await;
    absent.assert_problem(401, "UNAUTHENTICATED");
    assert_eq!(
        absent.header("www-authenticate"),
        Some(r#"Bearer realm="wecom-login""#)
    );
    assert_eq!(absent.rejection, Some(ErrorKind::Unauthenticated));
    let invalid = private(&[("authorization", "Bearer wl_bad")]).await;
    invalid.assert_problem(401, "TOKEN_INVALID");
    let challenge = r#"Bearer realm="wecom-login", error="invalid_token""#;
    assert_eq!(invalid.header("www-authenticate"), Some(challenge));
}

/// An optional user is absent only if no credential of ours was sent; what the host app gave out is its own.
pub async fn optional_guard_passes_only_requests_without_credentials<A: GuardedApp>() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let who = async |headers: &[(&str, &str)]| {
        A::call(&login, Some(optional()), request("GET", "/who", headers)).await
    };
    assert_eq!(who(&[]).await.text(), "nobody");
    let basic = who(&[("authorization", "Basic dXNlcjpwYXNz")]).await;
    assert_eq!(basic.text(), "nobody");
    let known = who(&[("authorization", &bearer(&token))]).await;
    assert_eq!(known.text(), MEMBER);
    let foreign = who(&[("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x")]).await;
    assert_eq!(foreign.text(), "nobody");
    log_out(&login, &token).await;
    let ended = who(&[("authorization", &bearer(&token))]).await;
    ended.assert_problem(401, "TOKEN_INVALID");
    let cookie = ("cookie", "wecom_login=wl_bad");
    let fetched = who(&[cookie]).await;
    fetched.assert_problem(401, "TOKEN_INVALID");
    assert_eq!(fetched.header("set-cookie"), None);
    let stale = who(&[cookie, ("accept", HTML)]).await;
    stale.assert_problem(401, "TOKEN_INVALID");
    let cookie = stale.header("set-cookie").unwrap();
    assert!(cookie.starts_with(CLEARED_COOKIE), "{cookie}");
    private::<A>(&login, optional(), &[])
        .await
        .assert_problem(401, "UNAUTHENTICATED");
}

/// A route that asks for the user without a guard says so to the developer.
pub async fn route_without_guard_is_500_and_names_the_guard<A: GuardedApp>() {
    let login = handle().await;
    for path in ["/private", "/who"] {
        let response = A::call(&login, None, request("GET", path, &[])).await;
        response.assert_problem(500, "CONFIG_ERROR");
        let detail = response.json()["detail"].clone();
        assert!(detail.as_str().unwrap().contains(A::GUARD), "{detail}");
    }
}

/// `corp`, `instance` and `require` are conditions that must all hold.
pub async fn every_predicate_must_hold_or_403<A: GuardedApp>() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let private =
        async |guard: Guard| private::<A>(&login, guard, &[("authorization", &token)]).await;
    let corps = |corps: &[&'static str]| Guard {
        corps: corps.to_vec(),
        ..Guard::default()
    };
    let instance = |name| Guard {
        instance: Some(name),
        ..Guard::default()
    };

    assert_eq!(private(corps(&["ww1"])).await.status, 200);
    assert_eq!(private(instance("QywxProxyDefault")).await.status, 200);
    assert_eq!(
        private(instance("auths.QywxProxyDefault")).await.status,
        200
    );
    let nobody = Guard {
        nobody: true,
        ..Guard::default()
    };
    let optional = Guard {
        corps: vec!["ww2"],
        ..optional()
    };
    for guard in [
        corps(&["ww2"]),
        instance("QywxProxyTemp"),
        nobody,
        corps(&["ww1", "ww2"]),
        optional,
    ] {
        let refused = private(guard).await;
        refused.assert_problem(403, "FORBIDDEN");
        let challenge = r#"Bearer realm="wecom-login", error="insufficient_scope""#;
        assert_eq!(refused.header("www-authenticate"), Some(challenge));
    }
}

/// Two different sessions are a conflict; a cookie beside a valid bearer is cleared if it is stale.
pub async fn two_sessions_conflict_and_stale_cookie_is_cleared<A: GuardedApp>() {
    let login = handle().await;
    let (one, other) = (token(&login, "ww1").await, token(&login, "ww1").await);
    let both = async |cookie: &str, mode: &str| {
        let cookie = format!("wecom_login={cookie}");
        let headers = [
            ("authorization", &*bearer(&one)),
            ("cookie", &*cookie),
            ("sec-fetch-mode", mode),
        ];
        private::<A>(&login, Guard::default(), &headers).await
    };
    both(&other, "cors")
        .await
        .assert_problem(400, "CREDENTIALS_CONFLICT");
    for (cookie, mode) in [(&*one, "navigate"), ("wl_stale", "cors")] {
        let response = both(cookie, mode).await;
        assert_eq!(
            (response.status, response.header("set-cookie")),
            (200, None)
        );
    }
    let stale = both("wl_stale", "navigate").await;
    assert_eq!(stale.status, 200);
    let cookie = stale.header("set-cookie").unwrap();
    assert!(cookie.starts_with(CLEARED_COOKIE), "{cookie}");
}

/// A POST with the cookie needs `Origin` or `Sec-Fetch-Site` of this origin.
pub async fn unsafe_method_with_cookie_needs_same_origin<A: GuardedApp>() {
    let login = handle().await;
    let cookie = format!("wecom_login={}", token(&login, "ww1").await);
    let post = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[("cookie", &*cookie)]].concat();
        let request = request("POST", "/private", &headers);
        A::call(&login, Some(Guard::default()), request).await
    };
    post(&[]).await.assert_problem(403, "CROSS_SITE");
    let other_port = post(&[("origin", "http://127.0.0.1:3001")]).await;
    assert_eq!(other_port.problem().0, 403);
    assert_eq!(post(&[("origin", ORIGIN)]).await.status, 200);
    assert_eq!(post(&[("sec-fetch-site", "same-origin")]).await.status, 200);
}

/// `returnTo` is the whole path, also where routers are nested; only browsers are redirected, and only if asked for.
pub async fn browser_is_redirected_to_login_with_full_return_path<A: GuardedApp>() {
    let login = handle().await;
    let get = async |redirect: bool, target: &str, accept: &str| {
        let guard = Guard {
            redirect,
            ..Guard::default()
        };
        A::call(
            &login,
            Some(guard),
            request("GET", target, &[("accept", accept)]),
        )
        .await
    };
    let response = get(true, "/a/b/c?x=1&y=2", HTML).await;
    assert_eq!(response.status, 302);
    assert_eq!(
        response.header("location"),
        Some("/auth/login?returnTo=/a/b/c%3Fx%3D1%26y%3D2")
    );
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(get(true, "/a/b/c", "*/*").await.problem().0, 401);
    let plain = get(false, "/a/b/c", HTML).await;
    assert_eq!(plain.problem().0, 401, "redirects are opt-in");
}

/// The host app's response in place of a rejection still clears the cookie and carries the rejection.
pub async fn replaced_rejection_keeps_cookie_and_kind<A: GuardedApp>() {
    let login = handle().await;
    let guard = Guard {
        teapot: true,
        ..Guard::default()
    };
    let headers = [("cookie", "wecom_login=wl_stale"), ("accept", HTML)];
    let response = private::<A>(&login, guard, &headers).await;
    assert_eq!((response.status, response.text()), (418, "TOKEN_INVALID"));
    assert!(
        response.header("set-cookie").is_some(),
        "the stale cookie is cleared although the response was replaced"
    );
    assert_eq!(response.rejection, Some(ErrorKind::TokenInvalid));
}
