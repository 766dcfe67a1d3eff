//! `/sandbox`: everything at a glance, and a button for everything.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::shell::{escape, page as shell};
use crate::control::status;
use crate::delivery::{Delivery, Outcome};
use crate::engine::Engine;
use crate::world::{AppStatus, Corp, Which, Whose, World};

/// Sends what buttons and forms say, and keeps the page fresh.
const SCRIPT: &str = include_str!("console.js");

/// How many deliveries the page shows.
const SHOWN: usize = 50;

pub(super) async fn page(State(engine): State<Arc<Engine>>) -> Response {
    let target = engine.target().map(|target| target.url().to_owned());
    let body = engine.read(|world| {
        format!(
            "<div class=\"wide\"><header class=\"top\"><h1>WeCom sandbox</h1><p class=\"quiet\">Pushes to {} · \
             trusted domain {} · <a href=\"/sandbox/state\">state as JSON</a></p></header>\
             <main><div class=\"columns\">{}{}</div>{}<div class=\"columns\">{}{}</div>{}</main></div>\
             <div id=\"say\" role=\"status\" aria-live=\"polite\"></div>",
            target.as_deref().map_or_else(|| "nowhere yet".to_owned(), |url| format!("<code>{}</code>", escape(url))),
            engine.trusted_domain_in(world).map_or_else(|| "none".to_owned(), |host| format!("<code>{}</code>", escape(&host))),
            suites(&engine, world),
            switches(world),
            corps(&engine, world),
            calls(world),
            faults(world),
            deliveries(world),
        )
    });
    shell(StatusCode::OK, "console", "WeCom sandbox", &body, SCRIPT)
}

fn suites(engine: &Engine, world: &World) -> String {
    let mut html = String::from("<section class=\"card\" id=\"suites\"><h2>Suites</h2>");
    for suite in &engine.suites {
        let id = suite.id.as_str();
        let names = engine.instances.get(id).map(|names| names.join(", ")).unwrap_or_default();
        let last = world.tickets.get(id).and_then(|tickets| tickets.last());
        let age = last.map_or_else(
            || "no ticket yet".to_owned(),
            |(_, born)| format!("last ticket {} ago", span(world.now() - born)),
        );
        let _ = write!(
            html,
            "<div class=\"corp\"><h3><code>{}</code></h3><p class=\"quiet\">{} · {age}</p><div class=\"row\">{}{}</div></div>",
            escape(id),
            escape(&names),
            button("Push a ticket", &format!("/sandbox/suites/{id}/ticket"), "", ""),
            button("Check the URL", &format!("/sandbox/suites/{id}/verify"), "", ""),
        );
    }
    html + "</section>"
}

