//! The pages of the example apps.

use wecom_login::CurrentUser;
use wecom_login::web::PageFrame;

use crate::Demo;

impl Demo {
    /// The public page.
    #[must_use]
    pub const fn home_page() -> &'static str {
        include_str!("../home.html")
    }

    /// The page of WeCom's workbench, which registers itself with the JS-SDK.
    #[must_use]
    pub fn workbench_page(user: &CurrentUser) -> String {
        let name = user.profile().name.as_deref();
        let name = name.unwrap_or_else(|| user.third_user_id().as_str());
        include_str!("../workbench.html").replace("{name}", &PageFrame::escape(name))
    }

    /// The page that asks a person which user of the app they are.
    #[must_use]
    pub fn link_page(ticket: &str, error: &str) -> String {
        include_str!("../link.html")
            .replace("{error}", &PageFrame::escape(error))
            .replace("{ticket}", &PageFrame::escape(ticket))
    }

    /// The page behind the login, with the user's profile.
    #[must_use]
    pub fn account_page(user: &CurrentUser) -> String {
        let name = user.profile().name.as_deref().unwrap_or("unknown");
        // A profile is text that a person wrote, so it is escaped.
        include_str!("../account.html")
            .replace("{name}", &PageFrame::escape(name))
            .replace(
                "{thirdUserId}",
                &PageFrame::escape(user.third_user_id().as_str()),
            )
            .replace("{corpId}", &PageFrame::escape(user.corp_id().as_str()))
    }
}
