use super::*;
use crate::session::CurrentUser;
use crate::web::fixture::{Fixture, headers, web};

fn ready(verify: Verification) -> Result<Verified> {
    match verify {
        Verification::Ready(result) => result,
        other => panic!("not at once: {other:?}"),
    }
}

#[tokio::test]
async fn each_credential_alone_is_enough() {
    let fixture = Fixture::new().await;
    let (web, (token, user)) = (web(), fixture.login().await);
    let bearer = fixture.bearer(&token);
    let verified = ready(web.verify(&fixture.sessions, "POST", bearer.as_slice())).unwrap();
    assert_eq!(verified.user.session_id(), user.session_id());
    let cookie = fixture.cookie(&token);
    let verified = ready(web.verify(&fixture.sessions, "GET", cookie.as_slice())).unwrap();
    assert_eq!(verified.user.session_id(), user.session_id());
    assert!(matches!(
        web.verify(&fixture.sessions, "GET", headers(&[]).as_slice()),
        Verification::Absent
    ));
    let basic = headers(&[
        ("authorization", "Basic dXNlcjpwYXNz"),
        ("cookie", "theme=dark; wecom_login="),
    ]);
    assert!(matches!(
        web.verify(&fixture.sessions, "GET", basic.as_slice()),
        Verification::Absent
    ));
}

#[tokio::test]
async fn a_cookie_needs_our_own_page_for_unsafe_methods_and_a_bearer_does_not() {
    let fixture = Fixture::new().await;
    let (web, (token, _)) = (web(), fixture.login().await);
    let mut cookie = fixture.cookie(&token);
    let error = ready(web.verify(&fixture.sessions, "DELETE", cookie.as_slice())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CrossSite);
    let mut with_bearer = fixture.bearer(&token);
    with_bearer.extend(cookie.clone());
    assert!(ready(web.verify(&fixture.sessions, "DELETE", with_bearer.as_slice())).is_ok());
    cookie.extend(headers(&[("origin", web.public_url.origin())]));
    assert!(ready(web.verify(&fixture.sessions, "DELETE", cookie.as_slice())).is_ok());
}

#[tokio::test]
async fn two_credentials_must_be_of_one_session() {
    let fixture = Fixture::new().await;
    let (web, (one, user), (other, _)) = (web(), fixture.login().await, fixture.login().await);
    let both = |bearer: &str, cookie: &str| {
        [fixture.bearer(bearer), fixture.cookie(cookie), navigation()].concat()
    };
    let verify = async |headers: Vec<(String, Vec<u8>)>| {
        web.verify(&fixture.sessions, "GET", headers.as_slice())
            .resolve()
            .await
    };

    let same = verify(both(&one, &one)).await.unwrap().unwrap();
    assert!(!same.clear_cookie);
    let error = verify(both(&one, &other)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsConflict);

    let stale = verify(both(&one, "wl_not-ours")).await.unwrap().unwrap();
    assert!(stale.clear_cookie && stale.user.session_id() == user.session_id());
    assert_eq!(
        verify(both("", &one)).await.unwrap_err().kind(),
        ErrorKind::AuthorizationMalformed
    );
}

#[tokio::test]
async fn a_bearer_of_the_host_app_neither_proves_nor_spoils() {
    let fixture = Fixture::new().await;
    let (web, (token, user)) = (web(), fixture.login().await);
    let mut forged = token.clone();
    forged.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    let long = "x".repeat(8000);
    for foreign in ["eyJhbGciOiJIUzI1NiJ9.e30.x", "wl_short", &forged, &long] {
        let alone = fixture.bearer(foreign);
        let verification = web.verify(&fixture.sessions, "GET", alone.as_slice());
        assert!(matches!(verification, Verification::Foreign), "{foreign}");
        assert_eq!(
            verification.resolve().await.unwrap_err().kind(),
            ErrorKind::TokenInvalid
        );
        let beside = [alone, fixture.cookie(&token)].concat();
        let verified = ready(web.verify(&fixture.sessions, "GET", beside.as_slice())).unwrap();
        assert_eq!(verified.user.session_id(), user.session_id());
        // The cookie is what proves it, and needs our own page.
        let error = ready(web.verify(&fixture.sessions, "POST", beside.as_slice())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CrossSite);
        // A stale cookie beside it is cleared as if it had come alone.
        let stale = [
            fixture.bearer("eyJ"),
            fixture.cookie("wl_stale"),
            navigation(),
        ]
        .concat();
        let rejection = web.rejection(Sessions::token_invalid(), stale.as_slice());
        assert!(rejection.set_cookie().is_some());
    }
}

