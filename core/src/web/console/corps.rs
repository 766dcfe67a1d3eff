//! Companies: the list, one company's page, and what is done to it.

use askama::Template;
use http::Response;

use crate::authorization::CorpDetails;
use crate::domain::{AuthorizationStatus, RecordStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::{CallbackRecord, RecordQuery};
use crate::members::PersonSummary;
use crate::services::PeopleQuery;
use crate::web::admin::AdminAction;
use crate::web::admin_api::corps;
use crate::web::console::Page;
use crate::web::console::form::Outcome;
use crate::web::console::request::segment;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;
use crate::web::route::ConsoleRoute;

/// How many of its people and callbacks a company's page shows.
const SHOWN: u64 = 10;

const STATUSES: [(&str, AuthorizationStatus); 5] = [
    ("active", AuthorizationStatus::Active),
    ("broken", AuthorizationStatus::Broken),
    ("held", AuthorizationStatus::Held),
    ("refused", AuthorizationStatus::Refused),
    ("cancelled", AuthorizationStatus::Cancelled),
];

#[derive(Template)]
#[template(path = "console/corps.html")]
struct CorpsTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    text: String,
    statuses: Vec<(&'static str, &'static str, bool)>,
    corps: Vec<CorpDetails>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "console/corp.html")]
struct CorpTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    corp: CorpDetails,
    /// Whoever may not see its people or callbacks sees no list of them.
    people: Option<Vec<PersonSummary>>,
    records: Option<Vec<CallbackRecord>>,
    people_url: String,
    records_url: String,
    audit_url: String,
}

impl CorpTemplate<'_> {
    fn is_active(&self) -> bool {
        self.corp.corp.status == AuthorizationStatus::Active
    }

    fn is_undecided(&self) -> bool {
        self.corp.corp.status == AuthorizationStatus::Held
    }

    fn is_refused(&self) -> bool {
        self.corp.corp.status == AuthorizationStatus::Refused
    }

    fn is_cancelled(&self) -> bool {
        self.corp.corp.status == AuthorizationStatus::Cancelled
    }
}

pub(super) async fn list(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let found = corps::find(&page.asked).await?;
    let shell = page.shell(Section::Corps)?;
    let chosen = page.parameter("status");
    let statuses =
        STATUSES.map(|(word, status)| (word, shell.corp_status(&status), word == chosen));
    let template = CorpsTemplate {
        title: shell.say("企业", "Companies"),
        text: page.parameter("q").to_owned(),
        statuses: statuses.to_vec(),
        corps: found.items,
        next: found.next.map(|next| page.next_url("/corps", &next)),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn show(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let corp = corps::find_one(&page.asked, AdminAction::Corps).await?;
    let (suite_id, corp_id) = (&corp.corp.suite_id, &corp.corp.corp_id);
    let (asked, admin) = (&page.asked, &page.asked.admin);
    let may = |action| asked.authorize(action, Some(corp_id)).is_ok();
    let people = async {
        if !may(AdminAction::People) {
            return Ok(None);
        }
        let query = PeopleQuery::new()
            .with_suite_id(suite_id.clone())
            .with_corp_id(corp_id.clone());
        let people = admin.people(&query, SHOWN).await;
        people.map(|people| Some(people.items))
    };
    let records = async {
        if !may(AdminAction::CallbackRecords) {
            return Ok(None);
        }
        let query = RecordQuery::new()
            .with_suite_id(suite_id.clone())
            .with_corp_id(corp_id.clone());
        let records = admin.find_callbacks(&query, SHOWN).await;
        records.map(|records| Some(records.items))
    };
    let (people, records) = tokio::try_join!(people, records)?;
    let shell = page.shell(Section::Corps)?;
    let scope = [("suiteId", suite_id.as_str()), ("corpId", corp_id.as_str())];
    let template = CorpTemplate {
        title: shell.or_unnamed(&corp.corp.corp_name),
        people,
        records,
        people_url: page.console.url("/people", &scope),
        records_url: page.console.url("/records", &scope),
        audit_url: page.console.url("/audit", &scope),
        corp: corp.clone(),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

/// Does what the form asks for, and goes back to the company.
pub(super) async fn act(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let asked = &page.asked;
    let outcome = match page.console.route {
        ConsoleRoute::CorpRead => corps::read(asked).await.map(|()| Outcome::CorpRead),
        ConsoleRoute::CorpDecision => corps::decide(asked).await.map(|()| Outcome::Decided),
        ConsoleRoute::CorpSessions => {
            let ended = corps::end_sessions(asked).await;
            ended.map(|()| Outcome::SessionsEnded)
        }
        ConsoleRoute::CorpAlias => corps::add_alias(asked).await.map(|()| Outcome::AliasAdded),
        ConsoleRoute::CorpSetCode => corps::set_code(asked).await.map(|()| Outcome::CodeSet),
        ConsoleRoute::CorpCode => {
            let deleted = corps::delete_code(asked).await;
            deleted.map(|()| Outcome::CodeDeleted)
        }
        _ => Err(Error::new(ErrorKind::Internal, "a form has no answer")),
    }?;
    let path = format!("/corps/{}", segment(page.console.request.variable()));
    let suite_id = page.parameter("suiteId");
    let query = [("suiteId", suite_id)];
    let query = if suite_id.is_empty() {
        &[][..]
    } else {
        &query[..]
    };
    page.done(&path, query, &outcome)
}
