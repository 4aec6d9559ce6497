//! The page's samples that need a later stage: Clerk's tokens and `/auth/clerk-token`. Each is listed
//! with what it is answered now, so that the stage that brings it has to move it to the tests above.

use hb_domain::plan::Plan;
use hb_tests::World;
use http::Method;
use serde_json::{Value, json};

/// A token of the shape that Clerk's have.
const JWT: &str =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6Imluc18xIn0.eyJzdWIiOiJ1c2VyXzEyMyIsImV4cCI6MTc5NTYwODAwMH0.c2lnbmF0dXJl";

struct Sample {
    /// Where on the page.
    place: &'static str,
    method: Method,
    path: &'static str,
    /// `None` where the sample sends none, because its page's own server adds it.
    authorization: Option<String>,
    body: Value,
    /// What it is answered until its stage comes.
    now: (u16, &'static str),
}

fn samples() -> Vec<Sample> {
    let memory = json!({"content": "User created memory", "type": "episodic", "tenantId": "user_123"});
    let with_token = |place, method, body: Value| Sample {
        place,
        method,
        path: "/api/v1/memories",
        authorization: Some(format!("Bearer {JWT}")),
        body,
        now: (401, "AUTH_INVALID"),
    };
    let of_the_readers_own_server = |place, authorization| Sample {
        place,
        method: Method::POST,
        path: "/api/memories",
        authorization,
        body: memory.clone(),
        now: (404, "RESOURCE_NOT_FOUND"),
    };
    vec![
        with_token("client-side flow", Method::POST, memory.clone()),
        Sample {
            place: "server-side: trading the token, whose header comes doubled",
            method: Method::GET,
            path: "/auth/clerk-token",
            authorization: Some(format!("Bearer Bearer {JWT}")),
            body: Value::Null,
            now: (404, "RESOURCE_NOT_FOUND"),
        },
        with_token("server-side: the traded token", Method::POST, memory.clone()),
        of_the_readers_own_server("handling rate limits", None),
        with_token("testing a Clerk token", Method::GET, json!({"content": "Test", "type": "episodic"})),
        of_the_readers_own_server("migrating to tokens", Some(format!("Bearer {JWT}"))),
    ]
}

#[tokio::test]
async fn samples_of_later_stages_are_answered_as_listed() {
    let world = World::new().await;
    // A Clerk user is its own tenant; that it exists must not make its token good.
    world.account("user_123", Plan::Pro).await;
    let instance = world.instance().await;
    for sample in samples() {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(sample.authorization.as_deref().map(|value| ("authorization", value)));
        let body = if sample.body.is_null() { String::new() } else { sample.body.to_string() };
        let answer = instance.client.send_raw(sample.method, sample.path, &headers, body).await;
        let now = (answer.status.as_u16(), answer.code());
        assert_eq!(
            now, sample.now,
            "{}: the answer has changed; if its stage has come, test that it works",
            sample.place
        );
        answer.expect(sample.now.0, sample.now.1);
    }
}
