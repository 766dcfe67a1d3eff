//! What a hostile body makes us allocate: a small multiple of its size, whatever is in it.
//!
//! One test in a process of its own, because the counting allocator is the process's.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use dhat::{HeapStats, Profiler};
use wecom_login::callback::{
    CorpEvent, EncodingAesKey, Envelope, SuiteEvent, decrypt, verify_signature,
};
use wecom_login::{CallbackToken, CorpId, SuiteId};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The largest body that notify reads.
const BODY: usize = 64 * 1024;

fn fill(head: &str, piece: &str, tail: &str) -> String {
    format!(
        "{head}{}{tail}",
        piece.repeat((BODY - head.len() - tail.len()) / piece.len())
    )
}

/// The most that was held at once, and all that was ever asked for, in bytes, while `work` ran.
fn allocated(work: impl FnOnce()) -> (usize, usize) {
    let profiler = Profiler::builder().testing().build();
    work();
    let stats = HeapStats::get();
    drop(profiler);
    (stats.max_bytes, usize::try_from(stats.total_bytes).unwrap())
}

#[test]
fn parsing_allocates_at_most_twice_the_body() {
    let bodies = [
        ("elements that never end", fill("", "<a>", "")),
        ("nesting", fill("<xml>", "<a>", "</xml>")),
        ("siblings", fill("<xml>", "<a/>", "</xml>")),
        ("fields", fill("<xml>", "<InfoType>a</InfoType>", "</xml>")),
        ("attributes", fill("<xml ", "a='b' ", "/>")),
        ("a long name", fill("<", "a", "/>")),
        ("a long name below the root", fill("<xml><", "a", "></xml>")),
        (
            "pieces of text",
            fill("<xml><InfoType>", "a<!---->", "</InfoType></xml>"),
        ),
        (
            "pieces of CDATA",
            fill("<xml><Encrypt>", "<![CDATA[a]]>", "</Encrypt></xml>"),
        ),
        (
            "blank pieces",
            fill("<xml><Encrypt>", " <![CDATA[]]>", "a</Encrypt></xml>"),
        ),
        (
            "entities",
            fill("<!DOCTYPE a [", "<!ENTITY a 'b'>", "]><xml/>"),
        ),
        ("an open CDATA", fill("<xml><![CDATA[", "]", "")),
        ("open markup", fill("<xml>", "<", "")),
        ("base64", fill("<xml><Encrypt>", "AAAA", "</Encrypt></xml>")),
        (
            "a long ticket",
            fill(
                "<xml><InfoType>suite_ticket</InfoType><SuiteTicket>",
                "a",
                "</SuiteTicket></xml>",
            ),
        ),
        ("JSON arrays", fill("", "[", "")),
        ("JSON arrays in a value", fill("{\"a\":", "[", "}")),
        ("JSON objects", fill("", "{\"a\":", "")),
        ("JSON keys", fill("{", "\"InfoType\":\"a\",", "\"a\":1}")),
        ("JSON escapes", fill("{\"Encrypt\":\"", "\\u4f01", "\"}")),
        ("JSON digits", fill("{\"AgentID\":", "1", "}")),
        ("JSON base64", fill("{\"Encrypt\":\"", "AAAA", "\"}")),
    ];
    let (suite_id, corp_id) = (SuiteId::new("dk1").unwrap(), CorpId::new("ww1").unwrap());
    let key = EncodingAesKey::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
    for (what, body) in &bodies {
        let mut wrong = false;
        let (peak, total) = allocated(|| {
            if let Ok(envelope) = Envelope::parse(body.as_bytes()) {
                wrong |= decrypt(&key, &envelope.encrypt).is_ok();
            }
            wrong |= CorpEvent::parse(body.as_bytes(), &corp_id).is_ok();
            let _ = SuiteEvent::parse(body.as_bytes(), &suite_id);
        });
        assert!(!wrong, "{what}");
        assert!(peak <= 2 * BODY + 4096, "{what} held {peak} bytes");
        assert!(total <= 12 * BODY, "{what} asked for {total} bytes");
    }

    // What every forged push costs: the reader's list of open elements, and for the signature nothing.
    let body =
        "<xml><ToUserName><![CDATA[dk1]]></ToUserName><Encrypt><![CDATA[AAAA]]></Encrypt></xml>";
    let (_, total) = allocated(|| assert!(Envelope::parse(body.as_bytes()).is_ok()));
    assert!(total <= 256, "an envelope took {total} bytes");
    let token = CallbackToken::new("token");
    let (_, total) = allocated(|| assert!(!verify_signature(&token, "1", "2", "3", "4")));
    assert_eq!(total, 0);
}
