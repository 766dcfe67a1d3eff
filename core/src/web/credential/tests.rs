use proptest::prelude::*;

use super::*;
use crate::session::CurrentUser;
use crate::web::fixture::{Fixture, headers, web};

fn ready(verify: Verification) -> Result<Verified> {
    match verify {
        Verification::Ready(result) => result,
        other => panic!("not at once: {other:?}"),
    }
}

fn read<'a>(lines: &'a [(String, Vec<u8>)]) -> Bearer<'a> {
    bearer(lines)
}

#[test]
fn a_bearer_is_read_leniently_and_bounded() {
    for line in ["Bearer tok", "bearer tok", "BEARER   tok ", "Bearer\ttok"] {
        assert_eq!(
            read(&headers(&[("authorization", line)])),
            Bearer::Token(b"tok"),
            "{line}"
        );
    }
    for line in [
        "",
        "Basic dXNlcjpwYXNz",
        "Bearertok",
        "Digest x",
        "beare tok",
    ] {
        assert_eq!(
            read(&headers(&[("authorization", line)])),
            Bearer::Absent,
            "{line}"
        );
    }
    let (long, longest) = (
        format!("Bearer {}", "x".repeat(4090)),
        format!("Bearer {}", "x".repeat(4089)),
    );
    for line in ["Bearer", "Bearer ", &long] {
        assert_eq!(
            read(&headers(&[("authorization", line)])),
            Bearer::Bad,
            "{line}"
        );
    }
    assert!(matches!(
        read(&headers(&[("authorization", &longest)])),
        Bearer::Token(_)
    ));
    assert_eq!(
        read(&[("authorization".into(), b"Bearer \xff".to_vec())]),
        Bearer::Token(b"\xff")
    );
}

#[test]
fn two_authorizations_are_bad_if_one_is_ours() {
    let two = |one, other| headers(&[("authorization", one), ("authorization", other)]);
    assert_eq!(read(&two("Bearer a", "Bearer a")), Bearer::Bad);
    assert_eq!(read(&two("Basic a", "Bearer b")), Bearer::Bad);
    assert_eq!(read(&two("Bearer b", "Basic a")), Bearer::Bad);
    assert_eq!(read(&two("Basic a", "Basic b")), Bearer::Absent);
}

proptest! {
    #[test]
    fn no_header_panics(value in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = token(&value);
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
        verify(both("wl_not-ours", &one)).await.unwrap_err().kind(),
        ErrorKind::TokenInvalid
    );
    assert_eq!(
        verify(both("", &one)).await.unwrap_err().kind(),
        ErrorKind::TokenInvalid
    );
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
    let beside = [
        fixture.bearer("wl_bad"),
        fixture.cookie(&token),
        navigation(),
    ]
    .concat();
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
    assert_eq!(redirect(ErrorKind::Unauthenticated, "HEAD", &[html]), None);
    assert_eq!(
        redirect(ErrorKind::Unauthenticated, "GET", &[("accept", "*/*")]),
        None
    );
    assert_eq!(redirect(ErrorKind::StoreUnavailable, "GET", &[html]), None);
}
