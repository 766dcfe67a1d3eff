//! The default pages: one askama template each, in `core/templates/`.

use askama::Template;

use crate::web::browser::pages::{
    ConfirmPage, CorpSelectionPage, CorpSwitchPage, ErrorPage, OrganizationCodePage, PageFrame,
    QrPanelPage,
};

pub(super) fn organization_code(frame: &PageFrame, page: &OrganizationCodePage) -> String {
    #[derive(Template)]
    #[template(path = "organization_code.html")]
    struct OrganizationCode<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        page: &'a OrganizationCodePage,
    }

    let title = frame.say("登录", "Log in");
    render(&OrganizationCode { frame, title, page })
}

pub(super) fn confirm(frame: &PageFrame, page: &ConfirmPage) -> String {
    #[derive(Template)]
    #[template(path = "confirm.html")]
    struct Confirm<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        page: &'a ConfirmPage,
    }

    let title = frame.say("您已退出登录", "You are logged out");
    render(&Confirm { frame, title, page })
}

pub(super) fn corp_switch(frame: &PageFrame, page: &CorpSwitchPage) -> String {
    #[derive(Template)]
    #[template(path = "corp_switch.html")]
    struct CorpSwitch<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        page: &'a CorpSwitchPage,
    }

    let title = frame.say("切换企业", "Switch companies");
    render(&CorpSwitch { frame, title, page })
}

pub(super) fn corp_selection(frame: &PageFrame, page: &CorpSelectionPage) -> String {
    #[derive(Template)]
    #[template(path = "corp_selection.html")]
    struct CorpSelection<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        page: &'a CorpSelectionPage,
    }

    let title = frame.say("选择企业", "Choose a company");
    render(&CorpSelection { frame, title, page })
}

pub(super) fn qr_panel(frame: &PageFrame, page: &QrPanelPage) -> String {
    #[derive(Template)]
    #[template(path = "qr_panel.html")]
    struct QrPanel<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        page: &'a QrPanelPage,
    }

    let title = frame.say("企业微信扫码登录", "Log in with WeCom");
    render(&QrPanel { frame, title, page })
}

pub(super) fn error(frame: &PageFrame, page: &ErrorPage) -> String {
    #[derive(Template)]
    #[template(path = "error.html")]
    struct Error<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        what_to_do: &'a str,
        codes: String,
        page: &'a ErrorPage,
    }

    let (title, what_to_do) = page.text(frame.language());
    let codes: Vec<String> = page
        .error
        .code()
        .map(str::to_owned)
        .into_iter()
        .chain(page.errcode.map(|errcode| format!("errcode {errcode}")))
        .collect();
    render(&Error {
        frame,
        title,
        what_to_do,
        codes: codes.join(" · "),
        page,
    })
}

/// A whole document in our layout; `title` is text, `body` is HTML.
pub(super) fn document(frame: &PageFrame, title: &str, body: &str) -> String {
    #[derive(Template)]
    #[template(path = "document.html")]
    struct Document<'a> {
        frame: &'a PageFrame,
        title: &'a str,
        body: &'a str,
    }

    render(&Document { frame, title, body })
}

fn render(template: &impl Template) -> String {
    template
        .render()
        .expect("a template of plain values is written into a String, which does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{Branding, Language};

    #[test]
    fn document_shows_name_logo_and_colors_of_the_host_app() {
        let branding = Branding::new()
            .with_name("A & B")
            .with_logo("/l.svg")
            .unwrap();
        let branding = branding.with_colors("#123456", "#abc").unwrap();
        let page = document(
            &PageFrame::new(Language::En, "n0".to_owned(), branding),
            "T <i>",
            "<p>body</p>",
        );
        assert!(page.contains("<title>T &lt;i&gt; · A &amp; B</title>"));
        assert!(page.contains("<img src=\"/l.svg\" alt=\"\" height=\"40\"><span>A &amp; B</span>"));
        assert!(page.contains("<style nonce=\"n0\">") && page.contains("--accent:#123456"));
        assert!(page.contains("<html lang=\"en\">") && page.contains("<p>body</p>"));
    }
}
