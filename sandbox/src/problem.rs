//! What the control API refuses, and why.

use std::fmt;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A request to the sandbox itself that cannot be met.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status: 400 unreadable, 404 unknown, 409 not as things are.
    pub status: u16,
    /// What is wrong.
    pub title: String,
}

impl Problem {
    pub(crate) fn bad(title: impl Into<String>) -> Self {
        Self { status: 400, title: title.into() }
    }

    pub(crate) fn unknown(title: impl Into<String>) -> Self {
        Self { status: 404, title: title.into() }
    }

    pub(crate) fn conflict(title: impl Into<String>) -> Self {
        Self { status: 409, title: title.into() }
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
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}
