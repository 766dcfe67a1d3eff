//! actix-web-httpauth's bearer middleware, whose closure does what the hand-written limit does.

use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform as _};
use actix_web::error::ErrorUnauthorized;
use actix_web_httpauth::extractors::bearer::BearerAuth;
use actix_web_httpauth::middleware::HttpAuthentication;

use crate::limit::{MokaSessions, Sessions as _, hash};

/// A protected service for the tokens in `sessions`.
pub async fn service(
    inner: impl Service<
        ServiceRequest,
        Response = ServiceResponse<impl MessageBody + 'static>,
        Error = actix_web::Error,
    > + 'static,
    sessions: MokaSessions,
) -> impl Service<ServiceRequest, Response = ServiceResponse<impl MessageBody>, Error = actix_web::Error>
{
    let middleware =
        HttpAuthentication::bearer(move |request: ServiceRequest, bearer: BearerAuth| {
            let person = sessions.person(&hash(bearer.token().as_bytes()));
            async move {
                match person {
                    Some(person) => {
                        request.extensions_mut().insert(person);
                        Ok(request)
                    }
                    None => Err((ErrorUnauthorized("no such session"), request)),
                }
            }
        });
    middleware.new_transform(inner).await.unwrap()
}
