//! `/sandbox`: everything at a glance, and a button for everything.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;
use wecom_login::web::Language;

use super::login::remark;
use super::record::{calls, deliveries, faults};
use super::shell::{Page, escape, language};
use crate::control::app_status;
use crate::engine::Engine;
use crate::store::{AppStatus, Corp, CorpSelector, EventSelector, Store};

/// Sends what buttons and forms say, and keeps the page fresh.
const SCRIPT: &str = include_str!("console.js");

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = language(query.as_deref(), &headers);
    let say = |zh, en| language.choose(zh, en);
    let title = say("企业微信沙箱", "WeCom sandbox");
    let target = engine.notify_url().map(|url| url.as_str().to_owned());
    let body = engine.read(|store| {
        format!(
            "<div class=\"wide\"><header class=\"top\"><h1>{title}</h1><p class=\"quiet\">{} {} · {} {} · \
             <a href=\"/sandbox/state\">{}</a></p></header>\
             <main><div class=\"columns\">{}{}</div>{}<div class=\"columns\">{}{}</div>{}</main></div>\
             <div id=\"say\" role=\"status\" aria-live=\"polite\"></div>",
            say("推送至", "Pushes to"),
            code_or(target.as_deref(), say("（未设置）", "nowhere yet")),
            say("可信域名", "trusted domain"),
            code_or(engine.trusted_domain(store).as_deref(), say("（未设置）", "none")),
            say("JSON 状态", "state as JSON"),
            suites(language, &engine, store),
            switches(language, store),
            corps(language, &engine, store),
            calls(language, store),
            faults(language, store),
            deliveries(language, store),
        )
    });
    Page {
        class: "console",
        script: SCRIPT,
        ..Page::new(language, title, &body)
    }
    .response()
}

fn code_or(text: Option<&str>, otherwise: &str) -> String {
    text.map_or_else(
        || otherwise.to_owned(),
        |text| format!("<code>{}</code>", escape(text)),
    )
}

fn suites(language: Language, engine: &Engine, store: &Store) -> String {
    let say = |zh, en| language.choose(zh, en);
    let mut html = format!(
        "<section class=\"card\" id=\"suites\"><h2>{}</h2>",
        say("代开发模板", "Suites")
    );
    for suite in &engine.suites {
        let id = suite.id.as_str();
        let names = engine
            .instances
            .get(id)
            .map(|names| names.join(", "))
            .unwrap_or_default();
        let last = store.tickets.get(id).and_then(|tickets| tickets.last());
        let age = last.map_or_else(
            || say("尚无 suite_ticket", "no ticket yet").to_owned(),
            |(_, created_at)| {
                let age = span(store.now() - created_at);
                format!(
                    "{}{age}{}",
                    say("最近的 suite_ticket：", "last ticket "),
                    say(" 前", " ago")
                )
            },
        );
        let _ = write!(
            html,
            "<div class=\"corp\"><h3><code>{}</code></h3><p class=\"quiet\">{} · {age}</p><div class=\"row\">{}{}</div></div>",
            escape(id),
            escape(&names),
            button(
                say("推送 suite_ticket", "Push a ticket"),
                &format!("/sandbox/suites/{id}/ticket"),
                "",
                ""
            ),
            button(
                say("验证回调 URL", "Check the URL"),
                &format!("/sandbox/suites/{id}/verify"),
                "",
                ""
            ),
        );
    }
    html + "</section>"
}

