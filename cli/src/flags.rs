//! The flags. A flag beats its variable, the variable beats the default.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Operates a wecom-login service: on its database, or with --url on a service that runs.
///
/// The exit status is 0, 1 if something was found that somebody has to look at (doctor, import, rotate-keys), and 2 if the
/// command could not do what it was asked for.
#[derive(Parser)]
#[command(name = "wecom-login", version)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) target: TargetFlags,
    /// Prints JSON, as the admin API answers.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What a command works on.
#[derive(Args)]
#[command(next_help_heading = "What it works on")]
pub(crate) struct TargetFlags {
    /// The URL of a service that runs, with the path of the login routes unless that is /auth. The admin key comes from
    /// WECOM_LOGIN_ADMIN_KEY, from --admin-key-file, or is asked for.
    #[arg(long, global = true, env = "WECOM_LOGIN_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// A file with the admin key.
    #[arg(
        long,
        global = true,
        env = "WECOM_LOGIN_ADMIN_KEY_FILE",
        value_name = "FILE"
    )]
    pub(crate) admin_key_file: Option<PathBuf>,
    /// The database: sqlite://, postgres:// or mysql://. `ps` shows a flag: use the variable where the URL has a password.
    #[arg(
        long,
        global = true,
        env = "WECOM_LOGIN_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: Option<String>,
    /// The directory of the login instances, beside --database-url.
    #[arg(
        long,
        global = true,
        env = "WECOM_LOGIN_AUTHS",
        default_value = "auths",
        value_name = "DIR"
    )]
    pub(crate) auths: PathBuf,
    /// A file with the data keys. Without it they come from WECOM_LOGIN_DATA_KEY.
    #[arg(
        long,
        global = true,
        env = "WECOM_LOGIN_DATA_KEY_FILE",
        value_name = "FILE"
    )]
    pub(crate) data_key_file: Option<PathBuf>,
    /// The URL of the app in browsers, for what the doctor says of it.
    #[arg(
        long,
        global = true,
        env = "WECOM_LOGIN_PUBLIC_URL",
        value_name = "URL"
    )]
    pub(crate) public_url: Option<String>,
    /// The URL for all three hosts of WeCom, such as a sandbox.
    #[arg(long, global = true, env = "WECOM_LOGIN_WECOM_URL", value_name = "URL")]
    pub(crate) wecom_url: Option<String>,
    /// Allows --url and --wecom-url to be http and not on this machine: secrets then travel in clear.
    #[arg(long, global = true)]
    pub(crate) allow_insecure_http: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Says what is wrong, since when, and what helps.
    Doctor,
    /// Lists companies; shows one, reads it from WeCom, decides about it.
    #[command(args_conflicts_with_subcommands = true)]
    Corps(CorpsArgs),
    /// Lists callback records; shows one, retries or releases it.
    #[command(args_conflicts_with_subcommands = true)]
    Records(RecordsArgs),
    /// Lists people; shows or erases one.
    #[command(args_conflicts_with_subcommands = true)]
    People(PeopleArgs),
    /// Lists the sessions of a person.
    Sessions {
        /// Your user id, or WeCom's userid.
        user_id: String,
        #[command(flatten)]
        scope: Scope,
    },
    /// Makes a link by which a company authorizes the app.
    Links {
        /// The suites that are authorized by it.
        #[arg(required = true, value_name = "SUITE_ID")]
        suite_ids: Vec<String>,
        /// Comes back with the company that used the link.
        #[arg(long)]
        state: Option<String>,
        /// Writes the link's QR code, an SVG document.
        #[arg(long, value_name = "FILE")]
        qr: Option<PathBuf>,
    },
    /// Says who did what.
    Audit {
        /// Whose actions: a user id, key, app or wecom.
        #[arg(long)]
        who: Option<String>,
        /// Which action, such as login or loginRefused.
        #[arg(long)]
        action: Option<String>,
        #[command(flatten)]
        scope: Scope,
        /// Only what is not older than this, such as 30m, 12h or 7d.
        #[arg(long, value_name = "AGE", value_parser = parse_age)]
        since: Option<Age>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Imports authorizations and bindings from JSON lines.
    Import {
        /// The file; - is the standard input.
        file: PathBuf,
        /// Checks every line and stores nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Exports authorizations and bindings as JSON lines that `import` takes.
    Export {
        /// With the permanent codes: whoever has them can act as the app. Only on the database.
        #[arg(long)]
        with_secrets: bool,
        /// The file, which must not exist; the standard output without it.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Ends sessions: of a person, of a company's people, or all.
    EndSessions {
        #[command(flatten)]
        whose: Whose,
        /// The person is named by WeCom's userid. The database alone knows no users of an app that has its own.
        #[arg(long, requires = "person", conflicts_with_all = ["corp", "all"])]
        wecom: bool,
        #[command(flatten)]
        suite: SuiteScope,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Seals everything anew under the primary data key, and retires the others.
    RotateKeys,
    /// Brings the tables of a database up to date.
    Migrate,
    /// Writes an `auths` directory, a data key and the code that mounts the login, from flags or questions.
    New(NewArgs),
}

#[derive(Args)]
pub(crate) struct CorpsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<CorpCommand>,
    /// active, broken, cancelled, held or refused.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Part of the name, the beginning of an id, or an organization code.
    #[arg(long)]
    pub(crate) search: Option<String>,
    /// Only those of this suite.
    #[arg(long, value_name = "SUITE_ID")]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Subcommand)]
pub(crate) enum CorpCommand {
    /// Everything about one company.
    Show(OneCorp),
    /// Reads its authorization from WeCom now.
    Read(OneCorp),
    /// Lets its people log in.
    Approve(OneCorp),
    /// Lets nobody log in until it is decided.
    Hold(OneCorp),
    /// Lets nobody log in.
    Deny(OneCorp),
    /// Says that another id is the same company.
    Alias {
        #[command(flatten)]
        corp: OneCorp,
        /// The other id.
        alias: String,
    },
    /// Sets its organization code.
    SetCode {
        #[command(flatten)]
        corp: OneCorp,
        /// The code.
        code: String,
    },
    /// Takes its organization code away.
    DeleteCode(OneCorp),
}

#[derive(Args)]
pub(crate) struct OneCorp {
    /// Any of the company's ids.
    pub(crate) corp_id: String,
    #[command(flatten)]
    pub(crate) suite: SuiteScope,
}

#[derive(Args)]
pub(crate) struct SuiteScope {
    /// The suite, where the company has authorized several.
    #[arg(long, value_name = "SUITE_ID")]
    pub(crate) suite: Option<String>,
}

/// Which company, or which suite.
#[derive(Args)]
pub(crate) struct Scope {
    /// Only of this company.
    #[arg(long, value_name = "CORP_ID")]
    pub(crate) corp: Option<String>,
    #[command(flatten)]
    pub(crate) suite: SuiteScope,
}

#[derive(Args)]
pub(crate) struct RecordsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<RecordCommand>,
    /// waiting, running, succeeded, failed or ignored.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// WeCom's InfoType or Event.
    #[arg(long)]
    pub(crate) event: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Only those that are not older than this, such as 30m, 12h or 7d.
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub(crate) since: Option<Age>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Subcommand)]
pub(crate) enum RecordCommand {
    /// The life of one record.
    Show {
        /// Its number.
        record_id: String,
    },
    /// Works on it now. Only with --url.
    Retry {
        /// Its number.
        record_id: String,
    },
    /// Frees it from a node that hangs.
    Release {
        /// Its number.
        record_id: String,
    },
}

#[derive(Args)]
pub(crate) struct PeopleArgs {
    #[command(subcommand)]
    pub(crate) command: Option<PersonCommand>,
    /// A user id, or the beginning of WeCom's userid or of the name; with --corp a part of the name.
    #[arg(long)]
    pub(crate) search: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Subcommand)]
