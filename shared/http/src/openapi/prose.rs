//! The sentences of the document that are said nowhere else.

use hb_domain::event::EventType;
use serde_json::Value;

pub(super) const TITLE: &str = "HeroBrain";
pub(super) const SUMMARY: &str = "A memory API for AI applications.";
pub(super) const VERSION: &str = "1.0.0";
pub(super) const DESCRIPTION: &str = "\
Applications store what their users told them, and find it again by meaning.

Requests carry `Authorization: Bearer …` with an API key, a Clerk session token or an access token, unless the operation \
needs no credential. The tenant is derived from it. Responses have `success`, `data` or `errors`, and `metadata` with the id of the request.

Every tenant has a plan with a monthly quota, a rate per minute and a burst. A 429 says in `Retry-After` when the next \
request is admitted. Send an `Idempotency-Key` with every POST, PUT and PATCH that changes something, and repeat \
the request until it is answered: it is done once.

Clients must ignore what they do not know. Responses and events get new fields; enumerations such as the types of memories and \
events, statuses, plans and error codes get new values.

A field that is `null` says that there is no value. A field that is absent from a response has none either, or its default; its \
description says which.";

pub(super) const API_KEY: &str = "A key of the tenant. It has scopes, and may expire.";
pub(super) const CLERK_SESSION: &str =
    "The session token of a user who has signed in with Clerk. It has every scope.";
pub(super) const ACCESS_TOKEN: &str = "A token of 15 minutes that a Clerk session was exchanged for. It has every scope or those asked for, and manages no keys.";

/// The groups of operations, in the order in which they are shown.
pub(super) const TAGS: [(&str, &str); 7] = [
    ("Memories", "What applications know about their users, found by filters and by meaning."),
    ("Namespaces", "Paths that memories are grouped by."),
    ("API keys", "The credentials of programs."),
    ("Webhooks", "Endpoints that events are sent to."),
    ("Events", "What happened in the tenant, in order, for 30 days."),
    ("Limits", "What is left of the plan."),
    ("Service", "Health, tokens and documents."),
];

/// The tag of a group of operations, which is the first part of their ids.
pub(super) fn tag(group: &str) -> &'static str {
    match group {
        "memories" => "Memories",
        "namespaces" => "Namespaces",
        "apiKeys" => "API keys",
        "webhooks" => "Webhooks",
        "events" => "Events",
        "usage" => "Limits",
        "auth" | "health" | "openapi" => "Service",
        other => panic!("the operations {other}.* have no tag"),
    }
}

/// What an event of this type says.
pub(super) const fn event(event: EventType) -> &'static str {
    match event {
        EventType::MemoryCreated => "A memory was created",
        EventType::MemoryUpdated => "A memory was changed",
        EventType::MemoryDeleted => "A memory was deleted, or has expired",
        EventType::SearchPerformed => "A search was answered",
        EventType::ApiKeyCreated => "An API key was created",
        EventType::ApiKeyRevoked => "An API key was revoked",
        EventType::WebhookDisabling => "A webhook endpoint has failed for days and will be disabled",
        EventType::WebhookDisabled => "A webhook endpoint was disabled",
    }
}

