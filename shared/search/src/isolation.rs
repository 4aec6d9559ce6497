//! Tests that a search by owner returns what an index of that owner's memories alone would, and the reference scores.

use std::collections::HashMap;

use hb_domain::{Memory, MemoryId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::definition;
use crate::fixtures::{index, memories, memory, now, parse_search, search, texts};
use crate::{Hit, Index, Query, SearchDocument};

/// User, agent and session of a memory or of a search. One of each is searched for and has no memories.
type Names = (Option<u8>, Option<u8>, Option<u8>);

fn names() -> impl Strategy<Value = Names> {
    let one = || prop::option::of(0..4_u8);
    (one(), one(), one()).prop_filter("owners", |names| *names != (None, None, None))
}

/// Memories of users and agents that share words and sessions. Some have expired and are still indexed.
fn owned(at_most: usize) -> impl Strategy<Value = Vec<Memory>> {
    let more = (texts(), prop::option::of(0..3_u8), prop::option::of(0..3_u8), prop::bool::weighted(0.1));
    prop::collection::vec(more, 1..6).prop_map(move |groups| {
        let mut said = Vec::new();
        let mut owners = Vec::new();
        for (position, (texts, user, agent, has_expired)) in groups.into_iter().enumerate() {
            // Owners alternate within sessions.
            for (number, text) in texts.into_iter().enumerate() {
                let user = user.map(|user| (user as usize + number * position) % 3);
                owners.push((user, agent, has_expired));
                said.push(text);
            }
        }
        said.truncate(at_most);
        let mut made = memories(&said);
        for memory in &mut made {
            let position = usize::try_from(memory.created_at.millis()).unwrap_or(0) % owners.len();
            let (user, agent, has_expired) = owners[position];
            memory.user_id = user.map(|user| format!("user {user}"));
            memory.agent_id = agent.map(|agent| format!("agent {agent}"));
            memory.expires_at = has_expired.then(now);
        }
        made
    })
}

fn filter((user, agent, session): Names) -> Map<String, Value> {
    let named = [("userId", "user", user), ("agentId", "agent", agent), ("sessionId", "session", session)];
    named
        .into_iter()
        .filter_map(|(field, kind, number)| Some((field.to_owned(), json!(format!("{kind} {}", number?)))))
        .collect()
}

fn body(query: &str, filter: &Map<String, Value>, more: Value) -> Value {
    let mut body = json!({"query": query, "limit": 100});
    let body_fields = body.as_object_mut().expect("an object");
    body_fields.extend(filter.clone());
    body_fields.extend(more.as_object().expect("an object").clone());
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn memories_of_other_owners_change_no_hit_and_no_score(memories in owned(200), query in texts(), names in names(), tag in 0..4_u8) {
        let filter = filter(names);
        let admitted = parse_search(body("x", &filter, json!({})));
        let own: Vec<Memory> = memories.iter().filter(|memory| admitted.admits(memory)).cloned().collect();
        let (everything, alone) = (index(&memories), index(&own));
        prop_assert_eq!(everything.count(&admitted), own.len());
        for more in [json!({}), json!({"limit": 1}), json!({"minRelevance": 0.5}), json!({"tags": [format!("tag{tag}")]})] {
            let body = body(&query[0].0, &filter, more);
            prop_assert_eq!(search(&everything, body.clone()), search(&alone, body));
        }
        // Deleting the memories of other owners changes nothing.
        let mut emptied = index(&memories);
        emptied.remove(memories.iter().filter(|memory| !admitted.admits(memory)).map(|memory| &memory.id));
        let body = body(&query[0].0, &filter, json!({}));
        prop_assert_eq!(search(&everything, body.clone()), search(&emptied, body));
    }

    #[test]
    fn hits_of_an_owner_have_the_scores_of_the_reference(memories in owned(60), query in texts(), names in names()) {
        let (query, filter) = (&query[0].0, filter(names));
        let body = body(query, &filter, json!({}));
        let admitted = parse_search(body.clone());
        // Sorted by session, as the reference requires.
        let own: Vec<Memory> = memories.iter().filter(|memory| admitted.admits(memory)).cloned().collect();
        let scores: HashMap<&MemoryId, f64> = own.iter().map(|memory| &memory.id).zip(definition::scores(&own, query)).collect();
        let found = search(&index(&memories), body);
        for hit in &found {
            let expected = scores.get(&hit.id).copied();
            prop_assert!(expected.is_some_and(|score| (score - hit.explanation.score).abs() < 1e-4), "{hit:?}, {expected:?}");
        }
        // A query of stop words finds nothing, whatever its embedding.
        prop_assume!(!Query::new(query).is_empty());
        let visible = own.iter().filter(|memory| memory.expires_at.is_none() && scores[&memory.id] > 1e-4);
        prop_assert!(visible.count() <= found.len());
    }
}

#[test]
fn any_combination_of_owners_is_stored_and_read() {
    for of in 0..8_u8 {
        let mut body = json!({"content": "tea", "tags": ["a"]});
        for (bit, field) in ["userId", "agentId", "sessionId"].into_iter().enumerate() {
            if (of >> bit) & 1 == 1 {
                body[field] = json!("one");
            }
        }
        let document = SearchDocument::of(&memory(0, body));
        let bytes = document.to_bytes();
        assert_eq!(SearchDocument::from_bytes(&bytes), Some(document.clone()), "{of}");
        assert_eq!(
            document.owners.0.map(|owner| owner != 0),
            [of & 1 != 0, of & 2 != 0, of & 4 != 0],
            "{of}"
        );
        for end in 0..bytes.len() - 1 {
            assert_ne!(
                SearchDocument::from_bytes(&bytes[..end]),
                Some(document.clone()),
                "{of}, {end} bytes"
            );
        }
    }
}

/// A memory whose owner changes counts for the new owner only.
#[test]
fn a_memory_whose_owner_changes_counts_for_the_new_owner_only() {
    let of = |user: &str| memory(0, json!({"content": "harbour crane", "sessionId": "s", "userId": user}));
    let other = memory(1, json!({"content": "another matter", "sessionId": "s", "userId": "ann"}));
    let mut index = index(&[of("ann"), other]);
    let hits = |index: &Index, user: &str| -> Vec<Hit> {
        search(index, json!({"query": "crane", "userId": user, "minRelevance": 0.1}))
    };
    assert_eq!((hits(&index, "ann").len(), hits(&index, "bob").len()), (2, 0));
    let given = of("bob");
    let entry = crate::Entry { id: given.id.clone(), expires_at: None, document: SearchDocument::of(&given) };
    index.apply(vec![entry]);
    assert_eq!((hits(&index, "ann").len(), hits(&index, "bob").len()), (0, 1));
}
