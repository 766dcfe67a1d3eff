//! The actions of administrators, members and the operator: each changes the store and pushes
//! WeCom's event.

mod admin;
mod js_signature;
mod member;
mod settings;
mod suite;

pub(crate) use admin::Installation;
pub(crate) use js_signature::JsSignature;
pub(crate) use member::{LoginConsent, MemberRef};

use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::{App, Corp, Store};

fn find_corp<'a>(store: &'a Store, id: &str) -> Result<&'a Corp, Problem> {
    store
        .corp(id)
        .ok_or_else(|| Problem::not_found("no such corp"))
}

/// The installed app of the named suite, or the first installed one.
fn installed_app<'a>(
    engine: &Engine,
    corp: &'a Corp,
    suite_id: Option<&str>,
) -> Result<&'a App, Problem> {
    if let Some(suite_id) = suite_id
        && engine.suite(suite_id).is_none()
    {
        return Err(Problem::not_found("no such suite"));
    }
    corp.installed_apps()
        .find(|app| suite_id.is_none_or(|id| id == app.suite_id))
        .ok_or_else(|| Problem::conflict("the corp has not authorized this app"))
}