/// What is worth saying about an operation beyond its summary.
pub(super) fn operation(id: &str) -> Option<&'static str> {
    Some(match id {
        "memories.list" => {
            "Pages are numbered up to the 10,000th memory; `nextCursor` goes on from there. With a filter, `total` and `pages` may be null, and a page may be short."
        }
        "memories.create" => {
            "A memory with a `key` that another memory of the same namespace, user and agent has is refused, unless `onConflict` says otherwise: then the response is a 200 with the memory that was there (`keep`), or with what has replaced it (`replace`). A credential without `read:memories` gets `id`, `createdAt` and `updatedAt` only."
        }
        "memories.search" => {
            "A memory is found by the search that follows its creation. `relevance` is from 0 to 1: the probability that the memory is about the query. Without a `query`, the newest memories that meet the conditions come first. `nextCursor` continues the results, up to 1,000 in all."
        }
        "memories.query" => {
            "Reads every memory that it compares, at most 5 MB a call: a page may have fewer memories than `limit`, or none, and still be followed by others."
        }
        "memories.createBulk" => {
            "Each memory has a result of its own: those that are invalid do not prevent the others. `onConflict` says what becomes of a memory whose key another one has. The default is `fail`."
        }
        "memories.updateBulk" => {
            "Each change has a result of its own. An item with `ifMatch` is applied to this version only, and needs `read:memories`, too."
        }
        "memories.deleteBulk" => {
            "Deletes the memories of these ids, or all that a filter matches. With a filter, repeat it with `nextCursor` until that is null. A filter with operators needs `read:memories`, too."
        }
        "memories.batchGet" => "Gets the memories of up to 100 ids at once.",
        "memories.export" => {
            "One memory in each line, with every field. The header `Link` has the address of the next page. What is exported can be imported again."
        }
        "memories.import" => {
            "One memory in each line. Importing an export again changes nothing. `onConflict` says what becomes of a line whose key another memory has. The default is `keep`."
        }
        "memories.getByKey" => {
            "The query names the memory: `key`, and `namespace`, `userId` and `agentId` where the memory has them."
        }
        "memories.putByKey" => {
            "The query names the memory: `key`, and `namespace`, `userId` and `agentId` where the memory has them. It is created (201), or replaces what is there (200), of which only `id` and `createdAt` stay. `If-None-Match: *` only creates, `If-Match` only replaces this version; both need `read:memories`, too. A credential without it gets `id`, `createdAt` and `updatedAt` only."
        }
        "memories.deleteByKey" => {
            "The query names the memory: `key`, and `namespace`, `userId` and `agentId` where the memory has them. `If-Match` needs `read:memories`, too."
        }
        "memories.replace" => {
            "Replaces all that a creation can set: what is absent gets its default. `id` and `createdAt` stay. `If-Match` and `If-None-Match` need `read:memories`, too. A credential without it gets `id`, `createdAt` and `updatedAt` only."
        }
        "memories.update" => {
            "Changes the fields that are there (RFC 7396); null removes a field. `If-Match` needs `read:memories`, too. A credential without it gets `id`, `createdAt` and `updatedAt` only."
        }
        "memories.delete" => "`If-Match` needs `read:memories`, too.",
        "namespaces.list" => "In the order of their text form. There are no counts.",
        "apiKeys.list" => "Any credential of the tenant may read its keys.",
        "apiKeys.get" => {
            "Any credential of the tenant may read its keys. The text of the key is not among what is read."
        }
        "apiKeys.create" => {
            "The text of the key is only in this response: `plainKey`. The new key has no scope that its creator lacks, and does not outlive it. An access token, or a session of an organization's member who is no admin, creates no keys."
        }
        "apiKeys.rotate" => {
            "The id stays. The new text is only in this response: `plainKey`. The old one works until the grace period ends, which is 0 by default; its responses have the headers `Deprecation` and `Sunset`. The caller needs all scopes of the key."
        }
        "apiKeys.revoke" => {
            "When this is answered, no request with the key is accepted any more. The caller needs all scopes of the key, unless it is its own."
        }
        "apiKeys.usage" => {
            "By day (UTC), for at most 90 days. `scopes` counts by calendar month how often each scope of the key was needed."
        }
        "webhooks.create" => {
            "The secret is only in this response. Events of memories and searches need `read:memories`, too; events of keys need a caller that may manage keys."
        }
        "webhooks.update" => {
            "What creating the endpoint needs is needed for its events before and after the change."
        }
        "webhooks.delete" => {
            "When the last endpoint of the tenant is deleted, events are not recorded any more."
        }
        "webhooks.test" => {
            "Sends a signed sample of the first type in `events` at once, also to an inactive endpoint, and waits up to 15 s for the response. Receivers tell it by `metadata.test`. Needs what creating the endpoint needs."
        }
        "webhooks.rotateSecret" => {
            "The secret is only in this response. Until the grace period ends, which is a day by default, deliveries are signed with both secrets, and another rotation is refused. Needs what creating the endpoint needs."
        }
        "webhooks.recover" => {
            "Sends all events since a time, to which the endpoint subscribes, again. The response comes at once; deliveries follow. Refused for an inactive endpoint. Needs what creating the endpoint needs."
        }
        "webhooks.deliveries" => "The attempts of the last 30 days. Needs what creating the endpoint needs.",
        "webhooks.resend" => {
            "The event keeps its id, so that a receiver that has processed it can tell. Refused for an inactive endpoint. Needs what creating the endpoint needs."
        }
        "events.list" => {
            "Events are recorded while the tenant has a webhook endpoint, active or not. `nextCursor` is never null: keep it, and ask again later. It is valid for 30 days. `cursor=latest` begins at the end. Events of memories and searches need `read:memories`, those of webhooks `write:webhooks`, and those of keys a caller that may manage keys; without `types` the response has those that the caller may read."
        }
        "usage.rateLimit" => "Not counted as a request of the plan, but limited to one a second.",
        "auth.exchange" | "auth.exchangeByGet" => {
            "The access token is valid for 15 minutes. `scopes` restricts it, in the query or the body; scopes that the session lacks are left out. It manages no keys and cannot be exchanged again."
        }
        "auth.jwks" => "For the verification of access tokens: RFC 7517.",
        "health.check" => "Reads no data.",
        _ => return None,
    })
}

