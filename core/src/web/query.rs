//! The query of a route, read as strictly as a body.

use std::str::FromStr;

use crate::domain::InvalidId;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::web::json::is_field_name;
use crate::web::params::{check_text, check_text_up_to, invalid_param, parse_id};

const MAX_URL_BYTES: usize = 2048;

/// The parameters of a route's query that are not read yet.
pub(super) struct RouteQuery<'a> {
    query: Query<'a>,
}

impl<'a> RouteQuery<'a> {
    /// Reads a query in which no parameter comes twice.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`, as from every method here.
    pub(super) fn new(query: &'a str) -> Result<Self> {
        let query = Query::parse(query).map_err(|_| repeated())?;
        Ok(Self { query })
    }

    /// The parameters of a query that was read before.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: one comes twice, or there are too many.
    pub(super) fn of_pairs(pairs: &'a [(String, String)]) -> Result<Self> {
        let query = Query::of_pairs(pairs).map_err(|_| repeated())?;
        Ok(Self { query })
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        let value = self.query.take(name);
        value
            .map(|value| check_text(name, value.into_owned()))
            .transpose()
    }

    pub(super) fn optional_id<T: FromStr<Err = InvalidId>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>> {
        let text = self.optional_text(name)?;
        text.map(|text| parse_id(name, &text)).transpose()
    }

    /// A URL, which may be longer than a text.
    pub(super) fn url(&mut self, name: &str) -> Result<String> {
        let value = self.query.take(name);
        let value = value.ok_or_else(|| invalid_param(name, "is missing"))?;
        check_text_up_to(name, value.into_owned(), MAX_URL_BYTES)
    }

    /// Checks that nothing else was sent.
    pub(super) fn finish(self) -> Result<()> {
        match self.query.first_name() {
            None => Ok(()),
            Some(name) if is_field_name(name) => {
                Err(invalid_param(name, "is not a parameter of this request"))
            }
            Some(_) => Err(invalid_param(
                "the query",
                "has a parameter that this request does not take",
            )),
        }
    }
}

fn repeated() -> Error {
    invalid_param(
        "the query",
        "has a repeated parameter, or too many parameters",
    )
}
