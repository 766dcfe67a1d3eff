//! The first page: what the doctor says, and the figures of the last hour and day. It is there while the database is not.

use askama::Template;
use http::Response;

use crate::error::Result;
use crate::services::{CheckStatus, DoctorCheck, Figures};
use crate::web::admin::AdminAction;
use crate::web::console::Page;
use crate::web::console::charts::Chart;
use crate::web::console::messages::check_name;
use crate::web::console::shell::{Section, Shell};
use crate::web::response::ResponseBody;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    /// What somebody should look at, the worst first.
    problems: Vec<CheckRow<'a>>,
    fine: Vec<CheckRow<'a>>,
    /// None while the database does not count.
    charts: Option<Vec<Chart>>,
}

/// A check of the doctor.
struct CheckRow<'a> {
    name: &'a str,
    class: &'static str,
    status: &'a str,
    check: &'a DoctorCheck,
}

pub(super) async fn show(page: &Page<'_>) -> Result<Response<ResponseBody>> {
    page.asked.query()?.finish()?;
    page.asked.authorize(AdminAction::Doctor, None)?;
    let admin = &page.asked.admin;
    let (report, figures) = tokio::join!(admin.doctor(), admin.figures());
    let report = report?;
    if let Err(error) = &figures {
        tracing::debug!(target: "wecom_login", %error, "the figures of the overview are not known");
    }
    let shell = page.shell(Section::Overview)?;
    let rows = |is_wanted: fn(CheckStatus) -> bool| {
        let checks = report.checks.iter();
        let mut checks: Vec<_> = checks.filter(|check| is_wanted(check.status)).collect();
        checks.sort_by_key(|check| std::cmp::Reverse(check.status));
        let rows = checks.into_iter().map(|check| row(&shell, check));
        rows.collect::<Vec<_>>()
    };
    let template = OverviewTemplate {
        title: shell.say("概览", "Overview"),
        problems: rows(|status| status != CheckStatus::Ok),
        fine: rows(|status| status == CheckStatus::Ok),
        charts: figures.ok().map(|figures| charts(&shell, &figures)),
        shell: &shell,
    };
    Ok(page.console.page(200, &shell, &template))
}

fn row<'a>(shell: &'a Shell, check: &'a DoctorCheck) -> CheckRow<'a> {
    let (class, (zh, en)) = match check.status {
        CheckStatus::Ok => ("ok", ("✓ 正常", "✓ OK")),
        CheckStatus::Warn => ("warn", ("! 注意", "! Warning")),
        CheckStatus::Fail => ("bad", ("✕ 故障", "✕ Failure")),
    };
    CheckRow {
        name: check_name(check.id, shell.frame.language()),
        class,
        status: shell.say(zh, en),
        check,
    }
}

fn charts(shell: &Shell, figures: &Figures) -> Vec<Chart> {
    let language = shell.frame.language();
    let hour = (
        language.choose("最近一小时", "Last hour"),
        language.choose("每五分钟最多", "most in five minutes"),
    );
    let day = (
        language.choose("最近一天", "Last day"),
        language.choose("每小时最多", "most in an hour"),
    );
    [
        (language.choose("登录", "Logins"), &figures.logins),
        (language.choose("拒绝", "Refusals"), &figures.refusals),
        (language.choose("回调", "Callbacks"), &figures.callbacks),
    ]
    .into_iter()
    .flat_map(|(name, series)| {
        [
            Chart::new(name, hour, &series.hour),
            Chart::new(name, day, &series.day),
        ]
    })
    .collect()
}
