//! The pages of the example apps.

use wecom_login::web::{PageFrame, QrPanel};
use wecom_login::{AuthenticatedMember, CurrentUser, LinkTicket, WecomLogin};

use crate::Demo;

/// A page, and the policy that it is sent with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The document.
    pub html: String,
    /// The value of `Content-Security-Policy`.
    pub content_security_policy: String,
}

/// WeCom's scripts: the SDK, of which browsers run this file alone, and the component that shows names, which WeCom makes
/// anew for each page (D/91958).
const WECOM_SCRIPTS: &str = r#"<script src="https://cdn.jsdelivr.net/npm/@wecom/jssdk@2.4.4/dist/wecom.global.prod.js"
  nonce="{nonce}" crossorigin="anonymous" integrity="{integrity}"></script>
<script src="https://open.work.weixin.qq.com/wwopen/js/jwxwork-1.0.0.js" nonce="{nonce}" referrerpolicy="origin"></script>
"#;

/// Registers the page and shows the names.
const NAMES_SCRIPT: &str = include_str!("../names.js");

impl Demo {
    /// The public page.
    #[must_use]
    pub const fn home_page() -> &'static str {
        include_str!("../home.html")
    }

    /// The page of WeCom's workbench, which registers itself with the JS-SDK.
    #[must_use]
    pub fn workbench_page(user: &CurrentUser) -> Page {
        page(include_str!("../workbench.html"), user, true)
    }

    /// The page that asks a person which user of the app they are, and says who they are at WeCom.
    pub async fn link_page(login: &WecomLogin, ticket: &str, error: &str) -> String {
        let member = login.service().member_of(&LinkTicket::new(ticket)).await;
        let (name, corp_id) = match &member {
            Ok(AuthenticatedMember {
                principal, profile, ..
            }) => (
                profile
                    .name
                    .as_deref()
                    .unwrap_or(principal.third_user_id.as_str()),
                principal.corp_id.as_str(),
            ),
            Err(_) => ("?", "?"),
        };
        let error = match &member {
            Ok(_) => error,
            Err(error) => error.kind().row().title,
        };
        include_str!("../link.html")
            .replace("{error}", &PageFrame::escape(error))
            .replace("{ticket}", &PageFrame::escape(ticket))
            .replace("{corpId}", &PageFrame::escape(corp_id))
            .replace("{name}", &PageFrame::escape(name))
    }

    /// The page behind the login, with the user's profile.
    #[must_use]
    pub fn account_page(user: &CurrentUser) -> Page {
        page(
            include_str!("../account.html"),
            user,
            user.profile().name.is_none(),
        )
    }
}

/// Fills a page in. What WeCom's scripts need is allowed only on a page that has them.
fn page(template: &str, user: &CurrentUser, with_wecom: bool) -> Page {
    let nonce = nonce();
    let (scripts, names) = if with_wecom {
        (WECOM_SCRIPTS, NAMES_SCRIPT)
    } else {
        ("", "")
    };
    // The texts of people come last: they are escaped, and nothing is looked for in them.
    let html = template
        .replace("{wecomScripts}", scripts)
        .replace("{namesScript}", names)
        .replace("{integrity}", QrPanel::INTEGRITY)
        .replace("{nonce}", &nonce)
        .replace("{corpId}", &PageFrame::escape(user.corp_id().as_str()))
        .replace(
            "{thirdUserId}",
            &PageFrame::escape(user.third_user_id().as_str()),
        )
        .replace("{name}", &name(user));
    Page {
        html,
        content_security_policy: policy(&nonce, with_wecom),
    }
}

/// The name of a user; where WeCom told none, its component that shows it to people who may see it. Outside WeCom's client,
/// and until it is shown, the userid stands in its place.
fn name(user: &CurrentUser) -> String {
    if let Some(name) = &user.profile().name {
        return PageFrame::escape(name);
    }
    let id = PageFrame::escape(user.third_user_id().as_str());
    format!(r#"<ww-open-data type="userName" openid="{id}">{id}</ww-open-data>"#)
}

fn policy(nonce: &str, with_wecom: bool) -> String {
    const OPEN_DATA: &str = " https://open.work.weixin.qq.com";
    let (open_data, frames) = if with_wecom {
        (
            OPEN_DATA,
            "frame-src https://open.work.weixin.qq.com https://login.work.weixin.qq.com; img-src https: data:; ",
        )
    } else {
        ("", "")
    };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'{open_data}; style-src 'nonce-{nonce}'; \
         connect-src 'self'{open_data}; {frames}base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The text that the scripts of one page are known by.
fn nonce() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
