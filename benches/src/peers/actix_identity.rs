//! actix-session with a store in memory, and actix-identity on top of it.

use std::collections::HashMap;
use std::sync::Arc;

use actix_identity::{Identity, IdentityExt as _, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::dev::{
    Service, ServiceFactory as _, ServiceRequest, ServiceResponse, Transform as _, fn_service,
};
use actix_web::test::TestRequest;
use actix_web::{HttpMessage as _, HttpResponse};
use dashmap::DashMap;

type State = HashMap<String, String>;

/// The fastest store there can be.
#[derive(Clone, Default)]
struct Memory(Arc<DashMap<String, State>>);

impl SessionStore for Memory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        Ok(self.0.get(key.as_ref()).map(|state| state.clone()))
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let key = format!("{:064}", self.0.len());
        self.0.insert(key.clone(), state);
        Ok(key.try_into().unwrap())
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        self.0.insert(key.as_ref().to_owned(), state);
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.0.remove(key.as_ref());
        Ok(())
    }
}

/// A protected service, and the cookies of so many people who may see it.
pub async fn service(
    people: usize,
) -> (
    impl Service<ServiceRequest, Response = ServiceResponse<impl MessageBody>, Error = actix_web::Error>,
    Vec<String>,
) {
    let inner = fn_service(async |request: ServiceRequest| {
        if let Some(id) = request.path().strip_prefix("/login/") {
            Identity::login(&request.extensions(), id.to_owned()).unwrap();
        } else if request.get_identity().is_err() {
            return Ok(request.into_response(HttpResponse::Unauthorized().finish()));
        }
        Ok::<_, actix_web::Error>(request.into_response(HttpResponse::Ok().finish()))
    });
    let inner = inner.new_service(()).await.unwrap();
    let inner = IdentityMiddleware::default()
        .new_transform(std::rc::Rc::new(inner))
        .await
        .unwrap();
    let sessions = SessionMiddleware::new(Memory::default(), Key::from(&[7; 64]));
    let service = sessions.new_transform(inner).await.unwrap();
    let mut cookies = Vec::new();
    for number in 0..people {
        let request =
            TestRequest::with_uri(&format!("/login/person-{number:010}")).to_srv_request();
        let response = service.call(request).await.unwrap();
        let cookie = response
            .headers()
            .get("set-cookie")
            .unwrap()
            .to_str()
            .unwrap();
        cookies.push(cookie.split(';').next().unwrap().to_owned());
    }
    (service, cookies)
}
