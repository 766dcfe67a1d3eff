//! A queue of the sandbox's pushes, which the model delivers late, in any order, and again.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::routing::post;
use tokio::net::TcpListener;
use wecom_login::callback::{Envelope, content_hash, decrypt};
use wecom_login_tests::app::push_builder;

/// A push as WeCom sent it.
#[derive(Clone, Debug)]
pub(crate) struct QueuedPush {
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
    /// The hash by which the inbox recognizes the event.
    pub(crate) hash: [u8; 32],
    /// WeCom also pushes these by itself.
    pub(crate) is_ticket: bool,
    /// The member of the event.
    pub(crate) user_id: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PushQueue(Arc<Mutex<Vec<QueuedPush>>>);

impl PushQueue {
    /// Listens; gives the URL to push to.
    pub(crate) async fn open(suite_id: &'static str) -> (Self, String) {
        let queue = Self::default();
        let kept = queue.clone();
        let take = move |RawQuery(query): RawQuery, body: Bytes| async move {
            let envelope = Envelope::parse(&body).unwrap();
            let plain =
                decrypt(&push_builder().keys().encoding_aes_key, &envelope.encrypt).unwrap();
            let suite = wecom_login::SuiteId::new(suite_id).unwrap();
            let hash = content_hash(&suite, plain.receive_id(), plain.message());
            let message = String::from_utf8_lossy(plain.message());
            let (user_id, is_ticket) = (user_of(&message), message.contains("[suite_ticket]"));
            let queued = QueuedPush {
                query: query.unwrap_or_default(),
                body: body.to_vec(),
                hash,
                is_ticket,
                user_id,
            };
            kept.0.lock().unwrap().push(queued);
            "success"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/box", listener.local_addr().unwrap());
        let router = Router::new().route("/box", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (queue, url)
    }

    /// Takes the pushes that have arrived since the last call.
    pub(crate) fn empty(&self) -> Vec<QueuedPush> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The userid in an app event.
fn user_of(message: &str) -> Option<String> {
    let named = |field: &str| {
        let (_, rest) = message.split_once(&format!("<{field}>"))?;
        let text = rest.split("</").next()?;
        Some(
            text.trim_start_matches("<![CDATA[")
                .trim_end_matches("]]>")
                .to_owned(),
        )
    };
    named("UserID").or_else(|| named("FromUserName"))
}
