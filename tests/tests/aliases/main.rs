//! One corp and one member, whichever of their ids WeCom, a client or the configuration names.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod administrator;
mod authorizing;
mod events;
mod import;
mod logins;
mod pins;
mod waiting;

use serde_json::json;
use wecom_login_tests::app::{SUITE, TestAppBuilder};
use wecom_login_tests::{TestApp, until};

/// A corp that authorized with plain ids and has encrypted ones now, and a member who logged in before.
pub(crate) struct Migrated {
    pub(crate) app: TestApp,
    /// Its plain id, which the authorization is stored under.
    pub(crate) plain: String,
    /// Its encrypted id.
    pub(crate) open: String,
    pub(crate) plain_person: String,
    pub(crate) open_person: String,
    /// The userId of the member, and the token of a session from before.
    pub(crate) user_id: String,
    pub(crate) token: String,
}

/// An app with the provider's credentials, whose corp is migrated.
pub(crate) async fn migrated() -> Migrated {
    let migrated = migrated_with(TestApp::builder().provider()).await;
    until("the other id of the corp is learnt", async || {
        let corp = migrated.app.corp_summary(SUITE, &migrated.plain).await;
        corp.is_some_and(|corp| !corp.aliases.is_empty())
    })
    .await;
    migrated
}

pub(crate) async fn migrated_with(builder: TestAppBuilder<'_>) -> Migrated {
    let app = builder.start().await;
    set_ids(&app, "plain").await;
    let plain = app.install(0).await;
    let plain_person = app.user(0, 0);
    let login = app
        .log_in_to_suite(SUITE, &plain, &plain_person)
        .await
        .success();
    set_ids(&app, "encrypted").await;
    Migrated {
        open: app.corp(0),
        open_person: app.user(0, 0),
        user_id: login["userId"].as_str().unwrap().to_owned(),
        token: login["token"].as_str().unwrap().to_owned(),
        app,
        plain,
        plain_person,
    }
}

/// The form of the ids in what WeCom answers and pushes from now on.
pub(crate) async fn set_ids(app: &TestApp, form: &str) {
    app.sandbox
        .change_settings(json!({"ids": form}))
        .await
        .unwrap();
}
