//! The users that the app had before the login: a table of its own, with names, passwords and roles.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr, Statement, Value,
};

/// The role of those who may open `/api/admin`.
pub const ADMINISTRATOR: &str = "administrator";

/// Id, password and role. An app of yours keeps a hash of the password, such as argon2's.
const USERS: [(&str, &str, &str); 2] = [
    ("wangfang", "wangfang-demo", ADMINISTRATOR),
    ("editor", "editor-demo", "editor"),
];

/// The table of users.
#[derive(Clone, Debug)]
pub struct Staff {
    database: DatabaseConnection,
}

impl Staff {
    /// A table in memory, with two users where everybody is invented: who knows this source knows their passwords.
    pub(crate) async fn open(with_users: bool) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new("sqlite::memory:");
        // The table goes with its connection.
        options
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .sqlx_logging(false);
        let staff = Self {
            database: Database::connect(options).await?,
        };
        staff
            .execute(
                "CREATE TABLE staff (id TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL)",
                [],
            )
            .await?;
        for (id, password, role) in USERS.into_iter().filter(|_| with_users) {
            let insert = "INSERT INTO staff (id, password, role) VALUES (?, ?, ?)";
            let values = [id.into(), password.into(), role.into()];
            staff.execute(insert, values).await?;
        }
        Ok(staff)
    }

    /// The role of a user; none of one who is not in the table.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn role_of(&self, user_id: &str) -> Result<Option<String>, DbErr> {
        self.text("SELECT role FROM staff WHERE id = ?", [user_id.into()])
            .await
    }

    /// Whether a user is an administrator now, whatever their session says.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_administrator(&self, user_id: &str) -> Result<bool, DbErr> {
        Ok(self.role_of(user_id).await?.as_deref() == Some(ADMINISTRATOR))
    }

    /// Gives a user another role.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn set_role(&self, user_id: &str, role: &str) -> Result<(), DbErr> {
        let update = "UPDATE staff SET role = ? WHERE id = ?";
        self.execute(update, [role.into(), user_id.into()]).await
    }

    /// The id of the user with this name and password.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn check_password(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Option<String>, DbErr> {
        let select = "SELECT id FROM staff WHERE id = ? AND password = ?";
        self.text(select, [name.into(), password.into()]).await
    }

    async fn execute<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<(), DbErr> {
        let statement = self.statement(sql, values);
        self.database.execute_raw(statement).await.map(drop)
    }

    async fn text<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<Option<String>, DbErr> {
        let statement = self.statement(sql, values);
        let row = self.database.query_one_raw(statement).await?;
        row.map(|row| row.try_get_by_index(0)).transpose()
    }

    fn statement<const N: usize>(&self, sql: &str, values: [Value; N]) -> Statement {
        Statement::from_sql_and_values(self.database.get_database_backend(), sql, values)
    }
}
