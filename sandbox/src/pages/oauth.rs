//! `/connect/oauth2/authorize`: the page after a click on the app in the workbench (D/96441).

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use wecom_login::web::Language;

use super::layout::{Layout, error_page};
use super::login::{LoginRequest, SelectableMember, invalid_link};
use crate::actions::MemberRef;
use crate::engine::Engine;

/// The page that selects who clicked.
#[derive(Template)]
#[template(path = "workbench.html")]
struct WorkbenchPage<'a> {
    layout: Layout,
    request: &'a LoginRequest,
    members: Vec<SelectableMember>,
}

/// The page that asks for consent to `snsapi_privateinfo`.
#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    layout: Layout,
    request: &'a LoginRequest,
    member: &'a SelectableMember,
    permissions: Vec<String>,
}

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = match LoginRequest::parse(&engine, query.as_deref(), &headers) {
        Ok(request) => request,
        Err(page) => return *page,
    };
    // The QR page takes any state; this one takes 128 bytes of letters and digits (D/96441).
    let state = &request.state;
    if state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return *invalid_link(
            request.language,
            "state 参数错误：最多 128 字节，只能是 a-z A-Z 0-9。",
            "state is invalid: it must be at most 128 bytes of a-z A-Z 0-9.",
        );
    }
    // Without agentid, privateinfo counts as base; the deprecated userinfo asks nobody (D/96441).
    let private_info = match request.scope.as_str() {
        "snsapi_base" | "snsapi_userinfo" => false,
        "snsapi_privateinfo" => request.has_agent_id,
        _ => {
            return *invalid_link(
                request.language,
                "scope 参数错误：应为 snsapi_base 或 snsapi_privateinfo。",
                "scope is invalid: it must be snsapi_base or snsapi_privateinfo.",
            );
        }
    };
    let Some(member) = request.selected_member(&engine) else {
        return workbench_page(&engine, &request);
    };
    if !engine.read(|store| store.settings.licence) {
        return unlicensed(&engine, &request, member);
    }
    if !private_info {
        return request.accept(&engine, &member, false);
    }
    if !member.visible {
        return request.out_of_range();
    }
    match request.consent.as_deref() {
        Some("yes") => request.accept(&engine, &member, true),
        Some(_) => request.deny(),
        None => consent_page(&engine, &request, &member),
    }
}

fn workbench_page(engine: &Engine, request: &LoginRequest) -> Response {
    let title = request
        .language
        .choose("谁点击了应用？", "Who clicks the app?");
    let layout = Layout::new(request.language, title);
    let page = WorkbenchPage {
        layout,
        request,
        members: request.members(engine),
    };
    page.layout.render(StatusCode::OK, &page)
}

fn consent_page(engine: &Engine, request: &LoginRequest, member: &SelectableMember) -> Response {
    let title = request
        .language
        .choose("允许应用获取信息吗？", "Allow the app to access this data?");
    let permissions = engine.read(|store| store.settings.permissions.clone());
    let permissions = permissions
        .iter()
        .filter_map(|permission| permission.strip_prefix("contact:sensitive:"))
        .map(|field| permission_label(field, request.language))
        .collect();
    let page = ConsentPage {
        layout: Layout::new(request.language, title),
        request,
        member,
        permissions,
    };
    page.layout.render(StatusCode::OK, &page)
}

/// Shows the error page, and pushes `unlicensed_notify` in the background for people inside the visible
/// range (D/95716).
fn unlicensed(engine: &Arc<Engine>, request: &LoginRequest, member: SelectableMember) -> Response {
    let say = |zh, en| request.language.choose(zh, en);
    if member.is_member && member.visible {
        let engine = Arc::clone(engine);
        let (corp_key, suite_id) = (request.corp_key.clone(), request.suite_id.clone());
        tokio::spawn(async move {
            let suite_id = Some(suite_id.as_str());
            engine
                .notify_unlicensed(MemberRef {
                    corp_id: &corp_key,
                    user_id: &member.user_id,
                    suite_id,
                })
                .await
        });
    }
    let reason = say(
        "此人没有接口许可，请联系应用的服务商。",
        "The member has no interface license. Please contact the provider of the app.",
    );
    error_page(
        request.language,
        StatusCode::FORBIDDEN,
        say("没有接口许可", "No license"),
        reason,
    )
}

fn permission_label(field: &str, language: Language) -> String {
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