/// What a schema of requests describes.
pub(super) fn schema(name: &str) -> Option<&'static str> {
    Some(match name {
        "ApiKeyRevocation" => "The key that is revoked.",
        "ApiKeyRotation" => "The key that gets a new secret.",
        "Empty" => "No field is needed.",
        "ImportedMemory" => "A line of an import: a memory, with the id and the times that it had.",
        "MemoriesToDelete" => "The memories that are deleted: either `ids` or `filter`.",
        "MemoryIds" => "The ids of memories.",
        "MemoryPatch" => {
            "The fields of a memory that are changed. An absent field stays as it is, null removes it."
        }
        "MemoryPatches" => "Changes of many memories.",
        "MemoryQuery" => "Which memories, and in which order.",
        "MemorySearch" => "What memories should be about, and the conditions that they must meet.",
        "NewApiKey" => "A new API key.",
        "NewMemories" => "Many new memories.",
        "NewMemory" => "A new memory. Null in a field that is not required means that the field is absent.",
        "NewWebhook" => "A new webhook endpoint.",
        "TokenRequest" => "What the access token should allow.",
        "WebhookPatch" => "The fields of an endpoint that are changed. An absent field stays as it is.",
        "WebhookRecoveryRequest" => "From when on events are sent again.",
        "WebhookSecretRotation" => "The new secret, and how long the previous one signs beside it.",
        _ => return None,
    })
}

/// What a field of requests contains. A name means the same everywhere.
pub(super) fn field(name: &str) -> Option<&'static str> {
    Some(match name {
        "agentId" => "The agent that created the memory.",
        "content" => "The text.",
        "createdAfter" => "Only memories that were created at this time or later.",
        "createdAt" => "When the memory was created.",
        "createdBefore" => "Only memories that were created before this time.",
        "cursor" => "The `nextCursor` of the page before.",
        "days" => "How many days, the present one included. The default is 30.",
        "environment" => "A label of the key. The default is `production`.",
        "events" => "The types of events that the endpoint gets.",
        "expiresAt" => {
            "When it expires. A time in ISO 8601, or a number since 1970: from 10^11 on in milliseconds, else in seconds."
        }
        "explain" => "Whether results say what their score is made of.",
        "filter" => "Which memories.",
        "gracePeriodSeconds" => "For how many seconds the old secret still works.",
        "id" => "The id.",
        "ids" => "The ids of memories.",
        "ifMatch" => "Only if the version of the memory is this ETag.",
        "importance" => "How important the memory is: 0 to 1. The default is 0.5.",
        "items" => "The changes, each of one memory.",
        "key" => {
            "The application's own name for the memory, unique among the memories of the same namespace, user and agent."
        }
        "keyId" => "The id of an API key.",
        "limit" => "The most items of a page. The default is 50, in a search 20.",
        "memories" => "The memories.",
        "metadata" => "Data of the application.",
        "metadataMode" => {
            "Whether `metadata` is merged into what there is, which is the default, or replaces it. Only beside `metadata`."
        }
        "minRelevance" => "Only results of at least this relevance.",
        "name" => "A name for people.",
        "namespace" => "The namespace of the memory: a list of segments, in a query string separated by `/`.",
        "namespacePrefix" => "Only memories of namespaces that begin with these segments.",
        "onConflict" => {
            "What happens when another memory has the key: `fail` refuses the new one, `keep` keeps the other, `replace` replaces it. The default is `fail`, in an import `keep`."
        }
        "order" => "The order of the sort. The default is `desc`.",
        "page" => "The number of the page, from 1.",
        "patch" => "The changed fields.",
        "prefix" => "Only namespaces that begin with these segments.",
        "query" => "What the memories should be about.",
        "scopes" => "What the credential may do. The default is all that the caller may.",
        "searchable" => "Whether searches find the memory. They find a new memory by default.",
        "secret" => "The secret that deliveries are signed with. It is generated when it is absent.",
        "sessionId" => "The conversation that the memory comes from.",
        "since" => "From this time on.",
        "sort" => "The field that the list is sorted by. The default is `createdAt`.",
        "status" => "The status.",
        "tags" => "Labels.",
        "tenantId" => "The caller's tenant. Another one is refused.",
        "ttlSeconds" => "In how many seconds it expires.",
        "type" => "The kind of memory.",
        "types" => "Types of events, or patterns such as `memory.*`, separated by commas.",
        "updatedAt" => "When the memory was last changed.",
        "url" => "The address that events are sent to.",
        "userId" => "The end user that the memory is about.",
        _ => return None,
    })
}

/// Adds the descriptions of an object's fields, in all objects within `schema`.
pub(super) fn describe_fields(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(describe_fields),
        Value::Object(keywords) => {
            if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
                for (name, property) in properties.iter_mut() {
                    describe_fields(property);
                    if let (Some(text), Value::Object(property)) = (field(name), property) {
                        property.entry("description").or_insert_with(|| text.into());
                    }
                }
            }
            for (keyword, inner) in keywords.iter_mut() {
                if keyword != "properties" {
                    describe_fields(inner);
                }
            }
        }
        _ => {}
    }
}
