//! What a user would take instead, each set up as its documentation says, with the fastest store it has.

pub mod actix_httpauth;
pub mod actix_identity;
pub mod axum_login;
pub mod jwt;
pub mod tower_sessions;
pub mod wecom_callbacks;
