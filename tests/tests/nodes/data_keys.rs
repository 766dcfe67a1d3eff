//! Rotation of the data key, from the first node with the new key to the last with the old one.

use sha2::{Digest as _, Sha256};
use wecom_login::{
    CorpId, DataKey, DataKeys, ErrorKind, KeyRotationReport, OAuthCode, SuiteId,
    WorkbenchLoginRequest,
};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

/// The seed of the data key of every node, and that of the key it is rotated to.
const OLD: u8 = 7;
const NEW: u8 = 8;
const SEALED: [(&str, &str); 4] = [
    ("wecom_authorization", "permanent_code"),
    ("wecom_suite", "ticket"),
    ("wecom_access_token", "value"),
    ("wecom_callback_record", "payload"),
];

fn keys(seeds: &[u8]) -> DataKeys {
    DataKeys::from_keys(seeds.iter().map(|seed| DataKey::new([*seed; 32])))
}

/// The number of values in each column that are sealed under the key of this seed.
async fn sealed(node: &TestApp, seed: u8) -> [i64; 4] {
    let id = &Sha256::new()
        .chain_update("wecom-login data key")
        .chain_update([seed; 32])
        .finalize()[..8];
    let id = node.database.literal_bytes(id);
    let mut counts = [0; 4];
    for (count, (table, column)) in counts.iter_mut().zip(SEALED) {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE SUBSTR({column}, 2, 8) = {id}");
        *count = node.number(&sql).await;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn data_key_rotation_reseals_and_retires_the_old_key() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &member).await.status,
        200
    );
    let of_old = node.issue_session(SUITE, &corp, &member).await;
    // The payload of a waiting event is stored, sealed.
    node.sandbox
        .fault(Fault::for_api("service/v2/get_permanent_code").http_status(502))
        .unwrap();
    node.sandbox.install(&node.corp(1)).await.unwrap();
    until("the event waits", async || sealed(&node, OLD).await[3] == 1).await;
    assert!(
        sealed(&node, OLD).await.iter().all(|count| *count > 0),
        "{:?}",
        sealed(&node, OLD).await
    );

    // The last step before the rotation: every node reads both keys and writes with the new one.
    node.login.shutdown().await;
    let both = node
        .second_handle_with(|builder| builder.data_keys(keys(&[NEW, OLD])))
        .await;
    let without = node
        .second_handle_error(|builder| builder.data_keys(keys(&[NEW])))
        .await;
    assert_eq!(without.kind(), ErrorKind::Config);
    assert!(without.detail().contains("rotate_keys"), "{without}");

    let rotated = both.admin().rotate_keys().await.unwrap();
    println!("{rotated:?}");
    assert!(rotated.resealed >= 4, "{rotated:?}");
    assert_eq!(
        (rotated.unreadable, rotated.retired, rotated.still_active),
        (0, 0, 1),
        "the node with the old key has only just stopped"
    );
    node.database
        .execute("UPDATE wecom_data_key SET used_at = used_at - 200000")
        .await;
    let rotated = both.admin().rotate_keys().await.unwrap();
    assert_eq!(
        (
            rotated.resealed,
            rotated.unreadable,
            rotated.retired,
            rotated.still_active
        ),
        (0, 0, 1, 0)
    );
    assert_eq!(sealed(&node, OLD).await, [0; 4]);
    assert!(
        sealed(&node, NEW).await.iter().all(|count| *count > 0),
        "{:?}",
        sealed(&node, NEW).await
    );
    assert_eq!(
        both.admin().rotate_keys().await.unwrap(),
        KeyRotationReport::default(),
        "no value is left to reseal"
    );
    both.shutdown().await;

    let fetched = node.sandbox.calls("gettoken");
    let alone = node
        .second_handle_with(|builder| builder.data_keys(keys(&[NEW])))
        .await;
    let log_in = async || {
        let code = OAuthCode::new(node.sandbox.code_for_suite(&corp, &member, SUITE).unwrap());
        let request = WorkbenchLoginRequest::new(CorpId::new(&*corp).unwrap(), code);
        alone
            .service()
            .login_by_workbench(request.with_suite_id(SuiteId::new(SUITE).unwrap()))
            .await
            .unwrap()
    };
    log_in().await;
    assert_eq!(
        node.sandbox.calls("gettoken"),
        fetched,
        "the access token opens"
    );
    node.sandbox.expire_tokens();
    let login = log_in().await;
    assert_eq!(
        node.sandbox.calls("gettoken"),
        fetched + 1,
        "the permanent code opens"
    );
    node.sandbox.clear_faults();
    until("the waiting event is executed", async || {
        let left =
            "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";
        node.number(left).await == 0
    })
    .await;
    let lives = async |token: &str| alone.verify_token(token.as_bytes()).resolve().await.is_ok();
    assert!(lives(login.token.expose()).await);
    assert!(
        !lives(&of_old).await,
        "the token was hashed with the retired key"
    );
    alone.shutdown().await;
}
