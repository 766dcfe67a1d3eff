//! The app dies at every step between the arrival of a push and the end of its work, and a new start goes on.

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::forge::{Forge, app_event};
use wecom_login_tests::node::until;
use wecom_sandbox::Sandbox;

use super::program::{ADMIN_KEY, AES_KEY, App, Home, TOKEN, json_of, request};

const V2: &str = "service/v2/get_permanent_code";
const OPEN: &str = "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";

/// An app with one company, which will die at a place.
struct Stage {
    home: Home,
    database: TestDatabase,
    sandbox: Arc<Sandbox>,
    app: App,
    corps: Vec<String>,
}

impl Stage {
    async fn to_die_at(place: &str) -> Self {
        let home = Home::new();
        let database = TestDatabase::create(home.path()).await;
        let sandbox = Arc::new(home.sandbox(2).await);
        let app = App::start(&home, &database, "127.0.0.1:0", &sandbox.url()).await;
        let addr = app.addr.to_string();
        sandbox.set_notify(&format!("http://{addr}/auth/notify")).unwrap();
        let corps = sandbox.corp_ids();
        let mut stage = Self { home, database, sandbox, app, corps };
        assert!(stage.sandbox.install(&stage.corps[0]).await.unwrap().succeeded());
        stage.until_in(0).await;
        until("the first company is done", async || stage.database.number(OPEN).await == 0).await;
        stage.restart(Some(place)).await;
        stage
    }

    async fn restart(&mut self, place: Option<&str>) {
        let addr = self.app.addr.to_string();
        self.app.stop();
        self.app = App::start_to_die(&self.home, &self.database, &addr, &self.sandbox.url(), place).await;
    }

    async fn until_dead(&mut self, place: &str) {
        until(place, async || self.app.is_dead()).await;
    }

    async fn get(&self, path: &str) -> Value {
        json_of(self.app.addr, "GET", path, Some(ADMIN_KEY), None, 200).await
    }

    async fn is_in(&self, corp: usize) -> bool {
        let corps = self.get("/auth/corps").await;
        let mut corps = corps["corps"].as_array().unwrap().iter();
        corps.any(|known| known["corpId"] == self.corps[corp] && known["status"] == "active")
    }

    async fn until_in(&self, corp: usize) {
        until("the company is in", async || self.is_in(corp).await).await;
    }

    /// The newest record of this event.
    async fn record(&self, event: &str) -> Value {
        let records = self.get("/auth/callbackRecords").await;
        let mut records = records["records"].as_array().unwrap().iter();
        records.find(|record| record["event"] == event).cloned().unwrap_or_default()
    }

    async fn epoch(&self, corp: usize) -> i64 {
        let corp_id = self.database.literal(&self.corps[corp]);
        self.database
            .number(&format!("SELECT epoch FROM wecom_authorization WHERE corp_id = {corp_id}"))
            .await
    }

    /// Moves the end of the leases on records in work.
    async fn leases_end(&self, when: &str) {
        let moved = format!("UPDATE wecom_callback_record SET lease_until = {when} WHERE status = 'running'");
        self.database.execute(&moved).await;
    }

    /// Dies while a second company comes in, and starts again. WeCom pushes what was not answered once more.
    async fn install_and_die(&mut self, place: &str) {
        let (sandbox, corp) = (Arc::clone(&self.sandbox), self.corps[1].clone());
        let installing = tokio::spawn(async move { sandbox.install(&corp).await.unwrap() });
        self.until_dead(place).await;
        self.restart(None).await;
        let delivery = installing.await.unwrap();
        assert!(delivery.succeeded(), "{place}: {delivery:?}");
    }
}

async fn dies_and_the_company_comes_in(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    stage.install_and_die(place).await;
    stage.until_in(1).await;
    until("all is done", async || stage.database.number(OPEN).await == 0).await;
    assert_eq!(stage.record("create_auth").await["status"], "succeeded", "{place}");
    assert_eq!(stage.sandbox.calls(V2), 2, "{place}: each AuthCode is sent once");
    assert_eq!(stage.epoch(1).await, 1, "{place}: it is let in once");
    println!("died at {place}: carried out once");
}

