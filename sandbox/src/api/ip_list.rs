//! The addresses of WeCom's callbacks and of its API (D/97073).

use serde_json::json;

use super::{ApiResult, Request};
use crate::engine::Engine;
use crate::store::Store;

/// `getcallbackip` and `get_api_domain_ip`: both are the sandbox's address.
pub(super) fn sandbox_ip(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    request.caller(store)?;
    Ok(json!({"ip_list": [engine.addr.ip().to_string()]}))
}
