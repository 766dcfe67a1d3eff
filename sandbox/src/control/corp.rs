//! The actions of an administrator: `install`, `change`, `disable`, `enable`, `cancel`, `reset-secret`,
//! `migrate`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{delivery_response, json_response, parse_body};
use crate::actions::Installation;
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::IdForm;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    suite_id: Option<String>,
    /// The `state` of `create_auth`; for `install`.
    state: Option<String>,
    /// The registration code of a promotion link; for `install`.
    register_code: Option<String>,
    /// The form of the app's ids; for `install`.
    ids: Option<IdForm>,
}

pub(super) async fn act(
    State(engine): State<Arc<Engine>>,
    Path((corp_id, action)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let body: Body = parse_body(&bytes)?;
    let suite_id = body.suite_id.as_deref();
    let delivery = match action.as_str() {
        "install" => {
            let installation = Installation {
                suite_id: body.suite_id,
                state: body.state,
                register_code: body.register_code,
                ids: body.ids,
            };
            engine.install(&corp_id, installation).await?
        }
        "change" => engine.change_authorization(&corp_id, suite_id).await?,
        "disable" => engine.set_disabled(&corp_id, suite_id, true).await?,
        "enable" => engine.set_disabled(&corp_id, suite_id, false).await?,
        "migrate" => {
            let open_id = engine.migrate(&corp_id, suite_id)?;
            return Ok(json_response(
                &json!({"corpId": open_id, "ids": IdForm::Encrypted}),
            ));
        }
        "cancel" => engine.cancel(&corp_id, suite_id).await?,
        "reset-secret" => engine.reset_secret(&corp_id, suite_id).await?,
        _ => return Err(Problem::not_found("no such action of an administrator")),
    };
    Ok(delivery_response(&delivery))
}
