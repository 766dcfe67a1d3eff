//! A mock app that receives pushes: it decrypts them with the suite's keys and records them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::watch;
use wecom_login::callback::{CallbackKeys, EncodingAesKey, decrypt, verify_signature};
use wecom_login::{CallbackToken, CorpId, ProviderSecret, Suite, SuiteId, SuiteSecret};

pub(crate) const SUITE: &str = "dk0123456789abcdef";
pub(crate) const SUITE_SECRET: &str = "the-secret-of-the-suite";
pub(crate) const PROVIDER: &str = "wwprovider";
pub(crate) const PROVIDER_SECRET: &str = "the-secret-of-the-provider";
const TOKEN: &str = "QDG6eKQDG6eKQDG6eK";
const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

/// A suite with callback keys and a provider.
pub(crate) fn suite(id: &str) -> Suite {
    let keys = CallbackKeys::new(
        CallbackToken::new(TOKEN),
        EncodingAesKey::new(AES_KEY).unwrap(),
    );
    let mut suite = Suite::new(
        SuiteId::new(id).unwrap(),
        SuiteSecret::new(SUITE_SECRET),
        keys,
    );
    suite.provider_corp_id = Some(CorpId::new(PROVIDER).unwrap());
    suite.provider_secret = Some(ProviderSecret::new(PROVIDER_SECRET));
    suite
}

/// One push, decrypted.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) receive_id: String,
    pub(crate) envelope: String,
    pub(crate) text: String,
    pub(crate) nonce: String,
}

impl Push {
    /// The text of a field of the event; only for XML.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        element(&self.text, name)
    }

    /// InfoType or Event.
    pub(crate) fn name(&self) -> String {
        self.field("InfoType")
            .or_else(|| self.field("Event"))
            .unwrap_or_default()
    }
}

/// The trimmed text of an element, in or out of CDATA.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    let inner = xml
        .split(&format!("<{name}>"))
        .nth(1)?
        .split(&format!("</{name}>"))
        .next()?
        .trim();
    let bare = inner
        .strip_prefix("<![CDATA[")
        .and_then(|rest| rest.strip_suffix("]]>"));
    Some(bare.unwrap_or(inner).to_owned())
}

struct Inner {
    pushes: Mutex<Vec<Push>>,
    changed: watch::Sender<usize>,
    status: AtomicU16,
    /// The body of an accepting response.
    answer: Mutex<&'static str>,
    /// How long the app takes to respond.
    delay: Mutex<Duration>,
    rejections: AtomicUsize,
    hanging: AtomicUsize,
}

/// A mock app.
#[derive(Clone)]
pub(crate) struct MockApp {
    inner: Arc<Inner>,
    pub(crate) authority: String,
}

impl MockApp {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Inner {
            pushes: Mutex::default(),
            changed: watch::Sender::new(0),
            status: AtomicU16::new(200),
            answer: Mutex::new("success"),
            delay: Mutex::default(),
            rejections: AtomicUsize::new(0),
            hanging: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let routes = Router::new()
            .route("/auth/notify", get(verify).post(receive))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { inner, authority }
    }

    pub(crate) fn notify_url(&self) -> String {
        format!("http://{}/auth/notify", self.authority)
    }

    /// Responds with this status, `times` times.
    pub(crate) fn respond_with(&self, status: u16, times: usize) {
        self.inner.status.store(status, Ordering::SeqCst);
        self.inner.rejections.store(times, Ordering::SeqCst);
    }

    /// Responds with 200 and this body from now on.
    pub(crate) fn answer(&self, body: &'static str) {
        *self.inner.answer.lock().unwrap() = body;
    }

    /// Takes this long to respond from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        *self.inner.delay.lock().unwrap() = delay;
    }

    /// Does not respond, `times` times.
    pub(crate) fn hang(&self, times: usize) {
        self.inner.hanging.store(times, Ordering::SeqCst);
    }

    pub(crate) fn pushes(&self) -> Vec<Push> {
        self.inner.pushes.lock().unwrap().clone()
    }

    /// Waits for `count` pushes of this event and returns the newest.
    pub(crate) async fn wait_for(&self, event: &str, count: usize) -> Push {
        let mut changed = self.inner.changed.subscribe();
        loop {
            let of: Vec<Push> = self
                .pushes()
                .into_iter()
                .filter(|push| push.name() == event)
                .collect();
            if of.len() >= count {
                return of.last().unwrap().clone();
            }
            changed.changed().await.unwrap();
        }
    }

    /// The number of pushes of this event.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.pushes()
            .iter()
            .filter(|push| push.name() == event)
            .count()
    }

    /// The newest push of this event.
    pub(crate) fn last(&self, event: &str) -> Push {
        self.pushes()
            .into_iter()
            .rev()
            .find(|push| push.name() == event)
            .unwrap()
    }
}

fn decrypt_push(query: &HashMap<String, String>, encrypt: &str) -> (String, String) {
    let token = CallbackToken::new(TOKEN);
    assert!(verify_signature(
        &token,
        &query["timestamp"],
        &query["nonce"],
        encrypt,
        &query["msg_signature"]
    ));
    let plaintext = decrypt(&EncodingAesKey::new(AES_KEY).unwrap(), encrypt).unwrap();
    (
        String::from_utf8(plaintext.message().to_vec()).unwrap(),
        plaintext.receive_id().to_owned(),
    )
}

async fn verify(Query(query): Query<HashMap<String, String>>) -> (StatusCode, String) {
    let (text, receive_id) = decrypt_push(&query, &query["echostr"]);
    if receive_id == PROVIDER {
        (StatusCode::OK, text)
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

async fn receive(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let envelope = String::from_utf8(body.to_vec()).unwrap();
    let encrypt = match serde_json::from_str::<serde_json::Value>(&envelope) {
        Ok(json) => json["Encrypt"].as_str().unwrap().to_owned(),
        Err(_) => element(&envelope, "Encrypt").unwrap(),
    };
    let (text, receive_id) = decrypt_push(&query, &encrypt);
    let push = Push {
        receive_id,
        envelope,
        text,
        nonce: query["nonce"].clone(),
    };
    inner.pushes.lock().unwrap().push(push);
    inner.changed.send_modify(|count| *count += 1);
    let count_down = |count: &AtomicUsize| {
        count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    };
    if count_down(&inner.hanging) {
        std::future::pending::<()>().await;
    }
    if count_down(&inner.rejections) {
        return (
            StatusCode::from_u16(inner.status.load(Ordering::SeqCst)).unwrap(),
            "",
        );
    }
    let delay = *inner.delay.lock().unwrap();
    tokio::time::sleep(delay).await;
    let answer = *inner.answer.lock().unwrap();
    (StatusCode::OK, answer)
}
