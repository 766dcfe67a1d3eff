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
        let server = format!("{}:{}", through.host_str().expect("a host"), through.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("a bound address");
        let state = watch::Sender::new(State { way: Way::Open, cuts: 0 });
        let accepting = tokio::spawn(accept(listener, server, state.subscribe()));
        through.set_ip_host(addr.ip()).expect("a host that can be replaced");
        through.set_port(Some(addr.port())).expect("a port that can be replaced");
        (Self { addr, state, accepting }, through.into())
    }

    /// Cuts every connection at once, as a server that restarts; new ones come through.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Cuts every connection and refuses new ones, until [`Self::open`].
    pub fn refuse(&self) {
        self.state.send_modify(|state| *state = State { way: Way::Refused, cuts: state.cuts + 1 });
    }

    /// Lets nothing through and tells nobody, until [`Self::open`].
    pub fn hang(&self) {
        self.state.send_modify(|state| state.way = Way::Silent);
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.state.send_modify(|state| state.way = Way::Open);
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
        f.debug_struct("Proxy").field("addr", &self.addr).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, state) = (server.clone(), state.clone());
        tokio::spawn(async move {
            // A connection that breaks is what this is for.
            let _ = pass(client, &server, state).await;
        });
    }
}

async fn pass(client: TcpStream, server: &str, mut state: watch::Receiver<State>) -> std::io::Result<()> {
    let begun = *state.borrow();
    if begun.way == Way::Refused {
        return Ok(());
    }
    client.set_nodelay(true)?;
    let server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        done = pump(from_client, to_server, state.clone()) => done,
        done = pump(from_server, to_client, state.clone()) => done,
        _ = state.wait_for(|now| now.cuts != begun.cuts) => Ok(()),
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        // The sender lives as long as the test; without it there is nothing to wait for.
        let _ = state.wait_for(|now| now.way != Way::Silent).await;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}
