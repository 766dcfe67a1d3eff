//! A TCP proxy of the test's own between an app and its database server: it passes on, cuts, refuses, or hangs.

use std::fmt;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the way to the server is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// New connections are closed at once.
    Refused,
    /// Nothing comes through, and nobody is told.
    Silent,
}

#[derive(Clone, Copy, Debug)]
struct State {
    way: Way,
    /// Connections of an earlier number are over.
    cuts: u32,
    /// Once a client has said this, nothing comes through.
    hang_at: Option<&'static [u8]>,
}

/// A proxy; its connections end when it is dropped.
pub struct Proxy {
    addr: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy to the server of this database URL, and the URL by which it is reached through the proxy.
    ///
    /// # Panics
    /// The URL names no host and port.
    pub async fn before(url: &str) -> (Self, String) {
        let mut through = url::Url::parse(url).expect("a URL");
        let server = format!(
            "{}:{}",
            through.host_str().expect("a host"),
            through.port().expect("a port")
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("a bound address");
        let state = watch::Sender::new(State {
            way: Way::Open,
            cuts: 0,
            hang_at: None,
        });
        let accepting = tokio::spawn(accept(listener, server, state.clone()));
        through
            .set_ip_host(addr.ip())
            .expect("a host that can be replaced");
        through
            .set_port(Some(addr.port()))
            .expect("a port that can be replaced");
        if through.scheme() == "postgres" {
            // In the clear, so that it is seen what is said.
            through.query_pairs_mut().append_pair("sslmode", "disable");
        }
        (
            Self {
                addr,
                state,
                accepting,
            },
            through.into(),
        )
    }

    /// Cuts every connection at once, as a server that restarts; new ones come through.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Cuts every connection and refuses new ones, until [`Self::open`].
    pub fn refuse(&self) {
        self.state.send_modify(|state| {
            *state = State {
                way: Way::Refused,
                cuts: state.cuts + 1,
                ..*state
            }
        });
    }

    /// Lets nothing through and tells nobody, until [`Self::open`].
    pub fn hang(&self) {
        self.state.send_modify(|state| state.way = Way::Silent);
    }

    /// Passes on until somebody says this to the server, and after it nothing, until [`Self::open`].
    pub fn hang_at(&self, words: &'static [u8]) {
        self.state.send_modify(|state| state.hang_at = Some(words));
    }

    /// Waits until nothing comes through any more.
    pub async fn hangs(&self) {
        // The sender is ours.
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| state.way == Way::Silent)
            .await;
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.state.send_modify(|state| {
            *state = State {
                way: Way::Open,
                hang_at: None,
                ..*state
            }
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.refuse();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Sender<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, state) = (server.clone(), state.clone());
        tokio::spawn(async move {
            // A connection that breaks is what this is for.
            let _ = pass(client, &server, state).await;
        });
    }
}

async fn pass(client: TcpStream, server: &str, state: watch::Sender<State>) -> std::io::Result<()> {
    let begun = *state.borrow();
    if begun.way == Way::Refused {
        return Ok(());
    }
    client.set_nodelay(true)?;
    let server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let mut cut = state.subscribe();
    tokio::select! {
        done = pump(from_client, to_server, &state, true) => done,
        done = pump(from_server, to_client, &state, false) => done,
        _ = cut.wait_for(|now| now.cuts != begun.cuts) => Ok(()),
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &watch::Sender<State>,
    to_server: bool,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut now = state.subscribe();
    loop {
        let read = from.read(&mut buffer).await?;
        // The sender lives as long as the test; without it there is nothing to wait for.
        let _ = now.wait_for(|now| now.way != Way::Silent).await;
        if read == 0 {
            return Ok(());
        }
        let hang_at = state.borrow().hang_at.filter(|_| to_server);
        if hang_at.is_some_and(|words| {
            buffer[..read]
                .windows(words.len())
                .any(|said| said == words)
        }) {
            // The server hears it; its answer does not come back.
            state.send_modify(|state| {
                *state = State {
                    way: Way::Silent,
                    hang_at: None,
                    ..*state
                }
            });
        }
        to.write_all(&buffer[..read]).await?;
    }
}
