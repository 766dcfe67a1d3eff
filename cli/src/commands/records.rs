//! Callback records, and the audit.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::commands::people::scoped;
use crate::commands::{Outcome, Printer, lists};
use crate::failure::Result;
use crate::flags::{Age, Paging, RecordCommand, RecordsArgs, Scope};
use crate::table::{columns, fields};
use crate::target::{PathAndQuery, Target};

pub(super) async fn run(target: &Target, printer: Printer, args: RecordsArgs) -> Result<Outcome> {
    match args.command {
        None => {
            let since = args.since.map(time_before);
            let path = || {
                let path = PathAndQuery::new("records", "")
                    .with("status", args.status.as_deref())
                    .with("event", args.event.as_deref())
                    .with("since", since.as_deref());
                scoped(path, &args.scope)
            };
            let list = lists::read(target, "records", &args.paging, path).await?;
            let columns = columns([
                ("RECORD", "recordId"),
                ("RECEIVED", "receivedAt"),
                ("EVENT", "event"),
                ("STATUS", "status"),
                ("CORP", "corpId"),
                ("SUITE", "suiteId"),
                ("ATTEMPTS", "attempts"),
                ("ERROR", "lastError"),
                ("HINT", "hint"),
            ]);
            lists::print(printer, "records", list, &columns)
        }
        Some(RecordCommand::Show { record_id }) => {
            let path = PathAndQuery::new("records/{}", &record_id);
            let record = target.get(path.as_str()).await?;
            printer.print(&record, || fields(&record))
        }
        Some(RecordCommand::Retry { record_id }) => {
            target.require_service("the app's own code is asked about what the event does")?;
            let path = PathAndQuery::new("records/{}/retry", &record_id);
            target.post(path.as_str(), &json!({})).await?;
            printer.done("the record is done")
        }
        Some(RecordCommand::Release { record_id }) => {
            let path = PathAndQuery::new("records/{}/release", &record_id);
            target.post(path.as_str(), &json!({})).await?;
            printer.done("any node may work on the record")
        }
    }
}

/// Which entries of the audit are listed.
#[derive(Debug)]
pub(super) struct AuditFilter<'a> {
    pub(super) who: Option<&'a str>,
    pub(super) action: Option<&'a str>,
    pub(super) since: Option<Age>,
}

pub(super) async fn audit(
    target: &Target,
    printer: Printer,
    filter: &AuditFilter<'_>,
    scope: &Scope,
    paging: &Paging,
) -> Result<Outcome> {
    let since = filter.since.map(time_before);
    let path = || {
        let path = PathAndQuery::new("audit", "")
            .with("who", filter.who)
            .with("action", filter.action)
            .with("since", since.as_deref());
        scoped(path, scope)
    };
    let list = lists::read(target, "audit", paging, path).await?;
    let columns = columns([
        ("AT", "at"),
        ("ACTION", "action"),
        ("WHO", "who"),
        ("CODE", "code"),
        ("CORP", "corpId"),
        ("WECOM USER", "thirdUserId"),
        ("CLIENT", "client"),
        ("COUNT", "count"),
        ("DETAIL", "detail"),
    ]);
    lists::print(printer, "audit", list, &columns)
}

/// The time that is this long ago, in milliseconds.
fn time_before(age: Age) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_millis());
    now.saturating_sub(u128::from(age.0)).to_string()
}
