//! A server that a scenario starts.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Mutex;

use tokio::net::TcpStream;
use wecom_login_tests::browser::find;
use wecom_login_tests::until;

/// A running program; it ends when this is dropped.
pub(crate) struct Program {
    child: Mutex<Child>,
}

impl Program {
    /// Starts a program that listens at `address`, and waits until it does. What it says goes to a file in `directory`.
    pub(crate) async fn start(mut command: Command, address: SocketAddr, directory: &Path) -> Self {
        let log = directory.join("log");
        let output = File::create(&log).unwrap();
        let child = command
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let program = Self {
            child: Mutex::new(child),
        };
        until("the program listens", async || {
            let ended = program.child.lock().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none(),
                "it ended: {}",
                std::fs::read_to_string(&log).unwrap()
            );
            TcpStream::connect(address).await.is_ok()
        })
        .await;
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// An installed program, to be run by a user of this name if this process is root: database servers refuse root.
pub(crate) fn command(program: &str, user: &str) -> Command {
    let mut command = Command::new(find(program).unwrap());
    if let Some((uid, gid)) = ids_unless_ordinary(user) {
        command.uid(uid).gid(gid);
    }
    command
}

/// Gives a directory to that user.
pub(crate) fn give_to(directory: &Path, user: &str) {
    if let Some((uid, gid)) = ids_unless_ordinary(user) {
        std::os::unix::fs::chown(directory, Some(uid), Some(gid)).unwrap();
    }
}

/// A port that is free now.
pub(crate) fn free_address() -> SocketAddr {
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    reserved.local_addr().unwrap()
}

/// The ids of a user, if this process is root's.
fn ids_unless_ordinary(user: &str) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == user)?;
    is_root.then(|| (fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}
