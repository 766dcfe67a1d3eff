//! The processors of the service, and the programs that run on the others.

use std::fmt;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The processors, of which the service has the first half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    all: usize,
    pinned: bool,
}

impl Processors {
    /// Pins this process to the first half.
    pub(crate) fn halve() -> Self {
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let own = format!("0-{}", (all / 2).max(1) - 1);
        let taskset = Command::new("taskset")
            .args(["-cp", &own, &std::process::id().to_string()])
            .stdout(Stdio::null())
            .status();
        Self {
            all,
            pinned: all > 1 && taskset.is_ok_and(|status| status.success()),
        }
    }

    /// Runs this program in another role on the second half, with this task, and gives its result.
    pub(crate) async fn other<A: DeserializeOwned + Send + 'static>(
        self,
        role: &str,
        task: &impl Serialize,
    ) -> A {
        let program = std::env::current_exe().unwrap();
        let (task, role) = (serde_json::to_vec(task).unwrap(), role.to_owned());
        let mut command = if self.pinned {
            let mut command = Command::new("taskset");
            command
                .arg("-c")
                .arg(format!("{}-{}", self.all / 2, self.all - 1));
            // The attacker must not slow the visitor down, which stands for another machine.
            if role == "attack" || role == "states" {
                command.args(["nice", "-n", "19"]);
            }
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        let run = move || {
            let mut child = command
                .arg(role)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("this program");
            child.stdin.take().unwrap().write_all(&task).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            serde_json::from_slice(&output.stdout).unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

impl fmt::Display for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, pinned } = self;
        match pinned {
            true => write!(f, "{all} processors, {} of them the service's own", all / 2),
            false => write!(f, "{all} processors, all of them everybody's"),
        }
    }
}

/// The child's side of [`Processors::other`].
pub(crate) fn child<T: DeserializeOwned, F: Future<Output: Serialize>>(run: impl FnOnce(T) -> F) {
    let task = serde_json::from_reader(std::io::stdin()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{}",
        serde_json::to_string(&runtime.block_on(run(task))).unwrap()
    );
}
