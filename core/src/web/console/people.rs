//! People: the search, one person's page, and what is done to them.

use askama::Template;
use http::Response;

use crate::error::{Error, ErrorKind, Result};
use crate::members::PersonSummary;
use crate::services::PersonDetails;
use crate::web::admin::AdminAction;
use crate::web::admin_api::people;
use crate::web::console::Page;
use crate::web::console::form::Outcome;
use crate::web::console::request::segment;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;
use crate::web::route::ConsoleRoute;

/// The parameters that say which corp a person is of.
const SCOPE: [&str; 2] = ["suiteId", "corpId"];

#[derive(Template)]
#[template(path = "console/people.html")]
struct PeopleTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    text: String,
    suite_id: String,
    corp_id: String,
    people: Vec<PersonSummary>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "console/person.html")]
struct PersonTemplate<'a> {
    shell: &'a Shell,
    title: String,
    person: PersonDetails,
    sessions_url: String,
    erasure_url: String,
}

pub(super) async fn list(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let found = people::find(&page.asked).await?;
    let shell = page.shell(Section::People)?;
    let template = PeopleTemplate {
        title: shell.say("成员", "People"),
        text: page.parameter("q").to_owned(),
        suite_id: page.parameter("suiteId").to_owned(),
        corp_id: page.parameter("corpId").to_owned(),
        people: found.items,
        next: found.next.map(|next| page.next_url("/people", &next)),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn show(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let person = people::find_one(&page.asked, AdminAction::People).await?;
    let shell = page.shell(Section::People)?;
    let template = PersonTemplate {
        title: page.person_name(&shell, &person),
        sessions_url: page.person_url("/endSessions"),
        erasure_url: page.person_url("/erase"),
        person,
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

/// Does what the form asks for. An erased person has no page any more.
pub(super) async fn act(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    match page.console.route {
        ConsoleRoute::PersonSessions => {
            people::end_sessions(&page.asked).await?;
            let path = format!("/people/{}", segment(page.console.request.variable()));
            page.done(&path, &page.scope(), &Outcome::SessionsEnded)
        }
        ConsoleRoute::PersonErasure => {
            people::erase(&page.asked).await?;
            page.done("/people", &[], &Outcome::Erased)
        }
        _ => Err(Error::new(ErrorKind::Internal, "a form has no answer")),
    }
}

impl Page<'_> {
    /// What the page calls a person.
    pub(super) fn person_name(&self, shell: &Shell, person: &PersonDetails) -> String {
        let member = person.members.first();
        let name = member.and_then(|member| member.profile.name.clone());
        let named = self.console.request.variable();
        match name {
            Some(name) if !name.is_empty() => format!("{name} · {named}"),
            _ => format!("{} · {named}", shell.or_unnamed("")),
        }
    }

    /// The URL of the page of the person that is asked for, or of what can be done to them.
    pub(super) fn person_url(&self, action: &str) -> String {
        let named = segment(self.console.request.variable());
        let path = format!("/people/{named}{action}");
        self.console.url(&path, &self.scope())
    }

    fn scope(&self) -> Vec<(&'static str, &str)> {
        let scope = SCOPE.iter().map(|name| (*name, self.parameter(name)));
        scope.filter(|(_, value)| !value.is_empty()).collect()
    }
}
