//! The last step of a change of data keys.

use serde_json::json;

use crate::commands::{Outcome, Printer};
use crate::failure::Result;
use crate::table::fields;
use crate::target::Target;

pub(super) async fn run(target: &Target, printer: Printer) -> Result<Outcome> {
    let report = target.post("rotateKeys", &json!({})).await?;
    let is_finished = report["unreadable"] == 0 && report["stillActive"] == 0;
    let _ = printer.print(&report, || {
        let mut text = fields(&report);
        if report["stillActive"] != 0 {
            text.push_str(
                "an older key was in use within three minutes: give every process the new key first, and repeat this\n",
            );
        }
        if report["unreadable"] != 0 {
            text.push_str("values are sealed under keys that are missing: add them, and repeat this\n");
        }
        text
    })?;
    Ok(if is_finished {
        Outcome::Done
    } else {
        Outcome::Found
    })
}
