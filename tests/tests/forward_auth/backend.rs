//! The service behind the proxy: it answers what it sees.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Json;
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A service without a login of its own.
pub(crate) struct Backend {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    /// It ends when this is dropped.
    _server: JoinSet<()>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&requests));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            requests,
            _server: server,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests reached it.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Method, target and body, and the headers that say who sent it; an empty one says nothing.
async fn answer(State(requests): State<Arc<AtomicUsize>>, request: Request) -> Json<Value> {
    requests.fetch_add(1, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    let mut identity = Map::new();
    for (name, value) in &parts.headers {
        let is_identity =
            name.as_str().starts_with("remote-") || name.as_str().starts_with("x-wecom-");
        if is_identity && !value.is_empty() {
            let before = identity.insert(name.to_string(), json!(value.to_str().unwrap()));
            assert_eq!(before, None, "{name} comes twice");
        }
    }
    let body = body.collect().await.unwrap().to_bytes();
    Json(json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "identity": identity,
        "body": String::from_utf8_lossy(&body),
    }))
}
