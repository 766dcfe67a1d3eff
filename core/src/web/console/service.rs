//! What is done to the whole service: the end of all sessions, the rotation of data keys.

use askama::Template;
use http::Response;

use crate::error::{Error, ErrorKind, Result};
use crate::web::admin::AdminAction;
use crate::web::admin_api::runbooks;
use crate::web::console::Page;
use crate::web::console::form::Outcome;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;
use crate::web::route::ConsoleRoute;

#[derive(Template)]
#[template(path = "console/service.html")]
struct ServiceTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    rotation: Option<Rotation>,
    public_url: String,
    version: &'static str,
}

struct Rotation {
    resealed: u64,
    unreadable: u64,
    retired: u64,
    still_active: u64,
}

pub(super) fn show(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    page.asked.query()?.finish()?;
    // Whoever may do one of the two sees the page.
    let may = |action| page.asked.authorize(action, None);
    may(AdminAction::RotateKeys).or_else(|_| may(AdminAction::EndAllSessions))?;
    let shell = page.shell(Section::Service)?;
    let rotation = match page.outcome {
        Some(Outcome::Rotated {
            resealed,
            unreadable,
            retired,
            still_active,
        }) => Some(Rotation {
            resealed,
            unreadable,
            retired,
            still_active,
        }),
        _ => None,
    };
    let template = ServiceTemplate {
        title: shell.say("服务", "Service"),
        rotation,
        public_url: page.console.deps.config.public_url.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn act(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let outcome = match page.console.route {
        ConsoleRoute::EndAllSessions => {
            runbooks::end_all_sessions(&page.asked).await?;
            Outcome::SessionsEnded
        }
        ConsoleRoute::RotateKeys => {
            let report = runbooks::rotate(&page.asked).await?;
            Outcome::Rotated {
                resealed: report.resealed,
                unreadable: report.unreadable,
                retired: report.retired,
                still_active: report.still_active,
            }
        }
        _ => return Err(Error::new(ErrorKind::Internal, "a form has no answer")),
    };
    page.done("/service", &[], &outcome)
}
