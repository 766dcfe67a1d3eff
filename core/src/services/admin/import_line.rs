//! A line of an import: a JSON object. What is wrong with it is said without its values, which may be secret.

use serde_json::{Map, Value};

use crate::domain::{
    AgentId, AuthorizationStatus, CorpId, OrganizationCode, PermanentCode, SuiteId, WecomUserId,
};
use crate::error::{Error, ErrorKind, Result};
use crate::members::check_user_id;

/// The longest `corpName` and `state`, in characters.
const MAX_TEXT_CHARS: usize = 128;
/// The longest `permanentCode`: WeCom's have up to 512 bytes.
const MAX_CODE_BYTES: usize = 512;
/// The most `aliases` of a line.
const MAX_ALIASES: usize = 10;

/// What a line says.
#[derive(Debug)]
pub(super) enum ImportLine {
    Corp(CorpLine),
    Binding(BindingLine),
}

/// An authorization, or without a permanent code what belongs to one.
#[derive(Debug)]
pub(super) struct CorpLine {
    pub(super) suite_id: SuiteId,
    pub(super) corp_id: CorpId,
    pub(super) aliases: Vec<CorpId>,
    pub(super) permanent_code: Option<PermanentCode>,
    pub(super) agent_id: Option<AgentId>,
    pub(super) org_code: Option<OrganizationCode>,
    pub(super) corp_name: Option<String>,
    pub(super) status: Option<AuthorizationStatus>,
    pub(super) state: Option<String>,
    pub(super) installed_by: Option<WecomUserId>,
}

/// A member, and the user that the member is bound to.
#[derive(Debug)]
pub(super) struct BindingLine {
    pub(super) suite_id: SuiteId,
    pub(super) corp_id: CorpId,
    pub(super) third_user_id: WecomUserId,
    pub(super) user_id: String,
    pub(super) aliases: Vec<WecomUserId>,
    pub(super) encrypted_user_id: Option<WecomUserId>,
}

impl ImportLine {
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        // Its own error may quote the line.
        let Ok(Value::Object(fields)) = serde_json::from_slice(line) else {
            return Err(invalid("the line is not a JSON object"));
        };
        let mut fields = LineFields(fields);
        let suite_id = SuiteId::new(fields.required("suiteId")?)?;
        let corp_id = CorpId::new(fields.required("corpId")?)?;
        let is_binding = fields.0.contains_key("thirdUserId") || fields.0.contains_key("userId");
        let line = if is_binding {
            Self::Binding(BindingLine {
                suite_id,
                corp_id,
                third_user_id: parse_user_id("thirdUserId", &fields.required("thirdUserId")?)?,
                user_id: fields.required("userId")?,
                aliases: fields.list("aliases", |text| parse_user_id("aliases", text))?,
                encrypted_user_id: fields
                    .text("encryptedUserId")?
                    .map(|text| parse_user_id("encryptedUserId", &text))
                    .transpose()?,
            })
        } else {
            Self::Corp(CorpLine {
                suite_id,
                corp_id,
                aliases: fields.list("aliases", |text| {
                    CorpId::new(text).map_err(|_| invalid("aliases must be a list of corp ids"))
                })?,
                permanent_code: fields.permanent_code()?,
                agent_id: fields.agent_id()?,
                org_code: fields
                    .text("orgCode")?
                    .map(|text| {
                        OrganizationCode::new(text)
                            .map_err(|error| invalid(format!("orgCode must be {}", error.rule)))
                    })
                    .transpose()?,
                corp_name: fields.short_text("corpName")?,
                status: fields.status()?,
                state: fields.short_text("state")?,
                installed_by: fields
                    .text("installedBy")?
                    .map(|text| parse_user_id("installedBy", &text))
                    .transpose()?,
            })
        };
        fields.finish(is_binding)?;
        if let Self::Binding(binding) = &line {
            check_user_id(&binding.user_id)?;
        }
        Ok(line)
    }
}

/// The fields of a line that were not taken yet.
struct LineFields(Map<String, Value>);

