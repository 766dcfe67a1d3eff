//! A position in the list of a member's sessions.

use std::fmt;
use std::str::FromStr;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::session::SessionRow;

/// A position in the list of a member's sessions: after this one. Written as `CREATED_AT-ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionCursor {
    pub(super) created_at: Timestamp,
    pub(super) id: String,
}

impl SessionCursor {
    pub(super) fn of(row: &SessionRow) -> Self {
        Self {
            created_at: row.created_at,
            id: row.id.clone(),
        }
    }
}

impl fmt::Display for SessionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.created_at.as_millis(), self.id)
    }
}

impl FromStr for SessionCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || {
            Error::new(
                ErrorKind::ApiParams,
                "after must be the `next` of an earlier answer",
            )
        };
        let (created_at, id) = text.split_once('-').ok_or_else(invalid)?;
        let created_at = created_at.parse().map_err(|_| invalid())?;
        if !is_session_id(id) {
            return Err(invalid());
        }
        Ok(Self {
            created_at: Timestamp::from_millis(created_at),
            id: id.to_owned(),
        })
    }
}

/// Whether a text may be the id of a session.
pub(super) fn is_session_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_read_as_it_is_written() {
        let cursor = SessionCursor {
            created_at: Timestamp::from_millis(1_700_000_000_000),
            id: "0a-1b".to_owned(),
        };
        assert_eq!(cursor.to_string().parse::<SessionCursor>().unwrap(), cursor);
        for wrong in ["", "1", "-1", "1-", "x-1", "1-\u{e9}", "1- "] {
            assert!(wrong.parse::<SessionCursor>().is_err(), "{wrong}");
        }
    }
}
