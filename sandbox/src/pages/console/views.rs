//! The console's buttons, suites, switches and deliveries, in the form that the templates show.

use serde_json::{Value, json};
use wecom_login::Suite;
use wecom_login::web::Language;

use crate::engine::Engine;
use crate::store::{CorpSelector, Delivery, IdForm, Outcome, Settings, Store};

/// A button that sends a POST request.
pub(super) struct Button {
    pub(super) label: &'static str,
    pub(super) path: String,
    /// JSON, or empty.
    pub(super) body: String,
    pub(super) class: &'static str,
}

impl Button {
    /// A plain button without a body.
    pub(super) fn new(label: &'static str, path: impl Into<String>) -> Self {
        Self {
            label,
            path: path.into(),
            body: String::new(),
            class: "",
        }
    }

    pub(super) fn with_body(self, body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    pub(super) fn with_class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }
}

/// A suite.
pub(super) struct SuiteView {
    pub(super) id: String,
    pub(super) instances: String,
    pub(super) last_ticket: String,
    pub(super) buttons: Vec<Button>,
}

impl SuiteView {
    pub(super) fn new(engine: &Engine, store: &Store, suite: &Suite, language: Language) -> Self {
        let say = |zh, en| language.choose(zh, en);
        let id = suite.id.as_str();
        let last_ticket = match store.last_ticket_at(id) {
            Some(at) => {
                let age = duration(store.now() - at);
                format!(
                    "{}{age}{}",
                    say("最近的 suite_ticket：", "last suite_ticket "),
                    say(" 前", " ago")
                )
            }
            None => say("尚无 suite_ticket", "no suite_ticket yet").to_owned(),
        };
        Self {
            id: id.to_owned(),
            instances: engine
                .instances
                .get(id)
                .map(|names| names.join(", "))
                .unwrap_or_default(),
            last_ticket,
            buttons: vec![
                Button::new(
                    say("推送 suite_ticket", "Push a ticket"),
                    format!("/sandbox/suites/{id}/ticket"),
                ),
                Button::new(
                    say("验证回调 URL", "Verify URL"),
                    format!("/sandbox/suites/{id}/verify"),
                ),
            ],
        }
    }
}

/// A button that toggles a setting.
pub(super) struct SwitchView {
    pub(super) label: &'static str,
    pub(super) pressed: bool,
    /// The changed setting as JSON.
    pub(super) body: String,
}

pub(super) fn switches(settings: &Settings, language: Language) -> Vec<SwitchView> {
    let say = |zh, en| language.choose(zh, en);
    let switch = |label, pressed: bool, name: &str, on: Value, off: Value| SwitchView {
        label,
        pressed,
        body: json!({ name: if pressed { off } else { on } }).to_string(),
    };
    let toggle =
        |label, name: &str, pressed: bool| switch(label, pressed, name, json!(true), json!(false));
    vec![
        switch(
            say("无接口许可", "No license"),
            !settings.licence,
            "licence",
            json!(false),
            json!(true),
        ),
        toggle(
            say("停用应用", "Disable apps"),
            "disabled",
            settings.disabled != CorpSelector::All(false),
        ),
        toggle(
            say("重复推送", "Duplicate pushes"),
            "duplicate",
            !settings.duplicate.is_off(),
        ),
        toggle(
            say("丢失推送", "Drop pushes"),
            "drop",
            !settings.drop.is_off(),
        ),
        toggle(
            say("乱序推送", "Reorder pushes"),
            "reorder",
            !settings.reorder.is_off(),
        ),
        toggle(
            say("非 200 重试", "Retry non-200"),
            "retryNon200",
            settings.retry_non200,
        ),
        toggle(
            say("严格要求应答", "Strict answers"),
            "strictAnswers",
            settings.strict_answers,
        ),
        switch(
            say("全部加密 id", "Encrypted ids"),
            settings.ids == IdForm::Encrypted,
            "ids",
            json!(IdForm::Encrypted),
            json!(IdForm::Listed),
        ),
        switch(
            say("新授权用加密 id", "New authorizations encrypted"),
            settings.install_ids == IdForm::Encrypted,
            "installIds",
            json!(IdForm::Encrypted),
            json!(IdForm::Listed),
        ),
        switch(
            say("关联企业的成员 60111", "Linked people 60111"),
            settings.linked != 0,
            "linked",
            json!(60111),
            json!(0),
        ),
        toggle(
            say("开放 get_corp_token", "Open get_corp_token"),
            "getCorpToken",
            settings.get_corp_token.refusal().is_none(),
        ),
        switch(
            say("未知路径 404", "Unknown paths 404"),
            settings.unknown_path_status == 404,
            "unknownPathStatus",
            json!(404),
            json!(200),
        ),
        toggle(
            say("错误 secret 封禁", "Wrong-secret bar"),
            "wrongSecretBar",
            settings.wrong_secret_bar,
        ),
        toggle(
            say("调用频率限制", "Frequency limits"),
            "frequencyLimits",
            settings.frequency_limits.limits().is_some(),
        ),
    ]
}

pub(super) fn clock_buttons(language: Language) -> Vec<Button> {
    let mut buttons: Vec<Button> = [
        ("+5 min", 300_000),
        ("+30 min", 1_800_000),
        ("+2 h", 7_200_000),
    ]
    .into_iter()
    .map(|(label, millis)| {
        Button::new(label, "/sandbox/clock").with_body(json!({"advanceMs": millis}).to_string())
    })
    .collect();
    let label = language.choose("作废所有 access_token", "Revoke all tokens");
    buttons.push(Button::new(label, "/sandbox/tokens/expire").with_class("danger"));
    buttons
}

/// A delivery.
pub(super) struct DeliveryView<'a> {
    pub(super) id: u64,
    pub(super) event: &'a str,
    pub(super) outcome: String,
    pub(super) outcome_class: &'static str,
    pub(super) answer: &'a str,
    pub(super) corp_id: &'a str,
    pub(super) attempts: u32,
    pub(super) duration_ms: u64,
}

impl<'a> DeliveryView<'a> {
    pub(super) fn new(delivery: &'a Delivery, language: Language) -> Self {
        let say = |zh, en| language.choose(zh, en);
        let (word, outcome_class) = match delivery.outcome {
            Outcome::Sending => (say("推送中", "sending"), "tag"),
            Outcome::Delivered => (say("已送达", "delivered"), "tag good"),
            Outcome::Failed => (say("失败", "failed"), "tag bad"),
            Outcome::Dropped => (say("已丢失", "dropped"), "tag"),
            Outcome::Held => (say("暂缓", "delayed"), "tag"),
        };
        let outcome = match delivery.status {
            Some(status) => format!("{word} {status}"),
            None => word.to_owned(),
        };
        Self {
            id: delivery.id,
            event: &delivery.event,
            outcome,
            outcome_class,
            answer: delivery
                .answer
                .as_deref()
                .or(delivery.error.as_deref())
                .unwrap_or_default(),
            corp_id: delivery.corp_id.as_deref().unwrap_or_default(),
            attempts: delivery.attempts,
            duration_ms: delivery.duration_ms,
        }
    }
}

/// A duration in seconds, minutes, or hours and minutes.
pub(super) fn duration(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