pub(crate) enum PersonCommand {
    /// A person and their sessions.
    Show(OnePerson),
    /// Erases a person. Only with --url.
    Erase {
        #[command(flatten)]
        person: OnePerson,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub(crate) struct OnePerson {
    /// Your user id, or WeCom's userid.
    pub(crate) user_id: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
}

#[derive(Args)]
pub(crate) struct Paging {
    /// How many at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// Goes on after the `next` of an earlier answer.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whose {
    /// Of this person, by your user id or WeCom's userid. Without --url only by WeCom's, with --wecom.
    #[arg(long, value_name = "USER_ID")]
    pub(crate) person: Option<String>,
    /// Of the people of this company.
    #[arg(long, value_name = "CORP_ID")]
    pub(crate) corp: Option<String>,
    /// Of everybody, in every suite.
    #[arg(long, conflicts_with = "suite")]
    pub(crate) all: bool,
}

#[derive(Args)]
pub(crate) struct NewArgs {
    /// The directory that is written to.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The framework of the app.
    #[arg(long)]
    pub(crate) framework: Option<Framework>,
    /// The name of the login instance.
    #[arg(long)]
    pub(crate) instance: Option<String>,
    /// The id of the app template in WeCom's console.
    #[arg(long)]
    pub(crate) suite_id: Option<String>,
    /// The corpid of the provider, which makes authorization links and finds companies by either of their ids.
    #[arg(long)]
    pub(crate) provider_corp_id: Option<String>,
    /// The URL of the app in browsers.
    #[arg(long = "app-url", value_name = "URL")]
    pub(crate) app_url: Option<String>,
}

/// A web framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Framework {
    /// actix-web.
    Actix,
    /// axum.
    Axum,
}

/// An age in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) u64);

fn parse_age(text: &str) -> Result<Age, String> {
    const RULE: &str = "an age is a number and s, m, h or d, such as 30m or 7d";
    let unit = text.chars().last().ok_or(RULE)?;
    let millis = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(RULE.to_owned()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| RULE)?;
    number
        .checked_mul(millis)
        .map(Age)
        .ok_or_else(|| RULE.to_owned())
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flags").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn flags_are_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn end_sessions_of_all_takes_no_suite() {
        let parse = |flags: &[&str]| {
            let command = ["wecom-login", "end-sessions"];
            Flags::try_parse_from(command.iter().chain(flags)).is_ok()
        };
        assert!(parse(&["--all", "--yes"]));
        assert!(!parse(&["--all", "--suite", "dk1", "--yes"]));
        assert!(parse(&["--corp", "ww1", "--suite", "dk1"]));
        assert!(parse(&["--person", "zhangsan", "--wecom"]));
        assert!(!parse(&["--corp", "ww1", "--wecom"]));
    }

    #[test]
    fn parse_age_reads_a_number_and_its_unit() {
        assert_eq!(parse_age("90s"), Ok(Age(90_000)));
        assert_eq!(parse_age("7d"), Ok(Age(604_800_000)));
        for text in ["", "7", "d", "-1d", "7w", "99999999999999999999d", "7天"] {
            assert!(parse_age(text).is_err(), "{text}");
        }
    }
}
