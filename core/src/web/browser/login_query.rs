//! The query of a link to the login page.

use crate::domain::{CorpId, LoginType};
use crate::query::Query;
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::return_to::ReturnTo;
use crate::web::config::HttpConfig;

/// What a link to the login page says.
pub(super) struct LoginQuery {
    pub(super) return_to: ReturnTo,
    pub(super) corp_id: Option<CorpId>,
    pub(super) organization_code: Option<String>,
    /// As it was named; without it, the browser decides.
    pub(super) mode: Option<LoginType>,
    /// The mark of the logout after which the person clicked.
    pub(super) confirmed: Option<String>,
}

impl LoginQuery {
    pub(super) fn read(query: &str, config: &HttpConfig) -> Option<Self> {
        let home = config.home();
        let known = ["returnTo", "orgCode", "corpId", "mode", "confirm"];
        let mut query = Query::parse_known(query, &known).ok()?;
        Some(Self {
            return_to: ReturnTo::parse_or_root(
                query.take_non_blank("returnTo").as_deref().unwrap_or(&home),
                &config.origins,
            ),
            corp_id: query
                .take_non_blank("corpId")
                .map(CorpId::new)
                .transpose()
                .ok()?,
            organization_code: query
                .take_non_blank("orgCode")
                .map(|code| code.trim().to_owned()),
            mode: query
                .take_non_blank("mode")
                .map(|mode| mode.parse())
                .transpose()
                .ok()?,
            confirmed: query.take_non_blank("confirm"),
        })
    }

    /// The parameters that say the same again, but for the company.
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("returnTo", self.return_to.as_str().to_owned())];
        query.extend(self.mode.map(|mode| ("mode", mode.as_str().to_owned())));
        query
    }

    /// Whether the link names a company.
    pub(super) const fn names_company(&self) -> bool {
        self.corp_id.is_some() || self.organization_code.is_some()
    }

    /// The company, as far as it was named.
    pub(super) fn company(&self) -> [(&'static str, Option<&str>); 2] {
        [
            ("corpId", self.corp_id.as_ref().map(CorpId::as_str)),
            ("orgCode", self.organization_code.as_deref()),
        ]
    }

    pub(super) fn link(
        &self,
        page: &PageRequest<'_>,
        more: &[(&'static str, Option<&str>)],
    ) -> String {
        let query = self.query();
        let own = query.iter().map(|(name, value)| (*name, value.as_str()));
        let more = more
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        page.login_path(&own.chain(more).collect::<Vec<_>>())
    }
}