impl LineFields {
    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => {
                check_characters(name, &text)?;
                Ok(Some(text))
            }
            Some(_) => Err(invalid(format!("{name} must be a text that is not blank"))),
        }
    }

    fn required(&mut self, name: &str) -> Result<String> {
        self.text(name)?
            .ok_or_else(|| invalid(format!("{name} is missing")))
    }

    fn short_text(&mut self, name: &str) -> Result<Option<String>> {
        let text = self.text(name)?;
        match &text {
            Some(long) if long.chars().count() > MAX_TEXT_CHARS => Err(invalid(format!(
                "{name} must be {MAX_TEXT_CHARS} characters at most"
            ))),
            _ => Ok(text),
        }
    }

    fn permanent_code(&mut self) -> Result<Option<PermanentCode>> {
        match self.text("permanentCode")? {
            Some(code) if code.len() > MAX_CODE_BYTES => Err(invalid(format!(
                "permanentCode must be {MAX_CODE_BYTES} bytes at most"
            ))),
            code => Ok(code.map(PermanentCode::new)),
        }
    }

    fn agent_id(&mut self) -> Result<Option<AgentId>> {
        let rule = || invalid("agentId must be a whole number, or its digits");
        match self.0.remove("agentId") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => {
                Ok(Some(AgentId::new(number.as_i64().ok_or_else(rule)?)))
            }
            Some(Value::String(text)) => Ok(Some(text.parse().map_err(|_| rule())?)),
            Some(_) => Err(rule()),
        }
    }

    fn status(&mut self) -> Result<Option<AuthorizationStatus>> {
        match self.text("status")?.as_deref() {
            None => Ok(None),
            Some("active") => Ok(Some(AuthorizationStatus::Active)),
            Some("held") => Ok(Some(AuthorizationStatus::Held)),
            Some("refused") => Ok(Some(AuthorizationStatus::Refused)),
            Some(_) => Err(invalid("status must be active, held or refused")),
        }
    }

    fn list<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
        let rule = || invalid(format!("{name} must be a list of ids"));
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() > MAX_ALIASES => {
                Err(invalid(format!("{name} must be {MAX_ALIASES} ids at most")))
            }
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| {
                    let id = item.as_str().ok_or_else(rule)?;
                    check_characters(name, id)?;
                    parse(id)
                })
                .collect(),
            Some(_) => Err(rule()),
        }
    }

    fn finish(self, is_binding: bool) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let fields = if is_binding {
            "suiteId, corpId, thirdUserId, userId, aliases, encryptedUserId"
        } else {
            "suiteId, corpId, permanentCode, agentId, orgCode, aliases, corpName, status, state, installedBy"
        };
        Err(invalid(format!("the line has a field beside {fields}")))
    }
}

/// No database takes every control character, and no id has one.
fn check_characters(name: &str, text: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(invalid(format!("{name} must have no control character")));
    }
    Ok(())
}

fn parse_user_id(name: &str, text: &str) -> Result<WecomUserId> {
    WecomUserId::new(text).map_err(|error| invalid(format!("{name} must be {}", error.rule)))
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::ApiParams, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(line: &str) -> String {
        ImportLine::parse(line.as_bytes())
            .unwrap_err()
            .detail()
            .to_owned()
    }

    #[test]
    fn parse_tells_the_two_kinds_apart() {
        let corp = ImportLine::parse(
            br#"{"suiteId":"dk1","corpId":"ww1","permanentCode":"s","agentId":1000002,"orgCode":"acme"}"#,
        );
        let Ok(ImportLine::Corp(corp)) = corp else {
            panic!("{corp:?}")
        };
        assert_eq!(corp.agent_id, Some(AgentId::new(1_000_002)));
        let binding = ImportLine::parse(
            br#"{"suiteId":"dk1","corpId":"ww1","thirdUserId":"ww2/zhang","userId":"7","aliases":null}"#,
        );
        let Ok(ImportLine::Binding(binding)) = binding else {
            panic!("{binding:?}")
        };
        assert_eq!(binding.user_id, "7");
    }

    #[test]
    fn parse_says_what_is_wrong_without_the_values() {
        const SECRET: &str = "the-permanent-code";
        for (line, rule) in [
            (SECRET.to_owned(), "not a JSON object"),
            (format!("[\"{SECRET}\"]"), "not a JSON object"),
            (
                format!(r#"{{"corpId":"ww1","permanentCode":"{SECRET}"}}"#),
                "suiteId is missing",
            ),
            (
                format!(r#"{{"suiteId":"dk1","corpId":"ww1","permanentCode":["{SECRET}"]}}"#),
                "permanentCode must be a text",
            ),
            (
                format!(r#"{{"suiteId":"dk1","corpId":"ww1","{SECRET}":"x"}}"#),
                "has a field beside",
            ),
            (
                format!(
                    r#"{{"suiteId":"dk1","corpId":"ww1","permanentCode":"x","agentId":"{SECRET}"}}"#
                ),
                "agentId must be",
            ),
            (
                format!(
                    r#"{{"suiteId":"dk1","corpId":"ww1","permanentCode":"x","orgCode":"{SECRET} "}}"#
                ),
                "orgCode must be",
            ),
            (
                r#"{"suiteId":"dk1","corpId":"ww1","userId":"7"}"#.to_owned(),
                "thirdUserId is missing",
            ),
            (
                r#"{"suiteId":"dk1","corpId":"ww1","thirdUserId":"a","userId":7}"#.to_owned(),
                "userId must be a text",
            ),
            (
                format!(
                    r#"{{"suiteId":"dk1","corpId":"ww1","permanentCode":"x","corpName":"{SECRET}\u0000"}}"#
                ),
                "corpName must have no control character",
            ),
            (
                format!(
                    r#"{{"suiteId":"dk1","corpId":"ww1","thirdUserId":"a","userId":"{SECRET}\u0000"}}"#
                ),
                "userId must have no control character",
            ),
            (
                format!(
                    r#"{{"suiteId":"dk1","corpId":"ww1","permanentCode":"{}"}}"#,
                    SECRET.repeat(30)
                ),
                "permanentCode must be 512 bytes at most",
            ),
            (
                format!(
                    r#"{{"suiteId":"dk1","corpId":"ww1","aliases":{:?}}}"#,
                    vec![SECRET; 11]
                ),
                "aliases must be 10 ids at most",
            ),
        ] {
            let detail = detail(&line);
            assert!(detail.contains(rule), "{detail}");
            assert!(!detail.contains(SECRET), "{detail}");
        }
    }
}
