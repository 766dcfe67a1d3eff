//! `kill -9` at any moment, and a restart.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use wecom_login_adapter_tests::try_send;
use wecom_login_tests::process::{ADMIN_KEY, AES_KEY, AppProcess, CrashHarness, TOKEN};
use wecom_login_tests::push::PushBuilder;
use wecom_login_tests::{TestRequest, until};

use super::AXUM_APP;

/// The number of kills, unless the variable says otherwise.
const ROUNDS: usize = 60;
const ROUNDS_VARIABLE: &str = "KILL_ROUNDS";

async fn corps(app: &AppProcess) -> Vec<Value> {
    let request = TestRequest::get("/auth/corps").bearer(ADMIN_KEY);
    let corps = app.send_expecting(200, request).await;
    corps["corps"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_keeps_sessions_and_cached_tokens() {
    let mut harness = CrashHarness::start(AXUM_APP, 3).await;
    let user = harness.sandbox.user_ids(&harness.corps[0])[0].clone();
    let installed = harness.sandbox.install(&harness.corps[0]).await;
    assert!(installed.unwrap().succeeded());
    harness.wait_until_active(0).await;
    let login = harness.log_in(&user).await;
    let sandbox = Arc::clone(&harness.sandbox);
    until("the authorization was re-read", async || {
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
    for _ in 0..3 {
        harness.restart(None).await;
        let hello = TestRequest::get("/api/hello").bearer(login["token"].as_str().unwrap());
        let hello = harness.app.send_expecting(200, hello).await;
        assert_eq!(
            (&hello["thirdUserId"], &hello["corpId"]),
            (&user.clone().into(), &harness.corps[0].clone().into())
        );
        let another = harness.log_in(&user).await;
        harness.assert_hello_status(&another, 200).await;
    }
    assert_eq!(fetched(), before, "gettoken, get_suite_token");
    assert_eq!(harness.app.terminate(), Some(0), "the exit code of SIGTERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_push_survives_a_kill_at_any_moment() {
    let seed = u64::from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos(),
    ) | 1;
    println!("seed {seed}");
    let rounds = std::env::var(ROUNDS_VARIABLE)
        .map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    let mut harness = CrashHarness::start(AXUM_APP, rounds + 1).await;
    let address = harness.app.address;
    let sandbox = Arc::clone(&harness.sandbox);
    let companies = harness.corps.clone();
    assert!(sandbox.install(&companies[0]).await.unwrap().succeeded());
    harness.wait_until_active(0).await;

    // Members leave one after the other; the acknowledged ones are recorded.
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let pushing = {
        let (acknowledged, company, forge) = (
            Arc::clone(&acknowledged),
            companies[0].clone(),
            PushBuilder::new(TOKEN, AES_KEY),
        );
        tokio::spawn(async move {
            for number in 0.. {
                let user = format!("leaver-{number}");
                let push = forge.unsubscribe(&company, &user);
                let response = try_send(address, &push.request("/auth/notify")).await;
                match response {
                    Some(response) if (response.status, response.text()) == (200, "success") => {
                        acknowledged.lock().unwrap().push(user)
                    }
                    _ => tokio::task::yield_now().await,
                }
            }
        })
    };
    let mut installs = tokio::task::JoinSet::new();
    let mut random = seed;
    for round in 0..rounds {
        let (wecom, company) = (Arc::clone(&sandbox), companies[1 + round].clone());
        installs
            .spawn(async move { (wecom.install(&company).await.unwrap().succeeded(), company) });
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if round % 2 == 0 {
            // Every other kill waits until the app has accepted a push; the others may hit the start.
            let before = acknowledged.lock().unwrap().len();
            until("a push is accepted", async || {
                acknowledged.lock().unwrap().len() > before
            })
            .await;
        }
        // The sleep is the subject of the test: a random moment.
        tokio::time::sleep(Duration::from_millis((random >> 33) % 250)).await;
        harness.restart(None).await;
    }
    let installs = installs.join_all().await;
    pushing.abort();
    let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());

    // A used AuthCode is retried once after a minute; its result is known now.
    let open = "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running') \
        AND COALESCE(errcode, 0) <> 40078";
    let (mut left, mut since) = (i64::MAX, Instant::now());
    while left > 0 {
        let now = harness.database.number(open).await;
        if now < left {
            (left, since) = (now, Instant::now());
        }
        assert!(
            since.elapsed() < Duration::from_secs(120),
            "{left} records are not worked off"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A review that a kill interrupted is made again once its lease is over.
    let held = "SELECT COUNT(*) FROM wecom_authorization WHERE status = 'held'";
    until("every corp is reviewed", async || {
        harness.database.number(held).await == 0
    })
    .await;
    let ended = format!(
        "SELECT {} FROM wecom_person WHERE epoch > 0",
        harness.database.text_of("user_id")
    );
    let ended: HashSet<String> = harness.database.texts(&ended).await.into_iter().collect();
    let lost: Vec<&String> = acknowledged
        .iter()
        .filter(|user| !ended.contains(*user))
        .collect();
    let taken: Vec<&String> = installs
        .iter()
        .filter(|(taken, _)| *taken)
        .map(|(_, company)| company)
        .collect();
    let known = corps(&harness.app).await;
    let active = |company: &str| {
        known
            .iter()
            .any(|corp| corp["corpId"] == company && corp["status"] == "active")
    };
    let out: Vec<&&String> = taken.iter().filter(|company| !active(company)).collect();
    // The exchange window: the app died while WeCom's answer to an AuthCode was on its way.
    let spent = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND errcode = 40078";
    let spent = usize::try_from(harness.database.number(spent).await).unwrap();
    // Each revocation of a member and each new authorization increments an epoch.
    let twice = harness
        .database
        .number("SELECT COUNT(*) FROM wecom_person WHERE epoch > 1")
        .await;
    let twice_in = harness
        .database
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
        "too few pushes: {}",
        acknowledged.len()
    );
    assert_eq!(lost, Vec::<&String>::new());
    assert_eq!((twice, twice_in), (0, 0), "an event was executed twice");
    assert!(
        out.len() <= spent,
        "companies that are out, but not by the window: {out:?}"
    );
}
