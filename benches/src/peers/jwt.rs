//! jsonwebtoken with HS256 in a short middleware: keys and rules are made once. Such a token cannot be ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::axum_race::handler;

const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    sub: String,
    corp: String,
    exp: u64,
}

async fn require_token(
    State(rules): State<Arc<(DecodingKey, Validation)>>,
    mut request: Request,
    next: Next,
) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let token = authorization.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(Ok(token)) = token.map(|token| decode::<Claims>(token, &rules.0, &rules.1)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    request.extensions_mut().insert(token.claims);
    next.run(request).await
}

/// A protected route, and the headers of so many people who may see it.
pub fn router(people: usize) -> (Router, Vec<HeaderValue>) {
    let rules = Arc::new((
        DecodingKey::from_secret(SECRET),
        Validation::new(Algorithm::HS256),
    ));
    let router = Router::new()
        .route("/", get(handler))
        .route_layer(from_fn_with_state(rules, require_token));
    let key = EncodingKey::from_secret(SECRET);
    let later = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_hours(24);
    let headers = (0..people).map(|number| {
        let claims = Claims {
            sub: format!("woAJ2GCAAAXtWyujaWJHDD{number:010}"),
            corp: crate::login::CORP.to_owned(),
            exp: later.as_secs(),
        };
        let token = encode(&Header::default(), &claims, &key).unwrap();
        HeaderValue::from_str(&format!("Bearer {token}")).unwrap()
    });
    (router, headers.collect())
}
