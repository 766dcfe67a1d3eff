//! The app is asked to end in the middle of its work.

use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::node::until;
use wecom_sandbox::Fault;

use super::program::{App, Home};

const READ: &str = "service/v2/get_auth_info";

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_hands_back_what_it_works_on() {
    let home = Home::new();
    let database = TestDatabase::create(home.path()).await;
    let sandbox = home.sandbox(2).await;
    let app = App::start(&home, &database, "127.0.0.1:0", &sandbox.url()).await;
    sandbox
        .set_notify(&format!("http://{}/auth/notify", app.addr))
        .unwrap();
    let ticket = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'suite_ticket' AND status = 'succeeded'";
    until("the ticket is here", async || {
        database.number(ticket).await == 1
    })
    .await;
    // WeCom hangs where the AuthCode is exchanged and the rest is to be done.
    sandbox.fault(Fault::of(READ).delay_ms(60_000)).unwrap();
    let corp = sandbox.corp_ids()[0].clone();
    assert!(sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom is asked", async || sandbox.calls(READ) > 0).await;
    let of = |status: &str| {
        format!(
            "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND status = '{status}'"
        )
    };
    assert_eq!(database.number(&of("running")).await, 1);
    assert_eq!(app.end(), Some(0));
    assert_eq!(database.number(&of("running")).await, 0);
    let free = format!("{} AND lease_owner IS NULL", of("waiting"));
    assert_eq!(
        database.number(&free).await,
        1,
        "any node may take it at once"
    );
}
