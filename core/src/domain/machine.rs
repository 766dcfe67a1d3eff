//! A program that has a session: its name and its scopes.

use serde::Serialize;

const MAX_NAME_CHARS: usize = 64;
const MAX_SCOPES: usize = 64;
/// Of all scopes together, with the spaces between them.
const MAX_SCOPES_BYTES: usize = 1024;

/// A program that has a session: one of the host app, or of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    name: String,
    scopes: Vec<String>,
}

impl Machine {
    /// # Errors
    /// The rule that is broken: the name is blank, over 64 characters or has control characters; a scope is not of the characters
    /// of RFC 6749, 3.3; there are over 64 scopes, or over 1024 bytes of them.
    pub(crate) fn new(name: &str, scopes: &[String]) -> Result<Self, &'static str> {
        let name = name.trim();
        if name.is_empty()
            || name.chars().count() > MAX_NAME_CHARS
            || name.chars().any(char::is_control)
        {
            return Err("the name of a machine is 1 to 64 characters without control characters");
        }
        if !scopes.iter().all(|scope| is_scope(scope)) {
            return Err("a scope is of printable ASCII without spaces, quotes and backslashes");
        }
        let mut known: Vec<String> = Vec::new();
        for scope in scopes {
            if !known.contains(scope) {
                known.push(scope.clone());
            }
        }
        let machine = Self {
            name: name.to_owned(),
            scopes: known,
        };
        if machine.scopes.len() > MAX_SCOPES || machine.scopes_text().len() > MAX_SCOPES_BYTES {
            return Err("a machine has at most 64 scopes, of 1024 bytes together");
        }
        Ok(machine)
    }

    /// A machine as it is stored.
    pub(crate) fn of_stored(name: String, scopes: Option<&str>) -> Self {
        let scopes = scopes.unwrap_or_default().split_ascii_whitespace();
        Self {
            name,
            scopes: scopes.map(str::to_owned).collect(),
        }
    }

    /// The scopes as they are stored: with spaces between them.
    pub(crate) fn scopes_text(&self) -> String {
        self.scopes.join(" ")
    }

    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may do, in the words of the host app.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    /// Whether it has this scope. Scopes are compared as they are written.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }
}

/// The characters of a scope (RFC 6749, 3.3).
fn is_scope(scope: &str) -> bool {
    let is_scope_byte = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(is_scope_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_survives_its_stored_form() {
        let scopes = ["orders:read", "orders:write", "orders:read"].map(str::to_owned);
        let machine = Machine::new(" 夜间导出 ", &scopes).unwrap();
        assert_eq!(machine.name(), "夜间导出");
        assert_eq!(machine.scopes_text(), "orders:read orders:write");
        let stored = Machine::of_stored(machine.name().to_owned(), Some(&machine.scopes_text()));
        assert_eq!(stored, machine);
        assert!(machine.has_scope("orders:read"));
        assert!(!machine.has_scope("orders") && !machine.has_scope("Orders:read"));
        let without = Machine::of_stored("a".to_owned(), None);
        assert_eq!(without.scopes().count(), 0);
    }

    #[test]
    fn names_and_scopes_are_checked() {
        for name in ["", "  ", "a\nb", &"x".repeat(65)] {
            assert!(Machine::new(name, &[]).is_err(), "{name:?}");
        }
        for scope in ["", "a b", "a\"", "a\\", "企业", "a\n"] {
            assert!(Machine::new("a", &[scope.to_owned()]).is_err(), "{scope:?}");
        }
        let many: Vec<String> = (0..65).map(|number| number.to_string()).collect();
        assert!(Machine::new("a", &many).is_err());
        assert!(Machine::new("a", &["x".repeat(1025)]).is_err());
    }
}
