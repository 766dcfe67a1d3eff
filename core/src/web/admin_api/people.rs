//! People: listed, looked at, logged out, erased.

use http::Response;
use serde::Serialize;

use crate::domain::Page;
use crate::error::{ErrorKind, Result};
use crate::members::PersonSummary;
use crate::services::{PeopleQuery, PersonDetails};
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{paging, path_user_id};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::response::{ResponseBody, json};

#[derive(Serialize)]
struct People<T> {
    people: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let page = find(asked).await?;
    Ok(json(&PageBody::new(page, |people| People { people })))
}

pub(super) async fn show(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    Ok(json(&find_one(asked, AdminAction::People).await?))
}

pub(in crate::web) async fn find(asked: &AdminRequest<'_>) -> Result<Page<PersonSummary>> {
    let mut query = asked.query()?;
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
    asked.admin.people(&people, limit).await
}

pub(in crate::web) async fn end_sessions(asked: &AdminRequest<'_>) -> Result<()> {
    let person = find_one(asked, AdminAction::EndPersonSessions).await?;
    for member in &person.members {
        let principal = member.principal();
        asked.admin.revoke_member_sessions(&principal).await?;
    }
    Ok(())
}

pub(in crate::web) async fn erase(asked: &AdminRequest<'_>) -> Result<()> {
    let person = find_one(asked, AdminAction::ErasePerson).await?;
    for member in &person.members {
        asked.admin.erase_member(&member.principal()).await?;
    }
    Ok(())
}

/// The person that is meant, if they may do this to each corp of the person.
pub(in crate::web) async fn find_one(
    asked: &AdminRequest<'_>,
    action: AdminAction,
) -> Result<PersonDetails> {
    let id = path_user_id(asked.request)?;
    let mut query = asked.query()?;
    let mut scope = PeopleQuery::new();
    scope.suite_id = query.optional_id("suiteId")?;
    scope.corp_id = query.optional_id("corpId")?;
    query.finish()?;
    asked.fields()?.finish()?;
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
