//! Endpoints whose other items are missing or wrong, as after a restore of the table: they can be changed and deleted.

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::json;

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

/// What is wrong with the items of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Damage {
    UrlMissing,
    UrlOfAnother,
    HeadMissing,
    HeadOfNone,
    AllMissing,
}

const ALL: [Damage; 5] =
    [Damage::UrlMissing, Damage::UrlOfAnother, Damage::HeadMissing, Damage::HeadOfNone, Damage::AllMissing];
const OTHER: &str = "whk_0000000000000000";

impl Scene {
    async fn damage(&self, damage: Damage) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb());
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let url = self.items().await.into_keys().find(|key| key.starts_with("url#")).expect("a URL");
        let key = if matches!(damage, Damage::HeadMissing | Damage::HeadOfNone) { "feed" } else { &url };
        let set = match damage {
            Damage::UrlOfAnother => Some(("id", text(OTHER))),
            Damage::HeadOfNone => Some(("endpoints", AttributeValue::N("0".into()))),
            _ => None,
        };
        let tenant = text(self.account.tenant.as_str());
        if let Some((name, value)) = set {
            let update =
                client.update_item().table_name("Webhooks").key("tenant", tenant).key("sk", text(key));
            let update =
                update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
            update.expression_attribute_values(":value", value).send().await.expect("the database");
            return;
        }
        let keys = if damage == Damage::AllMissing { vec![url.as_str(), "feed"] } else { vec![key] };
        for key in keys {
            let delete = client.delete_item().table_name("Webhooks").key("tenant", tenant.clone());
            delete.key("sk", text(key)).send().await.expect("the database");
        }
    }
}

#[tokio::test]
async fn a_damaged_endpoint_is_deleted_with_few_calls_and_the_recording_ends() {
    for damage in ALL {
        let scene = Scene::new().await;
        let endpoint = scene.create(1).await;
        scene.damage(damage).await;
        scene.instance.tap.take();
        scene.owner.send(Method::DELETE, &path_of(&endpoint), None).await.expect(200, "");
        let calls = scene.instance.tap.take().len();
        assert!(calls <= 12, "{damage:?}: {calls} calls");
        scene.owner.get(&path_of(&endpoint)).await.expect(404, "RESOURCE_NOT_FOUND");
        assert!(!scene.is_recording().await, "{damage:?}");
        let left: Vec<String> = scene.items().await.into_keys().filter(|key| key != "feed").collect();
        // The URL of another endpoint is left to it.
        assert_eq!(left.len(), usize::from(damage == Damage::UrlOfAnother), "{damage:?}: {left:?}");
        scene.owner.post(WEBHOOKS, numbered(2)).await.expect(201, "");
        assert!(scene.is_recording().await, "{damage:?}");
    }
}

#[tokio::test]
async fn a_damaged_endpoint_gets_another_url() {
    for damage in ALL {
        let scene = Scene::new().await;
        let endpoint = scene.create(1).await;
        scene.damage(damage).await;
        scene.instance.tap.take();
        let url = json!({"url": "https://example.com/moved"});
        let moved = scene.owner.send(Method::PATCH, &path_of(&endpoint), Some(url)).await;
        moved.expect(200, "");
        assert!(scene.instance.tap.take().len() <= 8, "{damage:?}");
        let items = scene.items().await;
        let holder = items.iter().filter(|(key, item)| {
            key.starts_with("url#") && item["id"].as_s().is_ok_and(|id| *id == id_of(&endpoint))
        });
        assert_eq!(holder.count(), 1, "{damage:?}");
    }
}
