//! A conversation, its questions, and its rankings by the index alone and by the service.

use std::collections::BTreeMap;

use hb_domain::fields::Fields;
use hb_domain::import::Imported;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::{Clock, MemoryId, TenantId};
use hb_search::{Entry, Index, Parameters, Query, SearchDocument};
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::measure::Quality;
use super::sets::Set;

/// Results asked for: enough for ten groups.
const LIMIT: usize = 100;

/// A conversation: a tenant.
pub(super) struct Conversation {
    /// Each memory as a line of an import.
    pub(super) lines: Vec<Value>,
    pub(super) index: Index,
    pub(super) questions: Vec<Question>,
    /// The stored size of the search documents, in bytes.
    pub(super) stored: usize,
    /// The position of each memory, and the group of each position.
    positions: BTreeMap<MemoryId, usize>,
    pub(super) groups: Vec<usize>,
}

/// A question, and the positions of the memories that answer it.
pub(super) struct Question {
    pub(super) text: String,
    pub(super) query: Query,
    pub(super) category: String,
    pub(super) evidence: Vec<usize>,
}

/// The quality of the service's rankings.
#[derive(Debug, Default)]
pub(super) struct Served {
    pub(super) all: Vec<Quality>,
    /// Questions whose evidence is all of one user, without a filter and with that user's.
    pub(super) of_one: Vec<Quality>,
    pub(super) filtered: Vec<Quality>,
}

impl Served {
    pub(super) fn add(&mut self, other: Self) {
        self.all.extend(other.all);
        self.of_one.extend(other.of_one);
        self.filtered.extend(other.filtered);
    }
}

impl Question {
    pub(super) fn new(text: &str, category: String, evidence: Vec<usize>) -> Self {
        Self { text: text.to_owned(), query: Query::new(text), category, evidence }
    }
}

impl Conversation {
    /// A conversation of these memories in their order, each with its group.
    pub(super) fn new(mut lines: Vec<Value>, groups: Vec<usize>, questions: Vec<Question>) -> Self {
        let tenant = TenantId::parse("quality").expect("a tenant");
        let now = Clock::system().now();
        let (mut ids, mut rng) = (MemoryIds::default(), StdRng::seed_from_u64(1));
        let (mut entries, mut positions, mut stored) = (Vec::new(), BTreeMap::new(), 0);
        for (position, line) in lines.iter_mut().enumerate() {
            let fields = Fields::of_body(line.clone(), &tenant).expect("fields");
            let memory = Imported::parse(fields, now, ids.next_suffix(&mut rng)).expect("a memory").memory;
            let document = SearchDocument::of(&memory);
            stored += document.to_bytes().len();
            line["id"] = json!(memory.id);
            positions.insert(memory.id.clone(), position);
            entries.push(Entry { id: memory.id, expires_at: None, document });
        }
        let mut index = Index::new();
        index.apply(entries);
        Self { lines, index, questions, stored, positions, groups }
    }

    /// Ranks with the index alone.
    pub(super) fn ranked(&self, parameters: &Parameters) -> Vec<Quality> {
        let rank =
            |question: &Question| self.quality(question, self.index.rank(&question.query, parameters).iter());
        self.questions.iter().map(rank).collect()
    }

    /// Searches through the whole service: import, store, search.
    pub(super) async fn served(&self, set: Set, number: usize) -> Served {
        let world = World::new().await;
        world.clock.set(Clock::system().now());
        let tenant = format!("{}-{number}", set.name().to_lowercase());
        let account = world.account_with(&tenant, plenty()).await;
        let instance = world.instance().await;
        let client: Client = instance.client.with(&account.key);
        for lines in self.lines.chunks(500) {
            let body: Vec<String> = lines.iter().map(Value::to_string).collect();
            let headers = [("content-type", "application/x-ndjson")];
            let answer =
                client.send_raw(Method::POST, "/api/v1/memories/import", &headers, body.join("\n")).await;
            assert_eq!(answer.data()["imported"], lines.len(), "{}", answer.text);
        }
        let mut served = Served::default();
        for question in &self.questions {
            let mut body = json!({"query": question.text, "limit": LIMIT});
            let quality = self.search(&client, question, &body).await;
            served.all.push(quality.clone());
            if let Some(user) = self.only_user(question) {
                body["userId"] = json!(user);
                served.of_one.push(quality);
                served.filtered.push(self.search(&client, question, &body).await);
            }
        }
        served
    }

    async fn search(&self, client: &Client, question: &Question, body: &Value) -> Quality {
        let answer = client.post("/api/v1/memories/search", body.clone()).await;
        let results = answer.data()["results"].as_array().expect("results").clone();
        let ids: Vec<MemoryId> =
            results.iter().filter_map(|result| MemoryId::parse(result["id"].as_str()?)).collect();
        self.quality(question, ids.iter())
    }

    /// The user of all of a question's evidence, if there is only one.
    fn only_user(&self, question: &Question) -> Option<&str> {
        let mut users = question.evidence.iter().map(|position| self.lines[*position]["userId"].as_str());
        let first = users.next()?;
        users.all(|user| user == first).then_some(first)?
    }

    fn quality<'m>(&self, question: &Question, ranking: impl Iterator<Item = &'m MemoryId>) -> Quality {
        let ranked: Vec<usize> = ranking.filter_map(|id| self.positions.get(id).copied()).collect();
        Quality::of(&question.category, &question.evidence, &ranked, &self.groups)
    }
}
