//! The corp that a page of the host app names in its query, as a link in a message of WeCom does.

use crate::domain::{CorpId, OrganizationCode};
use crate::error::Result;
use crate::query::Query;
use crate::session::CurrentUser;
use crate::web::http_service::HttpDeps;

/// The corp that a page is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamedCorp {
    /// By `corpId`.
    CorpId(CorpId),
    /// By `orgCode`.
    OrganizationCode(OrganizationCode),
}

impl NamedCorp {
    /// The corp in the query of a page; `None` if it names none, or something that is no id and no code.
    pub(super) fn of_page(path_and_query: &str) -> Option<Self> {
        let (_, query) = path_and_query.split_once('?')?;
        let query = query.split('#').next()?;
        let mut query = Query::parse_known(query, &["corpId", "orgCode"]).ok()?;
        if let Some(corp_id) = query.take_non_blank("corpId") {
            return CorpId::new(corp_id).ok().map(Self::CorpId);
        }
        let code = query.take_non_blank("orgCode")?;
        let code = OrganizationCode::new(code.trim()).ok()?;
        Some(Self::OrganizationCode(code))
    }

    /// The parameter of `/login` that says the same.
    pub(super) fn parameter(&self) -> (&'static str, &str) {
        match self {
            Self::CorpId(corp_id) => ("corpId", corp_id.as_str()),
            Self::OrganizationCode(code) => ("orgCode", code.as_str()),
        }
    }

    /// Whether the user's session is of this corp, by whichever of its ids it is named.
    pub(super) async fn is_of(&self, user: &CurrentUser, deps: &HttpDeps) -> Result<bool> {
        match self {
            Self::CorpId(corp_id) => {
                let aliases = deps.instances.aliases();
                Ok(aliases.is_same(user.suite_id(), user.corp_id(), corp_id))
            }
            Self::OrganizationCode(code) => {
                let service = &deps.browser_login;
                service
                    .has_code(user.suite_id(), user.corp_id(), code)
                    .await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_page_reads_the_one_corp_that_is_named() {
        let of = |page: &str| {
            let named = NamedCorp::of_page(page)?;
            let (name, value) = named.parameter();
            Some(format!("{name}={value}"))
        };
        for (page, named) in [
            ("/a?corpId=ww1", "corpId=ww1"),
            ("/a?x=1&corpId=ww1&y=2", "corpId=ww1"),
            ("/a?orgCode=Acme#b", "orgCode=Acme"),
            ("/a?orgCode=Acme&corpId=ww1", "corpId=ww1"),
            ("/a?corpId=&orgCode=+Acme", "orgCode=Acme"),
        ] {
            assert_eq!(of(page).as_deref(), Some(named), "{page}");
        }
        for page in [
            "/a",
            "/a?",
            "/a?corpid=ww1",
            "/a?corpId=",
            "/a?corpId=a%20b",
            "/a?corpId=ww1&corpId=ww2",
            "/a?orgCode=a%26b",
            "/a#?corpId=ww1%0a",
        ] {
            assert_eq!(of(page), None, "{page}");
        }
    }
}
