//! Our own pages.

use crate::web::browser::layout::escape;
use crate::web::browser::pages::{
    ConfirmPage, CorpSelectionPage, ErrorPage, OrganizationCodePage, PageFrame, QrPanelPage,
};

pub(super) fn organization_code(frame: &PageFrame, page: &OrganizationCodePage) -> String {
    let say = |zh, en| frame.language().choose(zh, en);
    let title = say("登录", "Log in");
    let hidden: String = page
        .hidden_fields
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            )
        })
        .collect();
    let (problem, state) = if page.is_unknown {
        let text = say(
            "没有这个组织代码，请检查后重试。",
            "There is no such organisation code. Please check it.",
        );
        (
            format!("<p class=\"bad\" id=\"problem\" role=\"alert\">{text}</p>"),
            " aria-invalid=\"true\" aria-describedby=\"problem\"",
        )
    } else {
        (String::new(), "")
    };
    let body = format!(
        "<h1>{title}</h1>\n<p class=\"quiet\">{}</p>\n<form method=\"get\" action=\"{}\">{hidden}\n\
         <label for=\"orgCode\">{}</label>\n<input id=\"orgCode\" name=\"orgCode\" value=\"{}\" required \
         maxlength=\"64\" autocomplete=\"organization\" autocapitalize=\"none\" spellcheck=\"false\" autofocus{state}>\n\
         {problem}<button class=\"button\">{}</button>\n</form>",
        say(
            "请输入您企业的组织代码。",
            "Please enter the organisation code of your company."
        ),
        escape(&page.action),
        say("组织代码", "Organisation code"),
        escape(&page.prefilled),
        say("继续", "Continue"),
    );
    frame.layout(title, &body)
}

pub(super) fn confirm(frame: &PageFrame, page: &ConfirmPage) -> String {
    let say = |zh, en| frame.language().choose(zh, en);
    let title = say("您已退出登录", "You are logged out");
    let body = format!(
        "<h1>{title}</h1>\n<p class=\"quiet\">{}</p>\n<p><a class=\"button\" href=\"{}\">{}</a></p>",
        say("要重新登录吗？", "Do you want to log in again?"),
        escape(&page.continue_url),
        say("使用企业微信登录", "Log in with WeCom"),
    );
    frame.layout(title, &body)
}

pub(super) fn corp_selection(frame: &PageFrame, page: &CorpSelectionPage) -> String {
    let title = frame.language().choose("选择企业", "Choose a company");
    let list: String = page
        .corps
        .iter()
        .map(|corp| {
            format!(
                "<li><a href=\"{}\">{}</a></li>\n",
                escape(&corp.url),
                escape(&corp.name)
            )
        })
        .collect();
    let lead = frame
        .language()
        .choose("您可以进入以下企业。", "You may enter these companies.");
    frame.layout(
        title,
        &format!("<h1>{title}</h1>\n<p class=\"quiet\">{lead}</p>\n<ul>\n{list}</ul>"),
    )
}

pub(super) fn qr_panel(frame: &PageFrame, page: &QrPanelPage) -> String {
    let say = |zh, en| frame.language().choose(zh, en);
    let title = say("企业微信扫码登录", "Log in with WeCom");
    let integrity = page
        .integrity
        .as_deref()
        .map(|digest| {
            format!(
                " integrity=\"{}\" crossorigin=\"anonymous\"",
                escape(digest)
            )
        })
        .unwrap_or_default();
    let body = format!(
        "<h1>{title}</h1>\n<p class=\"quiet\">{}</p>\n<div id=\"ww_login\"></div>\n\
         <p><a id=\"ww_page\" href=\"{link}\">{}</a></p>\n\
         <script nonce=\"{nonce}\" src=\"{script}\"{integrity}></script>\n\
         <script nonce=\"{nonce}\">if(window.ww)ww.createWWLoginPanel({{el:'#ww_login',params:{parameters}}})\
         .el.title='{title}';else location.replace(document.getElementById('ww_page').href)</script>",
        say("请使用企业微信扫描二维码。", "Scan the QR code with WeCom."),
        say("在企业微信的页面上登录", "Log in on WeCom's own page"),
        link = escape(&page.qr_page_url),
        nonce = frame.nonce(),
        script = escape(&page.script_url),
        parameters = page.parameters,
    );
    frame.layout(title, &body)
}

pub(super) fn error(frame: &PageFrame, page: &ErrorPage) -> String {
    let say = |zh, en| frame.language().choose(zh, en);
    let (title, what_to_do) = page.text(frame.language());
    let code = page.error.code().map(escape).into_iter();
    let codes: Vec<String> = code
        .chain(page.errcode.map(|errcode| format!("errcode {errcode}")))
        .collect();
    let codes = if codes.is_empty() {
        String::new()
    } else {
        format!("\n<p class=\"quiet small\">{}</p>", codes.join(" · "))
    };
    let (retry_url, log_in_again) = (escape(&page.retry_url), say("重新登录", "Log in again"));
    let rest = match &page.continue_url {
        None => {
            format!(
                "<p>{what_to_do}</p>\n<p><a class=\"button\" href=\"{retry_url}\">{log_in_again}</a></p>"
            )
        }
        Some(continue_url) => format!(
            "<p>{}</p>\n<p><a class=\"button\" href=\"{}\">{}</a></p>\n<p><a href=\"{retry_url}\">{log_in_again}</a></p>",
            say(
                "您已经登录，不需要这次登录。",
                "You are logged in already and do not need it."
            ),
            escape(continue_url),
            say("进入应用", "Continue to the app"),
        ),
    };
    let body = format!("<h1>{title}</h1>\n{rest}{codes}");
    frame.layout(title, &body)
}
