//! The errors of the control API, as `application/problem+json`.

use std::fmt;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A rejected request to the control API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status: 400 invalid request, 403 foreign Host or Origin, 404 unknown id or path,
    /// 409 not in this state.
    pub status: u16,
    /// The reason.
    pub title: String,
}

impl Problem {
    pub(crate) fn bad_request(title: impl Into<String>) -> Self {
        Self {
            status: 400,
            title: title.into(),
        }
    }

    pub(crate) fn forbidden(title: impl Into<String>) -> Self {
        Self {
            status: 403,
            title: title.into(),
        }
    }

    pub(crate) fn not_found(title: impl Into<String>) -> Self {
        Self {
            status: 404,
            title: title.into(),
        }
    }

    pub(crate) fn conflict(title: impl Into<String>) -> Self {
        Self {
            status: 409,
            title: title.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.title, self.status)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!({"status": self.status, "title": self.title}).to_string();
        (
            status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body,
        )
            .into_response()
    }
}
