//! A push, a login and protected requests at a node whose database is unavailable.

use std::time::{Duration, Instant};

use wecom_login::Platform;
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::{TestApp, TestRequest, until};

/// WeCom disconnects after five seconds.
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// A machine under load may be late, but not each time.
const ATTEMPTS: usize = 5;

/// A corp with a cached session of one member and an uncached session of another.
pub(crate) struct Probe {
    pub(crate) corp: String,
    pub(crate) member: String,
    pub(crate) cached: String,
    uncached: String,
}

/// The responses to a push, a login and a request with the uncached session.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) push: (u16, Duration),
    pub(crate) login: (u16, String, Duration),
    pub(crate) uncached: (u16, bool, Duration),
}

impl Probe {
    pub(crate) async fn begin(node: &TestApp) -> Self {
        let corp = node.install(0).await;
        let (member, another) = (node.user(0, 0), node.user(0, 1));
        assert_eq!(
            node.log_in_to_suite(SUITE, &corp, &member).await.status,
            200
        );
        let cached = node.issue_session(SUITE, &corp, &member).await;
        node.wait_until_following(&node.login).await;
        assert!(node.is_valid(&cached).await);
        // Issued by another handle, so it is not in this one's cache.
        let other = node.second_handle().await;
        let who = principal(SUITE, &corp, &another);
        let issued = other.sessions().issue(&who, Platform::App).await.unwrap();
        other.shutdown().await;
        Self {
            corp,
            member,
            cached,
            uncached: issued.token.expose().to_owned(),
        }
    }

    /// A push, a login and two protected requests at the same time.
    pub(crate) async fn run(&self, node: &TestApp, leaver: &str) -> Outcome {
        let push = async {
            let mut last = (0, Duration::MAX);
            for _ in 0..ATTEMPTS {
                let started = Instant::now();
                let answer = node
                    .notify(&node.push_builder.unsubscribe(&self.corp, leaver))
                    .await;
                last = (answer.status, started.elapsed());
                if last.1 < PUSH_TIMEOUT {
                    break;
                }
            }
            last
        };
        let login = async {
            let started = Instant::now();
            let answer = node.log_in_to_suite(SUITE, &self.corp, &self.member).await;
            let (status, code) = answer.problem();
            assert!(
                status != 503 || answer.header("retry-after").is_some(),
                "{code}"
            );
            (status, code, started.elapsed())
        };
        let uncached = async {
            let started = Instant::now();
            let answer = node
                .call(TestRequest::get("/me").bearer(&self.uncached))
                .await;
            let retry = answer.header("retry-after").is_some();
            (answer.status, retry, started.elapsed())
        };
        let cached = async {
            for _ in 0..20 {
                assert!(
                    node.is_valid(&self.cached).await,
                    "cached sessions stay valid"
                );
                tokio::task::yield_now().await;
            }
        };
        let (push, login, uncached, ()) = tokio::join!(push, login, uncached, cached);
        Outcome {
            push,
            login,
            uncached,
        }
    }

    /// Asserts that everything recovers by itself.
    pub(crate) async fn assert_recovered(&self, node: &TestApp, acknowledged: &[String]) {
        until("sessions are looked up again", async || {
            node.call(TestRequest::get("/me").bearer(&self.uncached))
                .await
                .status
                == 200
        })
        .await;
        until("members log in again", async || {
            node.log_in_to_suite(SUITE, &self.corp, &self.member)
                .await
                .status
                == 200
        })
        .await;
        let push = node.push_builder.unsubscribe(&self.corp, "the-last");
        until("pushes are accepted again", async || {
            node.notify(&push).await.status == 200
        })
        .await;
        let open =
            "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";
        until("every record is done", async || {
            node.number(open).await == 0
        })
        .await;
        let ended = format!(
            "SELECT {} FROM wecom_person WHERE epoch > 0",
            node.database.text_of("user_id")
        );
        let ended = node.database.texts(&ended).await;
        for leaver in acknowledged.iter().map(String::as_str).chain(["the-last"]) {
            assert!(
                ended.iter().any(|user| user == leaver),
                "{leaver} was acknowledged and is lost"
            );
        }
        assert_eq!(
            node.number("SELECT COUNT(*) FROM wecom_person WHERE epoch > 1")
                .await,
            0,
            "an event was executed twice"
        );
        assert!(node.is_valid(&self.cached).await);
    }
}

impl Outcome {
    /// Asserts that the push was refused in time.
    pub(crate) fn assert_push_refused_in_time(&self) {
        let (status, took) = self.push;
        assert_eq!(status, 500, "{self:?}");
        assert!(took < PUSH_TIMEOUT, "{self:?}");
    }

    pub(crate) fn assert_login_503(&self) {
        assert_eq!(
            (self.login.0, self.login.1.as_str()),
            (503, "STORE_UNAVAILABLE"),
            "{self:?}"
        );
    }

    pub(crate) fn assert_uncached_503(&self) {
        assert_eq!((self.uncached.0, self.uncached.1), (503, true), "{self:?}");
    }
}
