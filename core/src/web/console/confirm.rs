//! The pages that ask before something dangerous is done: what will happen, a button, and a way back.

use askama::Template;
use http::Response;

use crate::domain::CorpId;
use crate::error::Result;
use crate::hooks::CorpDecision;
use crate::web::admin::AdminAction;
use crate::web::admin_api::{corps, people};
use crate::web::console::Page;
use crate::web::console::shell::{Section, Shell};
use crate::web::params::invalid_param;
use crate::web::response::ResponseBody;

#[derive(Template)]
#[template(path = "console/confirm.html")]
struct ConfirmTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    /// What it is about: the name of a company or a person.
    subject: String,
    /// What will happen.
    effects: Vec<String>,
    action: String,
    hidden_fields: Vec<(&'static str, String)>,
    button: &'a str,
    back: String,
}

pub(super) async fn decision(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let (corp, mut fields) = corps::find_with_fields(&page.asked, AdminAction::DecideCorp).await?;
    let word = fields.text("decision")?;
    fields.finish()?;
    let decision = corps::parse_decision(&word)?;
    let shell = page.shell(Section::Corps)?;
    let (title, first, button) = match decision {
        CorpDecision::Approve => (
            shell.say("批准这家企业？", "Approve this company?"),
            shell.say("其成员可以登录。", "Its people can log in."),
            shell.say("批准", "Approve"),
        ),
        CorpDecision::Defer => (
            shell.say("暂缓这家企业？", "Hold this company?"),
            shell.say(
                "在再次审批之前，其成员不能登录。",
                "Its people cannot log in until it is decided about again.",
            ),
            shell.say("暂缓", "Hold"),
        ),
        _ => (
            shell.say("拒绝这家企业？", "Deny this company?"),
            shell.say("其成员不能登录。", "Its people cannot log in."),
            shell.say("拒绝", "Deny"),
        ),
    };
    let mut effects = vec![first.to_owned()];
    if decision != CorpDecision::Approve {
        effects.push(sessions_end(&shell, corp.sessions));
    }
    let url = |action| shell.corp_url(&corp.corp.suite_id, &corp.corp.corp_id, action);
    let template = ConfirmTemplate {
        title,
        subject: shell.or_unnamed(&corp.corp.corp_name).to_owned(),
        effects,
        action: url("/decide"),
        hidden_fields: vec![("decision", word)],
        button,
        back: url(""),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn corp_sessions(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let corp = corps::find_one(&page.asked, AdminAction::EndCorpSessions).await?;
    let shell = page.shell(Section::Corps)?;
    let url = |action| shell.corp_url(&corp.corp.suite_id, &corp.corp.corp_id, action);
    let template = ConfirmTemplate {
        title: shell.say(
            "结束该企业的全部会话？",
            "End all sessions of this company?",
        ),
        subject: shell.or_unnamed(&corp.corp.corp_name).to_owned(),
        effects: vec![
            sessions_end(&shell, corp.sessions),
            machines_end(&shell, corp.machines),
            shell
                .say(
                    "正在进行的登录也会失败。",
                    "Logins that are under way fail, too.",
                )
                .to_owned(),
        ],
        action: url("/endSessions"),
        hidden_fields: Vec::new(),
        button: shell.say("结束会话", "End the sessions"),
        back: url(""),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn alias(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let (corp, mut fields) =
        corps::find_with_fields(&page.asked, AdminAction::AddCorpAlias).await?;
    let alias: CorpId = fields.id("corpId")?;
    fields.finish()?;
    if alias == corp.corp.corp_id {
        return Err(invalid_param(
            "corpId",
            "must be another id than the company's",
        ));
    }
    let shell = page.shell(Section::Corps)?;
    let url = |action| shell.corp_url(&corp.corp.suite_id, &corp.corp.corp_id, action);
    let template = ConfirmTemplate {
        title: shell.say("这两个 ID 是同一家企业？", "Are these two ids one company?"),
        subject: format!("{} = {alias}", corp.corp.corp_id),
        effects: vec![
            shell
                .say(
                    "从此任一 ID 都指这家企业，等待中的回调会被处理。如果两个 ID 各有授权，两者会合并为一。",
                    "From then on either id is this company, and callbacks that wait for it are carried out. Where both ids \
                     have an authorization, the two become one.",
                )
                .to_owned(),
            shell.say("此操作不能撤销。", "This cannot be undone.").to_owned(),
        ],
        action: url("/alias"),
        hidden_fields: vec![("corpId", alias.as_str().to_owned())],
        button: shell.say("是同一家企业", "They are one company"),
        back: url(""),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn code(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let corp = corps::find_one(&page.asked, AdminAction::DeleteCode).await?;
    let shell = page.shell(Section::Corps)?;
    let url = |action| shell.corp_url(&corp.corp.suite_id, &corp.corp.corp_id, action);
    let template = ConfirmTemplate {
        title: shell.say("收回组织代码？", "Delete the organization code?"),
        subject: format!(
            "{} · {}",
            shell.or_unnamed(&corp.corp.corp_name),
            corp.corp.org_code.as_deref().unwrap_or("–")
        ),
        effects: vec![
            shell
                .say(
                    "输入该代码的人找不到这家企业；会话不受影响。代码可以由其他企业使用。",
                    "Whoever types it does not find the company; sessions go on. Another company may have the code.",
                )
                .to_owned(),
        ],
        action: url("/deleteCode"),
        hidden_fields: Vec::new(),
        button: shell.say("收回代码", "Delete the code"),
        back: url(""),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn person_sessions(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let person = people::find_one(&page.asked, AdminAction::EndPersonSessions).await?;
    let shell = page.shell(Section::People)?;
    let sessions = u64::try_from(person.sessions.len()).unwrap_or(u64::MAX);
    let subject = page.person_name(&shell, &person);
    let template = ConfirmTemplate {
        title: shell.say("结束此人的全部会话？", "End all sessions of this person?"),
        subject,
        effects: vec![sessions_end(&shell, sessions)],
        action: page.person_url("/endSessions"),
        hidden_fields: Vec::new(),
        button: shell.say("结束会话", "End the sessions"),
        back: page.person_url(""),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) async fn erasure(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    let person = people::find_one(&page.asked, AdminAction::ErasePerson).await?;
    let shell = page.shell(Section::People)?;
    let sessions = u64::try_from(person.sessions.len()).unwrap_or(u64::MAX);
    let subject = page.person_name(&shell, &person);
    let template = ConfirmTemplate {
        title: shell.say("抹除此人？", "Erase this person?"),
        subject,
        effects: vec![
            sessions_end(&shell, sessions),
            shell
                .say(
                    "资料、其他 userid、登录码和绑定会被删除，审计中与此人有关的记录也会被删除。以后再登录的就是新的用户。",
                    "The profile, other userids, login codes and the binding are deleted, and so are the entries of the audit \
                     about the person. Whoever logs in later is a new user.",
                )
                .to_owned(),
            shell
                .say("应用为该用户保存的数据不受影响。此操作不能撤销。", "What the app stores about its user is not touched. This cannot be undone.")
                .to_owned(),
        ],
        action: page.person_url("/erase"),
        hidden_fields: Vec::new(),
        button: shell.say("抹除", "Erase"),
        back: page.person_url(""),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) fn all_sessions(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    page.asked.query()?.finish()?;
    page.asked.authorize(AdminAction::EndAllSessions, None)?;
    let shell = page.shell(Section::Service)?;
    let template = ConfirmTemplate {
        title: shell.say("结束整个服务的全部会话？", "End every session of the service?"),
        subject: page.console.deps.config.public_url.to_string(),
        effects: vec![
            shell
                .say(
                    "所有企业的所有人都必须立即重新登录，正在进行的登录也会失败。",
                    "Everybody of every company has to log in again at once, and logins that are under way fail.",
                )
                .to_owned(),
            shell
                .say(
                    "用于恢复备份之后，或令牌可能泄露时。此操作不能撤销。",
                    "It is for a restored backup, or for tokens that may have leaked. This cannot be undone.",
                )
                .to_owned(),
        ],
        action: page.console.url("/endAllSessions", &[]),
        hidden_fields: Vec::new(),
        button: shell.say("结束全部会话", "End all sessions"),
        back: page.console.url("/service", &[]),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

pub(super) fn rotation(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    page.asked.query()?.finish()?;
    page.asked.authorize(AdminAction::RotateKeys, None)?;
    let shell = page.shell(Section::Service)?;
    let template = ConfirmTemplate {
        title: shell.say("轮换数据密钥？", "Rotate the data keys?"),
        subject: page.console.deps.config.public_url.to_string(),
        effects: vec![
            shell
                .say(
                    "已存储的一切会用主密钥重新加密，不再使用的旧密钥可以移除。服务不会中断，重复执行也无妨。",
                    "Everything that is stored is sealed anew under the primary key, so that older keys can be removed. Nothing \
                     is interrupted, and a repetition does no harm.",
                )
                .to_owned(),
            shell
                .say(
                    "请在每个进程都把新密钥放在首位三分钟之后再进行。",
                    "Do it once every process has had the new key first for three minutes.",
                )
                .to_owned(),
        ],
        action: page.console.url("/rotateKeys", &[]),
        hidden_fields: Vec::new(),
        button: shell.say("轮换", "Rotate"),
        back: page.console.url("/service", &[]),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

/// What the end of these sessions means.
fn sessions_end(shell: &Shell, sessions: u64) -> String {
    if shell.is_english() {
        match sessions {
            1 => "1 session ends at once, on every device; the person has to log in again."
                .to_owned(),
            sessions => format!(
                "{sessions} sessions end at once, on every device; the people have to log in again."
            ),
        }
    } else {
        format!("{sessions} 个会话会在所有设备上立即结束，相关人员必须重新登录。")
    }
}

fn machines_end(shell: &Shell, machines: u64) -> String {
    if shell.is_english() {
        match machines {
            1 => "1 machine's session ends too: the program needs a new token.".to_owned(),
            machines => format!(
                "The sessions of {machines} machines end too: the programs need new tokens."
            ),
        }
    } else {
        format!("{machines} 个程序的会话也会结束，这些程序需要新的令牌。")
    }
}
