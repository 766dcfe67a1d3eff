//! Access tokens: WeCom returns the same token until it expires (D/97164).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An expired token stays known for a day, so that it is answered as expired and not as invalid.
const EXPIRED_TOKEN_RETENTION_MS: i64 = 86_400_000;

/// Who a token was issued to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum TokenSubject {
    /// The provider, by its corpid.
    Provider(String),
    /// A suite.
    Suite(String),
    /// A corp's app: the corp's key and the suite.
    App(String, String),
    /// The JS-SDK's ticket of a corp, by its key.
    CorpTicket(String),
    /// The JS-SDK's ticket of a corp's app: the corp's key and the suite.
    AppTicket(String, String),
}

impl TokenSubject {
    /// Whether this is an access token, and not a ticket of the JS-SDK.
    pub(crate) const fn is_access_token(&self) -> bool {
        !matches!(self, Self::CorpTicket(_) | Self::AppTicket(..))
    }
}

/// Why a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// Never issued, or revoked.
    Invalid,
    /// Past its lifetime.
    Expired,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    #[serde(rename = "holder")]
    subject: TokenSubject,
    expires_at: i64,
    #[serde(rename = "dead")]
    revoked: bool,
}

impl Token {
    const fn is_valid(&self, now: i64) -> bool {
        !self.revoked && now < self.expires_at
    }
}

/// All issued tokens.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tokens {
    by_text: BTreeMap<String, Token>,
}

impl Tokens {
    /// The subject's token and its remaining seconds: the valid one, or a new one.
    pub(crate) fn issue(&mut self, subject: &TokenSubject, ttl_ms: i64, now: i64) -> (String, i64) {
        let valid = self
            .by_text
            .iter()
            .find(|(_, token)| token.subject == *subject && token.is_valid(now));
        if let Some((text, token)) = valid {
            return (text.clone(), (token.expires_at - now + 999) / 1000);
        }
        self.by_text
            .retain(|_, token| now - token.expires_at < EXPIRED_TOKEN_RETENTION_MS);
        let text = crate::random::url_safe(96);
        let token = Token {
            subject: subject.clone(),
            expires_at: now.saturating_add(ttl_ms),
            revoked: false,
        };
        self.by_text.insert(text.clone(), token);
        (text, ttl_ms / 1000)
    }

    /// Who a token was issued to.
    pub(crate) fn subject(&self, text: &str, now: i64) -> Result<&TokenSubject, TokenError> {
        let token = self
            .by_text
            .get(text)
            .filter(|token| !token.revoked)
            .ok_or(TokenError::Invalid)?;
        if now >= token.expires_at {
            return Err(TokenError::Expired);
        }
        Ok(&token.subject)
    }

    /// The tokens of a subject that are still known, and whether each is valid.
    pub(crate) fn of_subject<'a>(
        &'a self,
        subject: &'a TokenSubject,
        now: i64,
    ) -> impl Iterator<Item = (&'a str, bool)> {
        self.by_text
            .iter()
            .filter(move |(_, token)| token.subject == *subject)
            .map(move |(text, token)| (text.as_str(), token.is_valid(now)))
    }

    /// Revokes the valid tokens of the subjects that `filter` accepts; returns their number.
    pub(crate) fn revoke(&mut self, now: i64, filter: impl Fn(&TokenSubject) -> bool) -> usize {
        let mut revoked = 0;
        for token in self.by_text.values_mut() {
            if token.is_valid(now) && filter(&token.subject) {
                token.revoked = true;
                revoked += 1;
            }
        }
        revoked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_returns_same_token_until_expiry_or_revocation() {
        let mut tokens = Tokens::default();
        let subject = TokenSubject::Suite("dk1".to_owned());
        let (first, expires_in) = tokens.issue(&subject, 7_200_000, 0);
        assert_eq!(expires_in, 7200);
        assert_eq!(
            tokens.issue(&subject, 7_200_000, 100_000),
            (first.clone(), 7100)
        );
        assert_eq!(tokens.subject(&first, 7_200_000), Err(TokenError::Expired));
        let (second, _) = tokens.issue(&subject, 7_200_000, 7_200_000);
        assert_ne!(first, second);
        assert_eq!(tokens.revoke(7_200_001, |_| true), 1);
        assert_eq!(tokens.subject(&second, 7_200_001), Err(TokenError::Invalid));
    }
}
