//! Companies, and the links by which they authorize the app.

use std::path::Path;

use serde_json::json;

use crate::commands::{Outcome, Printer, lists};
use crate::failure::{Failure, Result};
use crate::flags::{CorpCommand, CorpsArgs, OneCorp};
use crate::table::{columns, fields, time};
use crate::target::{PathAndQuery, Target};

pub(super) async fn run(target: &Target, printer: Printer, args: CorpsArgs) -> Result<Outcome> {
    match args.command {
        None => {
            let path = || {
                PathAndQuery::new("corps", "")
                    .with("status", args.status.as_deref())
                    .with("q", args.search.as_deref())
                    .with("suiteId", args.suite.as_deref())
            };
            let list = lists::read(target, "corps", &args.paging, path).await?;
            let columns = columns([
                ("SUITE", "suiteId"),
                ("CORP", "corpId"),
                ("NAME", "corpName"),
                ("STATUS", "status"),
                ("BROKEN BY", "brokenBy"),
                ("CODE", "orgCode"),
                ("PEOPLE", "people"),
                ("SESSIONS", "sessions"),
                ("SINCE", "since"),
                ("HINT", "hint"),
            ]);
            lists::print(printer, "corps", list, &columns)
        }
        Some(CorpCommand::Show(corp)) => {
            let corp = target.get(path(&corp, "").as_str()).await?;
            printer.print(&corp, || fields(&corp))
        }
        Some(CorpCommand::Read(corp)) => {
            post(target, &corp, "/read", &json!({})).await?;
            printer.done("the authorization was read from WeCom")
        }
        Some(CorpCommand::Approve(corp)) => decide(target, printer, &corp, "approve").await,
        Some(CorpCommand::Hold(corp)) => decide(target, printer, &corp, "hold").await,
        Some(CorpCommand::Deny(corp)) => decide(target, printer, &corp, "deny").await,
        Some(CorpCommand::Alias { corp, alias }) => {
            post(target, &corp, "/alias", &json!({"corpId": alias})).await?;
            printer.done("both ids are one company")
        }
        Some(CorpCommand::SetCode { corp, code }) => {
            post(target, &corp, "/setCode", &json!({"code": code})).await?;
            printer.done("the organization code is set")
        }
        Some(CorpCommand::DeleteCode(corp)) => {
            let path = path(&corp, "/code");
            target.send(http::Method::DELETE, path.as_str(), "").await?;
            printer.done("the company has no organization code")
        }
    }
}

async fn decide(
    target: &Target,
    printer: Printer,
    corp: &OneCorp,
    decision: &str,
) -> Result<Outcome> {
    post(target, corp, "/decide", &json!({"decision": decision})).await?;
    printer.done("the decision is stored")
}

async fn post(
    target: &Target,
    corp: &OneCorp,
    action: &str,
    body: &serde_json::Value,
) -> Result<()> {
    target.post(path(corp, action).as_str(), body).await?;
    Ok(())
}

fn path(corp: &OneCorp, action: &str) -> PathAndQuery {
    let suite_id = corp.suite.suite.as_deref();
    PathAndQuery::new(&format!("corps/{{}}{action}"), &corp.corp_id).with("suiteId", suite_id)
}

pub(super) async fn link(
    target: &Target,
    printer: Printer,
    suite_ids: &[String],
    state: Option<&str>,
    qr: Option<&Path>,
) -> Result<Outcome> {
    let mut body = json!({"suiteIds": suite_ids});
    if let Some(state) = state {
        body["state"] = json!(state);
    }
    let link = target.post("links", &body).await?;
    if let (Some(path), Some(code)) = (qr, link["qrCode"].as_str()) {
        std::fs::write(path, code).map_err(|error| {
            Failure::new(format!(
                "--qr {} cannot be written: {error}",
                path.display()
            ))
        })?;
    }
    printer.print(&link, || {
        let url = link["url"].as_str().unwrap_or_default();
        let until = link["expiresAt"].as_i64().map(time).unwrap_or_default();
        format!("{url}\nvalid until {until}\n")
    })
}
