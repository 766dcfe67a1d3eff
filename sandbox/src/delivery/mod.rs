//! Callbacks pushed to the app: suite events, app events, and the verification of the callback URL.

mod app_context;
mod event;
mod notify_url;
mod push;
mod push_client;
mod request;
mod ticket_timer;

pub(crate) use app_context::{AppContext, ContactChange, ContactContext};
pub(crate) use event::Event;
pub(crate) use notify_url::{NotifyUrl, host_and_port, is_loopback};
pub(crate) use push_client::PushClient;
pub(crate) use request::CallbackRequest;
pub(crate) use ticket_timer::run_ticket_timer;
