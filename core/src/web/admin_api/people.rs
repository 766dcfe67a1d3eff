//! People: listed, looked at, logged out, erased.

use http::Response;
use serde::Serialize;

use crate::error::{ErrorKind, Result};
use crate::services::{PeopleQuery, PersonDetails};
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{fields, paging, path_user_id};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::query::RouteQuery;
use crate::web::response::{ResponseBody, empty, json};

#[derive(Serialize)]
struct People<T> {
    people: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let mut query = RouteQuery::new(&asked.request.query)?;
    let mut people = PeopleQuery::new();
    people.suite_id = query.optional_id("suiteId")?;
    people.corp_id = query.optional_id("corpId")?;
    people.text = query.optional_text("q")?;
    let (limit, after) = paging(&mut query)?;
    people.after = after;
    query.finish()?;
    match &people.corp_id {
        Some(corp_id) => {
            let suite_id = people.suite_id.as_ref();
            let action = AdminAction::People;
            asked.authorize_corp(action, suite_id, corp_id).await?;
        }
        None => asked.authorize(AdminAction::People, None)?,
    }
    let page = asked.admin.people(&people, limit).await?;
    Ok(json(&PageBody::new(page, |people| People { people })))
}

pub(super) async fn show(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let person = authorize_person(asked, AdminAction::People).await?;
    Ok(json(&person))
}

pub(super) async fn end_sessions(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let person = authorize_person(asked, AdminAction::EndPersonSessions).await?;
    for member in &person.members {
        let principal = member.principal();
        asked.admin.revoke_member_sessions(&principal).await?;
    }
    Ok(empty(204))
}

pub(super) async fn erase(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let person = authorize_person(asked, AdminAction::ErasePerson).await?;
    for member in &person.members {
        asked.admin.erase_member(&member.principal()).await?;
    }
    Ok(empty(204))
}

/// The person that is meant, if they may do this to each corp of the person.
async fn authorize_person(asked: &AdminRequest<'_>, action: AdminAction) -> Result<PersonDetails> {
    let id = path_user_id(asked.request)?;
    let mut query = RouteQuery::new(&asked.request.query)?;
    let mut scope = PeopleQuery::new();
    scope.suite_id = query.optional_id("suiteId")?;
    scope.corp_id = query.optional_id("corpId")?;
    query.finish()?;
    fields(asked.request)?.finish()?;
    let found = asked.admin.person(&id, &scope).await;
    match &found {
        Ok(person) => {
            for member in &person.members {
                asked.authorize(action, Some(&member.corp_id))?;
            }
        }
        // Whoever may not is not told whether there is such a person.
        Err(error) if is_about_the_person(error.kind()) => {
            asked.authorize(action, scope.corp_id.as_ref())?;
        }
        Err(_) => {}
    }
    found
}

fn is_about_the_person(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UserNotFound | ErrorKind::CorpNotFound | ErrorKind::ApiParams
    )
}
