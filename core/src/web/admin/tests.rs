use std::time::Duration;

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::web::fixture::{Fixture, headers, web_with};

const KEY: &str = "0123456789abcdef01234567";

fn gate(predicate: Option<AdminPredicate>) -> (HttpConfig, ManualClock) {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let key = AdminKey::new(KEY).unwrap();
    (
        web_with(AdminAuth::new(
            Some(key),
            predicate,
            Arc::new(clock.clone()),
        )),
        clock,
    )
}

async fn enter(
    web: &HttpConfig,
    fixture: &Fixture,
    token: Option<&str>,
    client: u8,
) -> Result<AdminIdentity> {
    let headers = token.map_or_else(|| headers(&[]), |token| fixture.bearer(token));
    let client = IpAddr::from([192, 0, 2, client]);
    web.administrator(&fixture.sessions, "POST", headers.as_slice(), client)
        .await
}

fn kind(result: Result<AdminIdentity>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_key_has_24_characters_and_is_not_printed() {
    assert!(AdminKey::new(&KEY[1..]).is_err());
    assert!(AdminKey::new(&format!("{}  ", &KEY[1..])).is_err());
    let admin = AdminAuth::new(
        Some(AdminKey::new(KEY).unwrap()),
        None,
        Arc::new(SystemClock),
    );
    assert!(!format!("{admin:?}").contains(KEY));
}

#[tokio::test]
async fn without_key_and_predicate_administration_is_off() {
    let fixture = Fixture::new().await;
    let (token, _) = fixture.login().await;
    let web = web_with(AdminAuth::default());
    for token in [None, Some(KEY), Some(&*token)] {
        assert_eq!(
            kind(enter(&web, &fixture, token, 1).await),
            Some(ErrorKind::Forbidden)
        );
    }
}

#[tokio::test]
async fn the_key_and_nothing_else_opens() {
    let fixture = Fixture::new().await;
    let (web, _) = gate(None);
    let (session, _) = fixture.login().await;
    assert_eq!(kind(enter(&web, &fixture, Some(KEY), 1).await), None);
    for wrong in [
        None,
        Some(&KEY[1..]),
        Some("0123456789abcdef01234567x"),
        Some(&*session),
    ] {
        assert_eq!(
            kind(enter(&web, &fixture, wrong, 1).await),
            Some(ErrorKind::Forbidden),
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn guessing_is_slow_and_only_the_guesser_waits() {
    let fixture = Fixture::new().await;
    let (web, clock) = gate(None);
    let (session, _) = fixture.login().await;
    for _ in 0..20 {
        assert_eq!(
            kind(enter(&web, &fixture, Some(&session), 1).await),
            Some(ErrorKind::Forbidden),
            "no guess"
        );
    }
    for _ in 0..10 {
        assert_eq!(
            kind(enter(&web, &fixture, Some("guess"), 1).await),
            Some(ErrorKind::Forbidden)
        );
    }
    let error = enter(&web, &fixture, Some(KEY), 1).await.err().unwrap();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(60)))
    );
    assert_eq!(kind(enter(&web, &fixture, Some(KEY), 2).await), None);
    clock.advance(Duration::from_secs(60));
    assert_eq!(kind(enter(&web, &fixture, Some(KEY), 1).await), None);
}

#[tokio::test]
async fn a_predicate_sees_person_action_and_company() {
    let fixture = Fixture::new().await;
    let (session, user) = fixture.login().await;
    let predicate: AdminPredicate = Arc::new(|user, action, corp_id| {
        action == AdminAction::SetCode && corp_id == Some(user.corp_id())
    });
    let (web, _) = gate(Some(predicate));
    let administrator = enter(&web, &fixture, Some(&session), 1).await.unwrap();
    assert!(
        administrator
            .authorize(AdminAction::SetCode, Some(user.corp_id()))
            .is_ok()
    );
    for (action, corp_id) in [
        (AdminAction::SetCode, CorpId::new("ww2").ok()),
        (AdminAction::Corps, None),
    ] {
        assert_eq!(
            administrator
                .authorize(action, corp_id.as_ref())
                .unwrap_err()
                .kind(),
            ErrorKind::Forbidden
        );
    }
    let key = enter(&web, &fixture, Some(KEY), 1).await.unwrap();
    assert!(key.authorize(AdminAction::Corps, None).is_ok());
    assert_eq!(
        kind(enter(&web, &fixture, None, 1).await),
        Some(ErrorKind::Unauthenticated)
    );
    fixture.sessions.revoke(&user).await.unwrap();
    assert_eq!(
        kind(enter(&web, &fixture, Some(&session), 1).await),
        Some(ErrorKind::TokenInvalid)
    );
}
