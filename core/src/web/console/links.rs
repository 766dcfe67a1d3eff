//! Links by which a company authorizes the app, with their QR code.

use askama::Template;
use http::Response;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::services::qr_code;
use crate::web::admin::AdminAction;
use crate::web::admin_api::runbooks;
use crate::web::console::Page;
use crate::web::console::form::Outcome;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;

#[derive(Template)]
#[template(path = "console/links.html")]
struct LinksTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    action: String,
    suites: Vec<String>,
    link: Option<Link>,
}

struct Link {
    url: String,
    expires_at: Timestamp,
    /// An SVG element.
    qr_code: String,
}

pub(super) fn show(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    page.asked.query()?.finish()?;
    page.asked.authorize(AdminAction::CreateInstallLink, None)?;
    let shell = page.shell(Section::Links)?;
    let link = match &page.outcome {
        Some(Outcome::Link { url, expires_at }) => Some(Link {
            url: url.clone(),
            expires_at: *expires_at,
            qr_code: svg_element(&qr_code(url)?),
        }),
        _ => None,
    };
    let suites = page.asked.admin.suite_ids();
    let template = LinksTemplate {
        title: shell.say("授权链接", "Authorization links"),
        action: page.console.url("/links", &[]),
        suites: suites.iter().map(ToString::to_string).collect(),
        link,
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn create(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let link = runbooks::make_link(&page.asked).await?;
    let outcome = Outcome::Link {
        url: link.url,
        expires_at: page.console.deps.store.now() + link.expires_in,
    };
    page.done("/links", &[], &outcome)
}

/// The element of an SVG document: in a page there is no XML declaration.
fn svg_element(document: &str) -> String {
    let start = document.find("<svg").unwrap_or(0);
    document[start..].to_owned()
}
