//! Search quality: questions about long conversations, and the turns that answer them.
//!
//! LoCoMo (Maharana et al. 2024), CC BY-NC 4.0, is not part of this project. It is read from
//! `../shared/data/locomo/dev5.json` or the file named in `LOCOMO`. Each conversation is a tenant, each turn a memory. Recall at k is the share of a
//! question's evidence among the first k, over the questions of categories 1 to 4. A session ranks as its best turn does,
//! over all questions.
//!
//! Searches by user: each memory has its speaker as `userId`. Questions whose evidence is all of one speaker are searched
//! once without a filter and once with that speaker's `userId`; those with evidence of both are left out.

use std::collections::BTreeMap;
use std::io::{Result, Write};
use std::path::PathBuf;
use std::time::Duration;

use hb_domain::fields::Fields;
use hb_domain::import::Imported;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::{Clock, MemoryId, TenantId, Timestamp};
use hb_search::{Entry, Index, Parameters, Query, SearchDocument};
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// Results asked for: enough for ten sessions.
const LIMIT: usize = 100;
/// Draws of the bootstrap.
const DRAWS: usize = 1_000;

struct Conversation {
    /// Each as a line of an import.
    turns: Vec<Value>,
    index: Index,
    /// The turn of each memory, and the session of each turn.
    positions: BTreeMap<MemoryId, usize>,
    sessions: Vec<usize>,
    speakers: Vec<String>,
    /// The stored size of the search documents, in bytes.
    stored: usize,
    questions: Vec<Question>,
}

struct Question {
    text: String,
    category: u64,
    evidence: Vec<usize>,
}

/// The quality of a ranking for one question.
#[derive(Clone, Copy, Debug, Default)]
struct Quality {
    category: u64,
    recall: [f64; 3],
    session: f64,
    gain: f64,
}

/// The quality of the service's rankings.
#[derive(Debug, Default)]
struct Served {
    all: Vec<Quality>,
    /// Questions whose evidence is all of one speaker, without a filter and with that speaker's.
    of_one: Vec<Quality>,
    filtered: Vec<Quality>,
}

/// Writes a table of the measurements.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    let path = std::env::var_os("LOCOMO").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/locomo/dev5.json")),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(&path) else {
        return writeln!(
            out,
            "\n{} is not there: name a file of LoCoMo in LOCOMO to measure recall",
            path.display()
        );
    };
    let data: Value = serde_json::from_str(&text)?;
    let conversations: Vec<Conversation> =
        data.as_array().into_iter().flatten().map(Conversation::read).collect();
    let questions: usize = conversations.iter().map(|conversation| conversation.questions.len()).sum();
    writeln!(
        out,
        "\nLoCoMo: {} conversations, {questions} questions; c1 to c5: recall@10 of a category",
        conversations.len()
    )?;
    writeln!(
        out,
        "{:32} {:>6} {:>6} {:>6} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6}  95 % of r@10",
        "", "r@1", "r@5", "r@10", "session", "nDCG@10", "c1", "c2", "c3", "c4", "c5"
    )?;
    for (name, parameters) in
        [("BM25 alone", Parameters::WORDS_ALONE), ("embedding alone", Parameters::MEANING_ALONE)]
    {
        let qualities: Vec<Quality> = conversations.iter().flat_map(|of| of.ranked(&parameters)).collect();
        row(out, name, &qualities)?;
    }
    let mut served = Served::default();
    for (number, conversation) in conversations.iter().enumerate() {
        let own = conversation.served(number).await;
        row(out, &format!("  conversation {}", number + 1), &own.all)?;
        served.all.extend(own.all);
        served.of_one.extend(own.of_one);
        served.filtered.extend(own.filtered);
    }
    row(out, "as served, over HTTP", &served.all)?;
    row(out, "evidence of one speaker", &served.of_one)?;
    row(out, "  and filtered by that userId", &served.filtered)?;
    row(out, "parameters chosen on the others", &out_of_fold(&conversations))?;
    let turns: usize = conversations.iter().map(|conversation| conversation.turns.len()).sum();
    let stored: usize = conversations.iter().map(|conversation| conversation.stored).sum();
    writeln!(
        out,
        "{} questions of one speaker; {:.1} bytes stored a turn, with session and user",
        served.of_one.len(),
        stored as f64 / turns as f64
    )
}

