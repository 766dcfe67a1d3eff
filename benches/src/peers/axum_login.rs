//! axum-login with a tower-sessions store in memory, and users in memory: no database at all.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use axum_login::{
    AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId, login_required,
};
use http::{HeaderValue, Request, StatusCode, header};
use tower::ServiceExt as _;
use tower_sessions::{MemoryStore, SessionManagerLayer};

use crate::axum_race::handler;

#[derive(Clone, Debug)]
pub struct Person {
    id: String,
}

impl AuthUser for Person {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.id.as_bytes()
    }
}

#[derive(Clone, Debug)]
pub struct People(Arc<HashMap<String, Person>>);

impl AuthnBackend for People {
    type User = Person;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<Person>, Infallible> {
        Ok(None)
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Person>, Infallible> {
        Ok(self.0.get(id).cloned())
    }
}

async fn log_in(mut auth: AuthSession<People>, Path(id): Path<String>) -> StatusCode {
    let person = auth.backend.0[&id].clone();
    auth.login(&person).await.unwrap();
    StatusCode::NO_CONTENT
}

/// A protected route, and the cookies of so many people who may see it.
pub async fn router(people: usize) -> (Router, Vec<HeaderValue>) {
    let people: Vec<String> = (0..people)
        .map(|number| format!("person-{number:010}"))
        .collect();
    let backend = People(Arc::new(
        people
            .iter()
            .map(|id| (id.clone(), Person { id: id.clone() }))
            .collect(),
    ));
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let router = Router::new()
        .route("/", get(handler))
        .route_layer(login_required!(People))
        .route("/login/{id}", post(log_in))
        .layer(AuthManagerLayerBuilder::new(backend, sessions).build());
    let mut cookies = Vec::new();
    for id in people {
        cookies.push(log_in_at(&router, &format!("/login/{id}")).await);
    }
    (router, cookies)
}

/// Logs in, and gives the cookie to send from then on.
pub async fn log_in_at(router: &Router, path: &str) -> HeaderValue {
    let request = Request::post(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    HeaderValue::from_str(cookie.split(';').next().unwrap()).unwrap()
}
