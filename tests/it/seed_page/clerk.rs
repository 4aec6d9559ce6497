//! The page's samples with Clerk tokens, in the page's order, as a browser or a server of the reader sends them.
//!
//! Two parts of the samples cannot work as printed, and the README shows them corrected: the access token is in the
//! JSON of the response, not the response itself, and a browser sends no body with a GET.

use hb_domain::plan::Plan;
use hb_tests::issuer::TestIssuer;
use hb_tests::{Answer, Instance, World};
use http::Method;
use serde_json::{Value, json};

/// The request of a sample's `fetch`.
async fn fetch(instance: &Instance, method: Method, path: &str, authorization: &str, body: &Value) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend((!authorization.is_empty()).then_some(("authorization", authorization)));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    instance.client.send_raw(method, path, &headers, body).await
}

#[tokio::test]
async fn every_sample_with_a_token_works_in_the_pages_order() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    world.account("user_123", Plan::Pro).await;
    let instance = world.instance().await;
    let token = issuer.token_with("user_123", &json!({"azp": "http://localhost:3000"}));
    let memory = json!({"content": "User created memory", "type": "episodic", "tenantId": "user_123"});
    let memories = "/api/v1/memories";

    // Client-side authentication flow.
    let bearer = format!("Bearer {token}");
    let created = fetch(&instance, Method::POST, memories, &bearer, &memory).await;
    created.expect(201, "");
    assert_eq!(created.data()["content"], "User created memory");

    // Server-side authentication: `Bearer` is doubled, and the access token is in the response.
    let doubled = format!("Bearer Bearer {token}");
    let exchanged = fetch(&instance, Method::GET, "/auth/clerk-token", &doubled, &Value::Null).await;
    exchanged.expect(200, "");
    let own = format!("Bearer {}", exchanged.data()["token"].as_str().expect("a token"));
    fetch(&instance, Method::POST, memories, &own, &memory).await.expect(201, "");

    // Testing a Clerk token: a GET whose body names the tenant.
    let test = json!({"content": "Test from Clerk JWT", "type": "episodic", "tenantId": "user_123"});
    let tested = fetch(&instance, Method::GET, memories, &bearer, &test).await;
    assert_eq!(tested.data()["memories"].as_array().map(Vec::len), Some(2));
    let foreign = json!({"tenantId": "user_456"});
    fetch(&instance, Method::GET, memories, &bearer, &foreign).await.expect(403, "TENANT_MISMATCH");
}

/// `/api/memories` of the page is a route of the reader's own server, not of this API.
#[tokio::test]
async fn the_readers_own_routes_are_no_routes_here() {
    let world = World::new().await;
    let instance = world.instance().await;
    let memory = json!({"content": "User created memory", "type": "episodic", "tenantId": "user_123"});
    for authorization in ["", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"] {
        let answer = fetch(&instance, Method::POST, "/api/memories", authorization, &memory).await;
        answer.expect(404, "RESOURCE_NOT_FOUND");
    }
}
