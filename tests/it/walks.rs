//! Lists that are read page by page while memories are created, changed and deleted, as API.md describes them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hb_tests::{Client, Instance, World};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

const MEMORIES: &str = "/api/v1/memories";

/// A tenant whose memories change between the pages of a list.
struct Tenant {
    client: Client,
    instance: Instance,
    rng: StdRng,
    /// The memories that exist.
    present: Vec<String>,
    /// Those that existed from the beginning of the walk on.
    lasting: BTreeSet<String>,
    changed: BTreeSet<String>,
    created: BTreeSet<String>,
}

impl Tenant {
    async fn new(client: Client, instance: Instance) -> Self {
        let mut tenant = Self {
            client,
            instance,
            // Fixed, so that the list is changed before and behind its cursor in every run.
            rng: StdRng::seed_from_u64(7),
            present: Vec::new(),
            lasting: BTreeSet::new(),
            changed: BTreeSet::new(),
            created: BTreeSet::new(),
        };
        for _ in 0..25 {
            tenant.create().await;
        }
        tenant.lasting = tenant.present.iter().cloned().collect();
        tenant.created.clear();
        tenant
    }

    async fn create(&mut self) {
        self.tick();
        let created = self.client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
        let id = created.data()["id"].as_str().expect("an id").to_owned();
        self.present.push(id.clone());
        self.created.insert(id);
    }

    /// Creates, changes or deletes a memory.
    async fn disturb(&mut self) {
        self.tick();
        let index = self.rng.random_range(0..self.present.len());
        let path = format!("{MEMORIES}/{}", self.present[index]);
        match self.rng.random_range(0..4) {
            0 => self.create().await,
            1 => {
                let id = self.present.swap_remove(index);
                self.client.send(Method::DELETE, &path, None).await.expect(200, "");
                self.lasting.remove(&id);
            }
            _ => {
                let importance = self.rng.random::<f64>();
                let patch = json!({"importance": importance});
                self.client.send(Method::PATCH, &path, Some(patch)).await.expect(200, "");
                self.changed.insert(self.present[index].clone());
            }
        }
    }

    fn tick(&self) {
        self.instance.clock.set(self.instance.clock.now().plus(Duration::from_millis(7)));
    }

    /// How often each memory is returned in this order.
    async fn walk(&mut self, query: &str) -> BTreeMap<String, usize> {
        let mut returned = BTreeMap::new();
        let mut cursor = String::new();
        // Every change adds a memory to the end of an ascending list by `updatedAt`, so the walk outruns them.
        loop {
            let page = self.client.get(&format!("{MEMORIES}?limit=4&{query}{cursor}")).await;
            for memory in page.data()["memories"].as_array().expect("memories") {
                *returned.entry(memory["id"].as_str().expect("an id").to_owned()).or_default() += 1;
            }
            let Some(next) = page.data()["pagination"]["nextCursor"].as_str() else { return returned };
            cursor = format!("&cursor={next}");
            for _ in 0..2 {
                self.disturb().await;
            }
        }
    }
}

async fn walked(query: &str) -> (Tenant, BTreeMap<String, usize>) {
    let (_world, instance, client) = World::with_a_client().await;
    let mut tenant = Tenant::new(client, instance).await;
    let returned = tenant.walk(query).await;
    assert!(!tenant.changed.is_empty() && !tenant.created.is_empty());
    (tenant, returned)
}

#[tokio::test]
async fn a_list_by_created_at_returns_what_lasts_exactly_once() {
    for query in ["sort=createdAt&order=desc", "sort=createdAt&order=asc"] {
        let (tenant, returned) = walked(query).await;
        for id in &tenant.lasting {
            assert_eq!(returned.get(id), Some(&1), "{query} {id}");
        }
        let seen = |id: &&String| returned.contains_key(*id);
        let new = tenant.created.iter().filter(|id| tenant.present.contains(id)).filter(seen).count();
        if query.ends_with("desc") {
            assert_eq!(new, 0, "new memories are before the cursor");
        } else {
            assert!(new > 0, "new memories follow at the end");
        }
    }
}

#[tokio::test]
async fn an_ascending_list_by_updated_at_misses_nothing_that_lasts() {
    let (tenant, returned) = walked("sort=updatedAt&order=asc").await;
    for id in &tenant.lasting {
        let times = returned.get(id).copied().unwrap_or_default();
        assert!(times == 1 || (times > 1 && tenant.changed.contains(id)), "{id} {times}");
    }
    assert!(returned.values().any(|times| *times > 1), "what is changed is returned again");
}

#[tokio::test]
async fn a_descending_list_by_updated_at_misses_only_what_was_changed() {
    let (tenant, returned) = walked("sort=updatedAt&order=desc").await;
    for id in &tenant.lasting {
        let times = returned.get(id).copied().unwrap_or_default();
        assert!(times == 1 || (times == 0 && tenant.changed.contains(id)), "{id} {times}");
    }
}
