//! The URLs that a deployed service accepts, and those that the local server accepts besides.

use hb_domain::webhook::UrlPolicy;
use hb_tests::World;
use hb_tests::world::plenty;
use http::Method;
use serde_json::json;

use super::{Scene, WEBHOOKS, numbered, path_of};

const PRIVATE: [&str; 14] = [
    "http://example.com/",
    "https://localhost/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/",
    "https://10.0.0.1/",
    "https://intranet/",
    "https://db.internal./",
    "https://example.com:22/",
    "https://user:password@example.com/",
];

#[tokio::test]
async fn a_url_that_leads_into_a_private_network_is_refused_in_every_request() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    for url in PRIVATE {
        let mut body = numbered(2);
        body["url"] = json!(url);
        let answers = [
            scene.owner.post(WEBHOOKS, body).await,
            scene.owner.send(Method::PATCH, &path, Some(json!({ "url": url }))).await,
        ];
        for answer in answers {
            answer.expect(400, "VALIDATION_ERROR");
            assert_eq!(answer.fields(), ["url"], "{url}");
        }
    }
    assert_eq!(scene.owner.get(&path).await.data()["url"], "https://example.com/1");
}

#[tokio::test]
async fn the_local_server_accepts_loopback_and_no_other_private_network() {
    let mut world = World::new().await;
    world.webhook_urls = UrlPolicy::Local;
    let account = world.account_with("acme", plenty()).await;
    let client = world.instance().await;
    let owner = client.client.with(&account.key);
    for (url, is_accepted) in [
        ("http://127.0.0.1:9001/hook", true),
        ("http://localhost:9001/hook", true),
        ("https://[::1]:1/", true),
        ("http://10.0.0.1/", false),
        ("http://169.254.169.254/", false),
        ("ftp://localhost/", false),
    ] {
        let mut body = numbered(2);
        body["url"] = json!(url);
        let answer = owner.post(WEBHOOKS, body).await;
        assert_eq!(answer.status.as_u16(), if is_accepted { 201 } else { 400 }, "{url} {}", answer.text);
    }
}
