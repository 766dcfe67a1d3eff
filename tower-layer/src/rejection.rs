//! The responses of rejected requests.

use bytes::Bytes;
use http::Response;
use wecom_login::web::Rejection;

/// Builds the response to a rejected request.
///
/// Every `Fn(&Rejection) -> Response<R> + Clone` does, so [`on_rejection`] takes a closure. Whatever it builds, the
/// layer adds the rejection to the extensions and clears the cookie of a session that has ended.
///
/// [`on_rejection`]: crate::AuthLayer::on_rejection
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not build a `Response<{R}>` from a `&Rejection`",
    note = "the default, `ProblemResponse`, needs a response body that is `From<bytes::Bytes>`"
)]
pub trait ResponseForRejection<R>: Clone {
    /// Builds the response.
    fn response(&self, rejection: &Rejection) -> Response<R>;
}

impl<F, R> ResponseForRejection<R> for F
where
    F: Fn(&Rejection) -> Response<R> + Clone,
{
    fn response(&self, rejection: &Rejection) -> Response<R> {
        self(rejection)
    }
}

/// The default: a problem of RFC 9457 with the challenge of RFC 6750. For every body that can be made from bytes:
/// `axum::body::Body`, `http_body_util::Full<Bytes>`, …
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProblemResponse;

impl<R: From<Bytes>> ResponseForRejection<R> for ProblemResponse {
    fn response(&self, rejection: &Rejection) -> Response<R> {
        rejection.response().map(|body| R::from(body.into_bytes()))
    }
}
