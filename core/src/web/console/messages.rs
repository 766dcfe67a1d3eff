//! The texts of the console that are not in a template, in Chinese and English.

use cookie::time::OffsetDateTime;

use crate::clock::Timestamp;
use crate::domain::{AuthorizationStatus, RecordStatus};
use crate::error::{Error, ErrorKind};
use crate::web::browser::Language;
use crate::web::console::form::Outcome;
use crate::web::console::shell::Section;

/// A text in Chinese and in English.
pub(super) type Text = (&'static str, &'static str);

pub(super) const fn section_name(section: Section) -> Text {
    match section {
        Section::Overview => ("概览", "Overview"),
        Section::Corps => ("企业", "Companies"),
        Section::People => ("成员", "People"),
        Section::Records => ("回调", "Callbacks"),
        Section::Links => ("授权链接", "Authorization links"),
        Section::Audit => ("审计", "Audit"),
        Section::Service => ("服务", "Service"),
    }
}

pub(super) const fn corp_status(status: AuthorizationStatus) -> Text {
    match status {
        AuthorizationStatus::Active => ("✓ 正常", "✓ Active"),
        AuthorizationStatus::Broken => ("✕ 失效", "✕ Broken"),
        AuthorizationStatus::Cancelled => ("○ 已取消", "○ Canceled"),
        AuthorizationStatus::Held => ("! 待审批", "! Held"),
        AuthorizationStatus::Refused => ("○ 已拒绝", "○ Denied"),
    }
}

pub(super) const fn record_status(status: RecordStatus) -> Text {
    match status {
        RecordStatus::Failed => ("✕ 失败", "✕ Failed"),
        RecordStatus::Ignored => ("○ 已忽略", "○ Ignored"),
        RecordStatus::Running => ("… 处理中", "… Running"),
        RecordStatus::Succeeded => ("✓ 成功", "✓ Succeeded"),
        RecordStatus::Waiting => ("! 等待中", "! Waiting"),
    }
}

/// What a POST did.
pub(super) const fn notice(outcome: &Outcome) -> Text {
    match outcome {
        Outcome::CorpRead => (
            "已向企业微信重新读取授权。",
            "The authorization was read from WeCom.",
        ),
        Outcome::Decided => ("审批结果已保存。", "The decision is saved."),
        Outcome::SessionsEnded => ("会话已结束。", "The sessions are ended."),
        Outcome::AliasAdded => (
            "两个 ID 现在是同一家企业。",
            "The two ids are one company now.",
        ),
        Outcome::CodeSet => ("组织代码已保存。", "The organization code is saved."),
        Outcome::CodeDeleted => ("组织代码已收回。", "The organization code is deleted."),
        Outcome::Erased => ("此人已被抹除。", "The person is erased."),
        Outcome::Retried => ("已处理该记录。", "The record was worked on."),
        Outcome::Released => ("已释放该记录。", "The record is released."),
        Outcome::Link { .. } => ("链接已生成。", "The link is made."),
        Outcome::Rotated { .. } => ("数据密钥已轮换。", "The data keys are rotated."),
    }
}