/// The quality of each conversation under the parameters that are best for all others.
fn out_of_fold(conversations: &[Conversation]) -> Vec<Quality> {
    let mut tried: Vec<Vec<Vec<Quality>>> = Vec::new();
    for earlier in [0.65, 0.75] {
        for later in [0.5, 0.6, 0.7] {
            for synonym in [0.5, 0.7] {
                for meaning in [0.4, 0.5] {
                    for session in [0.2, 0.3, 0.4] {
                        let parameters =
                            Parameters { earlier, later, synonym, meaning, session, ..Parameters::SHIPPED };
                        tried.push(conversations.iter().map(|of| of.ranked(&parameters)).collect());
                    }
                }
            }
        }
    }
    let goal = |qualities: &[Vec<Quality>], without: usize| {
        let others: Vec<Quality> = qualities
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != without)
            .flat_map(|(_, own)| own.clone())
            .collect();
        mean(&others, |quality| quality.recall[2]) + mean_of_all(&others, |quality| quality.session) / 2.0
    };
    (0..conversations.len())
        .flat_map(|fold| {
            let best = tried.iter().max_by(|a, b| goal(a, fold).total_cmp(&goal(b, fold)));
            best.map(|qualities| qualities[fold].clone()).unwrap_or_default()
        })
        .collect()
}

