//! What administrators and people do: it changes the world, and pushes what WeCom would push.

mod admin;
mod person;
mod switches;

pub(crate) use person::Grant;

use crate::engine::Engine;
use crate::problem::Problem;
use crate::world::{App, Corp, World};

/// The company of a request.
fn corp<'a>(world: &'a World, id: &str) -> Result<&'a Corp, Problem> {
    world.corp(id).ok_or_else(|| Problem::unknown("no such company"))
}

/// The installed app that a request is about: that of the named suite, or the first one.
fn installed<'a>(engine: &Engine, corp: &'a Corp, suite_id: Option<&str>) -> Result<&'a App, Problem> {
    if let Some(suite_id) = suite_id
        && engine.suite(suite_id).is_none()
    {
        return Err(Problem::unknown("no such suite"));
    }
    corp.installed()
        .find(|app| suite_id.is_none_or(|id| id == app.suite_id))
        .ok_or_else(|| Problem::conflict("the company has not authorised this app"))
}
