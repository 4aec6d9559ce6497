//! The number of endpoints, and their URLs.

use futures_util::future::join_all;
use hb_tests::world::plenty;
use http::Method;
use serde_json::json;

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_creations_create_exactly_as_many_endpoints_as_fit() {
    let scene = Scene::new().await;
    let other = scene.world.instance().await;
    let clients = [scene.owner.clone(), other.client.with(&scene.account.key)];
    for number in 0..14 {
        scene.create(number).await;
    }
    let asked = (14..30).map(|number| clients[number % 2].post(WEBHOOKS, numbered(number)));
    let answers = join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 6);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.expect(402, "INSUFFICIENT_QUOTA");
        assert!(answer.message().contains("20"), "{}", answer.text);
    }
    scene.assert_consistent().await;
    assert_eq!(scene.counted().await, 20);

    let neighbour = scene.world.account_with("globex", plenty()).await;
    scene.instance.client.with(&neighbour.key).post(WEBHOOKS, numbered(0)).await.expect(201, "");
    let list = scene.owner.get(WEBHOOKS).await;
    let first = list.data()["webhooks"][0]["id"].as_str().expect("an id").to_owned();
    scene.owner.send(Method::DELETE, &format!("{WEBHOOKS}/{first}"), None).await.expect(200, "");
    scene.create(100).await;
    scene.owner.post(WEBHOOKS, numbered(101)).await.expect(402, "INSUFFICIENT_QUOTA");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_has_a_url_once_however_it_is_written_and_whoever_is_first() {
    let scene = Scene::new().await;
    let holder = scene.create(1).await;
    let other = scene.create(2).await;
    for url in ["https://example.com/1", "HTTPS://EXAMPLE.COM:443/./1", "https://example.com./1"] {
        let mut body = numbered(3);
        body["url"] = json!(url);
        let refused = scene.owner.post(WEBHOOKS, body).await;
        refused.expect(409, "DUPLICATE_RESOURCE");
        assert!(refused.message().contains(&id_of(&holder)), "{}", refused.text);
        let moved = scene.owner.send(Method::PATCH, &path_of(&other), Some(json!({ "url": url }))).await;
        moved.expect(409, "DUPLICATE_RESOURCE");
        assert!(moved.message().contains(&id_of(&holder)), "{}", moved.text);
    }
    scene.assert_consistent().await;

    let url = json!({"url": "https://example.com/wanted"});
    let racing = (3..9).map(|number| {
        let (owner, other, url) = (scene.owner.clone(), path_of(&other), url.clone());
        async move {
            if number % 2 == 0 {
                return owner.send(Method::PATCH, &other, Some(url)).await;
            }
            let mut body = numbered(number);
            body["url"] = url["url"].clone();
            owner.post(WEBHOOKS, body).await
        }
    });
    for answer in join_all(racing).await {
        assert!([200, 201, 409].contains(&answer.status.as_u16()), "{}", answer.text);
    }
    scene.assert_consistent().await;
    let neighbour = scene.world.account_with("globex", plenty()).await;
    scene.instance.client.with(&neighbour.key).post(WEBHOOKS, numbered(1)).await.expect(201, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_changes_of_different_fields_all_survive() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    let changes = [
        json!({"name": "renamed"}),
        json!({"url": "https://example.com/moved"}),
        json!({"events": ["api_key.*"]}),
        json!({"status": "inactive"}),
    ];
    let sent = changes.clone().map(|change| scene.owner.send(Method::PATCH, &path, Some(change)));
    for answer in join_all(sent).await {
        answer.expect(200, "");
    }
    let found = scene.owner.get(&path).await;
    for change in &changes {
        for (name, value) in change.as_object().expect("an object") {
            assert_eq!(found.data()[name], *value, "{name}");
        }
    }
    scene.assert_consistent().await;
}
