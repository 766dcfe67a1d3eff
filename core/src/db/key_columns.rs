//! Conditions that find the rows of a corp's authorization or of a member.

use sea_orm::{ColumnTrait as _, Condition, EntityTrait};

use crate::db::entity::{
    authorization, corp_alias, login_code, member, member_alias, notification, organization_code,
    session, user,
};
use crate::domain::{CorpId, Principal, SuiteId};

/// A table whose rows belong to one corp under one suite.
pub(crate) trait CorpColumns: EntityTrait {
    /// The column of the suite.
    const SUITE_ID: Self::Column;
    /// The column of the corp.
    const CORP_ID: Self::Column;

    /// Matches the rows of this corp under this suite.
    fn of_corp(suite_id: &SuiteId, corp_id: &CorpId) -> Condition {
        Condition::all()
            .add(Self::SUITE_ID.eq(suite_id.clone()))
            .add(Self::CORP_ID.eq(corp_id.clone()))
    }
}

/// A table whose rows belong to one member.
pub(crate) trait PrincipalColumns: CorpColumns {
    /// The column of WeCom's userid.
    const THIRD_USER_ID: Self::Column;

    /// Matches the rows of this member.
    fn of_principal(principal: &Principal) -> Condition {
        Self::of_corp(&principal.suite_id, &principal.corp_id)
            .add(Self::THIRD_USER_ID.eq(principal.third_user_id.clone()))
    }
}

macro_rules! corp_columns {
    ($($table:ident),+) => {$(
        impl CorpColumns for $table::Entity {
            const SUITE_ID: $table::Column = $table::Column::SuiteId;
            const CORP_ID: $table::Column = $table::Column::CorpId;
        }
    )+};
}

macro_rules! principal_columns {
    ($($table:ident),+) => {$(
        impl PrincipalColumns for $table::Entity {
            const THIRD_USER_ID: $table::Column = $table::Column::ThirdUserId;
        }
    )+};
}

corp_columns!(
    authorization,
    corp_alias,
    login_code,
    member,
    member_alias,
    notification,
    organization_code,
    session,
    user
);
principal_columns!(login_code, member, session, user);
