//! The vectors.

use wecom_login::CallbackToken;
use wecom_login::callback::{EncodingAesKey, verify_signature};

pub(crate) const TOKEN_A: &str = "QDG6eK";
pub(crate) const TOKEN_B: &str = "hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo";
pub(crate) const KEY_A: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub(crate) const KEY_B: &str = "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt";

pub(crate) struct Vector {
    pub(crate) name: &'static str,
    pub(crate) token: &'static str,
    pub(crate) key: &'static str,
    pub(crate) receive_id: &'static str,
    pub(crate) timestamp: &'static str,
    pub(crate) nonce: &'static str,
    pub(crate) msg_signature: &'static str,
    pub(crate) encrypt: &'static str,
    pub(crate) random: &'static [u8; 16],
    pub(crate) message: &'static str,
}

/// A1 to D are Tencent's: A1 and A2 from D/96211 and the PHP and Go samples, B1, B2 and C from the Python samples,
/// D from the PHP JSON sample. S1 to S6 were computed with another implementation (Python's `cryptography`); S3 to S5
/// reach the paddings that the others miss.
pub(crate) const VECTORS: &[Vector] = &[
    Vector {
        name: "A1",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1409659589",
        nonce: "263014780",
        msg_signature: "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        encrypt: "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
        random: b"c41b64491c2468d0",
        message: "1616140317555161061",
    },
    Vector {
        name: "A2",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1409659813",
        nonce: "1372623149",
        msg_signature: "477715d11cdb4164915debcba66cb864d751f3e6",
        encrypt: "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==",
        random: b"0960688932c47ef1",
        message: "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>
<FromUserName><![CDATA[mycreate]]></FromUserName>
<CreateTime>1409659813</CreateTime>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[hello]]></Content>
<MsgId>4561255354251345929</MsgId>
<AgentID>218</AgentID>
</xml>",
    },
    Vector {
        name: "B1",
        token: TOKEN_B,
        key: KEY_B,
        receive_id: "ww1436e0e65a779aee",
        timestamp: "1476416373",
        nonce: "47744683",
        msg_signature: "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb",
        encrypt: "fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA==",
        random: b"8908d0ff052afda0",
        message: "1288432023552776189",
    },
    Vector {
        name: "B2",
        token: TOKEN_B,
        key: KEY_B,
        receive_id: "ww1436e0e65a779aee",
        timestamp: "1476422779",
        nonce: "1597212914",
        msg_signature: "0c3914025cb4b4d68103f6bfc8db550f79dcf48e",
        encrypt: "Kl7kjoSf6DMD1zh7rtrHjFaDapSCkaOnwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGzBhzTtRLNshw2AEew+kkYcD+Fq72Kt00fT0WnN87hGrW8SqGc+NcT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3JWcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka7ilEbjbfvhKkNL65HHL0J6EYJIZUC2pFrdkJ7MhmEbU2qARR4iQHE7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49HKYg84EpHSGXAyh+/oxwaWbvL6aSDPOYuPDGOCI8jmnKiypE+",
        random: b"694ce5a83ae07fe3",
        message: "<xml><ToUserName>ww1436e0e65a779aee</ToUserName><FromUserName>ChenJiaShun</FromUserName><CreateTime>1476422779</CreateTime><MsgType>text</MsgType><Content>你好</Content><MsgId>1456453720</MsgId><AgentID>1000002</AgentID></xml>",
    },
    Vector {
        name: "C",
        token: TOKEN_B,
        key: KEY_B,
        receive_id: "ww1436e0e65a779aee",
        timestamp: "1409659813",
        nonce: "1372623149",
        msg_signature: "e3647471e395139e2308c1fa963f2d648a00b90e",
        encrypt: "cjhLUX7UU4yCSelv1vz7T0zT8huF51bAMVWriNvO1FMegHrQZNrtvRxbwf0fUPsFvwqR0U0fgiJNEA5Y30F2MoI2S7vv3EjVQ68C0cjw9frBoUE2Hj0BvFp9h3u6Vbsg4lc1C8AtHdaN8orKuNKkLRLuYEL52R1J3v8olJGZRLnRdVKIivixmX/eQpzgeExtp20jI1HxRP1AAZ6xZoILdqDPO549LO4WeG+685JRUTdiwcY5fjZlqeMxuT4PpMn1X9OWsS7NRj06Wa5E3Tvg4twjWp39KPfOdRte6P1T4JU=",
        random: b"dDVXRx6kn1gOT43Q",
        message: r#"{ "ToUserName": "wx5823bf96d3bd56c7", "FromUserName": :mycreate", "CreateTime": 1409659813, "MsgType": "text", "Content": "hello", "MsgId": 4561255354251345929, "AgentID": 218}"#,
    },
    Vector {
        name: "D",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1409659813",
        nonce: "1372623149",
        msg_signature: "1f3153b7abd0ba99b4ab2e57fac2376110d03a3c",
        encrypt: "pvXgeha3nZ7UQ2DG3WD3IVsNJR38QVl1+h+wmLQHIAwEG3Jey2aTZtvAWzhEZ9JEKGwIUMBWX3JlUhfo7O7WbvI10vHIsdSNr1nr3LuOwAfnwLJAMQNDxi5tHUl08Op59jxOL73r8+g60KOxMTaFwXzlr9Yxgq5ey5nzNb/2vDjjvDZNXkJVmL/XWnv6PXrVbTpNxphqWRv2BpPYqvwRMkHgdFliatljMVlkkRHS40FOHmtBhj/4RXtIexfDx8opBXwi0L9RTlYNQzGx+FA+74xVHG7Le/pmNDwc2Ri5mbw=",
        random: b"WSaxmGcGQ0R23jRP",
        message: r#"{ "ToUserName": "wx5823bf96d3bd56c7", "FromUserName": :mycreate", "CreateTime": 1409659813, "MsgType": "text", "Content": "hello", "MsgId": 4561255354251345929, "AgentID": 218}"#,
    },
    Vector {
        name: "S1",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "dk1234567890abcdef",
        timestamp: "1403610513",
        nonce: "380320359",
        msg_signature: "6d83a7986125ac732eef4bbc811be08b99db19ba",
        encrypt: "sKqRbbiSUnDhFHOvPjtUMaaogxpwTBv7Wl+jZyBBqkH8Ybs03Qf7IU7dgeHQa2dKfXjGrtAL9Pp6XoT5MLywBuuTZHd0s+pnFXeTdzSMtylQ+EhYs1qzbgXqrZ19+0L4OXSRdRDtBYLIVnAkGNRS6Un7od0Cc7Tgqj42RwZsHp3G7D+bMD6yfcNgV4JfVmxXq42Eha07hrOkTGmD+miUSFidl+5S9X5+K/dAgS/vscD7jA9f+AlHtphYngUMxH31RzkxduFrxw5m5aflBYvIRQVugVsiLj35gMCN8L2JPgc+yUSH0eYGJTUgzRevRwHDSag2qrNGjEeoCLNo9kg4hg==",
        random: b"0123456789abcdef",
        message: "<xml><SuiteId><![CDATA[dk1234567890abcdef]]></SuiteId><InfoType><![CDATA[suite_ticket]]></InfoType><TimeStamp>1403610513</TimeStamp><SuiteTicket><![CDATA[asdfasfdasdfasdf]]></SuiteTicket></xml>",
    },
    Vector {
        name: "S2",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "dk1234567890abcdef",
        timestamp: "1403610513",
        nonce: "380320359",
        msg_signature: "5016929da0442c836b9a5733ae22576abd6bedd2",
        encrypt: "sKqRbbiSUnDhFHOvPjtUMYm2HRlIzo/q7hNeB71ThneGwRBPqXngMRiv2ptSZ897Xt3DN0/R7QtZb8V/kO8XyLd32ZWOO6EQC6VWsf4QNon9oE+BIUxgN5kCip0d8P8AJSgECCFwVPJgD5OTfucE7g3aa7yne6o3kaQDL0uH+QjB1F0x3n7IbgiaNnU4Ntnpk0we+pCKeAbckPzil/eL84uUlq1pSKza0p/m13OZZnicAcfIQx80lF7XP+2TnZbrRf0B+MC5UflH2zM+mfW6BLmxC3LK5mPRu6x/FQe9C2SSJCzcOKGZRndP3Egxin6ib7NUaFAEWmGO/m5hU1LQ4+Ry95fMy5nH+mqn/mBpORiiPl+cu/4W0vy9TH10UyAd",
        random: b"0123456789abcdef",
        message: "<xml><SuiteId><![CDATA[dk1234567890abcdef]]></SuiteId><AuthCode><![CDATA[AUTHCODE]]></AuthCode><InfoType><![CDATA[create_auth]]></InfoType><TimeStamp>1403610513</TimeStamp><State><![CDATA[123]]></State><ExtraInfo></ExtraInfo></xml>",
    },
    Vector {
        name: "S3",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "",
        timestamp: "1403610513",
        nonce: "380320359",
        msg_signature: "a0f78804c5946909d0d02db430088192e7f2194d",
        encrypt: "sKqRbbiSUnDhFHOvPjtUMWzf2R8PrpMiTTPaicBgqZm9eFleDkaZY7LObMBXhUqCcxijQlSKcvc+WpPyowukzA==",
        random: b"0123456789abcdef",
        message: "1616140317555161061",
    },
    Vector {
        name: "S4",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "",
        timestamp: "1403610513",
        nonce: "380320359",
        msg_signature: "aa0d0b91cd40593a5bc9d51121f93d095c1a6a19",
        encrypt: "sKqRbbiSUnDhFHOvPjtUMUfqZ8gy0HoJdHhWsbA2EEFHqj1mfMBvIlGtXOBIa4rja4UFmdhXIsymo71Xiz3GgA==",
        random: b"0123456789abcdef",
        message: "abcdefghijkl",
    },
    Vector {
        name: "S5",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "",
        timestamp: "1403610513",
        nonce: "380320359",
        msg_signature: "5eefed20d1124a884ddd87c81c089a806a2333b2",
        encrypt: "sKqRbbiSUnDhFHOvPjtUMTajsROtPzYKvwN9yDr/tbfPigQ2/Klx5LAxN244R9/ownScLFJLcfBDJP16ctrhAg==",
        random: b"0123456789abcdef",
        message: "aaaaaaaaaaaaa",
    },
    Vector {
        name: "S6",
        token: TOKEN_A,
        key: KEY_A,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1409659813",
        nonce: "1372623149",
        msg_signature: "d9cdf134dbf5386e31896eb2a79c68dbe53e8cc2",
        encrypt: "sKqRbbiSUnDhFHOvPjtUMdc23JsNXVqHAPPZdO0pIWIMYDThPIeGEfKX2v40MaN9wqY6jfiEfXjU91lWT29R5DJekiGh+kvvWbgJb/xv+e4E7ohGxVjHMNbvtW/W79/IDuKgVJBfBuHgGc9otUO0w1l7Hsae/Ln6/jSCx2GMGlPTrk/Pd9Du8oTb3PrIs9a90wxwbaI9txmYwPqRSx+UWHWpEqcaMDQrfWyNOrIC1LMxfJN98WVM1lo7rHKcEzvuCkg0KtnJTML2WgkG7/evV+9gUXmIvHuAUwYvYhHEQjwQc8mFWnT1QCHyMMAaTYTs9YkB/njRL+wc5wMGWfU13eiwnl5qqIiQ7mvzi8TevQtz+Svc7SLFfrDfOWKuQmQOeAl9qFb+6QvXPBwEA1jAHo2cjnyeAPiQSi0YuLrvv4GqcDtRnbUKYlOP6sETKok0mOls1Z87pkjkonVbXJWABw==",
        random: b"0123456789abcdef",
        message: "<xml><ToUserName><![CDATA[mycreate]]></ToUserName><FromUserName><![CDATA[wx5823bf96d3bd56c7]]></FromUserName><CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[this is a test]]></Content><MsgId>1234567890123456</MsgId><AgentID>128</AgentID></xml>",
    },
];

impl Vector {
    pub(crate) fn of(name: &str) -> &'static Self {
        VECTORS.iter().find(|vector| vector.name == name).unwrap()
    }

    pub(crate) fn key(&self) -> EncodingAesKey {
        EncodingAesKey::new(self.key).unwrap()
    }

    pub(crate) fn is_signed(&self, nonce: &str, encrypt: &str, msg_signature: &str) -> bool {
        verify_signature(
            &CallbackToken::new(self.token),
            self.timestamp,
            nonce,
            encrypt,
            msg_signature,
        )
    }
}
