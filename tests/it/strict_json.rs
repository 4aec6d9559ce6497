//! What a request body must not contain although some JSON parsers accept it, and what it may contain.

use hb_tests::World;
use http::Method;
use serde_json::json;

const MEMORIES: &str = "/api/v1/memories";
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn json_that_parsers_read_differently_is_refused() {
    let (_world, _instance, client) = World::with_a_client().await;
    let with = |metadata: &str| format!(r#"{{"content":"x","type":"task","metadata":{metadata}}}"#);
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for body in [
        r#"{"content":"x","type":"task","content":"y"}"#.to_owned(),
        r#"{"content":"x","type":"task","c\u006fntent":"y"}"#.into(),
        with(r#"{"a":1,"a":2}"#),
        with(r#"{"a":{"b":{"c":1,"d":[{"c":1,"c":1}]}}}"#),
        with(r#"{"a":1e400}"#),
        with(r#"{"a":-1e400}"#),
        with(r#"{"a":NaN}"#),
        with(r#"{"a":Infinity}"#),
        with(r#"{"a":0x10}"#),
        with(r#"{"a":01}"#),
        with(r#"{"a":+1}"#),
        with(r#"{"a":.5}"#),
        with(r#"{"a":'b'}"#),
        with(r#"{"a":1,}"#),
        with(r#"{"a":"\ud800"}"#),
        with(r#"{"a":"\udc00\ud800"}"#),
        with(r#"{"\ud800":1}"#),
        with(r#"{"a":"\x41"}"#),
        with("{\"a\":\"\u{1}\"}"),
        with(r#"{"a":/* no */1}"#),
        with(&nested(200)),
        with(&nested(30_000)),
        with(&"[".repeat(200_000)),
        r#"{"content":"x","type":"task","importance":1e400}"#.into(),
        r#"{"content":"\ud83d","type":"task"}"#.into(),
        "\u{feff}{\"content\":\"x\",\"type\":\"task\"}".into(),
        r#"{"content":"x","type":"task"} x"#.into(),
        r#"{"content":"x","type":"task"}{}"#.into(),
        "null".into(),
        "\"text\"".into(),
    ] {
        let refused = client.send_raw(Method::POST, MEMORIES, &[JSON], body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (400, "VALIDATION_ERROR"),
            "{} {}",
            &body[..60.min(body.len())],
            refused.text
        );
    }
    for body in [
        &b"{\"content\":\"\xff\",\"type\":\"task\"}"[..],
        b"{\"content\":\"\xed\xa0\x80\",\"type\":\"task\"}",
        b"\xff\xfe{\0}\0",
    ] {
        client.send_raw(Method::POST, MEMORIES, &[JSON], body).await.expect(400, "VALIDATION_ERROR");
    }
    assert_eq!(client.get(MEMORIES).await.data()["memories"], json!([]), "nothing was created");
}

#[tokio::test]
async fn nul_is_refused_in_every_place() {
    let (_world, _instance, client) = World::with_a_client().await;
    for (field, value) in [
        ("content", json!("a\0b")),
        ("tags", json!(["\0"])),
        ("userId", json!("\0")),
        ("metadata", json!({"\0": 1})),
        ("metadata", json!({"a": [{"b": "c\0"}]})),
        ("metadata", json!({"a": {"b\0": null}})),
    ] {
        let mut body = json!({"content": "x", "type": "task"});
        body[field] = value;
        let refused = client.post(MEMORIES, body).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), [field]);
    }
    for query in ["userId=%00", "tags=a%00", "type=%00", "cursor=%00", "%00=1"] {
        client.get(&format!("{MEMORIES}?{query}")).await.expect(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn metadata_preserves_every_json_value() {
    let (_world, _instance, client) = World::with_a_client().await;
    let deep = (0..32).fold(json!(1), |inner, _| json!({"a": inner}));
    for metadata in [
        json!({"big": u64::MAX, "small": i64::MIN, "huge": 1e308, "tiny": 5e-324, "whole": 1.0, "null": null}),
        json!({"": "", "é": "e\u{301}", "\u{202e}": "\u{5d0}", "\u{1f469}\u{200d}\u{1f4bb}": ["\u{10ffff}", "\u{1}", "\"\\/"]}),
        json!({"9007199254740993": 9_007_199_254_740_993_u64}),
        deep,
    ] {
        let body = json!({"content": "x", "type": "task", "metadata": metadata});
        let created = client.post(MEMORIES, body).await;
        assert_eq!(created.status, 201, "{}", created.text);
        assert_eq!(client.get(created.header("location")).await.data()["metadata"], metadata);
    }
}
