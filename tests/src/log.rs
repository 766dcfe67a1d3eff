//! [`LogCapture`]: the log of the process.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Every line of the log. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct LogCapture {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl LogCapture {
    /// Records what passes this filter, for the whole process.
    pub fn record(&self, filter: &str) {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(self.clone())
            .with_ansi(false)
            .init();
    }

    /// The same with a line for the beginning and the end of every span, with its fields.
    pub fn record_with_spans(&self, filter: &str) {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(self.clone())
            .with_ansi(false)
            .with_span_events(FmtSpan::FULL)
            .init();
    }

    /// The log of this process at `info` of ours, recorded from the first call on.
    pub fn of_process() -> &'static Self {
        static LOG: OnceLock<LogCapture> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            log.record("wecom_login=info");
            log
        })
    }

    /// Everything so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Drops everything so far.
    pub fn clear(&self) {
        self.bytes.lock().unwrap().clear();
    }
}

impl io::Write for LogCapture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogCapture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