async fn dies_in_the_named_window(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    stage.install_and_die(place).await;
    until("the record says so", async || {
        let record = stage.record("create_auth").await;
        let says = |field: &str, what: &str| record[field].as_str().unwrap_or_default().contains(what);
        says("lastError", "40078") && says("hint", "重新获取secret")
    })
    .await;
    let record = stage.record("create_auth").await["recordId"].clone();
    let body = json!({"recordId": record}).to_string();
    let (status, answer) =
        request(stage.app.addr, "POST", "/auth/retryCallBack", Some(ADMIN_KEY), body.as_bytes())
            .await
            .unwrap();
    assert!(status >= 400, "{status}");
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap()["errcode"], 40078);
    assert_eq!(stage.record("create_auth").await["status"], "failed", "{place}");
    assert!(stage.sandbox.reset_secret(&stage.corps[1]).await.unwrap().succeeded());
    stage.until_in(1).await;
    println!("died at {place}: the named window; said so, and healed by 重新获取secret");
}

async fn dies_when_a_person_is_out(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let (corp, user) = (stage.corps[0].clone(), stage.sandbox.user_ids(&stage.corps[0])[0].clone());
    let event = app_event(&corp, "unsubscribe", 1_700_000_000, &[("FromUserName", &user)]);
    let push = Forge::new(TOKEN, AES_KEY).post(&corp, &event);
    let target = format!("/auth/notify?{}", push.query);
    let answer = request(stage.app.addr, "POST", &target, None, &push.body).await;
    stage.until_dead(place).await;
    if answer.is_some() {
        assert_eq!(answer, Some((200, b"success".to_vec())), "{place}");
    }
    // However long the start takes, they come back before the lease of the dead is over.
    stage.leases_end("lease_until + 3600000").await;
    stage.restart(None).await;
    let body = json!({"corpId": corp, "code": stage.sandbox.code(&corp, &user).unwrap()});
    let login = json_of(stage.app.addr, "POST", "/auth/loginByWorkbench", None, Some(body), 200).await;
    stage.leases_end("0").await;
    until("all is done", async || stage.database.number(OPEN).await == 0).await;
    let ended = "SELECT COALESCE(MAX(epoch), 0) FROM wecom_person";
    assert_eq!(stage.database.number(ended).await, 1, "{place}: their sessions were ended once");
    // What was stored but not begun is begun at once, before or after they came back.
    if place != "inbox/stored" {
        let status = if place == "worker/claimed" { 401 } else { 200 };
        json_of(stage.app.addr, "GET", "/api/hello", login["token"].as_str(), None, status).await;
    }
    println!("died at {place}: a person's sessions were ended once");
}

async fn dies_when_a_company_cancels(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let (sandbox, corp) = (Arc::clone(&stage.sandbox), stage.corps[0].clone());
    let cancelling = tokio::spawn(async move { sandbox.cancel(&corp).await.unwrap() });
    stage.until_dead(place).await;
    stage.restart(None).await;
    assert!(cancelling.await.unwrap().succeeded(), "{place}");
    let erased = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL";
    until("its data is gone", async || stage.database.number(erased).await == 1).await;
    until("all is done", async || stage.database.number(OPEN).await == 0).await;
    assert!(!stage.is_in(0).await);
    assert_eq!(stage.epoch(0).await, 3, "{place}: let in, stopped and erased, each once");
    println!("died at {place}: cancelled once");
}

/// Not all at once: each of them is an app of its own.
async fn some_at_once<F: Future<Output = ()>>(places: &[&'static str], dies: impl Fn(&'static str) -> F) {
    let places = futures_util::stream::iter(places.iter().copied());
    places.for_each_concurrent(3, |place| Box::pin(dies(place))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_an_acknowledged_authorisation_is_carried_out_once() {
    let outside = [
        "inbox/arrived",
        "inbox/inserted",
        "inbox/stored",
        "worker/found",
        "worker/claimed",
        "exchange/token",
        "exchange/kept",
        "exchange/written",
        "exchange/stored",
        "admit/read",
        "admit/decided",
        "admit/told",
        "worker/done",
    ];
    some_at_once(&outside, dies_and_the_company_comes_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_wecoms_answer_and_the_commit_the_record_says_what_helps() {
    let window = ["exchange/answered"];
    some_at_once(&window, dies_in_the_named_window).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_an_end_is_carried_out_once() {
    let people = ["inbox/stored", "worker/claimed", "people/ended", "worker/done"];
    let companies = ["inbox/stored", "worker/claimed", "cancel/stopped", "worker/done"];
    some_at_once(&people, dies_when_a_person_is_out).await;
    some_at_once(&companies, dies_when_a_company_cancels).await;
}
