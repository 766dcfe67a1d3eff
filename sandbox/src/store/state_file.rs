//! The state file: the whole store as JSON.

use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

use super::{Corp, Outcome, Store};

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

    /// Writes a temporary file and renames it to `path`, so that a crash leaves the old or the new
    /// state.
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

    /// Adds the requested corps and members that the state file does not have, and puts the
    /// requested corps first.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn state_file_keeps_its_field_names() {
        let settings = json!({
            "receiveid": {"suite": "suiteId", "app": "corpId", "get": "providerCorpId"},
            "outerToUserName": null, "ids": "listed", "installIds": "plain", "duplicate": false, "reorder": 2,
            "drop": ["cancel_auth"], "retryNon200": false, "strictAnswers": true, "authAnswerMs": 1000,
            "freshRetries": false,
            "deliveryTimeoutMs": 5000, "retryDelaysMs": [2000, 6000], "format": "xml",
            "suiteKeys": 0, "appKeys": 0, "licence": true, "licenceStatus": "paid",
            "disabled": ["wpA"],
            "trustedDomain": null, "ipAllowList": null, "usedCode": 40029,
            "expiredCode": 40029, "invisible": 60111, "linked": 60011,
            "getCorpToken": 48002, "unknownPathStatus": 404, "wrongSecretBar": true,
            "frequencyLimits": {
                "corpPerMinute": 1, "corpPerHour": 2, "addressPerMinute": 3, "addressPerHour": 4,
            },
            "omitErrcode": [], "permissions": [], "ticketPeriodMs": 600_000,
            "ticketTtlMs": 1_800_000, "authCodeTtlMs": 600_000, "codeTtlMs": 300_000,
            "tokenTtlMs": 7_200_000,
        });
        let file = json!({
            "clockOffsetMs": 5,
            "corps": [{
                "key": "wpA", "name": "A", "plainId": "wwA", "openId": "wpA", "encrypted": true,
                "members": [{
                    "key": "woB", "name": "B", "plainId": "b", "openId": "woB", "kind": "non-member",
                    "linkedCorp": null, "visible": true, "left": false, "status": 1, "number": 0,
                }],
                "apps": [{
                    "suiteId": "dk1", "agentId": 7, "status": "authorized", "permanentCode": "p",
                    "state": "s", "promotion": {"registerCode": "r", "state": "s"},
                    "disabled": true, "encrypted": true,
                }],
            }],
            "tickets": {"dk1": [["ticket", 1]]},
            "tokens": {
                "t1": {"holder": {"suite": "dk1"}, "expiresAt": 9, "dead": false},
                "t2": {"holder": {"app": ["wpA", "dk1"]}, "expiresAt": 9, "dead": true},
                "t3": {"holder": {"provider": "wwP"}, "expiresAt": 9, "dead": false},
                "t4": {"holder": {"corpTicket": "wpA"}, "expiresAt": 9, "dead": false},
                "t5": {"holder": {"appTicket": ["wpA", "dk1"]}, "expiresAt": 9, "dead": false},
            },
            "exchangeCodes": {"c": {"suiteId": "dk1", "corp": "wpA", "born": 1, "used": false}},
            "loginCodes": {"l": {
                "suiteId": "dk1", "corp": "wpA", "member": "woB", "redirectHost": null,
                "privateInfo": true, "miniProgram": true, "born": 1, "used": false,
            }},
            "userTickets": {"u": {"suiteId": "dk1", "corp": "wpA", "member": "woB", "born": 1}},
            "authLinks": {"k": {"suiteIds": ["dk1"], "state": "s", "born": 1}},
            "settings": settings,
            "faults": [{"api": "gettoken", "times": 1, "errcode": -1}],
            "calls": {"gettoken": 3},
            "errors": {"gettoken": {"40001": 2}},
            "messages": [{
                "corpKey": "wpA", "memberKey": "woB", "msgtype": "text", "content": "c",
                "agentId": 7, "at": 1,
            }],
            "media": {"m": {
                "corpKey": "wpA", "kind": "file", "fileName": "a.txt", "createdAt": 1,
            }},
            "deliveries": [{
                "id": 1, "event": "verify", "suiteId": "dk1", "corpId": null, "at": 1, "status": 200,
                "answer": "1", "attempts": 1, "durationMs": 2, "outcome": "delivered",
            }],
            "lastDelivery": 1,
        });
        let store: Store = serde_json::from_value(file.clone()).unwrap();
        assert_eq!(serde_json::to_value(&store).unwrap(), file);
    }
}
