//! Query parameters, read as strictly as bodies.

use std::borrow::Cow;

use crate::error::Result;
use crate::web::params::{check_text, invalid_param};

/// The parameters of a query that are not read yet.
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads a query in which no parameter comes twice.
    ///
    /// # Errors
    /// As all here: `API_PARAMS_ERROR`.
    pub(super) fn new(query: &'a str) -> Result<Self> {
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if parameters.len() == 32 || parameters.iter().any(|(known, _)| *known == name) {
                return Err(invalid_param(
                    "the query",
                    "has a parameter twice, or too many",
                ));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        let Some(position) = self.0.iter().position(|(parameter, _)| parameter == name) else {
            return Ok(None);
        };
        check_text(name, self.0.swap_remove(position).1.into_owned()).map(Some)
    }

    /// Nothing else was sent.
    pub(super) fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(invalid_param(
            "the query",
            "has a parameter that is none of this request",
        ))
    }
}