#[tokio::test]
async fn a_token_in_a_subprotocol_is_a_bearer() {
    let fixture = Fixture::new().await;
    let (web, (token, user)) = (web(), fixture.login().await);
    let handshake = |token: &str| {
        let protocols = format!("chat, wecom-login.bearer.{token}");
        headers(&[
            ("upgrade", "websocket"),
            ("sec-websocket-protocol", &protocols),
            ("origin", "https://evil.example"),
        ])
    };
    let verified = ready(web.verify(&fixture.sessions, "GET", handshake(&token).as_slice()));
    assert_eq!(verified.unwrap().user.session_id(), user.session_id());
    let error = ready(web.verify(&fixture.sessions, "GET", handshake("x").as_slice()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenInvalid);
    // What calls itself ours and is not spoils a cookie, too.
    let beside = [handshake("x"), fixture.cookie(&token)].concat();
    let error = ready(web.verify(&fixture.sessions, "GET", beside.as_slice()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenInvalid);
}

#[tokio::test]
async fn a_websocket_with_the_cookie_needs_our_own_page() {
    let fixture = Fixture::new().await;
    let (web, (token, _)) = (web(), fixture.login().await);
    let verify = |lines: &[(&str, &str)]| {
        let upgrade = headers(&[&[("upgrade", "websocket")], lines].concat());
        let request = [upgrade, fixture.cookie(&token)].concat();
        ready(web.verify(&fixture.sessions, "GET", request.as_slice())).is_ok()
    };
    assert!(!verify(&[]));
    assert!(!verify(&[("origin", "https://evil.example.com")]));
    for site in ["same-site", "cross-site"] {
        assert!(!verify(&[
            ("origin", web.public_url.origin()),
            ("sec-fetch-site", site)
        ]));
    }
    assert!(verify(&[("origin", web.public_url.origin())]));
    assert!(verify(&[("sec-fetch-site", "same-origin")]));
}

#[tokio::test]
async fn a_cookie_of_an_ended_session_is_looked_up_and_cleared() {
    let fixture = Fixture::new().await;
    let (web, (one, _), (other, ended)) = (web(), fixture.login().await, fixture.login().await);
    fixture.sessions.revoke(&ended).await.unwrap();
    let both = [fixture.bearer(&one), fixture.cookie(&other), navigation()].concat();
    let verify = web.verify(&fixture.sessions, "GET", both.as_slice());
    assert!(
        matches!(verify, Verification::Pending(_)),
        "what we minted is asked for"
    );
    assert!(verify.resolve().await.unwrap().unwrap().clear_cookie);
    let conflict = [fixture.bearer(&other), fixture.cookie(&one)].concat();
    let error = web
        .verify(&fixture.sessions, "GET", conflict.as_slice())
        .resolve()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenInvalid);
}

#[tokio::test]
async fn a_rejection_clears_the_cookie_only_where_the_cookie_was_the_credential() {
    let fixture = Fixture::new().await;
    let (web, (token, _)) = (web(), fixture.login().await);
    let stale = fixture.cookie("wl_stale");
    let fetched = web.rejection(Sessions::token_invalid(), stale.as_slice());
    assert_eq!(fetched.set_cookie(), None, "a newer login may have set it");
    let alone = web.rejection(
        Sessions::token_invalid(),
        [stale, navigation()].concat().as_slice(),
    );
    assert_eq!(
        alone.set_cookie(),
        Some("wecom_login=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
    );
    assert_eq!(
        alone.response().headers()["set-cookie"].to_str().ok(),
        alone.set_cookie()
    );
    let beside = [fixture.bearer(&token), fixture.cookie(&token), navigation()].concat();
    assert_eq!(
        web.rejection(Sessions::token_invalid(), beside.as_slice())
            .set_cookie(),
        None
    );
    let cross = Error::new(ErrorKind::CrossSite, "");
    assert_eq!(
        web.rejection(
            cross,
            [fixture.cookie(&token), navigation()].concat().as_slice()
        )
        .set_cookie(),
        None
    );
}

/// On plain http a browser may have several cookies of one name, of different paths.
#[tokio::test]
async fn a_stale_cookie_does_not_stand_in_the_way_of_the_good_one() {
    let fixture = Fixture::new().await;
    let (web, (good, user), (other, ended)) = (web(), fixture.login().await, fixture.login().await);
    fixture.sessions.revoke(&ended).await.unwrap();
    let verify = async |cookies: &[&str]| {
        let pairs: Vec<_> = cookies
            .iter()
            .map(|token| format!("wecom_login={token}"))
            .collect();
        let headers = [("cookie".to_owned(), pairs.join("; ").into_bytes())];
        web.verify(&fixture.sessions, "GET", headers.as_slice())
            .resolve()
            .await
    };
    for cookies in [
        &["wl_stale", &good][..],
        &[&good, "wl_stale"],
        &[&other, &good],
        &["", "wl_stale", &other, &good],
        &["wl_stale", &good, &other],
    ] {
        let verified = verify(cookies).await.unwrap().unwrap();
        assert_eq!(verified.user.session_id(), user.session_id(), "{cookies:?}");
    }
    for cookies in [
        &["wl_stale", &other][..],
        &["wl_stale", "wl_stale"],
        &["a", "b", "c", "d", &good],
    ] {
        let error = verify(cookies).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenInvalid, "{cookies:?}");
    }
}

fn navigation() -> Vec<(String, Vec<u8>)> {
    vec![("sec-fetch-mode".to_owned(), b"navigate".to_vec())]
}

#[allow(
    dead_code,
    reason = "holds the type of what a hit gives to its cheapness"
)]
fn a_user_is_one_pointer(user: &CurrentUser) -> usize {
    const { assert!(size_of::<CurrentUser>() == size_of::<usize>()) };
    size_of_val(user)
}

