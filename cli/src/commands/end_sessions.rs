//! The end of sessions.

use serde_json::json;

use crate::commands::{Outcome, Printer, confirm};
use crate::failure::{Failure, Result};
use crate::flags::Whose;
use crate::target::{PathAndQuery, Target};

/// Whose sessions end, as the flags say.
pub(super) struct Ended<'a> {
    pub(super) whose: &'a Whose,
    /// The person is named by WeCom's userid.
    pub(super) by_wecom_id: bool,
    pub(super) suite_id: Option<&'a str>,
    pub(super) yes: bool,
}

pub(super) async fn run(target: &Target, printer: Printer, ended: &Ended<'_>) -> Result<Outcome> {
    let path = match (&ended.whose.person, &ended.whose.corp) {
        (Some(user_id), _) => {
            if ended.by_wecom_id {
                check_wecom_id(target, user_id, ended.suite_id).await?;
            } else {
                target.require_service(
                    "the app's own code knows its users; a person may be named by WeCom's userid with --wecom",
                )?;
            }
            PathAndQuery::new("people/{}/endSessions", user_id)
        }
        (None, Some(corp_id)) => PathAndQuery::new("corps/{}/endSessions", corp_id),
        (None, None) => {
            confirm(
                "end every session: everybody has to log in again?",
                ended.yes,
            )?;
            target.post("endAllSessions", &json!({})).await?;
            return printer.done("every session has ended");
        }
    };
    let path = path.with("suiteId", ended.suite_id);
    target.post(path.as_str(), &json!({})).await?;
    printer.done("the sessions have ended")
}

/// Checks that an id which is also some user's means the person whose userid it is.
async fn check_wecom_id(target: &Target, id: &str, suite_id: Option<&str>) -> Result<()> {
    let path = PathAndQuery::new("people/{}", id).with("suiteId", suite_id);
    let person = target.get(path.as_str()).await?;
    let members = person["members"].as_array().map_or(&[][..], Vec::as_slice);
    let has_id = !members.is_empty() && members.iter().all(|member| member["thirdUserId"] == id);
    if has_id {
        Ok(())
    } else {
        Err(Failure::new(
            "the id is also that of another user: find the person with people, and name them by the user id with --url",
        ))
    }
}
