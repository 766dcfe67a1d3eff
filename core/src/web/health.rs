//! The health of this process, for whoever starts it and sends it requests: it lives; it is ready.

use std::time::Duration;

use http::{Response, StatusCode};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::web::http_service::HttpDeps;
use crate::web::response::{ResponseBody, json};

/// How long the database may take to answer.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer of the database holds: anyone may ask, and each question costs a connection.
const ANSWER_TTL: Duration = Duration::from_secs(1);

/// What the database said last.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Instant, bool)>>,
}

/// What is told, and nothing else: anyone may ask.
#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// The process answers.
pub(super) fn live() -> Response<ResponseBody> {
    json(&Health { status: "ok" })
}

/// The database answers, and no shutdown has begun. Without a suite_ticket the process is ready all the same: it has to be
/// reached to get one.
pub(super) async fn ready(deps: &HttpDeps) -> Response<ResponseBody> {
    if !deps.tasks.shutdown_token().is_cancelled() && database_answers(deps).await {
        return json(&Health { status: "ok" });
    }
    let mut response = json(&Health {
        status: "unavailable",
    });
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// However many ask, the database is asked once a second.
async fn database_answers(deps: &HttpDeps) -> bool {
    let mut last = deps.readiness.last.lock().await;
    if let Some((asked_at, answers)) = *last
        && asked_at.elapsed() < ANSWER_TTL
    {
        return answers;
    }
    let answers = deps.store.ping(DATABASE_TIMEOUT).await.is_ok();
    *last = Some((Instant::now(), answers));
    answers
}
