//! Random memories and random filters of which many match: both are made of the same few values.

use hb_domain::Timestamp;
use hb_domain::memory::MemoryType;
use hb_tests::seed;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

/// Paths of the metadata of random memories, and some that no memory has.
const PATHS: [&str; 9] = ["n", "t", "l", "o", "o.p", r"o.a\.b", "o.a.b", "l.0", "n.x"];
const TEXTS: [&str; 8] = ["", "a", "ab", "abc", "b", "ä", "\u{ffff}", "\u{10000}"];
/// Milliseconds between the times of memories.
const STEP: i64 = 7_000;

/// A source of random memories and filters.
pub(crate) struct Random {
    rng: StdRng,
    now: Timestamp,
    /// How many keys it has made.
    keys: usize,
}

impl Random {
    /// Values around `now`: memories are created before, and expire after.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { rng: StdRng::seed_from_u64(seed::next()), now, keys: 0 }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.rng.random_range(0..bound)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.random_bool(share)
    }

    fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    fn text(&mut self) -> Value {
        self.pick(&TEXTS).into()
    }

    /// A text that may be the name of an owner.
    fn name(&mut self) -> Value {
        self.pick(&TEXTS[1..]).into()
    }

    fn number(&mut self) -> Value {
        let big = 9_007_199_254_740_992_u64;
        let numbers = [
            json!(0),
            json!(-0.0),
            json!(1),
            json!(1.0),
            json!(-1),
            json!(0.1),
            json!(1.5),
            json!(big),
            json!(big + 1),
            json!(big as f64),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
        ];
        self.pick(&numbers)
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => Value::Null,
            1 => self.chance(0.5).into(),
            2 => self.number(),
            3 => self.text(),
            4 => (0..self.below(3)).map(|_| self.value(depth - 1)).collect(),
            _ => self.object(&["p", "a.b", "q"], depth - 1),
        }
    }

    fn object(&mut self, names: &[&str], depth: usize) -> Value {
        let mut members = Map::new();
        for name in names {
            if self.chance(0.5) {
                members.insert((*name).to_owned(), self.value(depth));
            }
        }
        members.into()
    }

    /// A time in the form of an export, before `now` or after.
    fn time(&mut self, is_past: bool) -> Value {
        let steps = 1 + self.below(8) as i64;
        let millis = self.now.millis() + if is_past { -steps } else { steps } * STEP;
        Timestamp::from_millis(millis).to_string().into()
    }

    fn tags(&mut self) -> Value {
        ["a", "ab", "b"].into_iter().filter(|_| self.chance(0.4)).collect()
    }

    fn namespace(&mut self) -> Value {
        (0..=self.below(2)).map(|_| self.pick(&["a", "ab", "a/b"])).collect()
    }

    /// A line of an import.
    pub(crate) fn memory(&mut self) -> Value {
        let created = self.time(true);
        let mut line = json!({
            "content": format!("note {}", self.below(1_000)),
            "type": self.pick(&MemoryType::ALL[..3]),
            "importance": self.pick(&[0.0, 0.1, 0.5, 1.0]),
            "tags": self.tags(),
            "metadata": self.object(&["n", "t", "l", "o"], 2),
            "createdAt": created,
        });
        for name in ["userId", "agentId", "sessionId"] {
            if self.chance(0.5) {
                line[name] = self.name();
            }
        }
        if self.chance(0.6) {
            line["namespace"] = self.namespace();
        }
        if self.chance(0.4) {
            // Of one scope no two memories have the same key.
            self.keys += 1;
            line["key"] = format!("{}{}", self.name().as_str().unwrap_or_default(), self.keys).into();
        }
        if self.chance(0.1) {
            line["searchable"] = false.into();
        }
        if self.chance(0.3) {
            line["expiresAt"] = self.time(false);
        }
        line
    }

    /// A filter with at most `depth` levels.
    pub(crate) fn filter(&mut self, depth: usize) -> Value {
        match self.below(if depth <= 1 { 1 } else { 4 }) {
            0 => self.comparison(),
            1 => json!({"not": self.filter(depth - 1)}),
            kind => {
                let parts: Vec<Value> = (0..=self.below(3)).map(|_| self.filter(depth - 1)).collect();
                json!({(if kind == 2 { "and" } else { "or" }): parts})
            }
        }
    }

    fn comparison(&mut self) -> Value {
        let fields = [
            "type",
            "tags",
            "importance",
            "userId",
            "sessionId",
            "namespace",
            "key",
            "createdAt",
            "expiresAt",
            "metadata",
        ];
        let field = self.pick(&fields);
        let mut operators = Map::new();
        for _ in 0..=self.below(2) {
            let (operator, operand) = self.operator(field);
            operators.insert(operator.into(), operand);
        }
        let field =
            if field == "metadata" { format!("metadata.{}", self.pick(&PATHS)) } else { field.into() };
        json!({field: operators})
    }

    fn operator(&mut self, field: &str) -> (&'static str, Value) {
        let operator = match field {
            "type" => self.pick(&["eq", "ne", "in", "nin", "exists"]),
            "namespace" => self.pick(&["eq", "ne", "in", "nin", "exists", "contains", "prefix"]),
            "tags" => self.pick(&["eq", "ne", "exists", "contains"]),
            "importance" | "createdAt" | "expiresAt" => {
                self.pick(&["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists"])
            }
            _ => self
                .pick(&["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "contains", "prefix"]),
        };
        let operand = match operator {
            "exists" => self.chance(0.5).into(),
            "in" | "nin" => (0..=self.below(3)).map(|_| self.operand(field, "eq")).collect(),
            _ => self.operand(field, operator),
        };
        (operator, operand)
    }

    /// An operand of an operator that takes one value.
    fn operand(&mut self, field: &str, operator: &str) -> Value {
        match (field, operator) {
            ("type", _) => json!(self.pick(&MemoryType::ALL[..4])),
            ("namespace", "contains") => self.pick(&["a", "ab", "b"]).into(),
            ("namespace", _) => self.namespace(),
            ("tags", "eq" | "ne") => self.tags(),
            ("importance", _) => self.number(),
            ("createdAt", _) => self.time(true),
            ("expiresAt", _) => {
                let time = self.time(false);
                let millis = time.as_str().and_then(Timestamp::parse).map_or(0, Timestamp::millis);
                if self.chance(0.5) { millis.into() } else { time }
            }
            ("metadata", "gt" | "gte" | "lt" | "lte") if self.chance(0.5) => self.number(),
            ("metadata", "eq" | "ne" | "contains") => self.value(2),
            _ => self.text(),
        }
    }
}
