//! [`TcpProxy`]: a TCP proxy before a database server that forwards, cuts, refuses or stalls connections.

use std::fmt;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Forward,
    /// New connections are closed at once.
    Refuse,
    /// Connections stay open, and no byte is forwarded.
    Stall,
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    /// Connections that began at a lower count are cut.
    cuts: u32,
    /// The bytes of a client after which the proxy stalls.
    stall_after: Option<&'static [u8]>,
    /// The bytes of a client after which its connection stalls, and no other.
    stall_one_after: Option<&'static [u8]>,
    /// Connections accepted so far.
    accepted: usize,
}

/// A proxy; its connections end when it is dropped.
pub struct TcpProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl TcpProxy {
    /// A proxy to the server of this database URL, and the URL by which it is reached through the proxy.
    ///
    /// # Panics
    /// The URL names no host and port.
    pub async fn before_database(url: &str) -> (Self, String) {
        let mut through = url::Url::parse(url).expect("a URL");
        let server = format!(
            "{}:{}",
            through.host_str().expect("a host"),
            through.port().expect("a port")
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let state = watch::Sender::new(State {
            mode: Mode::Forward,
            cuts: 0,
            stall_after: None,
            stall_one_after: None,
            accepted: 0,
        });
        let accepting = tokio::spawn(accept(listener, server, state.clone()));
        through
            .set_ip_host(address.ip())
            .expect("a host that can be replaced");
        through
            .set_port(Some(address.port()))
            .expect("a port that can be replaced");
        if through.scheme() == "postgres" {
            // Without TLS: `stall_after` reads the statements.
            through.query_pairs_mut().append_pair("sslmode", "disable");
        }
        (
            Self {
                address,
                state,
                accepting,
            },
            through.into(),
        )
    }

    /// Cuts every connection, as a server that restarts; new ones are forwarded.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Cuts every connection and refuses new ones, until [`Self::restore`].
    pub fn refuse(&self) {
        self.state.send_modify(|state| {
            *state = State {
                mode: Mode::Refuse,
                cuts: state.cuts + 1,
                ..*state
            }
        });
    }

    /// Forwards nothing and closes nothing, until [`Self::restore`].
    pub fn stall(&self) {
        self.state.send_modify(|state| state.mode = Mode::Stall);
    }

    /// Forwards until a client has sent these bytes to the server, and then nothing, until [`Self::restore`].
    pub fn stall_after(&self, words: &'static [u8]) {
        self.state
            .send_modify(|state| state.stall_after = Some(words));
    }

    /// Forwards until a client has sent these bytes to the server, and then nothing on this connection until it is cut.
    /// Other connections are forwarded.
    pub fn stall_one_after(&self, words: &'static [u8]) {
        self.state
            .send_modify(|state| state.stall_one_after = Some(words));
    }

    /// The number of connections that it has accepted so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.state.borrow().accepted
    }

    /// Waits until it stalls.
    pub async fn wait_until_stalled(&self) {
        // The sender is a field of self.
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| state.mode == Mode::Stall)
            .await;
    }

    /// Forwards everything again.
    pub fn restore(&self) {
        self.state.send_modify(|state| {
            *state = State {
                mode: Mode::Forward,
                stall_after: None,
                ..*state
            }
        });
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.refuse();
    }
}

impl fmt::Debug for TcpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpProxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Sender<State>) {
    while let Ok((client, _)) = listener.accept().await {
        state.send_modify(|state| state.accepted += 1);
        let (server, state) = (server.clone(), state.clone());
        tokio::spawn(async move {
            // Connections break here on purpose.
            let _ = forward(client, &server, state).await;
        });
    }
}

async fn forward(
    client: TcpStream,
    server: &str,
    state: watch::Sender<State>,
) -> std::io::Result<()> {
    let begun = *state.borrow();
    if begun.mode == Mode::Refuse {
        return Ok(());
    }
    client.set_nodelay(true)?;
    let server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let mut cut = state.subscribe();
    let stalled = watch::Sender::new(false);
    tokio::select! {
        done = pump(from_client, to_server, &state, &stalled, true) => done,
        done = pump(from_server, to_client, &state, &stalled, false) => done,
        _ = cut.wait_for(|now| now.cuts != begun.cuts) => Ok(()),
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &watch::Sender<State>,
    stalled: &watch::Sender<bool>,
    to_server: bool,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut now = state.subscribe();
    loop {
        let read = from.read(&mut buffer).await?;
        // Without a sender the test is over.
        let _ = now.wait_for(|now| now.mode != Mode::Stall).await;
        let _ = stalled.subscribe().wait_for(|stalled| !stalled).await;
        if read == 0 {
            return Ok(());
        }
        let sends = |words: Option<&[u8]>| {
            let words = words.filter(|_| to_server);
            words.is_some_and(|words| {
                let mut windows = buffer[..read].windows(words.len());
                windows.any(|window| window == words)
            })
        };
        let current = *state.borrow();
        // The bytes still reach the server; its answer does not come back.
        if sends(current.stall_after) {
            state.send_modify(|state| {
                state.mode = Mode::Stall;
                state.stall_after = None;
            });
        }
        if sends(current.stall_one_after) {
            state.send_modify(|state| state.stall_one_after = None);
            stalled.send_replace(true);
        }
        to.write_all(&buffer[..read]).await?;
    }
}
