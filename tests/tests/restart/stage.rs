//! An app that dies at a place, and starts again.

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::node::until;
use wecom_sandbox::{Delivery, Problem, Sandbox};

use super::program::{ADMIN_KEY, App, Home, json_of};

const OPEN: &str =
    "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";

/// An app with one company, which will die at a place.
pub(crate) struct Stage {
    home: Home,
    pub(crate) database: TestDatabase,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) app: App,
    pub(crate) corps: Vec<String>,
}

impl Stage {
    pub(crate) async fn to_die_at(place: &str) -> Self {
        let home = Home::new();
        let database = TestDatabase::create(home.path()).await;
        let sandbox = Arc::new(home.sandbox(2).await);
        let app = App::start(&home, &database, "127.0.0.1:0", &sandbox.url()).await;
        let addr = app.addr.to_string();
        sandbox
            .set_notify(&format!("http://{addr}/auth/notify"))
            .unwrap();
        let corps = sandbox.corp_ids();
        let mut stage = Self {
            home,
            database,
            sandbox,
            app,
            corps,
        };
        assert!(
            stage
                .sandbox
                .install(&stage.corps[0])
                .await
                .unwrap()
                .succeeded()
        );
        stage.until_in(0).await;
        stage.until_done().await;
        stage.restart(Some(place)).await;
        stage
    }

    pub(crate) async fn restart(&mut self, place: Option<&str>) {
        let addr = self.app.addr.to_string();
        self.app.stop();
        self.app = App::start_to_die(
            &self.home,
            &self.database,
            &addr,
            &self.sandbox.url(),
            place,
        )
        .await;
    }

    pub(crate) async fn until_dead(&mut self, place: &str) {
        until(place, async || self.app.is_dead()).await;
    }

    async fn get(&self, path: &str) -> Value {
        json_of(self.app.addr, "GET", path, Some(ADMIN_KEY), None, 200).await
    }

    pub(crate) async fn is_in(&self, corp: usize) -> bool {
        let corps = self.get("/auth/corps").await;
        let mut corps = corps["corps"].as_array().unwrap().iter();
        corps.any(|known| known["corpId"] == self.corps[corp] && known["status"] == "active")
    }

    pub(crate) async fn until_in(&self, corp: usize) {
        until("the company is in", async || self.is_in(corp).await).await;
    }

    /// The newest record of this event.
    pub(crate) async fn record(&self, event: &str) -> Value {
        let records = self.get("/auth/callbackRecords").await;
        let mut records = records["records"].as_array().unwrap().iter();
        records
            .find(|record| record["event"] == event)
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) async fn epoch(&self, corp: usize) -> i64 {
        let corp_id = self.database.literal(&self.corps[corp]);
        self.database
            .number(&format!(
                "SELECT epoch FROM wecom_authorization WHERE corp_id = {corp_id}"
            ))
            .await
    }

    /// Moves the end of the leases on records in work.
    pub(crate) async fn leases_end(&self, when: &str) {
        let moved = format!(
            "UPDATE wecom_callback_record SET lease_until = {when} WHERE status = 'running'"
        );
        self.database.execute(&moved).await;
    }

    /// Waits until every record is worked off.
    pub(crate) async fn until_done(&self) {
        until("all is done", async || {
            self.database.number(OPEN).await == 0
        })
        .await;
    }

    /// Logs a person of the first company in.
    pub(crate) async fn log_in(&self, user: &str) -> Value {
        let body = json!({"corpId": self.corps[0], "code": self.sandbox.code(&self.corps[0], user).unwrap()});
        json_of(
            self.app.addr,
            "POST",
            "/auth/loginByWorkbench",
            None,
            Some(body),
            200,
        )
        .await
    }

    /// Whether a login still lives, which the app has to say by this status.
    pub(crate) async fn says(&self, login: &Value, status: u16) {
        json_of(
            self.app.addr,
            "GET",
            "/api/hello",
            login["token"].as_str(),
            None,
            status,
        )
        .await;
    }

    /// Dies so many times over what WeCom pushes, and starts again. WeCom pushes what was not answered once more.
    pub(crate) async fn die_over<P>(&mut self, place: &str, times: usize, pushing: P)
    where
        P: Future<Output = Result<Delivery, Problem>> + Send + 'static,
    {
        let pushing = tokio::spawn(pushing);
        for death in 1..=times {
            self.until_dead(place).await;
            // However long the start takes, it goes on once it is there.
            self.leases_end("lease_until + 3600000").await;
            self.restart((death < times).then_some(place)).await;
            self.leases_end("0").await;
        }
        let delivery = pushing.await.unwrap().unwrap();
        assert!(delivery.succeeded(), "{place}: {delivery:?}");
    }

    /// Dies while a second company comes in, and starts again. WeCom pushes what was not answered once more.
    pub(crate) async fn install_and_die(&mut self, place: &str) {
        let (sandbox, corp) = (Arc::clone(&self.sandbox), self.corps[1].clone());
        let installing = tokio::spawn(async move { sandbox.install(&corp).await.unwrap() });
        self.until_dead(place).await;
        self.restart(None).await;
        let delivery = installing.await.unwrap();
        assert!(delivery.succeeded(), "{place}: {delivery:?}");
    }
}

/// Not all at once: each of them is an app of its own.
pub(crate) async fn some_at_once<F: Future<Output = ()>>(
    places: &[&'static str],
    dies: impl Fn(&'static str) -> F,
) {
    let places = futures_util::stream::iter(places.iter().copied());
    places
        .for_each_concurrent(3, |place| Box::pin(dies(place)))
        .await;
}