/// What a check of the doctor is about; its id where this version has no words for it.
pub(super) fn check_name(id: &'static str, language: Language) -> &'static str {
    let (zh, en) = match id {
        "database" => ("数据库", "Database"),
        "suiteTicket" => ("suite_ticket", "suite_ticket"),
        "suiteToken" => ("suite_access_token", "suite_access_token"),
        "providerToken" => ("服务商 token", "Provider's token"),
        "instance" => ("登录实例", "Login instance"),
        "corp" => ("企业", "Company"),
        "addressAllowed" => ("IP白名单", "IP allowlist"),
        "wrongSecrets" => ("错误的 secret", "Wrong secrets"),
        "pausedRates" => ("暂停的接口", "Paused APIs"),
        "failedRecords" => ("失败的回调", "Failed callbacks"),
        "waitingRecords" => ("等待中的回调", "Waiting callbacks"),
        "clock" => ("与数据库的时差", "Clock, against the database"),
        "wecomClock" => ("与企业微信的时差", "Clock, against WeCom"),
        "dataKeys" => ("数据密钥", "Data keys"),
        "migrations" => ("数据库表的版本", "Version of the tables"),
        "nodes" => ("节点", "Nodes"),
        "publicUrl" => ("公开地址", "Public URL"),
        "proxies" => ("代理", "Proxies"),
        "startWarning" => ("启动警告", "Warning at the start"),
        "licence" | "licences" => ("接口许可", "Licenses"),
        id => (id, id),
    };
    language.choose(zh, en)
}

/// What went wrong, and what can be done.
#[rustfmt::skip]
pub(super) fn error_text(error: &Error, language: Language) -> Text {
    let ((zh, zh_more), (en, en_more)) = match error.kind() {
        ErrorKind::ApiParams => (("参数有误", "请返回并更正。"), ("A parameter is wrong", "Go back and correct it.")),
        ErrorKind::CrossSite => (
            ("请求未被接受", "该表单不是本次登录的页面发出的。请重新打开页面后再试。"),
            ("The request was not accepted", "The form is not from a page of this login. Open the page again and retry."),
        ),
        ErrorKind::Forbidden => (
            ("没有权限", "您不能进行此操作，或管理功能没有启用。"),
            ("Not allowed", "You may not do this, or administration is off."),
        ),
        ErrorKind::Unauthenticated => (("请先登录", "您的登录已结束。"), ("Log in first", "Your login has ended.")),
        ErrorKind::CorpNotFound => (("没有这家企业", "它可能已取消授权并被删除。"), ("There is no such company", "It may have canceled and been deleted.")),
        ErrorKind::CorpNotAuthorized => (("该企业没有有效的授权", "此操作需要有效的授权。"), ("The company's authorization is not active", "This needs an active one.")),
        ErrorKind::UserNotFound => (("没有这个人", "其企业可能已取消授权，或此人已被抹除。"), ("There is no such person", "The company may have canceled, or the person was erased.")),
        ErrorKind::RecordNotFound => (("没有这条记录", "它可能已到期并被删除。"), ("There is no such record", "It may have been deleted after its time.")),
        ErrorKind::RecordBusy => (("该记录正在处理", "请稍候再试，或将其释放。"), ("The record is being worked on", "Wait a moment, or release it.")),
        ErrorKind::OrgCodeConflict => (("组织代码已被其他企业使用", "请使用另一个代码。"), ("Another company has this organization code", "Use another one.")),
        ErrorKind::RateLimited => (("尝试次数过多", "请稍等一分钟后再试。"), ("Too many attempts", "Wait a minute and try again.")),
        ErrorKind::StoreUnavailable => (
            ("数据库没有响应", "此页面需要数据库。概览页面会说明哪里有问题。"),
            ("The database does not answer", "This page needs it. The overview says what is wrong."),
        ),
        ErrorKind::Upstream | ErrorKind::UpstreamTimeout => (
            ("企业微信没有接受请求", "操作没有完成。概览页面会说明哪里有问题。"),
            ("WeCom did not take the request", "It was not done. The overview says what is wrong."),
        ),
        ErrorKind::SuiteTicketMissing => (("还没有收到 suite_ticket", "企业微信每十分钟推送一次。"), ("There is no suite_ticket yet", "WeCom pushes one every ten minutes.")),
        ErrorKind::Config => (("配置不完整", "此操作需要的配置缺失，例如服务商的 ID 和 secret。"), ("The configuration lacks something", "This needs more of it, such as the provider's id and secret.")),
        _ => (("出现了错误", "请稍后再试。"), ("Something went wrong", "Try again in a moment.")),
    };
    match language {
        Language::Zh => (zh, zh_more),
        Language::En => (en, en_more),
    }
}

/// A time in UTC, to the second.
pub(super) fn date_and_time(at: Timestamp, separator: &str, suffix: &str) -> String {
    match OffsetDateTime::from_unix_timestamp(at.as_secs()) {
        Ok(time) => format!(
            "{:04}-{:02}-{:02}{separator}{:02}:{:02}:{:02}{suffix}",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        ),
        Err(_) => at.as_millis().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let at = Timestamp::from_millis(1_796_068_473_999);
        assert_eq!(date_and_time(at, " ", " UTC"), "2026-11-30 19:54:33 UTC");
        let never = Timestamp::from_millis(i64::MAX);
        assert_eq!(date_and_time(never, " ", ""), i64::MAX.to_string());
    }

    #[test]
    fn every_text_is_in_both_languages() {
        for section in Section::ALL {
            let (zh, en) = section_name(section);
            assert!(!zh.is_ascii() && en.is_ascii());
        }
        for kind in [
            ErrorKind::ApiParams,
            ErrorKind::CrossSite,
            ErrorKind::StoreUnavailable,
            ErrorKind::Internal,
        ] {
            let error = Error::new(kind, "");
            let (zh, en) = (
                error_text(&error, Language::Zh),
                error_text(&error, Language::En),
            );
            assert!(!zh.0.is_ascii() && !zh.1.is_ascii() && en.0.is_ascii() && en.1.is_ascii());
        }
    }
}
