//! The audit: who did what.

use askama::Template;
use http::Response;

use crate::audit::{AuditAction, AuditEntry};
use crate::error::Result;
use crate::web::admin_api::audit;
use crate::web::console::Page;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    actions: Vec<(&'static str, bool)>,
    periods: Vec<(&'static str, &'static str, bool)>,
    who: String,
    suite_id: String,
    corp_id: String,
    entries: Vec<AuditEntry>,
    next: Option<String>,
}

pub(super) async fn list(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let found = audit::find(&page.asked).await?;
    let shell = page.shell(Section::Audit)?;
    let chosen = page.parameter("action");
    let words = AuditAction::ALL.iter().map(|action| action.as_str());
    let template = AuditTemplate {
        title: shell.say("审计", "Audit"),
        actions: words.map(|word| (word, word == chosen)).collect(),
        periods: page.periods(),
        who: page.parameter("who").to_owned(),
        suite_id: page.parameter("suiteId").to_owned(),
        corp_id: page.parameter("corpId").to_owned(),
        entries: found.items,
        next: found.next.map(|next| page.next_url("/audit", &next)),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}
