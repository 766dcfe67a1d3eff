//! The handbook's page about the log has every message of WARN and ERROR in the source, and no other.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The string literals of the macro call whose arguments begin here.
fn literals(arguments: &str) -> Vec<String> {
    let (mut depth, mut found, mut characters) = (1, Vec::new(), arguments.chars());
    while let Some(character) = characters.next() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' => {
                let mut literal = String::new();
                while let Some(character) = characters.next().filter(|next| *next != '"') {
                    if character != '\\' {
                        literal.push(character);
                        continue;
                    }
                    match characters.next() {
                        // The literal goes on after the indentation of the next line.
                        Some('\n') => {
                            let rest = characters.as_str();
                            characters = rest.trim_start().chars();
                        }
                        escaped => literal.extend(escaped),
                    }
                }
                found.push(literal);
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// A message as the page has it: what is filled in is `…`.
fn shown(message: &str) -> String {
    let mut shown = String::new();
    for (index, part) in message.split('{').enumerate() {
        match (index, part.split_once('}')) {
            (0, _) => shown += part,
            (_, Some((_, rest))) => shown = shown + "…" + rest,
            (_, None) => shown += part,
        }
    }
    shown
}

fn said(level: &str) -> BTreeSet<String> {
    let mut files = Vec::new();
    for directory in ["core/src", "tower-layer/src", "actix-plugin/src"] {
        sources(&root().join(directory), &mut files);
    }
    let mut messages = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for call in text.split(&format!("tracing::{level}!(")).skip(1) {
            // The message is the longest text: others are targets and names.
            let message = literals(call).into_iter().max_by_key(String::len);
            let message = shown(&message.unwrap());
            // A text that is made elsewhere: a warning of the start.
            if message != "…" && message != "wecom_login" {
                messages.insert(message);
            }
        }
    }
    messages
}

fn on_page(page: &str, level: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let section = text.split(&format!("\n## {level}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once("` |").unwrap().0.to_owned())
        .collect()
}

#[test]
fn every_warning_and_error_is_on_the_page() {
    for (macro_name, level) in [("warn", "WARN"), ("error", "ERROR")] {
        let said = said(macro_name);
        assert!(said.len() > 10, "{said:?}");
        for page in ["logs.md", "zh/logs.md"] {
            let on_page = on_page(page, level);
            let missing: Vec<_> = said.difference(&on_page).collect();
            assert!(missing.is_empty(), "{page} lacks {level}: {missing:#?}");
            let surplus: Vec<_> = on_page.difference(&said).collect();
            assert!(surplus.is_empty(), "nobody says {level}: {surplus:#?}");
        }
    }
}
