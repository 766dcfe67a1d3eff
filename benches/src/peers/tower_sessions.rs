//! tower-sessions alone with its store in memory: the handler reads who it is.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use super::axum_login::log_in_at;

async fn hello(session: Session) -> StatusCode {
    match session.get::<String>("person").await {
        Ok(Some(_)) => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    }
}

async fn log_in(session: Session, Path(id): Path<String>) -> StatusCode {
    session.insert("person", id).await.unwrap();
    StatusCode::NO_CONTENT
}

/// A protected route, and the cookies of so many people who may see it.
pub async fn router(people: usize) -> (Router, Vec<HeaderValue>) {
    let router = Router::new()
        .route("/", get(hello))
        .route("/login/{id}", post(log_in))
        .layer(SessionManagerLayer::new(MemoryStore::default()));
    let mut cookies = Vec::new();
    for number in 0..people {
        cookies.push(log_in_at(&router, &format!("/login/person-{number:010}")).await);
    }
    (router, cookies)
}