impl Conversation {
    fn read(data: &Value) -> Self {
        let tenant = TenantId::parse("locomo").expect("a tenant");
        let now = Clock::system().now();
        let (mut ids, mut rng) = (MemoryIds::default(), StdRng::seed_from_u64(1));
        let (mut turns, mut entries, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
        let (mut positions, mut names) = (BTreeMap::new(), BTreeMap::new());
        let (mut speakers, mut stored) = (Vec::new(), 0);
        for (number, session) in data["sessions"].as_array().into_iter().flatten().enumerate() {
            let began = session["dateTime"].as_str().and_then(date);
            let began = began.unwrap_or_else(|| panic!("a date: {}", session["dateTime"]));
            for (position, turn) in session["turns"].as_array().into_iter().flatten().enumerate() {
                let field = |name: &str| turn[name].as_str().unwrap_or_default();
                let caption = if field("caption").is_empty() {
                    String::new()
                } else {
                    format!(" [{}]", field("caption"))
                };
                let line = json!({
                    "content": format!("{}: {}{caption}", field("speaker"), field("text")),
                    "type": "episodic",
                    "sessionId": session["session"].to_string(),
                    "userId": field("speaker"),
                    "createdAt": began.plus(Duration::from_secs(position as u64)),
                });
                let fields = Fields::of_body(line.clone(), &tenant).expect("fields");
                let suffix = ids.next_suffix(&mut rng);
                let memory = Imported::parse(fields, now, suffix).expect("a memory").memory;
                names.insert(field("id").to_owned(), turns.len());
                positions.insert(memory.id.clone(), turns.len());
                let document = SearchDocument::of(&memory);
                stored += document.to_bytes().len();
                entries.push(Entry { id: memory.id.clone(), expires_at: None, document });
                sessions.push(number);
                speakers.push(field("speaker").to_owned());
                let mut named = line;
                named["id"] = json!(memory.id);
                turns.push(named);
            }
        }
        let mut index = Index::new();
        index.apply(entries);
        let questions = data["questions"].as_array().into_iter().flatten().filter_map(|question| {
            let named = question["evidence"].as_array().into_iter().flatten();
            let mut evidence: Vec<usize> = named.filter_map(|id| names.get(id.as_str()?).copied()).collect();
            evidence.sort_unstable();
            evidence.dedup();
            let text = question["question"].as_str()?.to_owned();
            let category = question["category"].as_u64()?;
            (!evidence.is_empty()).then_some(Question { text, category, evidence })
        });
        let questions = questions.collect();
        Self { turns, index, positions, sessions, speakers, stored, questions }
    }

    /// Ranks with the index alone.
    fn ranked(&self, parameters: &Parameters) -> Vec<Quality> {
        let rank = |question: &Question| {
            let ranking = self.index.rank(&Query::new(&question.text), parameters);
            self.quality(question, ranking.iter())
        };
        self.questions.iter().map(rank).collect()
    }

    /// Searches through the whole service: import, store, search.
    async fn served(&self, number: usize) -> Served {
        let world = World::new().await;
        world.clock.set(Clock::system().now());
        let account = world.account_with(&format!("locomo-{number}"), plenty()).await;
        let instance = world.instance().await;
        let client: Client = instance.client.with(&account.key);
        for lines in self.turns.chunks(1_000) {
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
            served.all.push(quality);
            if let Some(speaker) = self.only_speaker(question) {
                body["userId"] = json!(speaker);
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

    /// The speaker of all of a question's evidence, if there is only one.
    fn only_speaker(&self, question: &Question) -> Option<&str> {
        let mut speakers = question.evidence.iter().map(|turn| self.speakers[*turn].as_str());
        let first = speakers.next()?;
        speakers.all(|speaker| speaker == first).then_some(first)
    }

    fn quality<'m>(&self, question: &Question, ranking: impl Iterator<Item = &'m MemoryId>) -> Quality {
        let ranked: Vec<usize> = ranking.filter_map(|id| self.positions.get(id).copied()).collect();
        let evidence = &question.evidence;
        let found = |k: usize| ranked.iter().take(k).filter(|turn| evidence.contains(turn)).count() as f64;
        let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let gain: f64 = ranked
            .iter()
            .take(10)
            .enumerate()
            .filter(|(_, turn)| evidence.contains(turn))
            .map(|(rank, _)| discount(rank))
            .sum();
        let ideal: f64 = (0..evidence.len().min(10)).map(discount).sum();
        let mut sessions: Vec<usize> = Vec::new();
        for turn in &ranked {
            if !sessions.contains(&self.sessions[*turn]) && sessions.len() < 10 {
                sessions.push(self.sessions[*turn]);
            }
        }
        let mut wanted: Vec<usize> = evidence.iter().map(|turn| self.sessions[*turn]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let reached = wanted.iter().filter(|session| sessions.contains(session)).count() as f64;
        Quality {
            category: question.category,
            recall: [1, 5, 10].map(|k| found(k) / evidence.len() as f64),
            session: reached / wanted.len() as f64,
            gain: gain / ideal,
        }
    }
}

/// `1:56 pm on 8 May, 2023`
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let words: Vec<&str> = text.split([' ', ':', ',']).filter(|word| !word.is_empty()).collect();
    let [hour, minute, half, "on", day, month, year] = words.as_slice() else { return None };
    let hour = hour.parse::<u32>().ok()? % 12 + if *half == "pm" { 12 } else { 0 };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let (minute, day): (u32, u32) = (minute.parse().ok()?, day.parse().ok()?);
    Timestamp::parse(&format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"))
}

/// The mean over the questions that have an answer.
fn mean(qualities: &[Quality], value: impl Fn(&Quality) -> f64) -> f64 {
    mean_where(qualities, |quality| quality.category < 5, value)
}

fn mean_of_all(qualities: &[Quality], value: impl Fn(&Quality) -> f64) -> f64 {
    mean_where(qualities, |_| true, value)
}

fn mean_where(
    qualities: &[Quality],
    keep: impl Fn(&Quality) -> bool,
    value: impl Fn(&Quality) -> f64,
) -> f64 {
    let values: Vec<f64> = qualities.iter().filter(|quality| keep(quality)).map(value).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn row(out: &mut impl Write, name: &str, qualities: &[Quality]) -> Result<()> {
    let recall = |at: usize| mean(qualities, |quality| quality.recall[at]);
    let of = |category: u64| {
        mean_where(qualities, |quality| quality.category == category, |quality| quality.recall[2])
    };
    let mut rng = StdRng::seed_from_u64(7);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let draw: Vec<Quality> =
                qualities.iter().map(|_| qualities[rng.random_range(0..qualities.len())]).collect();
            mean(&draw, |quality| quality.recall[2])
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    writeln!(
        out,
        "{name:32} {:>6.3} {:>6.3} {:>6.3} {:>8.3} {:>8.3} {:>6.3} {:>6.3} {:>6.3} {:>6.3} {:>6.3}  {:.3} to {:.3}",
        recall(0),
        recall(1),
        recall(2),
        mean_of_all(qualities, |quality| quality.session),
        mean(qualities, |quality| quality.gain),
        of(1),
        of(2),
        of(3),
        of(4),
        of(5),
        drawn[DRAWS / 40],
        drawn[DRAWS - DRAWS / 40]
    )
}
