//! `/connect/oauth2/authorize`: what a person meets who clicks the app in the workbench (D/96441).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use wecom_login::web::Language;

use super::login::{ANSWER, Ask, CHOSEN, Person, refused};
use super::shell::{Page, escape, refusal};
use crate::actions::MemberRef;
use crate::engine::Engine;

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let ask = match Ask::read(&engine, query.as_deref(), &headers) {
        Ok(ask) => ask,
        Err(refused) => return *refused,
    };
    let say = |zh, en| ask.language.choose(zh, en);
    // Without agentid, privateinfo counts as base (D/96441).
    let private_info = match ask.scope.as_str() {
        "snsapi_base" => false,
        "snsapi_privateinfo" | "snsapi_userinfo" => ask.agent_named,
        _ => {
            return *refused(
                ask.language,
                "scope 参数错误：应为 snsapi_base 或 snsapi_privateinfo。",
                "scope is wrong: it is snsapi_base or snsapi_privateinfo.",
            );
        }
    };
    let Some(person) = ask.person(&engine) else {
        return choose(&engine, &ask);
    };
    if !engine.read(|store| store.settings.licence) {
        let told = Arc::clone(&engine);
        let (corp, user, suite) = (ask.corp.clone(), person.bare_user_id, ask.suite_id.clone());
        tokio::spawn(async move {
            told.notify_unlicensed(MemberRef {
                corp_id: &corp,
                user_id: &user,
                suite_id: Some(&suite),
            })
            .await
        });
        let why = say(
            "此人没有接口许可，请联系应用的服务商。",
            "This person has no interface licence. Please contact the provider of the app.",
        );
        return refusal(
            ask.language,
            StatusCode::FORBIDDEN,
            say("没有接口许可", "No licence"),
            why,
        );
    }
    if !private_info {
        return ask.accept(&engine, &person, false);
    }
    if !person.visible {
        return ask.invisible();
    }
    match ask.answer.as_deref() {
        Some("yes") => ask.accept(&engine, &person, true),
        Some(_) => ask.refuse(),
        None => consent(&engine, &ask, &person),
    }
}

fn choose(engine: &Engine, ask: &Ask) -> Response {
    let say = |zh, en| ask.language.choose(zh, en);
    let title = say("谁点击了应用？", "Who clicks the app?");
    let body = format!(
        "<main class=\"card\"><h1>{title}</h1><p class=\"quiet\">{} · {}</p>{}</main>",
        escape(&ask.corp_name),
        say("企业微信工作台", "WeCom workbench"),
        ask.list(engine),
    );
    Page::new(ask.language, title, &body).response()
}

fn consent(engine: &Engine, ask: &Ask, person: &Person) -> Response {
    let say = |zh, en| ask.language.choose(zh, en);
    let granted = engine.read(|store| store.settings.permissions.clone());
    let fields: String = granted
        .iter()
        .filter_map(|permission| permission.strip_prefix("contact:sensitive:"))
        .map(|field| format!("<li>{}</li>", escape(&named(field, ask.language))))
        .collect();
    let yes = ask.link(&[(CHOSEN, &person.bare_user_id), (ANSWER, "yes")]);
    let no = ask.link(&[(CHOSEN, &person.bare_user_id), (ANSWER, "no")]);
    let body = format!(
        "<main class=\"card\"><h1>{}{}</h1><p class=\"quiet\">{}</p><ul>{fields}</ul>\
         <p class=\"row\"><a class=\"button main\" href=\"{yes}\">{}</a><a class=\"button\" href=\"{no}\">{}</a></p></main>",
        escape(&person.name),
        say("，允许应用获取以下信息吗？", ", may the app see this?"),
        escape(&ask.corp_name),
        say("允许", "Allow"),
        say("拒绝", "Refuse"),
    );
    Page::new(
        ask.language,
        say("允许应用获取信息吗？", "May the app see this?"),
        &body,
    )
    .response()
}

/// What a permission opens.
fn named(field: &str, language: Language) -> String {
    let zh = match field {
        "user_name" => "姓名",
        "mobile" => "手机号",
        "email" => "邮箱",
        "biz_mail" => "企业邮箱",
        "avatar" => "头像",
        "gender" => "性别",
        "qr_code" => "个人二维码",
        "address" => "地址",
        other => other,
    };
    match language {
        Language::Zh => zh.to_owned(),
        _ => field.replace('_', " "),
    }
}
