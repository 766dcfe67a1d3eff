//! Why a database cannot be opened, in a sentence that says what to do: a scheme that nobody knows, a feature that is off,
//! a directory that is not there, a server that does not answer. Never the URL itself, which holds a password.

use std::path::Path;

use percent_encoding::percent_decode_str;
use sea_orm::DbErr;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use sea_orm::RuntimeErr;
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// What a URL may begin with, the feature that brings the driver, and whether it is on.
const SCHEMES: [(&str, &str, bool); 5] = [
    ("sqlite", "sqlite", cfg!(feature = "sqlite")),
    ("postgres", "postgres", cfg!(feature = "postgres")),
    ("postgresql", "postgres", cfg!(feature = "postgres")),
    ("mysql", "mysql", cfg!(feature = "mysql")),
    ("mariadb", "mysql", cfg!(feature = "mysql")),
];

/// Checks what can be seen without opening it.
///
/// # Errors
/// `CONFIG_ERROR`: no scheme or an unknown one, a driver that is not compiled in, an SQLite file in a directory that does
/// not exist.
pub(super) fn check_url(url: &str) -> Result<()> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let known = SCHEMES.iter().find(|(known, ..)| *known == scheme);
    let Some((_, feature, is_on)) = known else {
        return Err(config_error(
            "the database URL must begin with sqlite://, postgres:// or mysql://; an SQLite file is sqlite://PATH",
        ));
    };
    if !is_on {
        return Err(config_error(format!(
            "the database URL begins with {scheme}://, but the feature {feature} of the crate wecom-login is off: add \
             features = [\"{feature}\"] to it in Cargo.toml"
        )));
    }
    match missing_directory(url) {
        Some(directory) => Err(config_error(format!(
            "the directory {directory} of the SQLite file does not exist: create it, or change the path in \
             sqlite://PATH"
        ))),
        None => Ok(()),
    }
}

/// The directory of an SQLite file, if it does not exist.
fn missing_directory(url: &str) -> Option<String> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let path = percent_decode_str(path).decode_utf8_lossy();
    if path.starts_with(":memory:") || url.contains("mode=memory") {
        return None;
    }
    let directory = Path::new(&*path).parent()?;
    let is_there = directory == Path::new("") || directory.is_dir();
    (!is_there).then(|| directory.display().to_string())
}

/// The error of a database that could not be opened.
pub(super) fn open_error(url: &str, error: &DbErr) -> Error {
    let detail = format!("the database cannot be opened: {}", reason(url, error));
    Error::new(ErrorKind::StoreUnavailable, detail)
}

fn reason(url: &str, error: &DbErr) -> String {
    match error {
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
        DbErr::Conn(RuntimeErr::SqlxError(error)) => match &**error {
            sea_orm::sqlx::Error::Io(error) => format!("{}: {error}", server(url)),
            sea_orm::sqlx::Error::Tls(error) => format!("TLS with {}: {error}", server(url)),
            sea_orm::sqlx::Error::Database(error) => error.message().to_owned(),
            sea_orm::sqlx::Error::PoolTimedOut => no_connection(url),
            sea_orm::sqlx::Error::Configuration(_) => {
                "its URL must have the form SCHEME://USER:PASSWORD@HOST:PORT/NAME, with special characters \
                 percent-encoded"
                    .to_owned()
            }
            _ => format!("{} refused the connection", server(url)),
        },
        DbErr::ConnectionAcquire(_) => no_connection(url),
        _ => "no driver of this build takes its URL".to_owned(),
    }
}

fn no_connection(url: &str) -> String {
    format!(
        "no connection to {} in time; is it running, and are host and port right?",
        server(url)
    )
}

/// The server that a URL names, by host and port only.
fn server(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str);
    match (host, url.as_ref().and_then(Url::port)) {
        (Some(host), Some(port)) => format!("the database server at {host}:{port}"),
        (Some(host), None) => format!("the database server at {host}"),
        (None, _) => "the database".to_owned(),
    }
}

fn config_error(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        check_url(url).unwrap_err().to_string()
    }

    #[test]
    fn check_url_names_the_schemes() {
        for url in [
            "wecom.db",
            "C:\\data\\wecom.db",
            "",
            "oracle://hush@host/db",
        ] {
            let text = refusal(url);
            assert!(text.contains("sqlite://PATH"), "{text}");
            assert!(!text.contains("hush"), "{text}");
        }
    }

    #[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
    #[test]
    fn check_url_names_the_feature_that_is_off() {
        let (scheme, feature, _) = SCHEMES.into_iter().find(|(.., is_on)| !is_on).unwrap();
        let text = refusal(&format!("{scheme}://user:hush@host/db"));
        assert!(
            text.contains(&format!("features = [\"{feature}\"]")),
            "{text}"
        );
        assert!(!text.contains("hush"), "{text}");
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn check_url_names_the_missing_directory() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().display();
        assert!(check_url(&format!("sqlite://{here}/app.db?mode=rwc")).is_ok());
        for url in [
            "sqlite::memory:",
            "sqlite://app.db",
            "sqlite:app.db",
            "sqlite://x/y?mode=memory",
        ] {
            assert!(check_url(url).is_ok(), "{url}");
        }
        let text = refusal(&format!("sqlite://{here}/no%20where/app.db"));
        assert!(
            text.contains(&format!("{here}/no where of the SQLite file")),
            "{text}"
        );
    }

    #[cfg(feature = "postgres")]
    #[tokio::test]
    async fn open_error_names_the_server_and_no_password() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("postgres://user:hush@127.0.0.1:{port}/db");
        let error = crate::db::Pool::connect(&url).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
        let text = format!("{error} {error:?}");
        assert!(
            text.contains(&format!("the database server at 127.0.0.1:{port}")),
            "{text}"
        );
        assert!(!text.contains("hush"), "{text}");
    }
}
