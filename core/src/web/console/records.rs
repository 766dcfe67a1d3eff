//! The inbox: callback records, one record's life, retry and release.

use askama::Template;
use http::Response;

use crate::domain::RecordStatus;
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::{CallbackRecord, CallbackRecordDetails};
use crate::web::admin_api::records;
use crate::web::console::Page;
use crate::web::console::form::Outcome;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;
use crate::web::route::ConsoleRoute;

const STATUSES: [(&str, RecordStatus); 5] = [
    ("failed", RecordStatus::Failed),
    ("waiting", RecordStatus::Waiting),
    ("running", RecordStatus::Running),
    ("succeeded", RecordStatus::Succeeded),
    ("ignored", RecordStatus::Ignored),
];

#[derive(Template)]
#[template(path = "console/records.html")]
struct RecordsTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    statuses: Vec<(&'static str, &'static str, bool)>,
    periods: Vec<(&'static str, &'static str, bool)>,
    event: String,
    suite_id: String,
    corp_id: String,
    records: Vec<CallbackRecord>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "console/record.html")]
struct RecordTemplate<'a> {
    shell: &'a Shell,
    title: String,
    details: CallbackRecordDetails,
    record: CallbackRecord,
}

impl RecordTemplate<'_> {
    /// Whether a retry would do something.
    fn can_be_retried(&self) -> bool {
        matches!(
            self.record.status,
            RecordStatus::Failed | RecordStatus::Waiting
        )
    }

    fn is_running(&self) -> bool {
        self.record.status == RecordStatus::Running
    }
}

pub(super) async fn list(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let found = records::find(&page.asked).await?;
    let shell = page.shell(Section::Records)?;
    let chosen = page.parameter("status");
    let statuses =
        STATUSES.map(|(word, status)| (word, shell.record_status(&status), word == chosen));
    let template = RecordsTemplate {
        title: shell.say("回调记录", "Callback records"),
        statuses: statuses.to_vec(),
        periods: page.periods(),
        event: page.parameter("event").to_owned(),
        suite_id: page.parameter("suiteId").to_owned(),
        corp_id: page.parameter("corpId").to_owned(),
        records: found.items,
        next: found.next.map(|next| page.next_url("/records", &next)),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn show(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let details = records::find_one(&page.asked).await?;
    let shell = page.shell(Section::Records)?;
    let record = details.record.clone();
    let number = record.record_id;
    let template = RecordTemplate {
        title: format!("{} {number}", shell.say("回调记录", "Callback record")),
        details,
        record,
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

/// Does what the form asks for, and goes back to the record.
pub(super) async fn act(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let outcome = match page.console.route {
        ConsoleRoute::RecordRetry => {
            records::retry(&page.asked).await?;
            Outcome::Retried
        }
        ConsoleRoute::RecordRelease => {
            records::release(&page.asked).await?;
            Outcome::Released
        }
        _ => return Err(Error::new(ErrorKind::Internal, "a form has no answer")),
    };
    let path = format!("/records/{}", page.console.request.variable());
    page.done(&path, &[], &outcome)
}
