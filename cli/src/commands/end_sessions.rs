//! The end of sessions.

use serde_json::json;

use crate::commands::{Outcome, confirm};
use crate::failure::Result;
use crate::flags::Whose;
use crate::target::{PathAndQuery, Target};

pub(super) async fn run(
    target: &Target,
    whose: &Whose,
    suite_id: Option<&str>,
    yes: bool,
) -> Result<Outcome> {
    let path = match (&whose.person, &whose.corp) {
        (Some(user_id), _) => PathAndQuery::new("people/{}/endSessions", user_id),
        (None, Some(corp_id)) => PathAndQuery::new("corps/{}/endSessions", corp_id),
        (None, None) => {
            confirm("end every session: everybody has to log in again?", yes)?;
            target.post("endAllSessions", &json!({})).await?;
            println!("every session has ended");
            return Ok(Outcome::Done);
        }
    };
    let path = path.with("suiteId", suite_id);
    target.post(path.as_str(), &json!({})).await?;
    println!("the sessions have ended");
    Ok(Outcome::Done)
}
