//! Links to further pages: absolute where the public address is configured, and never made from a request.

use hb_http::{App, PublicUrl, Settings};
use hb_local::functions;
use hb_tests::function::{environment, recorded};
use hb_tests::runtime_api::Outcome;
use hb_tests::world::plenty;
use hb_tests::{Function, World, seed};
use http::Method;
use http::header::{AUTHORIZATION, HOST, LINK};
use lambda_http::Body;
use serde_json::json;

const EXPORT: &str = "/api/v1/memories/export";

/// A world with an account whose export has two pages.
async fn with_two_pages(world: &World) -> String {
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for _ in 0..4 {
        // A control character takes six bytes in JSON.
        let large = json!({"content": format!("x{}", "\u{1}".repeat(9_899)), "type": "task"});
        let created = client.post("/api/v1/memories/bulk", json!({"memories": vec![large; 16]})).await;
        assert_eq!(created.data()["created"], 16, "{}", created.text);
    }
    account.key
}

#[tokio::test]
async fn the_local_server_links_to_its_own_address() {
    let world = World::new().await;
    let key = with_two_pages(&world).await;
    let instance = world.instance().await;
    let client = instance.client.with(&key);
    let page = client.get(EXPORT).await;
    let link = page.header("link");
    assert!(link.starts_with(&format!("<{}{EXPORT}?cursor=", instance.url)), "{link}");
    let next = link.trim_start_matches('<').split('>').next().expect("an address");
    let last = client.get(next).await;
    assert_eq!((last.status.as_u16(), last.header("link")), (200, ""));
    let lines = page.text.lines().count() + last.text.lines().count();
    assert_eq!(lines, 64, "nothing is left out");
}

#[tokio::test]
async fn a_function_links_to_its_configured_address_whatever_the_caller_sends() {
    let world = World::new().await;
    let key = with_two_pages(&world).await;
    let tables = functions::route_tables().map(|(_, routes)| routes).collect();
    let app =
        App::new(tables, world.store.clone(), world.clock.clone(), seed::entropy(), Settings::default());
    let public = PublicUrl::parse("https://api.example.com/").expect("an address");
    for (app, prefix) in [
        (app.clone(), format!("<{EXPORT}?cursor=")),
        (app.reached_at(Some(public)), format!("<https://api.example.com{EXPORT}?cursor=")),
    ] {
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(format!("https://evil.example{EXPORT}"))
            .header(HOST, "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "host=evil.example")
            .header(AUTHORIZATION, format!("Bearer {key}"));
        let response = app.handle(request.body(Body::Empty).expect("a request")).await;
        let link = response.headers()[LINK].to_str().expect("text").to_owned();
        assert!(link.starts_with(&prefix) && link.ends_with(">; rel=\"next\""), "{link}");
    }
}

#[tokio::test]
async fn the_address_of_a_function_is_in_its_environment() {
    let world = World::new().await;
    let key = with_two_pages(&world).await;
    let with = |url: &str| environment(&world).into_iter().chain([("PUBLIC_URL", url.to_owned())]).collect();
    let mut event = recorded("list-memories.json", &key);
    event["rawPath"] = json!(EXPORT);
    event["rawQueryString"] = json!("");
    event["requestContext"]["http"]["path"] = json!(EXPORT);
    for (url, prefix) in [("https://api.example.com", "<https://api.example.com/api/"), ("", "</api/")] {
        let outcome = Function::start_in(&with(url), "memories").await.invoke(event.clone()).await;
        // API Gateway takes NDJSON in base64.
        let Outcome::Response(response) = outcome else { panic!("an error") };
        let link = response["headers"]["link"].as_str().unwrap_or_default();
        assert!(link.starts_with(prefix), "{url:?} {link} {}", response["headers"]);
    }
    let ended = Function::start_in(&with("api.example.com"), "memories").await.ended().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.join("\n").contains("cannot start: PUBLIC_URL"), "{:?}", ended.stdout);
}
