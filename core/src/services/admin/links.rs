//! Links by which a corp authorizes the app, with their QR code.

use std::time::Duration;

use qrcode::QrCode;
use qrcode::render::svg;

use crate::audit::AuditAction;
use crate::domain::SuiteId;
use crate::error::{Error, ErrorKind, Result};
use crate::services::admin::AdminService;
use crate::wecom::InstallState;

/// The size of a QR code, in CSS pixels: it is read from a screen, and printed.
const QR_CODE_SIZE: u32 = 320;

/// A link by which a corp authorizes one or more suites, as text and as QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstallLink {
    /// The link, for a browser only.
    pub url: String,
    /// How long it is valid.
    pub expires_in: Duration,
    /// The QR code of the link, an SVG document.
    pub qr_code: String,
}

impl AdminService {
    /// Makes a link by which a corp authorizes the suites, and its QR code.
    ///
    /// # Errors
    /// As [`LinkService::authorization_link`](crate::LinkService::authorization_link).
    #[doc(alias = "get_customized_auth_url")]
    pub async fn install_link(
        &self,
        suites: &[SuiteId],
        state: &InstallState,
    ) -> Result<InstallLink> {
        let (suites, state) = (suites.to_vec(), state.clone());
        let entry = self
            .entry(AuditAction::LinkCreated)
            .with_detail(state.as_str());
        self.run(|deps| async move {
            if suites.iter().any(|suite| deps.suites.find(suite).is_none()) {
                return Err(Error::new(
                    ErrorKind::ApiParams,
                    "suiteIds has the id of a suite that is not configured",
                ));
            }
            deps.audit(&entry).await?;
            let link = deps.links.authorization_link(&suites, &state).await?;
            let qr_code = qr_code(&link.url)?;
            Ok(InstallLink {
                url: link.url,
                expires_in: link.expires_in,
                qr_code,
            })
        })
        .await
    }
}

/// The QR code of a link, an SVG document.
///
/// # Errors
/// `INTERNAL_ERROR`: the link is too long for one.
pub(crate) fn qr_code(url: &str) -> Result<String> {
    let code =
        QrCode::new(url).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(QR_CODE_SIZE, QR_CODE_SIZE)
        .build())
}
