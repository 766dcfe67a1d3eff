//! kill -9, and a new start.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::forge::{Forge, app_event};
use wecom_login_tests::node::until;

use super::program::{ADMIN_KEY, AES_KEY, App, Home, TOKEN, json_of, request};

/// How often the app is killed, unless this variable says otherwise.
const ROUNDS: usize = 60;
const ROUNDS_VARIABLE: &str = "KILL_ROUNDS";

async fn corps(app: &App) -> Vec<Value> {
    let corps = json_of(app.addr, "GET", "/auth/corps", Some(ADMIN_KEY), None, 200).await;
    corps["corps"].as_array().unwrap().clone()
}

async fn is_in(app: &App, corp_id: &str) -> bool {
    corps(app)
        .await
        .iter()
        .any(|corp| corp["corpId"] == corp_id && corp["status"] == "active")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_logs_nobody_out_and_fetches_nothing_twice() {
    let home = Home::new();
    let database = TestDatabase::create(home.path()).await;
    let sandbox = home.sandbox(3).await;
    let app = App::start(&home, &database, "127.0.0.1:0", &sandbox.url()).await;
    sandbox
        .set_notify(&format!("http://{}/auth/notify", app.addr))
        .unwrap();
    let corp = sandbox.corp_ids()[0].clone();
    let user = sandbox.user_ids(&corp)[0].clone();
    assert!(sandbox.install(&corp).await.unwrap().succeeded());
    until("the company is in", async || is_in(&app, &corp).await).await;
    let login = async |app: &App| {
        let body = json!({"corpId": corp, "code": sandbox.code(&corp, &user).unwrap()});
        let result = json_of(
            app.addr,
            "POST",
            "/auth/loginByWorkbench",
            None,
            Some(body),
            200,
        )
        .await;
        result["token"].as_str().unwrap().to_owned()
    };
    let token = login(&app).await;
    until("the re-reads are over", async || {
        sandbox.calls("service/v2/get_auth_info") >= 1
    })
    .await;
    let fetched = || {
        (
            sandbox.calls("gettoken"),
            sandbox.calls("service/get_suite_token"),
        )
    };
    let before = fetched();
    let addr = app.addr.to_string();
    let mut app = app;
    for _ in 0..3 {
        app.kill();
        app = App::start(&home, &database, &addr, &sandbox.url()).await;
        let hello = json_of(app.addr, "GET", "/api/hello", Some(&token), None, 200).await;
        assert_eq!(
            (&hello["thirdUserId"], &hello["corpId"]),
            (&user.clone().into(), &corp.clone().into())
        );
        let another = login(&app).await;
        json_of(app.addr, "GET", "/api/hello", Some(&another), None, 200).await;
    }
    assert_eq!(fetched(), before, "gettoken, get_suite_token");
    assert_eq!(app.end(), Some(0), "asked to end, it ends by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_success_is_carried_out_whenever_the_app_is_killed() {
    let seed = u64::from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos(),
    ) | 1;
    println!("seed {seed}");
    let rounds = std::env::var(ROUNDS_VARIABLE)
        .map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    let home = Home::new();
    let database = TestDatabase::create(home.path()).await;
    let sandbox = Arc::new(home.sandbox(rounds + 1).await);
    let app = App::start(&home, &database, "127.0.0.1:0", &sandbox.url()).await;
    let (addr, listen) = (app.addr, app.addr.to_string());
    sandbox
        .set_notify(&format!("http://{addr}/auth/notify"))
        .unwrap();
    let companies = sandbox.corp_ids();
    assert!(sandbox.install(&companies[0]).await.unwrap().succeeded());
    until("the company is in", async || {
        is_in(&app, &companies[0]).await
    })
    .await;

    // People leave one after the other, without an end; who was answered `success` is written down.
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let pushing = {
        let (acknowledged, company, forge) = (
            Arc::clone(&acknowledged),
            companies[0].clone(),
            Forge::new(TOKEN, AES_KEY),
        );
        tokio::spawn(async move {
            for number in 0.. {
                let user = format!("leaver-{number}");
                let event = app_event(
                    &company,
                    "unsubscribe",
                    1_700_000_000,
                    &[("FromUserName", &user)],
                );
                let push = forge.post(&company, &event);
                let target = format!("/auth/notify?{}", push.query);
                match request(addr, "POST", &target, None, &push.body).await {
                    Some((200, body)) if body == b"success" => {
                        acknowledged.lock().unwrap().push(user)
                    }
                    _ => tokio::task::yield_now().await,
                }
            }
        })
    };
    let mut installs = tokio::task::JoinSet::new();
    let mut app = app;
    let mut random = seed;
    for round in 0..rounds {
        let (wecom, company) = (Arc::clone(&sandbox), companies[1 + round].clone());
        installs
            .spawn(async move { (wecom.install(&company).await.unwrap().succeeded(), company) });
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if round % 2 == 0 {
            // However slow the start was, every other time it has begun to work; else it may die in its start.
            let before = acknowledged.lock().unwrap().len();
            until("a push is taken", async || {
                acknowledged.lock().unwrap().len() > before
            })
            .await;
        }
        // The kill comes at a random moment: this is what is tested, not something that settles.
        tokio::time::sleep(Duration::from_millis((random >> 33) % 250)).await;
        app.kill();
        app = App::start(&home, &database, &listen, &sandbox.url()).await;
    }
    let installs = installs.join_all().await;
    pushing.abort();
    let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());

    // A spent AuthCode is asked about once more after a minute; its answer is known now.
    let open = "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running') \
        AND COALESCE(errcode, 0) <> 40078";
    let (mut left, mut since) = (i64::MAX, Instant::now());
    while left > 0 {
        let now = database.number(open).await;
        if now < left {
            (left, since) = (now, Instant::now());
        }
        assert!(
            since.elapsed() < Duration::from_secs(120),
            "{left} records are not worked off"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = format!(
        "SELECT {} FROM wecom_person WHERE epoch > 0",
        database.text_of("user_id")
    );
    let ended: HashSet<String> = database.texts(&ended).await.into_iter().collect();
    let lost: Vec<&String> = acknowledged
        .iter()
        .filter(|user| !ended.contains(*user))
        .collect();
    let taken: Vec<&String> = installs
        .iter()
        .filter(|(taken, _)| *taken)
        .map(|(_, company)| company)
        .collect();
    let known = corps(&app).await;
    let active = |company: &str| {
        known
            .iter()
            .any(|corp| corp["corpId"] == company && corp["status"] == "active")
    };
    let out: Vec<&&String> = taken.iter().filter(|company| !active(company)).collect();
    // The named window: WeCom's answer to an AuthCode was under way when the app died.
    let spent = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND errcode = 40078";
    let spent = usize::try_from(database.number(spent).await).unwrap();
    // Every end of a person's sessions and every new authorisation is one more in an epoch.
    let twice = database
        .number("SELECT COUNT(*) FROM wecom_person WHERE epoch > 1")
        .await;
    let twice_in = database
        .number("SELECT COUNT(*) FROM wecom_authorization WHERE epoch > 1")
        .await;
    println!(
        "{rounds} kills: {} people's events acknowledged, {} lost, {twice} done twice; {} companies let in, \
         {twice_in} twice, {} out, {spent} in the named window",
        acknowledged.len(),
        lost.len(),
        taken.len(),
        out.len(),
    );
    assert!(
        acknowledged.len() >= rounds / 2,
        "hardly anything was pushed: {}",
        acknowledged.len()
    );
    assert_eq!(lost, Vec::<&String>::new());
    assert_eq!(
        (twice, twice_in),
        (0, 0),
        "what was done once was done again"
    );
    assert!(
        out.len() <= spent,
        "companies that are out, but not by the window: {out:?}"
    );
}
