//! Access tokens: the same one until it expires (D/97164).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Holder {
    /// The provider, by its corpid.
    Provider(String),
    /// A suite.
    Suite(String),
    /// A company's app: the company's key and the suite.
    App(String, String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    holder: Holder,
    expires_at: i64,
    dead: bool,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenTrouble {
    /// Never issued, or dead early.
    Bad,
    /// Its time is over.
    Expired,
}

/// All tokens that were issued.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    /// The holder's token and how many seconds it still has: the living one, or a new one.
    pub(crate) fn issue(&mut self, holder: &Holder, life_ms: i64, now: i64) -> (String, i64) {
        let living =
            self.0.iter().find(|(_, token)| token.holder == *holder && !token.dead && now < token.expires_at);
        if let Some((text, token)) = living {
            return (text.clone(), (token.expires_at - now + 999) / 1000);
        }
        // Tokens that ended a day ago are forgotten: they then count as never issued.
        self.0.retain(|_, token| now - token.expires_at < 86_400_000);
        let text = crate::random::text(96);
        let token = Token { holder: holder.clone(), expires_at: now.saturating_add(life_ms), dead: false };
        self.0.insert(text.clone(), token);
        (text, life_ms / 1000)
    }

    /// Whom a token speaks for.
    pub(crate) fn holder(&self, text: &str, now: i64) -> Result<&Holder, TokenTrouble> {
        match self.0.get(text) {
            None => Err(TokenTrouble::Bad),
            Some(token) if token.dead => Err(TokenTrouble::Bad),
            Some(token) if now >= token.expires_at => Err(TokenTrouble::Expired),
            Some(token) => Ok(&token.holder),
        }
    }

    /// Ends every living token that `which` names, before its time; says how many.
    pub(crate) fn kill(&mut self, now: i64, which: impl Fn(&Holder) -> bool) -> usize {
        let mut killed = 0;
        for token in self.0.values_mut() {
            if !token.dead && now < token.expires_at && which(&token.holder) {
                token.dead = true;
                killed += 1;
            }
        }
        killed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_the_same_and_its_time_shrinks() {
        let mut tokens = Tokens::default();
        let holder = Holder::Suite("dk1".to_owned());
        let (first, life) = tokens.issue(&holder, 7_200_000, 0);
        assert_eq!(life, 7200);
        assert_eq!(tokens.issue(&holder, 7_200_000, 100_000), (first.clone(), 7100));
        assert_eq!(tokens.holder(&first, 7_200_000), Err(TokenTrouble::Expired));
        let (second, _) = tokens.issue(&holder, 7_200_000, 7_200_000);
        assert_ne!(first, second);
        assert_eq!(tokens.kill(7_200_001, |_| true), 1);
        assert_eq!(tokens.holder(&second, 7_200_001), Err(TokenTrouble::Bad));
    }
}
