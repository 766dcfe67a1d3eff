//! The parameters of each route. They are checked before any call to WeCom, so a request with a wrong parameter does
//! not use up its code.

use std::str::FromStr;

use serde_json::Value;

use crate::domain::{
    CorpId, InvalidId, JsCode, LoginCode, LoginType, OAuthCode, OrganizationCode, Platform,
    RecordStatus, SuiteId,
};
use crate::error::{Error, ErrorKind, Result};
use crate::query::Query;
use crate::web::json::Fields;
use crate::web::public_url::PublicUrl;
use crate::web::query::RouteQuery;

const MAX_TEXT_BYTES: usize = 512;
const MAX_RECORDS_LIMIT: u64 = 500;
pub(super) const DEFAULT_RECORDS_LIMIT: u64 = 50;
/// As many as a person can have.
const DEFAULT_SESSIONS_LIMIT: u64 = 100;

/// `getLoginCode`.
#[derive(Debug)]
pub(super) struct LoginCodeParams {
    pub(super) corp_id: CorpId,
    pub(super) code: OAuthCode,
    pub(super) login_type: LoginType,
}

impl LoginCodeParams {
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(body)?;
        let params = Self {
            corp_id: fields.id("corpId")?,
            code: OAuthCode::new(fields.text("code")?),
            login_type: fields.word("loginType")?,
        };
        fields.finish()?;
        Ok(params)
    }
}

/// `loginByCode`.
#[derive(Debug)]
pub(super) struct LoginByCodeParams {
    pub(super) login_code: LoginCode,
    pub(super) corp_id: Option<CorpId>,
    pub(super) platform: Platform,
}

impl LoginByCodeParams {
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(body)?;
        let params = Self {
            login_code: LoginCode::new(fields.text("loginCode")?),
            corp_id: fields.optional_id("corpId")?,
            platform: fields.word("platform")?,
        };
        fields.finish()?;
        Ok(params)
    }
}

/// `loginByWorkbench`.
#[derive(Debug)]
pub(super) struct WorkbenchParams {
    pub(super) corp_id: CorpId,
    pub(super) code: OAuthCode,
    pub(super) platform: Platform,
    pub(super) suite_id: Option<SuiteId>,
}

impl WorkbenchParams {
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(body)?;
        let params = Self {
            corp_id: fields.id("corpId")?,
            code: OAuthCode::new(fields.text("code")?),
            platform: fields.word("platform")?,
            suite_id: fields.optional_id("suiteId")?,
        };
        fields.finish()?;
        Ok(params)
    }
}

/// `loginByMiniProgram`.
#[derive(Debug)]
pub(super) struct MiniProgramParams {
    pub(super) corp_id: CorpId,
    pub(super) js_code: JsCode,
    pub(super) platform: Platform,
    pub(super) suite_id: Option<SuiteId>,
}

impl MiniProgramParams {
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(body)?;
        let params = Self {
            corp_id: fields.id("corpId")?,
            js_code: JsCode::new(fields.text("jsCode")?),
            platform: fields.word("platform")?,
            suite_id: fields.optional_id("suiteId")?,
        };
        fields.finish()?;
        Ok(params)
    }
}

/// `setCode`.
#[derive(Debug)]
pub(super) struct SetCodeParams {
    pub(super) corp_id: CorpId,
    pub(super) code: OrganizationCode,
    pub(super) suite_id: Option<SuiteId>,
}

impl SetCodeParams {
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(body)?;
        let params = Self {
            corp_id: fields.id("corpId")?,
            code: fields.id("code")?,
            suite_id: fields.optional_id("suiteId")?,
        };
        fields.finish()?;
        Ok(params)
    }
}

/// `jsConfig`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsConfigParams {
    pub(super) url: String,
    pub(super) corp_id: Option<CorpId>,
}

impl JsConfigParams {
    pub(super) fn parse(query: &str, public_url: &PublicUrl) -> Result<Self> {
        let mut query = RouteQuery::new(query)?;
        let params = Self {
            url: query.url("url")?,
            corp_id: query.optional_id("corpId")?,
        };
        query.finish()?;
        if !is_page_of(&params.url, public_url) {
            return Err(invalid_param(
                "url",
                "must be a page of the public URL's origin",
            ));
        }
        Ok(params)
    }
}

/// Compared as text, because the URL is signed as text: what browsers have in `location.href` begins with the origin as it
/// is, and whatever a parser would repair is no page of ours.
fn is_page_of(url: &str, public_url: &PublicUrl) -> bool {
    let rest = url.strip_prefix(public_url.origin());
    rest.is_some_and(|rest| {
        !rest.contains('\\') && (rest.is_empty() || rest.starts_with(['/', '?', '#']))
    })
}

/// `accessToken` of a company.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AccessTokenParams {
    pub(super) corp_id: CorpId,
    pub(super) suite_id: Option<SuiteId>,
}

impl AccessTokenParams {
    /// `suiteId` may be in the query or in the body, which may be empty.
    pub(super) fn parse(corp_id: &str, query: &str, body: &[u8]) -> Result<Self> {
        let mut query = RouteQuery::new(query)?;
        let mut suite_id = query.optional_id("suiteId")?;
        query.finish()?;
        if !body.trim_ascii().is_empty() {
            let mut fields = Fields::new(body)?;
            let named = fields.optional_id("suiteId")?;
            fields.finish()?;
            if suite_id.is_some() && named.is_some() && suite_id != named {
                return Err(invalid_param(
                    "suiteId",
                    "is not the same in query and body",
                ));
            }
            suite_id = suite_id.or(named);
        }
        Ok(Self {
            corp_id: parse_id("corpId", corp_id)?,
            suite_id,
        })
    }
}

