//! Resumed rotations of keys: applied once, and never over a later change.

use super::*;

#[tokio::test]
async fn an_applied_rotation_is_not_applied_again_over_a_later_one() {
    let (world, owner, instance) = set_up().await;
    let (id, _) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    let body = json!({ "keyId": id });
    lose(&instance, &owner, ROTATE, "k", &body).await;
    let theirs = plain(&owner.post(ROTATE, json!({"keyId": id, "gracePeriodSeconds": 60})).await);
    for replayed in [false, true] {
        let refused = post(&owner, ROTATE, "k", &body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (409, "DUPLICATE_RESOURCE"));
        assert_eq!(is_replayed(&refused), replayed);
        assert!(refused.message().contains(id.as_str()), "{}", refused.text);
    }
    let works = instance.client.with(&theirs).get(MEMORIES).await;
    assert_eq!((works.status.as_u16(), works.header("sunset")), (200, ""), "it is the secret of now");
}

/// The rotation is applied between the read of its record and the takeover of its lock.
#[tokio::test]
async fn a_rotation_that_completes_while_its_lock_is_taken_over_is_not_applied_again() {
    let (world, owner, slow) = set_up().await;
    let (id, _) = world.key(&owner.tenant, Scopes::all(), None).await;
    let (other, third) = (world.instance().await, world.instance().await);
    let (body, credential) = (json!({ "keyId": id }), owner.key.clone());
    assert_eq!(slow.client.with(&credential).get(KEYS).await.status, 200);
    assert_eq!(other.client.with(&credential).get(KEYS).await.status, 200);
    let (client, sent) = (slow.client.with(&credential), body.clone());
    let mut first = Driven::start(&slow, async move { post(&client, ROTATE, "k", &sent).await });
    step_up_to(&mut first, "DynamoDB TransactWriteItems").await;
    move_on(&other, 36);
    let (client, sent) = (other.client.with(&credential), body.clone());
    let mut second = Driven::start(&other, async move { post(&client, ROTATE, "k", &sent).await });
    second.step_past("DynamoDB PutItem Idempotency").await;
    first.step().await.expect("the rotation is written");
    let third = third.client.with(&credential);
    let theirs = plain(&third.post(ROTATE, body).await);
    second.finish().await.expect(409, "DUPLICATE_RESOURCE");
    drop(first);
    assert_eq!(
        other.client.with(&theirs).get(MEMORIES).await.status,
        200,
        "the later rotation stays in effect"
    );
}

/// A rotation whose epoch could not be incremented is undone, including the attribute `applied`.
#[tokio::test]
async fn an_undone_rotation_is_executed_by_the_attempt_that_resumes() {
    let (world, owner, instance) = set_up().await;
    let (id, old) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    assert_eq!(owner.get(KEYS).await.status, 200);
    let body = json!({ "keyId": id });
    // The admission succeeds, the increment of the epoch fails.
    instance.tap.fail_after("DynamoDB UpdateItem Tenants", 1, Fault::Reset, true);
    post(&owner, ROTATE, "k", &body).await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(instance.tap.mend());
    assert_eq!(instance.client.with(&old).get(MEMORIES).await.status, 200, "the old secret works on");
    let rotated = post(&owner, ROTATE, "k", &body).await;
    rotated.expect(200, "");
    assert_eq!(instance.client.with(&plain(&rotated)).get(MEMORIES).await.status, 200);
    instance.client.with(&old).get(MEMORIES).await.expect(401, "AUTH_INVALID");
}
