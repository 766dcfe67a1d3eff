//! Login codes: a single-use grant that proves for 300 seconds who logged in.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use sha2::{Digest as _, Sha256};

use crate::db::entity::login_code::{ActiveModel, Column, Entity, Model};
use crate::db::{Store, delete_in_batches};
use crate::digest;
use crate::domain::{FlowSecret, LoginCode, LoginType, Principal, TokenHash};
use crate::element::CodeLogin;
use crate::error::{Error, ErrorKind, Result};
use crate::login::FormerUse;
use crate::random;

const CODE_BYTES: usize = 32;
/// How long a login code can be used.
const LIFE: Duration = Duration::from_secs(300);

/// How the person of a login code was proven, which decides the corps whose `codeLogin` it satisfies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginProof {
    /// By a code from elsewhere.
    Code,
    /// By a code with a state that the host app made and compared.
    CodeWithState,
    /// By a login in a browser, which `codeLogin` is not about.
    Browser,
}

impl LoginProof {
    /// Whether an instance takes logins that are proven so.
    pub(super) fn satisfies(self, code_login: CodeLogin) -> bool {
        match code_login {
            CodeLogin::Open => true,
            CodeLogin::State => self != Self::Code,
            CodeLogin::Off => self == Self::Browser,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::CodeWithState => "state",
            Self::Browser => "browser",
        }
    }

    /// Of a stored code; one of a node that does not know of proofs has none.
    pub(super) fn of_stored(text: Option<&str>) -> Self {
        match text {
            Some("browser") => Self::Browser,
            Some("state") => Self::CodeWithState,
            _ => Self::Code,
        }
    }
}

/// The login that a login code completes.
#[derive(Clone, Debug)]
pub(crate) struct LoginGrant {
    pub(crate) principal: Principal,
    pub(crate) user_id: String,
    pub(crate) instance: String,
    pub(crate) login_type: LoginType,
    pub(crate) proof: LoginProof,
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
}

#[derive(Clone)]
pub(crate) struct LoginCodes {
    store: Store,
}

