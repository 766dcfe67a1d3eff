//! The state file: the whole store as JSON.

use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

use super::{Corp, Store};
use crate::delivery::Outcome;

impl Store {
    /// Reads a state file; `None` if it does not exist yet.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => {
                let mut store: Self = serde_json::from_slice(&bytes)?;
                store.fail_unfinished_deliveries();
                Ok(Some(store))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a temporary file and renames it to `path`, so that a crash leaves the old or the new state.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // The file holds permanent codes and access tokens.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&temporary)?
            .write_all(&serde_json::to_vec(self)?)?;
        fs::rename(&temporary, path)
    }

    /// Adds the requested corps and members that the state file does not have, and puts the requested corps first.
    pub(crate) fn merge_corps(&mut self, requested: Vec<Corp>) {
        let mut corps = Vec::with_capacity(requested.len());
        for corp in requested {
            match self.corps.iter().position(|known| known.key == corp.key) {
                Some(index) => {
                    let mut known = self.corps.remove(index);
                    for member in corp.members {
                        if known.member_by_key(&member.key).is_none() {
                            known.members.push(member);
                        }
                    }
                    corps.push(known);
                }
                None => corps.push(corp),
            }
        }
        corps.append(&mut self.corps);
        self.corps = corps;
    }

    /// Deliveries that were in progress or delayed when the sandbox stopped will not be resumed.
    fn fail_unfinished_deliveries(&mut self) {
        for delivery in &mut self.deliveries {
            if matches!(delivery.outcome, Outcome::Sending | Outcome::Held) {
                delivery.outcome = Outcome::Failed;
                delivery.error = Some("the sandbox was stopped".to_owned());
            }
        }
    }
}
