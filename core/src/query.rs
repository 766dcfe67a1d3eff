//! The query of a URL: its parameters, each at most once.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A query with more parameters is none of ours.
const MAX_PARAMETERS: usize = 32;

/// A parameter comes twice, there are too many parameters, or a value is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidQuery;

/// The parameters of a query that are not taken yet.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// Parses a form-encoded query. Every parameter is kept.
    pub(crate) fn parse(query: &'a str) -> Result<Self, InvalidQuery> {
        Self::collect(form_urlencoded::parse(query.as_bytes()).map(Ok))
    }

    /// Parses a form-encoded query. Only the parameters of these names are kept, because links get parameters of others
    /// on their way.
    pub(crate) fn parse_known(query: &'a str, names: &[&str]) -> Result<Self, InvalidQuery> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self::collect(pairs.filter(|(name, _)| names.contains(&&**name)).map(Ok))
    }

    /// Parses a query whose values are percent-encoded and may be base64: a `+` stands for itself. Only the
    /// parameters of these names are kept.
    pub(crate) fn parse_percent_encoded(
        query: &'a str,
        names: &[&str],
    ) -> Result<Self, InvalidQuery> {
        let pairs = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let known = pairs.filter(|(name, _)| names.contains(name));
        Self::collect(known.map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8();
            Ok((Cow::Borrowed(name), value.map_err(|_| InvalidQuery)?))
        }))
    }

    /// Parameters that were parsed before.
    pub(crate) fn of_pairs(pairs: &'a [(String, String)]) -> Result<Self, InvalidQuery> {
        let borrowed = |(name, value): &'a (String, String)| {
            Ok((Cow::Borrowed(&**name), Cow::Borrowed(&**value)))
        };
        Self::collect(pairs.iter().map(borrowed))
    }

    fn collect(
        pairs: impl Iterator<Item = Result<(Cow<'a, str>, Cow<'a, str>), InvalidQuery>>,
    ) -> Result<Self, InvalidQuery> {
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for pair in pairs {
            let (name, value) = pair?;
            let is_repeated = parameters.iter().any(|(known, _)| *known == name);
            if is_repeated || parameters.len() == MAX_PARAMETERS {
                return Err(InvalidQuery);
            }
            parameters.push((name, value));
        }
        Ok(Self { parameters })
    }

    /// Takes the value of a parameter.
    pub(crate) fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let position = self
            .parameters
            .iter()
            .position(|(known, _)| known == name)?;
        Some(self.parameters.swap_remove(position).1)
    }

    /// Takes the value of a parameter, unless it is blank.
    pub(crate) fn take_non_blank(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        (!value.trim().is_empty()).then(|| value.into_owned())
    }

    /// The name of a parameter that was not taken.
    pub(crate) fn first_name(&self) -> Option<&str> {
        self.parameters.first().map(|(name, _)| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_known_skips_other_parameters() {
        let mut read = Query::parse_known("a=1&utm=x&utm=y&b=&c=+", &["a", "b", "c"]).unwrap();
        assert_eq!(read.take_non_blank("a").as_deref(), Some("1"));
        assert_eq!(
            (
                read.take_non_blank("b"),
                read.take_non_blank("c"),
                read.take_non_blank("utm")
            ),
            (None, None, None)
        );
        assert!(Query::parse_known("a=1&a=", &["a"]).is_err());
    }

    #[test]
    fn parse_limits_and_deduplicates_parameters() {
        let many: Vec<String> = (0..=MAX_PARAMETERS)
            .map(|number| format!("p{number}=1"))
            .collect();
        assert!(Query::parse(&many.join("&")).is_err());
        assert!(Query::parse(&many[1..].join("&")).is_ok());
        assert!(Query::parse("a=1&a=1").is_err());
        let mut read = Query::parse("a=1+%2B").unwrap();
        assert_eq!(read.take("a").as_deref(), Some("1 +"));
        assert_eq!(read.first_name(), None);
    }

    #[test]
    fn parse_percent_encoded_keeps_plus() {
        let parse = |query| Query::parse_percent_encoded(query, &["a"]);
        assert_eq!(
            parse("a=1+%2B&b").unwrap().take("a").as_deref(),
            Some("1++")
        );
        assert_eq!(parse("a=%ff").unwrap_err(), InvalidQuery);
        assert_eq!(parse("a=1&a=2").unwrap_err(), InvalidQuery);
    }
}
