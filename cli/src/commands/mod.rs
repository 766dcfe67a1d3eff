//! The commands.

mod corps;
mod doctor;
mod end_sessions;
mod export;
mod import;
mod import_parts;
mod lists;
mod people;
mod records;
mod rotate_keys;

use std::io::Write as _;

use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::flags::{Command, Flags};
use crate::new;
use crate::prompt;
use crate::target::Target;

/// How a command ended that could do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is nothing to look at.
    Done,
    /// Somebody has to look at something.
    Found,
}

pub(crate) async fn run(flags: Flags) -> Result<Outcome> {
    let Flags {
        target: target_flags,
        json,
        command,
    } = flags;
    let target = match &command {
        Command::New(args) => return new::run(args),
        Command::Migrate => {
            if target_flags.url.is_some() {
                return Err(Failure::new(
                    "migrate works on the database: give --database-url in place of --url",
                ));
            }
            Target::open_database(&target_flags, true).await?
        }
        _ => Target::open(&target_flags).await?,
    };
    let printer = Printer { json };
    let outcome = match command {
        Command::Doctor => {
            let is_service = target_flags.public_url.is_some();
            doctor::run(&target, printer, is_service).await
        }
        Command::Corps(args) => corps::run(&target, printer, args).await,
        Command::Records(args) => records::run(&target, printer, args).await,
        Command::People(args) => people::run(&target, printer, args).await,
        Command::Sessions { user_id, scope } => {
            people::sessions(&target, printer, &user_id, &scope).await
        }
        Command::Links {
            suite_ids,
            state,
            qr,
        } => {
            corps::link(
                &target,
                printer,
                &suite_ids,
                state.as_deref(),
                qr.as_deref(),
            )
            .await
        }
        Command::Audit {
            who,
            action,
            scope,
            since,
            paging,
        } => {
            let filter = records::AuditFilter {
                who: who.as_deref(),
                action: action.as_deref(),
                since,
            };
            records::audit(&target, printer, &filter, &scope, &paging).await
        }
        Command::Import { file, dry_run } => import::run(&target, printer, &file, dry_run).await,
        Command::Export {
            with_secrets,
            output,
        } => export::run(&target, with_secrets, output.as_deref()).await,
        Command::EndSessions {
            whose,
            wecom,
            suite,
            yes,
        } => {
            let ended = end_sessions::Ended {
                whose: &whose,
                by_wecom_id: wecom,
                suite_id: suite.suite.as_deref(),
                yes,
            };
            end_sessions::run(&target, printer, &ended).await
        }
        Command::RotateKeys => rotate_keys::run(&target, printer).await,
        Command::Migrate => printer.print(&json!({"migrated": true}), || {
            "the tables are up to date\n".to_owned()
        }),
        Command::New(_) => Ok(Outcome::Done),
    };
    target.close().await;
    outcome
}

/// Prints results: JSON for programs, or what people read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    /// # Errors
    /// Nobody reads the output any more.
    pub(crate) fn print(self, value: &Value, text: impl FnOnce() -> String) -> Result<Outcome> {
        let text = if self.json {
            format!("{value}\n")
        } else {
            text()
        };
        let mut output = std::io::stdout().lock();
        output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush())
            .map_err(|error| Failure::new(format!("the output cannot be written: {error}")))?;
        Ok(Outcome::Done)
    }

    /// What was done that answers nothing.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(crate) fn done(self, what: &str) -> Result<Outcome> {
        self.print(&json!({"done": true}), || format!("{what}\n"))
    }
}

/// Asks before what cannot be undone.
///
/// # Errors
/// The answer is no, or there is nobody to ask.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes || prompt::confirm(question) {
        Ok(())
    } else {
        Err(Failure::new("nothing was done: say yes, or give --yes"))
    }
}
