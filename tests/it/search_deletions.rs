//! Deleted memories do not influence the scores of others, even if the deletion failed to raise the search version and had
//! to be repeated.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Fault, World};
use http::Method;
use serde_json::{Value, json};

use crate::search::{found, found_by};

const LOST: &str = "DynamoDB DeleteItem Memories";
const BULK: &str = "/api/v1/memories/bulk-delete";

/// A deletion, as a request.
type Deletion<'w> = &'w dyn Fn(&str) -> (Method, String, Option<Value>);

#[tokio::test]
async fn a_repeated_deletion_removes_the_memory_from_its_sessions_scores() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let clients = [one.client.with(&account.key), other.client.with(&account.key)];
    let by_id: Deletion<'_> = &|id| (Method::DELETE, format!("/api/v1/memories/{id}"), None);
    let by_ids: Deletion<'_> = &|id| (Method::POST, BULK.to_owned(), Some(json!({"ids": [id]})));
    let by_filter: Deletion<'_> =
        &|_| (Method::POST, BULK.to_owned(), Some(json!({"filter": {"userId": "ann"}})));
    for (number, (deletion, then)) in [(by_id, 404), (by_ids, 200), (by_filter, 200)].into_iter().enumerate()
    {
        // The response to the deletion is lost, or the update of the search version fails.
        for (call, after, fault) in
            [("DynamoDB UpdateItem Tenants", 1, Fault::Throttled), (LOST, 0, Fault::AnswerLost)]
        {
            let session = format!("{number} {call}");
            let crane = say(&clients[0], "harbour crane", &session, "ann").await;
            let neighbour = say(&clients[0], "quite another matter", &session, "bob").await;
            let of_bob =
                json!({"query": "harbour crane", "minRelevance": 0.2, "sessionId": session, "tags": ["bob"]});
            for client in &clients {
                assert_eq!(found(client, of_bob.clone()).await, ["quite"], "its session speaks of it");
            }
            let send = async || -> Answer {
                let (method, path, body) = deletion(&crane);
                clients[0].send(method, &path, body).await
            };
            one.tap.fail_after(call, after, fault, true);
            let failed = send().await;
            assert!(one.tap.mend(), "{session}");
            assert!(failed.status == 503 || failed.status == 200, "{session}: {}", failed.text);
            let is_published = found(&clients[1], of_bob.clone()).await.is_empty();
            assert!(is_published || call != LOST, "{session}: the version is raised, as it may be deleted");
            let again = send().await;
            assert_eq!(again.status, then, "{session}: {}", again.text);
            for client in &clients {
                assert_eq!(found(client, of_bob.clone()).await, Vec::<String>::new(), "{session}");
            }
            clients[0]
                .send(Method::DELETE, &format!("/api/v1/memories/{neighbour}"), None)
                .await
                .expect(200, "");
        }
    }
    assert_eq!(found_by(&clients, "harbour crane").await, [Vec::<String>::new(), vec![]]);
}

async fn say(client: &Client, content: &str, session: &str, user: &str) -> String {
    let body =
        json!({"content": content, "type": "event", "sessionId": session, "userId": user, "tags": [user]});
    let made = client.post("/api/v1/memories", body).await;
    made.data()["id"].as_str().expect("an id").to_owned()
}

/// A removed memory does not raise its neighbours any more.
#[tokio::test]
async fn a_deleted_or_expired_memory_does_not_influence_its_session() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let clients = [one.client.with(&account.key), other.client.with(&account.key)];
    let end = world.clock.now().plus(Duration::from_secs(40));
    let say = async |content: &str, extra: Value| {
        // A millisecond apart: ids of one millisecond have no order, and the decay depends on it.
        for instance in [&one, &other] {
            instance.clock.set(instance.clock.now().plus(Duration::from_millis(1)));
        }
        let mut body = json!({"content": content, "type": "event", "sessionId": "s"});
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        let made = clients[0].post("/api/v1/memories", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.header("location").to_owned()
    };
    let crane = say("harbour crane", json!({"tags": ["ann"]})).await;
    say("quite another matter", json!({"tags": ["bob"]})).await;
    say("a windmill", json!({"expiresAt": end})).await;
    for found in found_by(&clients, "harbour crane").await {
        assert!(found.len() == 3 && found[0] == "harbour", "its session speaks of it: {found:?}");
    }
    clients[0].send(Method::DELETE, &crane, None).await.expect(200, "");
    for client in &clients {
        let of_bob = json!({"query": "harbour crane", "minRelevance": 0.2, "tags": ["bob"]});
        assert_eq!(
            found(client, of_bob).await,
            Vec::<String>::new(),
            "memories outside of the filter are removed too"
        );
    }
    assert_eq!(found_by(&clients, "harbour crane").await, [Vec::<String>::new(), vec![]]);
    assert_eq!(found_by(&clients, "windmill").await, [["a", "quite"], ["a", "quite"]]);
    for instance in [&one, &other] {
        instance.clock.set(end);
    }
    assert_eq!(found_by(&clients, "windmill").await, [Vec::<String>::new(), vec![]]);
}