fn switches(language: Language, store: &Store) -> String {
    let say = |zh, en| language.choose(zh, en);
    let settings = &store.settings;
    let on = |which: &EventSelector| !which.is_off();
    let toggles = [
        (
            say("无接口许可", "No licence"),
            "licence",
            !settings.licence,
        ),
        (
            say("停用应用", "Apps disabled"),
            "disabled",
            settings.disabled != CorpSelector::All(false),
        ),
        (
            say("重复推送", "Deliver twice"),
            "duplicate",
            on(&settings.duplicate),
        ),
        (say("丢失推送", "Lose pushes"), "drop", on(&settings.drop)),
        (
            say("乱序推送", "Reorder pushes"),
            "reorder",
            on(&settings.reorder),
        ),
        (
            say("非 200 重试", "Retry non-200"),
            "retryNon200",
            settings.retry_non200,
        ),
    ];
    let mut html = format!(
        "<section class=\"card\" id=\"switches\"><h2>{}</h2><div class=\"row\">",
        say("开关", "Switches")
    );
    for (label, name, pressed) in toggles {
        // The licence switch is the only one that is on when all is well.
        let next = if name == "licence" { pressed } else { !pressed };
        let body = json!({ name: next }).to_string();
        let _ = write!(
            html,
            "<button data-post=\"/sandbox/settings\" data-body=\"{}\" aria-pressed=\"{pressed}\">{label}</button>",
            escape(&body)
        );
    }
    let _ = write!(
        html,
        "</div><h3 class=\"apart\">{}</h3><p class=\"quiet\">{}{}</p><div class=\"row\">{}{}{}{}</div></section>",
        say("时间", "Time"),
        say("时钟快进：", "The clock is ahead by "),
        span(store.clock_offset_ms),
        button("+5 min", "/sandbox/clock", r#"{"advanceMs":300000}"#, ""),
        button("+30 min", "/sandbox/clock", r#"{"advanceMs":1800000}"#, ""),
        button("+2 h", "/sandbox/clock", r#"{"advanceMs":7200000}"#, ""),
        button(
            say("作废所有 access_token", "Kill all tokens"),
            "/sandbox/tokens/expire",
            "",
            "danger"
        ),
    );
    html
}

fn corps(language: Language, engine: &Engine, store: &Store) -> String {
    let say = |zh, en| language.choose(zh, en);
    let mut html = format!(
        "<section class=\"card\" id=\"corps\"><h2>{}</h2>",
        say("企业", "Companies")
    );
    for corp in &store.corps {
        let shown = store.public_corp_id(corp);
        let base = format!("/sandbox/corps/{shown}");
        let _ = write!(
            html,
            "<div class=\"corp\"><h3>{}</h3><small><code>{}</code></small>",
            escape(&corp.name),
            escape(&shown)
        );
        for suite in &engine.suites {
            let id = suite.id.as_str();
            let app = corp.app(id);
            let body = json!({ "suiteId": id }).to_string();
            let (state, tone) = match app.map(|app| app_status(store, corp, app)) {
                Some("authorized") => (say("已授权", "authorized"), " good"),
                Some("disabled") => (say("已停用", "disabled"), " bad"),
                Some(_) => (say("已取消授权", "cancelled"), " bad"),
                None => (say("未安装", "not installed"), ""),
            };
            let _ = write!(
                html,
                "<div class=\"row\"><code>{}</code> <span class=\"tag{tone}\">{state}</span>{}",
                escape(id),
                button(
                    say("安装", "Install"),
                    &format!("{base}/install"),
                    &body,
                    if app.is_none() { "main" } else { "" }
                ),
            );
            if app.is_some_and(|app| app.status == AppStatus::Authorized) {
                html.push_str(&button(
                    say("变更授权", "Change"),
                    &format!("{base}/change"),
                    &body,
                    "",
                ));
                html.push_str(&button(
                    say("重置 secret", "Reset secret"),
                    &format!("{base}/reset-secret"),
                    &body,
                    "",
                ));
                html.push_str(&button(
                    say("取消授权", "Cancel"),
                    &format!("{base}/cancel"),
                    &body,
                    "danger",
                ));
            }
            html.push_str("</div>");
        }
        people(language, &mut html, store, corp, &base);
        html.push_str("</div>");
    }
    html + "</section>"
}

fn people(language: Language, html: &mut String, store: &Store, corp: &Corp, base: &str) {
    let say = |zh, en| language.choose(zh, en);
    let here = corp.members.iter().filter(|member| !member.left).count();
    let _ = write!(
        html,
        "<details data-key=\"{base}\"><summary>{} ({here})</summary><div class=\"scroll\"><table class=\"members\"><thead><tr>\
         <th scope=\"col\">{}</th><th scope=\"col\">userid</th><th scope=\"col\">{}</th></tr></thead><tbody>",
        say("成员", "People"),
        say("姓名", "Name"),
        say("操作", "What happens"),
    );
    for member in &corp.members {
        let bare_user_id = corp.bare_user_id(member, store.settings.ids);
        let at = |act: &str| format!("{base}/members/{bare_user_id}/{act}");
        let tag = match (member.left, remark(member, language)) {
            (true, _) => format!(" <span class=\"tag bad\">{}</span>", say("已离职", "left")),
            (_, "") => String::new(),
            (_, remark) => format!(" <span class=\"tag\">{}</span>", escape(remark)),
        };
        let acts = if member.left {
            button(say("重新入职", "Come back"), &at("join"), "", "")
        } else {
            let (label, act) = if member.visible {
                (say("移出可见范围", "Hide"), "hide")
            } else {
                (say("移入可见范围", "Show"), "show")
            };
            [
                button(say("登录 code", "Code"), &at("code"), "", ""),
                button(label, &at(act), "", ""),
                button(say("改 userid", "Rename"), &at("rename"), "", ""),
                button(say("取消关注", "Unsubscribe"), &at("unsubscribe"), "", ""),
                button(say("离职", "Leave"), &at("leave"), "", "danger"),
            ]
            .concat()
        };
        let _ = write!(
            html,
            "<tr><td>{}{tag}</td><td><code>{}</code></td><td><div class=\"row\">{acts}</div></td></tr>",
            escape(&member.name),
            escape(&corp.user_id(member, store.settings.ids)),
        );
    }
    html.push_str("</tbody></table></div></details>");
}

fn button(label: &str, path: &str, body: &str, class: &str) -> String {
    format!(
        "<button class=\"{class}\" data-post=\"{}\" data-body=\"{}\">{}</button>",
        escape(path),
        escape(body),
        escape(label)
    )
}

fn span(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
