//! The end of sessions before their time: epochs, the revocation log that carries it to the other nodes, the listener.

pub(crate) mod epoch;
mod listener;
pub(crate) mod log;
pub(crate) mod recent;

pub(crate) use listener::ChangeListener;
