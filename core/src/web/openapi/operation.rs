//! What one method of one route takes and answers.

use crate::error::ErrorKind;
use crate::web::route::Access;

/// One method of one route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    /// The name of the method in generated clients.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [QueryParam],
    pub(super) body: Body,
    pub(super) answer: Answer,
    /// What it answers besides [`errors_of`] its access.
    pub(super) errors: &'static [ErrorKind],
}

/// A parameter of the query.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryParam {
    pub(super) name: &'static str,
    pub(super) schema: Schema,
    pub(super) required: bool,
    pub(super) description: &'static str,
}

/// The schema of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Schema {
    /// That of a component.
    Named(&'static str),
    Text,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// The body of a request, by the name of its schema.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    None,
    Json(&'static str),
    /// It may be left out.
    OptionalJson(&'static str),
    /// A JSON object a line.
    JsonLines,
    /// A callback of WeCom.
    Callback,
}

/// The answer to a request that succeeds, by the name of its schema.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Json(&'static str),
    /// The health, with 503 where it is bad.
    Health,
    NoContent,
    /// A page or a redirect.
    Page,
    /// Plain text.
    Callback,
    /// No body; the identity is in the headers.
    Identity,
    /// This document.
    Document,
}

impl Operation {
    pub(super) const fn new(id: &'static str, summary: &'static str, answer: Answer) -> Self {
        Self {
            id,
            summary,
            query: &[],
            body: Body::None,
            answer,
            errors: &[],
        }
    }

    pub(super) const fn json(
        id: &'static str,
        summary: &'static str,
        schema: &'static str,
    ) -> Self {
        Self::new(id, summary, Answer::Json(schema))
    }

    pub(super) const fn takes(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub(super) const fn with_query(mut self, query: &'static [QueryParam]) -> Self {
        self.query = query;
        self
    }

    pub(super) const fn fails(mut self, errors: &'static [ErrorKind]) -> Self {
        self.errors = errors;
        self
    }
}

impl QueryParam {
    pub(super) const fn new(name: &'static str, schema: Schema, description: &'static str) -> Self {
        Self {
            name,
            schema,
            required: false,
            description,
        }
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// What every request may be answered: its parameters are wrong, or this service cannot.
const ALWAYS: &[ErrorKind] = &[
    ErrorKind::ApiParams,
    ErrorKind::Internal,
    ErrorKind::StoreUnavailable,
];
const OF_A_CREDENTIAL: &[ErrorKind] = &[
    ErrorKind::AuthorizationMalformed,
    ErrorKind::CredentialsConflict,
    ErrorKind::TokenInvalid,
];

/// What a route may answer because of who it is for.
pub(super) fn errors_of(access: Access) -> impl Iterator<Item = ErrorKind> {
    let (own, credential): (&[ErrorKind], &[ErrorKind]) = match access {
        Access::Anyone => (&[ErrorKind::CrossSite], &[]),
        Access::Session => (
            // A machine is forbidden what is for people.
            &[
                ErrorKind::CrossSite,
                ErrorKind::Forbidden,
                ErrorKind::Unauthenticated,
            ],
            OF_A_CREDENTIAL,
        ),
        Access::Admin => (
            &[
                ErrorKind::CrossSite,
                ErrorKind::Forbidden,
                ErrorKind::RateLimited,
                ErrorKind::Unauthenticated,
            ],
            OF_A_CREDENTIAL,
        ),
        Access::Browser | Access::Console | Access::WeCom => {
            return [].iter().chain(&[]).chain(&[]).copied();
        }
    };
    ALWAYS.iter().chain(own).chain(credential).copied()
}

/// What a request with a body may be answered, also where none is expected.
pub(super) const OF_A_BODY: &[ErrorKind] = &[ErrorKind::BodyTimeout, ErrorKind::BodyTooLarge];
