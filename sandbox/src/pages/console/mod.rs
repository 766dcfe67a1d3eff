//! `/sandbox`: the console, with all data and a button for every action.

mod corps;
mod messages;
mod views;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use self::corps::CorpView;
use self::messages::MessageView;
use self::views::{Button, DeliveryView, SuiteView, SwitchView, clock_buttons, duration, switches};
use super::layout::Layout;
use super::query::language;
use crate::engine::Engine;
use crate::store::Store;

/// Sends the requests of buttons and forms, and refreshes the page.
const SCRIPT: &str = include_str!("../../../templates/console.js");

/// How many deliveries, and how many messages, the console shows.
const SHOWN_DELIVERIES: usize = 50;

#[derive(Template)]
#[template(path = "console.html")]
struct ConsolePage<'a> {
    layout: &'a Layout,
    notify_url: Option<String>,
    trusted_domain: Option<String>,
    suites: Vec<SuiteView>,
    switches: Vec<SwitchView>,
    clock_offset: String,
    clock_buttons: Vec<Button>,
    corps: Vec<CorpView<'a>>,
    calls: &'a BTreeMap<String, u64>,
    /// As JSON.
    faults: Vec<String>,
    /// As JSON.
    settings: String,
    /// Newest first.
    deliveries: Vec<DeliveryView<'a>>,
    /// Newest first.
    messages: Vec<MessageView<'a>>,
}

impl<'a> ConsolePage<'a> {
    fn new(layout: &'a Layout, engine: &'a Engine, store: &'a Store) -> Self {
        let language = layout.language;
        Self {
            layout,
            notify_url: engine.notify_url().map(|url| url.as_str().to_owned()),
            trusted_domain: engine.trusted_domain(store),
            suites: engine
                .suites
                .iter()
                .map(|suite| SuiteView::new(engine, store, suite, language))
                .collect(),
            switches: switches(&store.settings, language),
            clock_offset: duration(store.clock_offset_ms),
            clock_buttons: clock_buttons(language),
            corps: store
                .corps
                .iter()
                .map(|corp| CorpView::new(engine, store, corp, language))
                .collect(),
            calls: &store.calls,
            faults: store
                .faults
                .iter()
                .map(|fault| json!(fault).to_string())
                .collect(),
            settings: serde_json::to_string_pretty(&store.settings).unwrap_or_default(),
            deliveries: store
                .deliveries
                .iter()
                .rev()
                .take(SHOWN_DELIVERIES)
                .map(|delivery| DeliveryView::new(delivery, language))
                .collect(),
            messages: store
                .messages
                .iter()
                .rev()
                .take(SHOWN_DELIVERIES)
                .map(|message| MessageView::new(store, message))
                .collect(),
        }
    }
}

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = language(query.as_deref(), &headers);
    let layout = Layout {
        body_class: "console",
        script: SCRIPT,
        ..Layout::new(language, language.choose("企业微信沙箱", "WeCom sandbox"))
    };
    engine.read(|store| layout.render(StatusCode::OK, &ConsolePage::new(&layout, &engine, store)))
}