/// The `recordId` of `retryCallBack`.
pub(super) fn record_id(body: &[u8]) -> Result<i64> {
    let mut fields = Fields::new(body)?;
    let id = match fields.take("recordId") {
        None => return Err(invalid_param("recordId", "is missing")),
        Some(Value::Number(number)) => number.as_i64().filter(|id| *id >= 1),
        Some(Value::String(text)) => parse_record_id(&text),
        Some(_) => None,
    };
    let id = id.ok_or_else(|| invalid_param("recordId", RECORD_ID_RULE))?;
    fields.finish()?;
    Ok(id)
}

/// The organization code of `getLoginConfigByCode`.
pub(super) fn organization_code(query: &str) -> Result<String> {
    let mut query = RouteQuery::new(query)?;
    let code = query
        .optional_text("code")?
        .ok_or_else(|| invalid_param("code", "is missing"))?;
    query.finish()?;
    Ok(code)
}

/// `callbackRecords`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RecordsParams {
    pub(super) status: Option<RecordStatus>,
    pub(super) limit: u64,
    pub(super) before: Option<i64>,
}

impl RecordsParams {
    pub(super) fn parse(query: &str) -> Result<Self> {
        let mut query = RouteQuery::new(query)?;
        let status = query
            .optional_text("status")?
            .map(|word| parse_status(&word))
            .transpose()?;
        let limit = query
            .optional_text("limit")?
            .map_or(Ok(DEFAULT_RECORDS_LIMIT), |text| parse_limit(&text))?;
        let before = query.optional_text("before")?;
        let before = before.map(|text| {
            parse_record_id(&text).ok_or_else(|| invalid_param("before", RECORD_ID_RULE))
        });
        let params = Self {
            status,
            limit,
            before: before.transpose()?,
        };
        query.finish()?;
        Ok(params)
    }
}

/// `sessions`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SessionsParams {
    pub(super) limit: u32,
    pub(super) after: Option<String>,
}

impl SessionsParams {
    /// Other parameters are ignored, as they were before there were any.
    pub(super) fn parse(query: &str) -> Result<Self> {
        let known = Query::parse_known(query, &["limit", "after"]);
        let mut query =
            known.map_err(|_| invalid_param("the query", "has a repeated parameter"))?;
        let limit = query
            .take("limit")
            .map_or(Ok(DEFAULT_SESSIONS_LIMIT), |text| parse_limit(&text))?;
        let after = query.take("after").map(std::borrow::Cow::into_owned);
        Ok(Self {
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            after: after.map(|text| check_text("after", text)).transpose()?,
        })
    }
}

pub(super) const RECORD_ID_RULE: &str = "must be a whole number from 1 to 9223372036854775807";

/// The error for a parameter that breaks a rule.
pub(super) fn invalid_param(name: &str, rule: &str) -> Error {
    Error::new(ErrorKind::ApiParams, format!("{name} {rule}"))
}

/// An id, or the error that says its rule.
pub(super) fn parse_id<T: FromStr<Err = InvalidId>>(name: &str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|error: InvalidId| invalid_param(name, &format!("must be {}", error.rule)))
}

/// Checks a text: not blank, at most 512 bytes, no control characters.
pub(super) fn check_text(name: &str, text: String) -> Result<String> {
    check_text_up_to(name, text, MAX_TEXT_BYTES)
}

/// Checks a text that may have so many bytes.
pub(super) fn check_text_up_to(name: &str, text: String, max_bytes: usize) -> Result<String> {
    if text.trim().is_empty() {
        return Err(invalid_param(name, "is blank"));
    }
    if text.len() > max_bytes {
        return Err(invalid_param(
            name,
            &format!("is longer than {max_bytes} bytes"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid_param(name, "has control characters"));
    }
    Ok(text)
}

/// Whether a text is a whole number from 1 in its shortest form: no sign, no leading zero.
fn is_canonical_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn parse_record_id(text: &str) -> Option<i64> {
    if is_canonical_number(text) {
        text.parse().ok()
    } else {
        None
    }
}

pub(super) fn parse_limit(text: &str) -> Result<u64> {
    if !is_canonical_number(text) {
        return Err(invalid_param("limit", "must be a whole number from 1"));
    }
    // A number that does not fit the type is larger than the maximum, too.
    Ok(text
        .parse()
        .map_or(MAX_RECORDS_LIMIT, |limit: u64| limit.min(MAX_RECORDS_LIMIT)))
}

pub(super) fn parse_status(word: &str) -> Result<RecordStatus> {
    Ok(match word {
        "waiting" => RecordStatus::Waiting,
        "running" => RecordStatus::Running,
        "succeeded" => RecordStatus::Succeeded,
        "failed" => RecordStatus::Failed,
        "ignored" => RecordStatus::Ignored,
        _ => {
            return Err(invalid_param(
                "status",
                "must be waiting, running, succeeded, failed or ignored",
            ));
        }
    })
}

#[cfg(test)]
mod tests;
