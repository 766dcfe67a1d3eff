//! Questions, on a terminal only.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use zeroize::Zeroizing;

/// Whether there is somebody to ask.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a secret, which is not shown. None without a terminal.
pub(crate) fn secret(what: &str) -> Option<Zeroizing<String>> {
    if !is_possible() {
        return None;
    }
    rpassword::prompt_password(format!("{what}: "))
        .ok()
        .map(Zeroizing::new)
}

/// Asks for a line; an empty one is the default. None without a terminal.
pub(crate) fn line(question: &str, default: Option<&str>) -> Option<String> {
    if !is_possible() {
        return None;
    }
    loop {
        match default {
            Some(default) => eprint!("{question} [{default}]: "),
            None => eprint!("{question}: "),
        }
        io::stderr().flush().ok()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer).ok()? == 0 {
            return None;
        }
        match (answer.trim(), default) {
            ("", Some(default)) => return Some(default.to_owned()),
            ("", None) => {}
            (answer, _) => return Some(answer.to_owned()),
        }
    }
}

/// Asks whether to go on. False without a terminal.
pub(crate) fn confirm(question: &str) -> bool {
    line(&format!("{question} (yes/no)"), Some("no")).is_some_and(|answer| answer == "yes")
}
