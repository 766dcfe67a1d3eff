//! The query of a route, read as strictly as a body.

use crate::error::Result;
use crate::query::Query;
use crate::web::json::is_field_name;
use crate::web::params::{check_text, invalid_param};

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
        let query = Query::parse(query).map_err(|_| {
            invalid_param(
                "the query",
                "has a repeated parameter, or too many parameters",
            )
        })?;
        Ok(Self { query })
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        let value = self.query.take(name);
        value
            .map(|value| check_text(name, value.into_owned()))
            .transpose()
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
