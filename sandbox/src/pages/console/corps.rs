//! The console's corps, with their apps and members, in the form that the templates show.

use serde_json::json;
use wecom_login::web::Language;

use super::views::Button;
use crate::engine::Engine;
use crate::pages::login::remark;
use crate::store::{Corp, EffectiveStatus, Member, Store};

/// A corp.
pub(super) struct CorpView<'a> {
    pub(super) id: String,
    pub(super) name: &'a str,
    /// Of the corp's actions in the control API.
    pub(super) base_path: String,
    pub(super) apps: Vec<AppView<'a>>,
    /// The number of members who have not left.
    pub(super) present: usize,
    pub(super) members: Vec<MemberView<'a>>,
}

/// A corp's app of one suite, installed or not.
pub(super) struct AppView<'a> {
    pub(super) suite_id: &'a str,
    pub(super) status: &'static str,
    pub(super) status_class: &'static str,
    pub(super) buttons: Vec<Button>,
}

/// A member.
pub(super) struct MemberView<'a> {
    pub(super) name: &'a str,
    pub(super) user_id: String,
    /// The member's messages, as JSON.
    pub(super) inbox_path: String,
    /// Empty for an ordinary member.
    pub(super) tag: &'static str,
    pub(super) tag_class: &'static str,
    pub(super) buttons: Vec<Button>,
}

impl<'a> CorpView<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        store: &Store,
        corp: &'a Corp,
        language: Language,
    ) -> Self {
        let id = store.listed_corp_id(corp);
        let base_path = format!("/sandbox/corps/{id}");
        let apps = engine
            .suites
            .iter()
            .map(|suite| {
                let suite_id = suite.id.as_str();
                let app = corp.app(suite_id);
                let status = app.map(|app| store.effective_status(corp, app));
                let encrypted = corp.uses_open_ids(store.id_form_in(corp, suite_id));
                AppView::new(suite_id, status, encrypted, &base_path, language)
            })
            .collect();
        let members = corp
            .members
            .iter()
            .map(|member| MemberView::new(store, corp, member, &base_path, language))
            .collect();
        Self {
            id,
            name: &corp.name,
            base_path,
            apps,
            present: corp.present_members().count(),
            members,
        }
    }
}

impl<'a> AppView<'a> {
    fn new(
        suite_id: &'a str,
        status: Option<EffectiveStatus>,
        encrypted: bool,
        base_path: &str,
        language: Language,
    ) -> Self {
        let say = |zh, en| language.choose(zh, en);
        let (label, status_class) = match status {
            Some(EffectiveStatus::Authorized) => (say("已授权", "authorized"), "tag good"),
            Some(EffectiveStatus::Disabled) => (say("已停用", "disabled"), "tag bad"),
            Some(EffectiveStatus::Cancelled) => (say("已取消授权", "cancelled"), "tag bad"),
            None => (say("未安装", "not installed"), "tag"),
        };
        let body = json!({ "suiteId": suite_id }).to_string();
        let button = |label, action: &str| {
            Button::new(label, format!("{base_path}/{action}")).with_body(body.clone())
        };
        let install_class = if status.is_none() { "main" } else { "" };
        let mut buttons = vec![button(say("安装", "Install"), "install").with_class(install_class)];
        if matches!(
            status,
            Some(EffectiveStatus::Authorized | EffectiveStatus::Disabled)
        ) {
            buttons.push(button(say("变更授权", "Change"), "change"));
            buttons.push(if status == Some(EffectiveStatus::Disabled) {
                button(say("启用", "Enable"), "enable")
            } else {
                button(say("停用", "Disable"), "disable")
            });
            if !encrypted {
                buttons.push(button(say("迁移 id", "Migrate ids"), "migrate"));
            }
            buttons.push(button(say("重置 secret", "Reset secret"), "reset-secret"));
            buttons.push(button(say("取消授权", "Cancel"), "cancel").with_class("danger"));
        }
        Self {
            suite_id,
            status: label,
            status_class,
            buttons,
        }
    }
}

impl<'a> MemberView<'a> {
    fn new(
        store: &Store,
        corp: &Corp,
        member: &'a Member,
        base_path: &str,
        language: Language,
    ) -> Self {
        let say = |zh, en| language.choose(zh, en);
        let form = store.listed_id_form(corp);
        let bare_user_id = corp.bare_user_id(member, form);
        let button = |label, action: &str| {
            Button::new(
                label,
                format!("{base_path}/members/{bare_user_id}/{action}"),
            )
        };
        let (tag, tag_class, buttons) = if member.left {
            let buttons = vec![button(say("重新入职", "Rejoin"), "join")];
            (say("已离职", "left"), "tag bad", buttons)
        } else {
            let visibility = if member.visible {
                button(say("移出可见范围", "Hide"), "hide")
            } else {
                button(say("移入可见范围", "Show"), "show")
            };
            let account = if member.status == 2 {
                button(say("启用账号", "Enable"), "enable")
            } else {
                button(say("禁用账号", "Disable"), "disable")
            };
            let buttons = vec![
                button(say("登录 code", "Code"), "code"),
                button(say("小程序 code", "Mini program code"), "jsCode"),
                visibility,
                account,
                button(say("改 userid", "Rename"), "rename"),
                button(say("取消关注", "Unsubscribe"), "unsubscribe"),
                button(say("离职", "Leave"), "leave").with_class("danger"),
            ];
            (remark(member, language), "tag", buttons)
        };
        Self {
            name: &member.name,
            user_id: corp.user_id(member, form),
            inbox_path: format!("{base_path}/members/{bare_user_id}/inbox"),
            tag,
            tag_class,
            buttons,
        }
    }
}
