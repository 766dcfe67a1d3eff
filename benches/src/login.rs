//! Handles of ours with many live sessions, in memory or in the database only.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use sha2::{Digest as _, Sha256};
use wecom_login::callback::{CallbackKeys, EncodingAesKey};
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    Builder, CallbackToken, CorpId, DataKey, DataKeys, Platform, Principal, SessionConfig, Suite,
    SuiteId, SuiteSecret, WecomLogin, WecomUserId,
};

pub const SUITE: &str = "dk1234567890abcdef";
pub const CORP: &str = "wpABCDEFGHabcdefgh12345678901234";
const DATA_KEY: [u8; 32] = [7; 32];
/// Rows in one INSERT; SQLite takes 32 766 values.
const ROWS: usize = 1000;

/// The suite of every handle here.
pub fn suite() -> Suite {
    let key = EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
    let keys = CallbackKeys::new(CallbackToken::new("a-token-of-some-length"), key);
    Suite::new(
        SuiteId::new(SUITE).unwrap(),
        SuiteSecret::new("secret"),
        keys,
    )
}

/// A builder with one instance, and nobody behind WeCom's address.
pub fn builder() -> Builder {
    let name = InstanceName::new("auths.QywxProxyDefault").unwrap();
    WecomLogin::builder()
        .instance(InstanceConfig::new(name, "Default", suite()))
        .data_keys(DataKeys::from_keys([DataKey::new(DATA_KEY)]))
        .public_url("http://127.0.0.1:3000")
        .wecom_url("http://127.0.0.1:9")
        .sessions(SessionConfig::default().with_max_cached(2_000_000))
}

/// A handle with so many sessions of as many people in memory, and their tokens.
pub async fn with_sessions(sessions: usize) -> (WecomLogin, Vec<String>) {
    let login = builder()
        .database_url("sqlite::memory:")
        .build()
        .await
        .unwrap();
    let mut tokens = Vec::with_capacity(sessions);
    for number in 0..sessions {
        let who = Principal::new(
            SuiteId::new(SUITE).unwrap(),
            CorpId::new(CORP).unwrap(),
            WecomUserId::new(user_id(number)).unwrap(),
        );
        let issued = login.sessions().issue(&who, Platform::App).await.unwrap();
        tokens.push(issued.token.expose().to_owned());
    }
    // What was issued before the handle first looked at the feed of ends is read again.
    for token in &tokens {
        login
            .verify_token(token.as_bytes())
            .resolve()
            .await
            .unwrap();
    }
    (login, tokens)
}

fn user_id(number: usize) -> String {
    format!("woAJ2GCAAAXtWyujaWJHDD{number:010}")
}

/// The statements that a database was asked for: how many, and the text of one. They are not kept: millions of them
/// would be counted as memory of ours.
#[derive(Debug, Default)]
pub struct Statements {
    count: AtomicU64,
    session_reads: AtomicU64,
    session_read: OnceLock<String>,
}

impl Statements {
    /// How many so far. What is done all the time, by whoever is idle too, does not count: reading the feed of ends,
    /// keeping house, looking for callbacks to work on and for companies to read again.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// How many of them read a session.
    pub fn session_reads(&self) -> u64 {
        self.session_reads.load(Ordering::Relaxed)
    }

    /// Waits until nothing is asked any more: what a start leaves to be done is done.
    pub async fn settled(&self) {
        let mut before = None;
        while before != Some(self.count()) {
            before = Some(self.count());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// The statement that reads a session, once there was one.
    pub fn session_read(&self) -> &str {
        self.session_read.get().expect("a session was read")
    }

    fn add(&self, sql: &str) {
        const BESIDE: [&str; 4] = [
            "wecom_end",
            "wecom_housekeeping",
            "wecom_callback",
            "\"read_due_at\" <",
        ];
        if sql.contains("wecom_") && !BESIDE.iter().any(|table| sql.contains(table)) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        let reads_session = sql.starts_with("SELECT")
            && sql.contains("wecom_session")
            && sql.contains("wecom_person");
        if reads_session {
            self.session_reads.fetch_add(1, Ordering::Relaxed);
            self.session_read.get_or_init(|| sql.to_owned());
        }
    }
}

/// A database file that can be read and written by a handle, whose statements are counted.
pub async fn database(file: &Path) -> (DatabaseConnection, Arc<Statements>) {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.sqlx_logging(false).max_connections(4);
    let mut database = Database::connect(options).await.unwrap();
    database
        .execute_unprepared("PRAGMA journal_mode = WAL")
        .await
        .unwrap();
    let statements = Arc::new(Statements::default());
    let counted = Arc::clone(&statements);
    database.set_metric_callback(move |info| counted.add(&info.statement.sql));
    (database, statements)
}

/// Writes sessions of as many people straight into the tables of a handle, and gives their tokens.
pub async fn write_sessions(
    database: &DatabaseConnection,
    sessions: usize,
    epoch: i64,
) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (now, later) = (
        now.as_millis(),
        (now + Duration::from_hours(24 * 30)).as_millis(),
    );
    let of_corp = format!("x'{}', x'{}'", hex(SUITE.as_bytes()), hex(CORP.as_bytes()));
    let tokens: Vec<String> = (0..sessions).map(token).collect();
    for (chunk, tokens) in tokens.chunks(ROWS).enumerate() {
        let (mut people, mut rows) = (Vec::new(), Vec::new());
        for (index, token) in tokens.iter().enumerate() {
            let number = chunk * ROWS + index;
            let user = hex(user_id(number).as_bytes());
            people.push(format!("({of_corp}, x'{user}', 0, {now}, '张伟', {now})"));
            let hash = hex(&Sha256::digest(token));
            rows.push(format!(
                "('{number:032x}', x'{hash}', {of_corp}, x'{user}', '{number:032x}', 'auths.QywxProxyDefault', \
                 'app', 'qr', 0, {epoch}, {now}, {now}, {later})"
            ));
        }
        for (table, columns, rows) in [
            (
                "wecom_person",
                "suite_id, corp_id, user_id, epoch, visible_at, name, created_at",
                people,
            ),
            (
                "wecom_session",
                "id, token_hash, suite_id, corp_id, user_id, local_id, instance, platform, login_type, \
                 person_epoch, authorization_epoch, created_at, last_seen_at, expires_at",
                rows,
            ),
        ] {
            let insert = format!("INSERT INTO {table} ({columns}) VALUES {}", rows.join(", "));
            database.execute_unprepared(&insert).await.unwrap();
        }
    }
    tokens
}

/// Makes a token as the handle would.
fn token(number: usize) -> String {
    let random: [u8; 24] = Sha256::digest(number.to_be_bytes())[..24]
        .try_into()
        .unwrap();
    let key = hmac(&DATA_KEY, b"wecom-login session token");
    let bytes = [&random[..], &hmac(&key, &random)[..8]].concat();
    format!("wl_{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
