//! The handbook of this version, page by page. The same pages are in the repository's `docs/`.

/// The files of an instance, the [`Builder`](crate::Builder), pages, binders and hooks.
pub mod configuration {
    //!
    //! [http-api-credentials]: crate::handbook::http_api#credentials
    //! [accounts]: crate::handbook::accounts
    //! [http-api-routes]: crate::handbook::http_api#routes
    //! [storage-and-keys-data-keys]: crate::handbook::storage_and_keys#data-keys
    //! [sandbox]: https://docs.rs/wecom-sandbox
    //!
    #![doc = include_str!("../docs/configuration.md")]
}

/// Roles, guards by role, and users that the app had before.
pub mod accounts {
    #![doc = include_str!("../docs/accounts.md")]
}

/// Routes, parameters, answers, errors.
pub mod http_api {
    //!
    //! [accounts-existing-accounts]: crate::handbook::accounts#existing-accounts
    //! [admin]: crate::handbook::admin
    //! [calling-wecom]: crate::handbook::calling_wecom
    //! [calling-wecom-the-js-sdk]: crate::handbook::calling_wecom#the-js-sdk
    //! [configuration-machines]: crate::handbook::configuration#machines
    //! [configuration-pages]: crate::handbook::configuration#pages
    //! [configuration-the-ids-of-a-corp]: crate::handbook::configuration#the-ids-of-a-corp
    //! [console]: crate::handbook::console
    //! [deployment-behind-a-reverse-proxy]: crate::handbook::deployment#behind-a-reverse-proxy
    //! [forward-auth]: crate::handbook::forward_auth
    //!
    #![doc = include_str!("../docs/http-api.md")]
}

/// Metrics, alerts, a dashboard, spans.
pub mod metrics {
    //!
    //! [http-api-answers]: crate::handbook::http_api#answers
    //! [http-api-errors]: crate::handbook::http_api#errors
    //!
    #![doc = include_str!("../docs/metrics.md")]
}

/// What is logged at which level.
pub mod logs {
    //!
    //! [metrics]: crate::handbook::metrics
    //!
    #![doc = include_str!("../docs/logs.md")]
}

/// The operator's API.
pub mod admin {
    //!
    //! [admin-action]: crate::web::AdminAction
    //! [console]: crate::handbook::console
    //! [moving-in]: crate::handbook::moving_in
    //!
    #![doc = include_str!("../docs/admin.md")]
}

/// The operator's console.
pub mod console {
    //!
    //! [admin]: crate::handbook::admin
    //! [admin-action]: crate::web::AdminAction
    //! [admin-audit]: crate::handbook::admin#the-audit
    //! [admin-doctor]: crate::handbook::admin#the-doctor
    //!
    #![doc = include_str!("../docs/console.md")]
}

/// `wecom-login` in a shell.
pub mod command {
    //!
    //! [admin]: crate::handbook::admin
    //! [broken-company]: crate::handbook::broken_company
    //! [key-change]: crate::handbook::key_change
    //! [moving-in]: crate::handbook::moving_in
    //! [moving-out]: crate::handbook::moving_out
    //! [restore]: crate::handbook::restore
    //! [suite-secret]: crate::handbook::suite_secret
    //! [wecom-bar]: crate::handbook::wecom_bar
    //!
    #![doc = include_str!("../docs/command.md")]
}

/// Calls as a corp, the JS-SDK, mini programs, encrypted ids, licenses.
pub mod calling_wecom {
    //!
    //! [http-api-errors]: crate::handbook::http_api#errors
    //!
    #![doc = include_str!("../docs/calling-wecom.md")]
}

/// From the sandbox to WeCom: what goes where in WeCom's console.
pub mod going_live {
    //!
    //! [configuration-login-instances]: crate::handbook::configuration#login-instances
    //! [configuration-the-ids-of-a-corp]: crate::handbook::configuration#the-ids-of-a-corp
    //! [http-api-a-login-in-a-browser]: crate::handbook::http_api#a-login-in-a-browser
    //! [moving-in]: crate::handbook::moving_in
    //!
    #![doc = include_str!("../docs/going-live.md")]
}

