//! The callback of a browser's login on two nodes.

use wecom_login::{ManualClock, WecomLogin};
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, TestRequest, TestResponse, until};

/// A login that was begun: the callback with its code, and the flow cookie.
struct Begun {
    callback: TestRequest,
}

impl Begun {
    async fn new(node: &TestApp, corp: &str, user: &str) -> Self {
        let login = TestRequest::get(format!("/login?corpId={corp}&returnTo=/a"));
        let reply = node.call(login).await;
        let location = reply.header("location").unwrap();
        let state = &location.split("state=").nth(1).unwrap()[..32];
        let cookie = reply.header("set-cookie").unwrap();
        let code = node.sandbox.code(corp, user).unwrap();
        Self {
            callback: TestRequest::get(format!("/callback?code={code}&state={state}"))
                .header("cookie", cookie.split(';').next().unwrap()),
        }
    }
}

#[track_caller]
fn token(reply: &TestResponse) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let cookie = reply
        .header_values("set-cookie")
        .find(|cookie| cookie.contains("wecom_login="))
        .unwrap();
    let (_, token) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    token.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_on_two_nodes_gives_one_session() {
    let clock = ManualClock::starting_now();
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .clock(&clock)
        .configure(|builder| builder.http_client(transport.client()))
        .start()
        .await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    node.wait_until_following(&other).await;
    let calls = || node.sandbox.calls("auth/getuserinfo");
    let on_other =
        async |login: &WecomLogin, begun: &Begun| node.call_on(login, begun.callback.clone()).await;

    // One after the other.
    let begun = Begun::new(&node, &corp, &user).await;
    let before = calls();
    let first = token(&node.call(begun.callback.clone()).await);
    assert_eq!(token(&on_other(&other, &begun).await), first);
    assert_eq!(calls(), before + 1);

    // While WeCom's answer to the first is under way.
    let begun = Begun::new(&node, &corp, &user).await;
    let before = calls();
    transport.hold_responses("auth/getuserinfo");
    let (one, two) = tokio::join!(node.call(begun.callback.clone()), async {
        until("the code is with WeCom", async || {
            transport.held_responses() == 1
        })
        .await;
        let (reply, ()) = tokio::join!(on_other(&other, &begun), async {
            tokio::task::yield_now().await;
            transport.release();
        });
        reply
    });
    assert_eq!(token(&one), token(&two));
    assert_eq!(calls(), before + 1, "WeCom gets the code once");

    // All at the same time, as in-app browsers do.
    for _ in 0..5 {
        let begun = Begun::new(&node, &corp, &user).await;
        let before = calls();
        let replies = tokio::join!(
            node.call(begun.callback.clone()),
            on_other(&other, &begun),
            node.call(begun.callback.clone()),
            on_other(&other, &begun)
        );
        let first = token(&replies.0);
        for reply in [&replies.1, &replies.2, &replies.3] {
            assert_eq!(token(reply), first);
        }
        assert_eq!(calls(), before + 1, "WeCom gets the code once");
    }

    // WeCom did not accept the code: the state is free for the next one, on either node.
    let begun = Begun::new(&node, &corp, &user).await;
    let (target, code) = begun.callback.target().split_once("code=").unwrap();
    let state = code.split_once("&state=").unwrap().1;
    let made_up = Begun {
        callback: TestRequest::get(format!("{target}code=made-up&state={state}")).header(
            "cookie",
            begun.callback.head().headers_ref().unwrap()["cookie"]
                .to_str()
                .unwrap(),
        ),
    };
    assert_eq!(on_other(&other, &made_up).await.status, 401);
    let first = token(&node.call(begun.callback.clone()).await);
    assert_eq!(token(&on_other(&other, &begun).await), first);

    // A logout on one node is one on the other.
    node.call(TestRequest::post("/logout").bearer(&first))
        .await
        .assert_no_content();
    assert_eq!(node.call(begun.callback.clone()).await.status, 401);
    until("the other node knows of the logout", async || {
        on_other(&other, &begun).await.status == 401
    })
    .await;
    other.shutdown().await;
}
