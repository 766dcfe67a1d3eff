//! The parameters of the operator's API: of the path, of the query, and of bodies.

use std::str::FromStr;

use crate::clock::Timestamp;
use crate::domain::{CorpId, InvalidId, PageCursor, SuiteId};
use crate::error::Result;
use crate::web::admin_api::AdminRequest;
use crate::web::json::Fields;
use crate::web::params::{
    DEFAULT_RECORDS_LIMIT, RECORD_ID_RULE, check_text, invalid_param, parse_id, parse_limit,
    parse_record_id,
};
use crate::web::query::RouteQuery;
use crate::web::request::RoutedRequest;

/// The latest time that a list begins at: the year 9999, in milliseconds.
const LATEST_MILLIS: i64 = 253_402_300_799_999;

/// The corp of a path and the suite that is named with it.
pub(super) struct CorpParams {
    pub(super) suite_id: Option<SuiteId>,
    pub(super) corp_id: CorpId,
}

impl CorpParams {
    /// Of a request without a body, or with one that is empty.
    pub(super) fn parse(asked: &AdminRequest<'_>) -> Result<Self> {
        let (params, fields) = Self::parse_with_fields(asked)?;
        fields.finish()?;
        Ok(params)
    }

    /// Of a request whose body has more fields.
    pub(super) fn parse_with_fields(asked: &AdminRequest<'_>) -> Result<(Self, Fields)> {
        let (suite_id, fields) = suite_id_and_fields(asked)?;
        let corp_id = path_id("corpId", asked.request)?;
        Ok((Self { suite_id, corp_id }, fields))
    }
}

/// The suite that a request names in its query or its body, and the further fields of the body.
pub(super) fn suite_id_and_fields(asked: &AdminRequest<'_>) -> Result<(Option<SuiteId>, Fields)> {
    let mut query = asked.query()?;
    let of_query = query.optional_id("suiteId")?;
    query.finish()?;
    let mut fields = asked.fields()?;
    let of_body = fields.optional_id("suiteId")?;
    match (of_query, of_body) {
        (Some(of_query), Some(of_body)) if of_query != of_body => Err(invalid_param(
            "suiteId",
            "is one suite in the query and another in the body",
        )),
        (of_query, of_body) => Ok((of_body.or(of_query), fields)),
    }
}

/// Checks that a request has no parameters at all.
pub(super) fn nothing(asked: &AdminRequest<'_>) -> Result<()> {
    asked.query()?.finish()?;
    asked.fields()?.finish()
}

/// The id in the path.
pub(super) fn path_id<T: FromStr<Err = InvalidId>>(
    name: &str,
    request: &RoutedRequest,
) -> Result<T> {
    parse_id(name, request.variable())
}

/// The id of a user in the path: the host app's or WeCom's.
pub(super) fn path_user_id(request: &RoutedRequest) -> Result<String> {
    check_text("userId", request.variable().to_owned())
}

/// The number of a record in the path.
pub(super) fn path_record_id(request: &RoutedRequest) -> Result<i64> {
    parse_record_id(request.variable()).ok_or_else(|| invalid_param("id", RECORD_ID_RULE))
}

/// How many items a page has, and where it begins.
pub(super) fn paging(query: &mut RouteQuery<'_>) -> Result<(u64, Option<PageCursor>)> {
    let limit = query
        .optional_text("limit")?
        .map_or(Ok(DEFAULT_RECORDS_LIMIT), |text| parse_limit(&text))?;
    let after = query.optional_text("after")?;
    let after = after.map(|text| text.parse()).transpose()?;
    Ok((limit, after))
}

/// The time that a list begins at, in milliseconds.
pub(super) fn since(query: &mut RouteQuery<'_>) -> Result<Option<Timestamp>> {
    let Some(text) = query.optional_text("since")? else {
        return Ok(None);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse().ok().filter(|millis| *millis <= LATEST_MILLIS);
    match millis.filter(|_| digits) {
        Some(millis) => Ok(Some(Timestamp::from_millis(millis))),
        None => Err(invalid_param(
            "since",
            "must be a time in whole milliseconds since 1970",
        )),
    }
}