/// Files to start from, reverse proxies, several nodes, shutdown.
pub mod deployment {
    //!
    //! [forward-auth]: crate::handbook::forward_auth
    //! [configuration-middleware]: crate::handbook::configuration#middleware-around-the-guard
    //!
    #![doc = include_str!("../docs/deployment.md")]
}

/// Services without a login of their own, behind a proxy that asks `/forwardAuth`.
pub mod forward_auth {
    //!
    //! [configuration-machines]: crate::handbook::configuration#machines
    //! [deployment-behind-a-reverse-proxy]: crate::handbook::deployment#behind-a-reverse-proxy
    //!
    #![doc = include_str!("../docs/forward-auth.md")]
}

/// What is stored, for how long, and under which keys.
pub mod storage_and_keys {
    //!
    //! [restore]: crate::handbook::restore
    //! [admin-erasure]: crate::handbook::admin#the-erasure-of-a-person
    //!
    #![doc = include_str!("../docs/storage-and-keys.md")]
}

/// Which database layers share a connection with the login, which use a URL, and which do not resolve.
pub mod database_layer {
    #![doc = include_str!("../docs/database-layer.md")]
}

/// Which personal data is where, for how long, and how it is erased.
pub mod personal_data {
    //!
    //! [storage-and-keys]: crate::handbook::storage_and_keys
    //! [the-end-of-a-corp]: crate::handbook::storage_and_keys#the-end-of-a-corp
    //! [deployment-behind-a-reverse-proxy]: crate::handbook::deployment#behind-a-reverse-proxy
    //! [database-layer-what-the-pool-needs]: crate::handbook::database_layer#what-the-pool-needs
    //!
    #![doc = include_str!("../docs/personal-data.md")]
}

/// What a version number promises, the minimum Rust version, and what is supported.
pub mod versions {
    //!
    //! [database-layer]: crate::handbook::database_layer
    //!
    #![doc = include_str!("../docs/versions.md")]
}

/// The runbook for authorizations and bindings from elsewhere.
pub mod moving_in {
    #![doc = include_str!("../docs/moving-in.md")]
}

/// The runbook for another database or another system.
pub mod moving_out {
    //!
    //! [moving-in]: crate::handbook::moving_in
    //!
    #![doc = include_str!("../docs/moving-out.md")]
}

/// The runbook after a restore of the database.
pub mod restore {
    #![doc = include_str!("../docs/restore.md")]
}

/// The runbook for new data keys.
pub mod key_change {
    //!
    //! [storage-and-keys-data-keys]: crate::handbook::storage_and_keys#data-keys
    //!
    #![doc = include_str!("../docs/key-change.md")]
}

/// The runbook for a suite secret that changed.
pub mod suite_secret {
    #![doc = include_str!("../docs/suite-secret.md")]
}

/// The runbook for calls that WeCom refuses for all companies.
pub mod wecom_bar {
    //!
    //! [broken-company]: crate::handbook::broken_company
    //! [suite-secret]: crate::handbook::suite_secret
    //!
    #![doc = include_str!("../docs/wecom-bar.md")]
}

/// The runbook for one company whose people cannot log in.
pub mod broken_company {
    #![doc = include_str!("../docs/broken-company.md")]
}

/// OWASP ASVS 5.0: sessions, OAuth, logging; what is met, and what the host app does.
pub mod security {
    //!
    //! [accounts-guards-by-role]: crate::handbook::accounts#guards-by-role
    //! [accounts-security-of-linking]: crate::handbook::accounts#security-of-linking
    //! [admin]: crate::handbook::admin
    //! [admin-audit]: crate::handbook::admin#the-audit
    //! [configuration-settings]: crate::handbook::configuration#settings
    //! [configuration-login-instances]: crate::handbook::configuration#login-instances
    //! [http-api-a-login-in-a-browser]: crate::handbook::http_api#a-login-in-a-browser
    //! [deployment-behind-a-reverse-proxy]: crate::handbook::deployment#behind-a-reverse-proxy
    //!
    #![doc = include_str!("../docs/security.md")]
}

/// The faults that the tests provoke, and what they showed.
pub mod faults {
    #![doc = include_str!("../docs/faults.md")]
}

/// What the login costs, beside other crates.
pub mod benchmarks {
    #![doc = include_str!("../docs/benchmarks.md")]
}
