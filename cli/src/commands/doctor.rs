//! What is wrong, since when, and what helps.

use serde_json::{Value, json};

use crate::commands::{Outcome, Printer};
use crate::failure::Result;
use crate::table::{columns, table};
use crate::target::Target;

/// What only a process that serves can say.
const OF_A_SERVICE: [&str; 2] = ["proxies", "publicUrl"];

pub(super) async fn run(
    target: &Target,
    printer: Printer,
    has_public_url: bool,
) -> Result<Outcome> {
    let mut report = target.get("doctor").await?;
    if target.handle().is_some()
        && let Some(checks) = report["checks"].as_array_mut()
    {
        checks.retain(|check| {
            let id = check["id"].as_str().unwrap_or_default();
            !OF_A_SERVICE.contains(&id) || (id == "publicUrl" && has_public_url)
        });
        report["status"] = json!(worst(checks));
    }
    let is_ok = report["status"] == "ok";
    let _ = printer.print(&report, || {
        let checks = report["checks"].as_array().map_or(&[][..], Vec::as_slice);
        let of_all = columns([
            ("STATUS", "status"),
            ("CHECK", "id"),
            ("ABOUT", "subject"),
            ("SINCE", "since"),
            ("DETAIL", "detail"),
        ]);
        let mut text = table(checks, &of_all);
        for check in checks.iter().filter(|check| check["hint"].is_string()) {
            let text_of = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
            let (id, subject, hint) = (text_of("id"), text_of("subject"), text_of("hint"));
            text.push_str(&format!("\n{id} {subject}: {hint}\n"));
        }
        text
    })?;
    Ok(if is_ok { Outcome::Done } else { Outcome::Found })
}

fn worst(checks: &[Value]) -> &'static str {
    let has = |status: &str| checks.iter().any(|check| check["status"] == status);
    if has("fail") {
        "fail"
    } else if has("warn") {
        "warn"
    } else {
        "ok"
    }
}
