//! The part of the console that tells what happened: deliveries, calls, faults.

use std::fmt::Write as _;

use serde_json::json;
use wecom_login::web::Language;

use super::shell::escape;
use crate::delivery::{Delivery, Outcome};
use crate::store::Store;

/// How many deliveries the page shows.
const SHOWN: usize = 50;

/// What was pushed, newest first.
pub(super) fn deliveries(language: Language, store: &Store) -> String {
    let say = |zh, en| language.choose(zh, en);
    let mut html = format!(
        "<section class=\"card\" id=\"deliveries\"><h2>{}</h2>",
        say("推送记录", "Deliveries")
    );
    if store.deliveries.is_empty() {
        let none = say("尚未推送任何事件。", "Nothing was pushed yet.");
        return html + &format!("<p class=\"none\">{none}</p></section>");
    }
    let label = say("推送记录", "Deliveries");
    let _ = write!(
        html,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table><thead><tr>"
    );
    for (zh, en) in [
        ("#", "#"),
        ("事件", "Event"),
        ("结果", "Outcome"),
        ("应答", "Answer"),
        ("企业", "Company"),
        ("次数", "Attempts"),
        ("毫秒", "ms"),
    ] {
        let _ = write!(html, "<th scope=\"col\">{}</th>", say(zh, en));
    }
    html.push_str("</tr></thead><tbody>");
    for delivery in store.deliveries.iter().rev().take(SHOWN) {
        let _ = write!(
            html,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td><code>{}</code></td><td><code>{}</code></td>\
             <td>{}</td><td>{}</td></tr>",
            delivery.id,
            escape(&delivery.event),
            outcome(language, delivery),
            escape(
                delivery
                    .answer
                    .as_deref()
                    .or(delivery.error.as_deref())
                    .unwrap_or("")
            ),
            escape(delivery.corp_id.as_deref().unwrap_or("")),
            delivery.attempts,
            delivery.duration_ms,
        );
    }
    html + "</tbody></table></div></section>"
}

fn outcome(language: Language, delivery: &Delivery) -> String {
    let say = |zh, en| language.choose(zh, en);
    let status = delivery
        .status
        .map(|status| format!(" {status}"))
        .unwrap_or_default();
    let (word, tone) = match delivery.outcome {
        Outcome::Sending => (say("推送中", "sending"), ""),
        Outcome::Delivered => (say("已送达", "delivered"), " good"),
        Outcome::Failed => (say("失败", "failed"), " bad"),
        Outcome::Dropped => (say("已丢失", "lost"), ""),
        Outcome::Held => (say("暂缓", "held"), ""),
    };
    format!("<span class=\"tag{tone}\">{word}{status}</span>")
}

/// What the app called, and how often.
pub(super) fn calls(language: Language, store: &Store) -> String {
    let say = |zh, en| language.choose(zh, en);
    let mut html = format!(
        "<section class=\"card\" id=\"calls\"><h2>{}</h2>",
        say("接口调用", "API calls")
    );
    if store.calls.is_empty() {
        let none = say("应用尚未调用任何接口。", "The app has called nothing yet.");
        return html + &format!("<p class=\"none\">{none}</p></section>");
    }
    let _ = write!(
        html,
        "<table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th></tr></thead><tbody>",
        say("路径", "Path"),
        say("次数", "Times"),
    );
    for (path, count) in &store.calls {
        let _ = write!(
            html,
            "<tr><td><code>{}</code></td><td class=\"num\">{count}</td></tr>",
            escape(path)
        );
    }
    html + "</tbody></table></section>"
}

/// The calls that are spoilt, and the forms that spoil them.
pub(super) fn faults(language: Language, store: &Store) -> String {
    let say = |zh, en| language.choose(zh, en);
    let mut html = format!(
        "<section class=\"card\"><h2>{}</h2><div id=\"faults\">",
        say("故障注入", "Faults")
    );
    if store.faults.is_empty() {
        let _ = write!(html, "<p class=\"none\">{}</p>", say("无", "None."));
    } else {
        html.push_str("<ul>");
        for fault in &store.faults {
            let _ = write!(
                html,
                "<li><code>{}</code></li>",
                escape(&json!(fault).to_string())
            );
        }
        let clear = say("全部清除", "Clear all");
        let _ = write!(
            html,
            "</ul><button data-delete=\"/sandbox/faults\">{clear}</button>"
        );
    }
    let _ = write!(
        html,
        "</div><form class=\"grid apart\" data-form=\"/sandbox/faults\">\
         <label>api<input name=\"api\" required placeholder=\"gettoken\"></label>\
         <label>times<input name=\"times\" type=\"number\" min=\"1\"></label>\
         <label>errcode<input name=\"errcode\" type=\"number\"></label>\
         <label>httpStatus<input name=\"httpStatus\" type=\"number\"></label>\
         <label>delayMs<input name=\"delayMs\" type=\"number\" min=\"0\"></label>\
         <button class=\"main\">{}</button></form>\
         <details><summary>{}</summary><form data-json=\"/sandbox/settings\">\
         <label>{}<textarea name=\"json\" rows=\"4\" spellcheck=\"false\">{}</textarea></label>\
         <p><button class=\"main\">{}</button></p></form><pre class=\"scroll\" id=\"settings\" tabindex=\"0\">{}</pre></details></section>",
        say("添加", "Add fault"),
        say("全部设置", "All settings"),
        say("以 JSON 修改", "Changes as JSON"),
        escape(r#"{"ids": "encrypted"}"#),
        say("修改", "Change"),
        escape(&serde_json::to_string_pretty(&store.settings).unwrap_or_default()),
    );
    html
}
