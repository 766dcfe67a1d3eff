//! From where callbacks come, and where the API is (D/97073).

use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::World;

/// `getcallbackip`.
pub(super) fn callback_addresses(
    world: &mut World,
    engine: &Engine,
    request: &Request,
) -> Result<Value, Refusal> {
    request.caller(world)?;
    Ok(json!({"ip_list": [engine.addr.ip().to_string()]}))
}

/// `get_api_domain_ip`.
pub(super) fn api_addresses(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    request.caller(world)?;
    Ok(json!({"ip_list": [engine.addr.ip().to_string()]}))
}
