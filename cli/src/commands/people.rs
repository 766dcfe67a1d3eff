//! People and their sessions.

use serde_json::{Value, json};

use crate::commands::{Outcome, Printer, confirm, lists};
use crate::failure::Result;
use crate::flags::{PeopleArgs, PersonCommand, Scope};
use crate::table::{columns, fields, table};
use crate::target::{PathAndQuery, Target};

pub(super) async fn run(target: &Target, printer: Printer, args: PeopleArgs) -> Result<Outcome> {
    match args.command {
        None => {
            let path = || {
                let path = PathAndQuery::new("people", "").with("q", args.search.as_deref());
                scoped(path, &args.scope)
            };
            let list = lists::read(target, "people", &args.paging, path).await?;
            let columns = columns([
                ("USER", "userId"),
                ("NAME", "name"),
                ("WECOM USER", "thirdUserId"),
                ("CORP", "corpId"),
                ("SUITE", "suiteId"),
                ("SESSIONS", "sessions"),
                ("SINCE", "since"),
            ]);
            lists::print(printer, "people", list, &columns)
        }
        Some(PersonCommand::Show(person)) => {
            let person = find(target, &person.user_id, &person.scope).await?;
            printer.print(&person, || {
                let mut text = String::new();
                for member in items(&person, "members") {
                    text.push_str(&fields(member));
                    text.push('\n');
                }
                text + &session_table(&person)
            })
        }
        Some(PersonCommand::Erase { person, yes }) => {
            target.require_service("the app's own code unbinds whoever is erased")?;
            let question = format!(
                "erase {}, with the sessions and the binding?",
                person.user_id
            );
            confirm(&question, yes)?;
            let path = scoped(
                PathAndQuery::new("people/{}", &person.user_id),
                &person.scope,
            );
            target.send(http::Method::DELETE, path.as_str(), "").await?;
            printer.done("the person is erased")
        }
    }
}

pub(super) async fn sessions(
    target: &Target,
    printer: Printer,
    user_id: &str,
    scope: &Scope,
) -> Result<Outcome> {
    let person = find(target, user_id, scope).await?;
    let sessions = json!({"sessions": person["sessions"]});
    printer.print(&sessions, || session_table(&person))
}

async fn find(target: &Target, user_id: &str, scope: &Scope) -> Result<Value> {
    let path = scoped(PathAndQuery::new("people/{}", user_id), scope);
    target.get(path.as_str()).await
}

fn session_table(person: &Value) -> String {
    let columns = columns([
        ("SESSION", "id"),
        ("CORP", "corpId"),
        ("INSTANCE", "instance"),
        ("PLATFORM", "platform"),
        ("LOGIN", "loginType"),
        ("CREATED", "createdAt"),
        ("LAST SEEN", "lastSeenAt"),
        ("EXPIRES", "expiresAt"),
    ]);
    match items(person, "sessions") {
        [] => "no session\n".to_owned(),
        sessions => table(sessions, &columns),
    }
}

fn items<'a>(person: &'a Value, name: &str) -> &'a [Value] {
    person[name].as_array().map_or(&[], Vec::as_slice)
}

/// The parameters of a company and a suite.
pub(super) fn scoped(path: PathAndQuery, scope: &Scope) -> PathAndQuery {
    path.with("corpId", scope.corp.as_deref())
        .with("suiteId", scope.suite.suite.as_deref())
}