fn switches(world: &World) -> String {
    let settings = &world.settings;
    let on = |which: &Which| !which.is_off();
    let toggles = [
        ("No licence", "licence", !settings.licence),
        ("Apps disabled", "disabled", settings.disabled != Whose::All(false)),
        ("Deliver twice", "duplicate", on(&settings.duplicate)),
        ("Lose pushes", "drop", on(&settings.drop)),
        ("Reorder pushes", "reorder", on(&settings.reorder)),
        ("Retry non-200", "retryNon200", settings.retry_non200),
    ];
    let mut html =
        String::from("<section class=\"card\" id=\"switches\"><h2>Switches</h2><div class=\"row\">");
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
        "</div><h3 style=\"margin-top:1rem\">Time</h3><p class=\"quiet\">The clock is {} ahead.</p><div class=\"row\">{}{}{}{}</div></section>",
        span(world.clock_offset_ms),
        button("+5 min", "/sandbox/clock", r#"{"advanceMs":300000}"#, ""),
        button("+30 min", "/sandbox/clock", r#"{"advanceMs":1800000}"#, ""),
        button("+2 h", "/sandbox/clock", r#"{"advanceMs":7200000}"#, ""),
        button("Kill all tokens", "/sandbox/tokens/expire", "", "danger"),
    );
    html
}

fn corps(engine: &Engine, world: &World) -> String {
    let mut html = String::from("<section class=\"card\" id=\"corps\"><h2>Companies</h2>");
    for corp in &world.corps {
        let shown = world.shown_corp_id(corp);
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
            let state = app.map_or("not installed", |app| status(world, corp, app));
            let tone = match state {
                "authorized" => " good",
                "not installed" => "",
                _ => " bad",
            };
            let _ = write!(
                html,
                "<div class=\"row\"><code>{}</code> <span class=\"tag{tone}\">{state}</span>{}",
                escape(id),
                button("Install", &format!("{base}/install"), &body, if app.is_none() { "main" } else { "" }),
            );
            if app.is_some_and(|app| app.status == AppStatus::Authorized) {
                html.push_str(&button("Change", &format!("{base}/change"), &body, ""));
                html.push_str(&button("Reset secret", &format!("{base}/reset-secret"), &body, ""));
                html.push_str(&button("Cancel", &format!("{base}/cancel"), &body, "danger"));
            }
            html.push_str("</div>");
        }
        people(&mut html, world, corp, &base);
        html.push_str("</div>");
    }
    html + "</section>"
}

fn people(html: &mut String, world: &World, corp: &Corp, base: &str) {
    let here = corp.members.iter().filter(|member| !member.left).count();
    let _ = write!(
        html,
        "<details data-key=\"{base}\"><summary>People ({here})</summary><div class=\"scroll\"><table class=\"members\"><thead><tr>\
         <th scope=\"col\">Name</th><th scope=\"col\">userid</th><th scope=\"col\">What happens</th></tr></thead><tbody>"
    );
    for member in &corp.members {
        let handle = corp.handle(member, world.settings.ids);
        let at = |act: &str| format!("{base}/members/{handle}/{act}");
        let tag = match (member.left, member.remark()) {
            (true, _) => " <span class=\"tag bad\">left</span>".to_owned(),
            (_, "") => String::new(),
            (_, remark) => format!(" <span class=\"tag\">{}</span>", escape(remark)),
        };
        let acts = if member.left {
            button("Come back", &at("join"), "", "")
        } else {
            let (label, act) = if member.visible { ("Hide", "hide") } else { ("Show", "show") };
            [
                button("Code", &at("code"), "", ""),
                button(label, &at(act), "", ""),
                button("Rename", &at("rename"), "", ""),
                button("Unsubscribe", &at("unsubscribe"), "", ""),
                button("Leave", &at("leave"), "", "danger"),
            ]
            .concat()
        };
        let _ = write!(
            html,
            "<tr><td>{}{tag}</td><td><code>{}</code></td><td><div class=\"row\" style=\"margin:0\">{acts}</div></td></tr>",
            escape(&member.name),
            escape(&corp.user_id(member, world.settings.ids)),
        );
    }
    html.push_str("</tbody></table></div></details>");
}

fn deliveries(world: &World) -> String {
    let mut html = String::from("<section class=\"card\" id=\"deliveries\"><h2>Deliveries</h2>");
    if world.deliveries.is_empty() {
        return html + "<p class=\"none\">Nothing was pushed yet.</p></section>";
    }
    html.push_str(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">#</th><th scope=\"col\">Event</th>\
         <th scope=\"col\">Company</th><th scope=\"col\">Outcome</th><th scope=\"col\">Answer</th>\
         <th scope=\"col\">Attempts</th><th scope=\"col\">ms</th></tr></thead><tbody>",
    );
    for delivery in world.deliveries.iter().rev().take(SHOWN) {
        let _ = write!(
            html,
            "<tr><td>{}</td><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td><code>{}</code></td>\
             <td>{}</td><td>{}</td></tr>",
            delivery.id,
            escape(&delivery.event),
            escape(delivery.corp_id.as_deref().unwrap_or("")),
            outcome(delivery),
            escape(delivery.answer.as_deref().or(delivery.error.as_deref()).unwrap_or("")),
            delivery.attempts,
            delivery.duration_ms,
        );
    }
    html + "</tbody></table></div></section>"
}

fn outcome(delivery: &Delivery) -> String {
    let status = delivery.status.map(|status| format!(" {status}")).unwrap_or_default();
    let (word, tone) = match delivery.outcome {
        Outcome::Sending => ("sending", ""),
        Outcome::Delivered => ("delivered", " good"),
        Outcome::Failed => ("failed", " bad"),
        Outcome::Dropped => ("lost", ""),
        Outcome::Held => ("held", ""),
    };
    format!("<span class=\"tag{tone}\">{word}{status}</span>")
}

fn calls(world: &World) -> String {
    let mut html = String::from("<section class=\"card\" id=\"calls\"><h2>API calls</h2>");
    if world.calls.is_empty() {
        return html + "<p class=\"none\">The app has called nothing yet.</p></section>";
    }
    html.push_str(
        "<table><thead><tr><th scope=\"col\">Path</th><th scope=\"col\" class=\"num\">Times</th></tr></thead><tbody>",
    );
    for (path, count) in &world.calls {
        let _ = write!(html, "<tr><td><code>{}</code></td><td class=\"num\">{count}</td></tr>", escape(path));
    }
    html + "</tbody></table></section>"
}

fn faults(world: &World) -> String {
    let mut html = String::from("<section class=\"card\"><h2>Faults</h2><div id=\"faults\">");
    if world.faults.is_empty() {
        html.push_str("<p class=\"none\">None.</p>");
    } else {
        html.push_str("<ul>");
        for fault in &world.faults {
            let _ = write!(html, "<li><code>{}</code></li>", escape(&json!(fault).to_string()));
        }
        html.push_str("</ul><button data-delete=\"/sandbox/faults\">Clear all</button>");
    }
    html.push_str(
        "</div><form class=\"grid\" data-form=\"/sandbox/faults\" style=\"margin-top:1rem\">\
         <label>api<input name=\"api\" required placeholder=\"gettoken\"></label>\
         <label>times<input name=\"times\" type=\"number\" min=\"1\"></label>\
         <label>errcode<input name=\"errcode\" type=\"number\"></label>\
         <label>httpStatus<input name=\"httpStatus\" type=\"number\"></label>\
         <label>delayMs<input name=\"delayMs\" type=\"number\" min=\"0\"></label>\
         <button class=\"main\">Add fault</button></form>\
         <details><summary>All settings</summary><form data-json=\"/sandbox/settings\">\
         <label>Changes as JSON<textarea name=\"json\" rows=\"4\" spellcheck=\"false\">",
    );
    html.push_str(&escape(r#"{"ids": "encrypted"}"#));
    html.push_str("</textarea></label><p><button class=\"main\">Change</button></p></form><pre class=\"scroll\" id=\"settings\">");
    html.push_str(&escape(&serde_json::to_string_pretty(&world.settings).unwrap_or_default()));
    html + "</pre></details></section>"
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