impl LoginCodes {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }

    /// A code that nobody can guess.
    pub(crate) fn random() -> LoginCode {
        LoginCode::new(URL_SAFE_NO_PAD.encode(random::bytes::<CODE_BYTES>()))
    }

    /// The code that follows from a secret and these parts.
    pub(crate) fn derived(secret: &FlowSecret, parts: &[&[u8]]) -> LoginCode {
        let parts = [&[&b"login code"[..]], parts].concat();
        let bytes: [u8; CODE_BYTES] = digest::keyed(secret.expose().as_bytes(), &parts);
        LoginCode::new(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Makes a code valid. Only its hash is kept.
    pub(crate) async fn issue(&self, grant: &LoginGrant, code: &LoginCode) -> Result<()> {
        let row = ActiveModel {
            hash: Set(hash(code)),
            suite_id: Set(grant.principal.suite_id.clone()),
            corp_id: Set(grant.principal.corp_id.clone()),
            third_user_id: Set(grant.principal.third_user_id.clone()),
            user_id: Set(grant.user_id.clone()),
            instance: Set(grant.instance.clone()),
            login_type: Set(grant.login_type.as_str().to_owned()),
            proof: Set(Some(grant.proof.as_str().to_owned())),
            member_epoch: Set(grant.member_epoch),
            authorization_epoch: Set(grant.authorization_epoch),
            expires_at: Set(self.store.now() + LIFE),
            used_at: Set(None),
            token_hash: Set(None),
        };
        Entity::insert(row)
            .exec_without_returning(self.store.database())
            .await?;
        Ok(())
    }

    /// The login of a valid code, which stays valid.
    pub(crate) async fn find(&self, code: &LoginCode) -> Result<LoginGrant> {
        let usable = Condition::all()
            .add(Column::UsedAt.is_null())
            .add(Column::ExpiresAt.gt(self.store.now()));
        let row = Entity::find_by_id(hash(code))
            .filter(usable)
            .one(self.store.database())
            .await?;
        grant(row.ok_or_else(invalid)?)
    }

    /// Uses a code up, in a browser for the session of this token. Of concurrent calls, the one whose statement finds it
    /// unused succeeds.
    pub(crate) async fn consume(
        &self,
        code: &LoginCode,
        token_hash: Option<&TokenHash>,
    ) -> Result<LoginGrant> {
        // A code that we did not issue costs no query.
        if !URL_SAFE_NO_PAD
            .decode(code.expose())
            .is_ok_and(|bytes| bytes.len() == CODE_BYTES)
        {
            return Err(invalid());
        }
        let now = self.store.now();
        let hash = hash(code);
        let used = Entity::update_many()
            .col_expr(Column::UsedAt, Expr::value(now))
            .col_expr(
                Column::TokenHash,
                Expr::value(token_hash.map(|hash| hash.to_vec())),
            )
            .filter(Column::Hash.eq(hash.clone()))
            .filter(Column::UsedAt.is_null())
            .filter(Column::ExpiresAt.gt(now))
            .exec(self.store.database())
            .await?;
        if used.rows_affected != 1 {
            return Err(invalid());
        }
        let row = Entity::find_by_id(hash).one(self.store.database()).await?;
        grant(row.ok_or_else(invalid)?)
    }

    /// Whether this code was issued, used or not.
    pub(crate) async fn is_issued(&self, code: &LoginCode) -> Result<bool> {
        let row = Entity::find_by_id(hash(code)).one(self.store.database());
        Ok(row.await?.is_some())
    }

    /// The use of a code that is used up.
    pub(crate) async fn find_use(&self, code: &LoginCode) -> Result<Option<FormerUse>> {
        let row = Entity::find_by_id(hash(code)).one(self.store.database());
        Ok(row.await?.and_then(|row| {
            Some(FormerUse {
                used_at: row.used_at?,
                token_hash: row.token_hash,
                link: None,
            })
        }))
    }

    /// Records that a code that is used up led to no session.
    pub(crate) async fn end(&self, code: &LoginCode) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::TokenHash, Expr::value(None::<Vec<u8>>))
            .filter(Column::Hash.eq(hash(code)))
            .exec(self.store.database())
            .await?;
        Ok(())
    }

    /// Removes what expired; says how many went.
    pub(crate) async fn remove_expired(&self) -> Result<u64> {
        let expired = Condition::all().add(Column::ExpiresAt.lte(self.store.now()));
        delete_in_batches::<Entity, Vec<u8>>(&self.store, Column::Hash, expired).await
    }
}

impl fmt::Debug for LoginCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginCodes")
    }
}

fn grant(row: Model) -> Result<LoginGrant> {
    Ok(LoginGrant {
        principal: Principal::new(row.suite_id, row.corp_id, row.third_user_id),
        user_id: row.user_id,
        instance: row.instance,
        login_type: row.login_type.parse()?,
        proof: LoginProof::of_stored(row.proof.as_deref()),
        member_epoch: row.member_epoch,
        authorization_epoch: row.authorization_epoch,
    })
}

fn invalid() -> Error {
    Error::new(
        ErrorKind::LoginCodeInvalid,
        "the login code is unknown, used or expired",
    )
}

fn hash(code: &LoginCode) -> Vec<u8> {
    Sha256::digest(code.expose()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_survives_its_spelling_and_satisfies_what_it_is_enough_for() {
        let all = [
            (LoginProof::Code, [true, false, false]),
            (LoginProof::CodeWithState, [true, true, false]),
            (LoginProof::Browser, [true, true, true]),
        ];
        for (proof, satisfied) in all {
            assert_eq!(LoginProof::of_stored(Some(proof.as_str())), proof);
            let code_logins = [CodeLogin::Open, CodeLogin::State, CodeLogin::Off];
            assert_eq!(code_logins.map(|code| proof.satisfies(code)), satisfied);
        }
        assert_eq!(LoginProof::of_stored(None), LoginProof::Code);
    }
}