#[tokio::test]
async fn only_a_page_that_somebody_opens_is_redirected() {
    let web = web();
    let redirect = |kind, method, lines: &[(&str, &str)]| {
        let headers = headers(lines);
        let rejection = web.rejection(Error::new(kind, ""), headers.as_slice());
        web.redirect(&rejection, method, headers.as_slice(), "/page?x=1")
    };
    let html = ("accept", "text/html");
    let location = Some("/auth/login?returnTo=/page%3Fx%3D1".to_owned());
    assert_eq!(
        redirect(ErrorKind::Unauthenticated, "GET", &[html]),
        location
    );
    assert_eq!(
        redirect(
            ErrorKind::TokenInvalid,
            "GET",
            &[html, ("cookie", "wecom_login=old")]
        ),
        location
    );
    assert_eq!(
        redirect(
            ErrorKind::TokenInvalid,
            "GET",
            &[html, ("authorization", "Bearer old")]
        ),
        None
    );
    let gateway = ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x");
    assert_eq!(
        redirect(ErrorKind::TokenInvalid, "GET", &[html, gateway]),
        None
    );
    assert_eq!(
        redirect(
            ErrorKind::TokenInvalid,
            "GET",
            &[html, gateway, ("sec-fetch-mode", "navigate")]
        ),
        location,
        "a gateway adds its own to what a browser opens"
    );
    assert_eq!(redirect(ErrorKind::Unauthenticated, "HEAD", &[html]), None);
    assert_eq!(
        redirect(ErrorKind::Unauthenticated, "GET", &[("accept", "*/*")]),
        None
    );
    assert_eq!(redirect(ErrorKind::StoreUnavailable, "GET", &[html]), None);
}
